"""Starts an import: looks at the bucket, accepts the run, and wakes a worker."""

import uuid
from collections.abc import Sequence
from datetime import date
from functools import partial

from services.api.resources import Resources
from shared import queue
from shared.catalog import after_load, audit, runs, waiting
from shared.catalog.datasets import DatasetRecord
from shared.catalog.runs import Request
from shared.domain import delivery, planning
from shared.domain.dataset import Dataset
from shared.domain.delivery import Complete, Missing, Taken
from shared.domain.run import ObjectRef, Run, RunId, RunState, Trigger
from shared.errors import Conflict, DeliveryMissing
from shared.postgres.pool import Connection
from shared.telemetry import logs

# The scheduler looks at a waiting delivery again after this many seconds.
LOOK_AGAIN = 2.0
log = logs.logger()


async def start(
    io: Resources, dataset: DatasetRecord, business_date: date, *, force: bool, actor: str
) -> tuple[Run, bool]:
    """Accept the import of one delivery: the run that stands for it, and whether that is a new one.

    An incomplete delivery makes a run that waits. Raises DeliveryMissing or ManifestBroken when waiting
    would not help, and Conflict where nobody may start one.
    """
    _refuse_unless_manual(dataset.document)
    found = await _look(io, dataset, business_date, force=force)
    request = Request(
        dataset_id=dataset.id,
        contract_version=dataset.contract_version,
        business_date=business_date,
        trigger=Trigger.MANUAL,
        requested_by=actor,
        max_attempts=dataset.document.limits.retries,
        nonce=uuid.uuid4().hex if force else None,
    )
    async with io.db.acquire() as db, db.transaction():
        match found:
            case Missing():
                run_id, new = await _wait(io, db, request, found)
            case Taken(by=by):
                run_id, new = await runs.submit_unchanged(db, request, by), False
            case Complete(objects=objects):
                run_id, new = await _submit(db, request, dataset.name, objects)
        run = await runs.read(db, run_id)
        if new:
            await audit.add(
                db,
                actor=actor,
                action="run.start",
                subject=dataset.name,
                after={"run": run_id, "businessDate": business_date, "force": force},
            )
    if new and run.state is RunState.QUEUED:
        await ring(io, run)
    return run, new


def _refuse_unless_manual(dataset: Dataset) -> None:
    if "manual" not in dataset.source.triggers:
        raise Conflict(
            f"source.triggers of {dataset.name} has no `manual`: only the schedule starts its imports",
            hint="Add it to the dataset's document, and apply that.",
        )


async def _look(
    io: Resources, dataset: DatasetRecord, business_date: date, *, force: bool
) -> Complete | Missing | Taken:
    source = dataset.document.source
    loaded = partial(after_load.loaded, io.db, dataset.id, source, business_date, forced=force)
    return await io.bucket.look(source, business_date, io.now(), loaded)


async def _submit(
    db: Connection, request: Request, name: str, objects: Sequence[ObjectRef]
) -> tuple[RunId, bool]:
    identity = delivery.delivery_key(
        name, request.contract_version, request.business_date, objects, request.nonce
    )
    return await runs.submit(db, request, identity, objects)


async def _wait(io: Resources, db: Connection, request: Request, missing: Missing) -> tuple[RunId, bool]:
    if missing.hopeless:
        raise DeliveryMissing(missing.reason, hint="Compare source.key and source.files with the bucket.")
    give_up_at = planning.give_up_at(io.now(), io.wait_limit)
    run_id, new = await waiting.submit(db, request, give_up_at=give_up_at)
    if run_id is None:
        raise Conflict("the run that waited for this delivery went on just now", hint="Ask again.")
    await waiting.check_later(db, run_id, LOOK_AGAIN, missing.reason)
    return run_id, new


async def ring(io: Resources, run: Run) -> None:
    """Wake a worker if Redis is there; if not, the scheduler rings when it is back."""
    try:
        await queue.ring(io.queue, run.id, run.fence)
        await runs.rang(io.db, run.id)
    except Exception as error:  # noqa: BLE001 - the run is accepted, whatever becomes of its job
        log.warning("job_not_enqueued", run=run.id, error=error)
