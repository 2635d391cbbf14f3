"""Decides about a held run: its version goes live in one short transaction, or never."""

from services.api.rollback import LOCK_TIMEOUT, PATIENCE
from shared.catalog import audit, datasets, holds, runs, versions
from shared.catalog.datasets import DatasetRecord
from shared.domain import slices
from shared.domain.dataset import Dataset
from shared.domain.run import Run, RunId, RunState
from shared.domain.version import Version
from shared.errors import Conflict, RunRejected
from shared.postgres import patience
from shared.postgres.pool import Connection
from shared.warehouse import tables


async def approve(db: Connection, run_id: RunId, *, force: bool, actor: str) -> Run:
    """Make the held version live. `force` does it although a newer one is live by now.

    Raises NotFound, Conflict when it is not held or must not go live any more, TargetUnusable, and
    PublishBlocked when readers hold the view for longer than PATIENCE.
    """
    async for attempt in patience.tries(PATIENCE):
        with attempt:
            async with patience.transaction(db, lock_timeout=LOCK_TIMEOUT):
                await _publish(db, run_id, force=force, actor=actor)
    return await runs.read(db, run_id)


async def reject(db: Connection, run_id: RunId, *, reason: str, actor: str) -> Run:
    """End the run; its version is dropped by the scheduler. Raises NotFound, Conflict when it is not held."""
    async with db.transaction():
        run = await runs.read(db, run_id)
        if not await holds.reject(db, run_id, RunRejected(f"{actor} rejected it: {reason}")):
            raise _not_held(await runs.read(db, run_id))
        after = {"run": run_id, "version": run.version, "reason": reason}
        await audit.add(db, actor=actor, action="run.reject", subject=run.dataset, after=after)
    return await runs.read(db, run_id)


async def _publish(db: Connection, run_id: RunId, *, force: bool, actor: str) -> None:
    dataset_id = (await runs.read(db, run_id)).dataset_id
    await datasets.lock(db, dataset_id)
    run = await runs.read(db, run_id)
    if run.state is not RunState.HELD or run.version is None:
        raise _not_held(run)
    present = await datasets.read(db, run.dataset)
    version = await versions.read(db, dataset_id, run.version)
    accepted = (await datasets.contract(db, dataset_id, run.contract_version)).document
    _refuse_unless_publishable(run, present, version, accepted, force=force)
    if not await holds.approve(db, run_id) or not await versions.let_go(db, version):
        raise _not_held(await runs.read(db, run_id))
    # The present contract says who may read; the columns are those of the version itself.
    await tables.point_view(db, version, present.document)
    await datasets.point(db, dataset_id, version.number)
    await audit.add(
        db,
        actor=actor,
        action="run.approve",
        subject=run.dataset,
        before={"liveVersion": present.live_version},
        after={"liveVersion": version.number, "run": run_id, "force": force},
    )


def _not_held(run: Run) -> Conflict:
    return Conflict(f"run {run.id} is {run.state}, not held", hint=f"`loadstone run {run.id}` shows it.")


def _refuse_unless_publishable(
    run: Run, present: DatasetRecord, version: Version, accepted: Dataset, *, force: bool
) -> None:
    """Raises Conflict where the held version does not fit what is live by now."""
    live, target = present.live_version, present.document.load.target
    if accepted.load.target != target:
        raise Conflict(
            f"load.target is {target.schema}.{target.table} now, and was another one when run "
            f"{version.run_id} was accepted",
            hint="Reject it, and start the import again.",
        )
    if slices.builds_on_live(accepted.load, run.trigger):
        if version.base != live:
            raise Conflict(
                f"version {live} became live after the held one was made from version {version.base}",
                hint="Reject it, and start the import again.",
            )
        return
    if not force and _is_superseded(present, version):
        raise Conflict(
            f"version {live} of {present.live_business_date} is live, and newer than the held one of "
            f"{version.business_date}",
            hint="Reject it, or approve it all the same with --force.",
        )


def _is_superseded(present: DatasetRecord, version: Version) -> bool:
    live, date = present.live_version, present.live_business_date
    return live is not None and date is not None and (date, live) > (version.business_date, version.number)
