"""Accepts corrected records: a run that makes a new version from the live one and them."""

from services.api import starting
from services.api.resources import Resources
from shared.catalog import audit, corrections, datasets, runs, versions
from shared.catalog.runs import Request
from shared.domain import delivery
from shared.domain.run import Run, RunId, RunState, Trigger
from shared.errors import Conflict, RequestInvalid
from shared.postgres.pool import Connection


async def requeue(io: Resources, run_id: RunId, content: bytes, *, actor: str) -> tuple[Run, bool]:
    """Accept corrected records of a run: the run that loads them, and whether it is a new one.

    Raises Conflict where the live version does not have what the run loaded.
    """
    if not content:
        raise RequestInvalid("the file holds nothing", hint="Send the corrected records as the body.")
    async with io.db.acquire() as db, db.transaction():
        corrected = await runs.read(db, run_id)
        await _refuse_if_gone(db, corrected)
        request = await _request(db, corrected, actor)
        item = corrections.reference(run_id, content)
        identity = delivery.delivery_key(
            corrected.dataset, request.contract_version, corrected.business_date, [item]
        )
        accepted, new = await runs.submit(db, request, identity, [item])
        if new:
            await corrections.add(db, item, content, corrects=run_id, run_id=accepted)
            after = {"run": accepted, "corrects": run_id, "bytes": len(content)}
            await audit.add(db, actor=actor, action="run.requeue", subject=corrected.dataset, after=after)
        run = await runs.read(db, accepted)
    if new:
        await starting.ring(io, run)
    return run, new


async def _refuse_if_gone(db: Connection, run: Run) -> None:
    if run.state is not RunState.SUCCEEDED:
        raise Conflict(
            f"run {run.id} is {run.state}, and published nothing that records could be added to",
            hint="Correct the file itself, put it into the bucket, and import it again.",
        )
    if not await corrections.are_of_live(db, run.id, run.dataset_id):
        raise Conflict(
            f"the live version of {run.dataset} does not have what run {run.id} loaded",
            hint="Requeue the records of the run that made the live version.",
        )


async def _request(db: Connection, run: Run, actor: str) -> Request:
    """Under the contract of the live version, to whose rows the new ones are added."""
    dataset = await datasets.read(db, run.dataset)
    live = await versions.read(db, run.dataset_id, dataset.live_version or 0)
    return Request(
        dataset_id=run.dataset_id,
        contract_version=live.contract_version,
        business_date=run.business_date,
        trigger=Trigger.REQUEUE,
        requested_by=actor,
        max_attempts=dataset.document.limits.retries,
    )
