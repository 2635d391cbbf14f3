"""Spreads a large delivery of several objects over the workers; each part is loaded by whoever claims it.

The worker that holds the run plans the parts, works on them like everybody else, and goes on with the run
once all of them are loaded: so a delivery is finalised under the run's own fence, and never waits for help.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import asyncpg

from services.worker import loading
from services.worker.heartbeat import beating
from services.worker.indexing import index_part
from services.worker.loading import Loaded
from services.worker.progress import Progress, Staged
from services.worker.record import explained
from services.worker.resources import Resources
from shared import errors, queue
from shared.catalog import parts, runs
from shared.catalog.parts import Part, Result, Standing
from shared.catalog.runs import Claimed
from shared.domain import misfits, packing
from shared.domain.report import ObjectCounts
from shared.domain.run import RunId, RunState
from shared.errors import LeaseLost, LoadstoneError, Permanent, QueueUnavailable, RunCancelled
from shared.telemetry import logs
from shared.warehouse import naming, quarantine, staging

log = logs.logger()
MAX_HELPERS = 32
MAX_FAILURES = 3
PAUSE = 0.1  # seconds between two looks at the parts that others load


async def load(io: Resources, progress: Progress) -> Loaded:
    """Load the delivery into this attempt's staging tables: here, or spread over the workers if it is large.

    Raises FileRefused, RecordRejected or TooManyErrors as the contract says.
    """
    heavy = packing.weight(progress.objects) >= 2 * io.part_bytes
    if len(progress.staged) == 1 or not heavy or progress.dataset.load.on_error == "SKIP_FILE":
        return await loading.load(io, progress)
    progress.enter("load")
    await quarantine.forget_earlier_attempts(io.db, progress.run)
    await _plan(io, progress)
    await _ring_for_help(io, progress)
    claimed = await runs.held(io.db, progress.run)
    while (standing := await parts.standing(io.db, progress.run)).left:
        _show(progress, standing)
        if not await _load_next(io, claimed):
            await asyncio.sleep(PAUSE)
    _show(progress, standing)
    return await loading.unite(io, progress, await _collect(io, progress))


async def help_with(run_id: RunId, io: Resources) -> None:
    """Load parts of a run that another worker holds, until there is none left that nobody works on."""
    run = await runs.read(io.db, run_id)
    if run.state is not RunState.RUNNING:
        return
    claimed = await runs.held(io.db, run)
    with logs.bound(run=run.id, dataset=run.dataset, attempt=run.attempt):
        while await _load_next(io, claimed):
            pass


async def _plan(io: Resources, progress: Progress) -> None:
    planned = [
        ([item.key for item in part.objects], packing.weight(part.objects)) for part in progress.staged
    ]
    async with io.db.acquire() as db, db.transaction():
        await parts.plan(db, progress.run, planned)


async def _ring_for_help(io: Resources, progress: Progress) -> None:
    if io.doorbell is None:
        return
    try:
        for helper in range(min(len(progress.staged) - 1, MAX_HELPERS)):
            await queue.ring_for_help(io.doorbell, progress.run.id, progress.run.fence, helper)
    except QueueUnavailable as away:  # this worker loads whatever nobody else does
        log.warning("not_rung", reason=away.message)


def _show(progress: Progress, standing: Standing) -> None:
    """Takes over how far the parts are. Raises the error of one that can't be loaded, or why to stop."""
    if not standing.held:
        raise LeaseLost(f"run {progress.run.id} is no longer held under fence {progress.run.fence}")
    if standing.cancel:
        raise RunCancelled("the run was cancelled")
    progress.rows_done, progress.bytes_done = standing.rows_done, standing.bytes_done
    if standing.error_code is not None:
        kind = errors.of_code(standing.error_code)
        raise kind(standing.error_message or "", hint=standing.error_hint)


async def _collect(io: Resources, progress: Progress) -> list[ObjectCounts]:
    """Takes over what was loaded of all parts."""
    counts: list[ObjectCounts] = []
    for part in await parts.results(io.db, progress.run):
        result, place = part.result, part.number - 1
        progress.staged[place] = Staged(
            relation=naming.staging(progress.run, part.number, part.fence),
            objects=progress.staged[place].objects,
            rows=result.rows,
            bytes=result.bytes,
            indexed=True,
            profile=result.profile,
        )
        counts += result.objects
        progress.records_read += result.records_read
        progress.rejected += result.rejected
        progress.first_reject = progress.first_reject or result.first_reject
        progress.read |= result.read
        progress.misfits = misfits.added(progress.misfits, result.misfits)
        for what, seconds in result.seconds.items():
            progress.spend(f"parts: {what}", seconds)
        told = {"number": part.number, "worker": part.worker, "tries": part.fence}
        progress.parts.append({**told, "objects": len(result.objects), "rows": result.rows})
    return counts


async def _load_next(io: Resources, claimed: Claimed) -> bool:
    """Load a part that nobody works on; False when there is none."""
    part = await parts.claim(io.db, claimed.run, worker=io.name, lease=io.lease)
    if part is None:
        return False
    wanted = set(part.objects)
    staged = Staged(
        relation=naming.staging(claimed.run, part.number, part.fence),
        objects=tuple(item for item in claimed.objects if item.key in wanted),
    )
    async with _held(io, claimed, part, staged) as progress:
        if part.fence > 1:
            await quarantine.forget_objects(io.db, claimed.run, part.objects)
        counts: list[ObjectCounts] = []
        progress.enter("load")
        staged = await loading.load_part(io, progress, staged, counts)
        progress.enter("index")
        staged = await index_part(io, progress, staged, progress.dataset)
        progress.enter("loaded")
        await parts.finish(io.db, part, _result(progress, staged, counts), bytes_done=progress.bytes_done)
    return True


def _result(progress: Progress, staged: Staged, counts: list[ObjectCounts]) -> Result:
    return Result(
        rows=staged.rows,
        bytes=staged.bytes,
        records_read=progress.records_read,
        rejected=progress.rejected,
        first_reject=progress.first_reject,
        objects=counts,
        read=progress.read,
        misfits=[*progress.misfits.values()],
        seconds=progress.seconds,
        profile=staged.profile,
    )


@asynccontextmanager
async def _held(io: Resources, claimed: Claimed, part: Part, staged: Staged) -> AsyncGenerator[Progress]:
    """Keep the part while the body loads it. A failure is recorded: the worker that has the run decides."""
    progress = Progress(claimed)

    async def beat() -> bool:
        done = {"rows_done": progress.rows_done, "bytes_done": progress.bytes_done}
        return await parts.beat(io.db, part, lease=io.lease, **done)

    try:
        async with beating(io, beat):
            yield progress
        log.info("part_loaded", part=part.number, rows=progress.rows_done)
    except asyncio.CancelledError:
        await asyncio.shield(_record(io, part, staged, None))
        raise
    except Exception as failure:  # noqa: BLE001 - every failure ends in the part's record
        await _record(io, part, staged, explained(failure))


async def _record(io: Resources, part: Part, staged: Staged, error: LoadstoneError | None) -> None:
    """Says what becomes of a part that was not loaded, and drops what there is of it.

    A heartbeat that comes just after the part was finished finds nothing to extend: then all is well.
    """
    if await parts.is_loaded(io.db, part):
        return
    reason = error.message if error else "shutdown"
    log.warning("part_not_loaded", part=part.number, code=error.code if error else None, reason=reason)
    if error is None:
        await parts.give_back(io.db, part, failed=False)
    elif isinstance(error, LeaseLost | RunCancelled):
        pass  # it is somebody else's, or nobody's any more
    elif isinstance(error, Permanent) or part.failures + 1 >= MAX_FAILURES:
        await parts.fail(io.db, part, error)
    else:
        await parts.give_back(io.db, part, failed=True)
    await _drop(io, staged)


async def _drop(io: Resources, staged: Staged) -> None:
    """While somebody reads the table, as pg_dump may, it is left for the scheduler."""
    with suppress(asyncpg.LockNotAvailableError):
        async with io.publishing() as db:
            await staging.drop(db, staged.relation)
