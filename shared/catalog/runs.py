"""Runs: accepted, claimed, kept by heartbeats, and ended exactly once.

Every write of a worker carries the fence it got with its claim; a write that touches no row means that the
run belongs to somebody else, and raises LeaseLost.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import asyncpg
from msgspec import Struct

from shared.catalog import datasets, objects
from shared.domain.contract import Contract
from shared.domain.run import DatasetId, ObjectRef, Run, RunId, RunState, Trigger
from shared.errors import Conflict, DeliverySuperseded, LeaseLost, LoadstoneError, NotFound, RunCancelled
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)
NO_LIMIT = 2**62


class Request(Struct, frozen=True, kw_only=True):
    """What is needed to accept a run. A `nonce` makes a forced import another delivery than the first."""

    dataset_id: DatasetId
    contract_version: int
    business_date: date
    trigger: Trigger
    requested_by: str
    priority: int = 0
    max_attempts: int = 3
    nonce: str | None = None


class Claimed(Struct, frozen=True, kw_only=True):
    """A run that this worker holds: its contract and its pinned objects."""

    run: Run
    contract: Contract
    objects: tuple[ObjectRef, ...]


class Expired(Struct, frozen=True, kw_only=True):
    """A running run whose worker has stopped extending the lease."""

    id: RunId
    fence: int
    attempt: int
    max_attempts: int
    crashes: int
    cancel: bool


class Ready(Struct, frozen=True, kw_only=True):
    """A queued run that should have a job."""

    id: RunId
    fence: int


class StateCount(Struct, frozen=True, kw_only=True):
    """How many runs are in a state, how many of them are late, and for how many seconds the oldest is due."""

    state: RunState
    runs: int
    late: int
    oldest: float


class Ending(Struct, frozen=True, kw_only=True):
    """How an attempt ends for good."""

    state: RunState
    version: int | None = None
    report: dict[str, Any] | None = None
    error: LoadstoneError | None = None
    rows_done: int = 0
    bytes_done: int = 0


async def read(db: Connection | Pool, run_id: RunId) -> Run:
    """Raises NotFound when there is no such run."""
    row = await db.fetchrow(SQL.read, run_id)
    if row is None:
        raise NotFound(f"there is no run {run_id}")
    return rows.struct(row, Run)


async def history(
    db: Connection | Pool,
    *,
    dataset: str | None = None,
    state: RunState | None = None,
    before: int = NO_LIMIT,
    limit: int = 50,
) -> list[Run]:
    """The newest runs whose id is below `before`."""
    return rows.structs(await db.fetch(SQL.history, dataset, state, before, limit), Run)


async def submit(
    db: Connection, request: Request, delivery_key: str, items: Sequence[ObjectRef]
) -> tuple[RunId, bool]:
    """Accepts a complete delivery; answers with its run, and whether that is one that will import it.

    A delivery that is being imported has its run already. For one that a version holds, the answer is a run
    that ended as `unchanged`.
    """
    run_id = await db.fetchval(
        SQL.submit_complete,
        request.dataset_id,
        request.contract_version,
        request.business_date,
        request.trigger,
        request.requested_by,
        request.priority,
        delivery_key,
        request.nonce,
        request.max_attempts,
        sum(item.size for item in items),
    )
    if run_id is None:
        return await _standing(db, request, delivery_key), False
    await objects.pin(db, RunId(run_id), items)
    return RunId(run_id), True


async def _standing(db: Connection, request: Request, delivery_key: str) -> RunId:
    standing = await db.fetchrow(SQL.same_delivery, request.dataset_id, delivery_key)
    if standing is None:
        raise Conflict("the run of the same delivery ended just now", hint="Ask again.")
    if standing["state"] != RunState.SUCCEEDED:
        return RunId(standing["id"])
    return await submit_unchanged(db, request, RunId(standing["id"]))


async def submit_unchanged(db: Connection, request: Request, like: RunId) -> RunId:
    """Records that a delivery was asked for which a succeeded run has loaded."""
    values = (like, request.trigger, request.requested_by, request.priority)
    return RunId(await db.fetchval(SQL.submit_unchanged, *values))


async def claim(db: Pool, run_id: RunId, *, worker: str, lease: float) -> Claimed | None:
    """Takes the run for `lease` seconds, or answers None when it is not to be had (any more, or yet)."""
    try:
        fence = await db.fetchval(SQL.claim, run_id, worker, lease)
    except asyncpg.UniqueViolationError:  # another run of the dataset is running; the scheduler rings again
        return None
    if fence is None:
        return None
    run = await read(db, run_id)
    if run.fence != fence:  # so long ago was the claim that somebody else has made one since
        return None
    return await held(db, run)


async def held(db: Pool, run: Run) -> Claimed:
    """A run that is being worked on, with what is needed for that."""
    contract = await datasets.contract(db, run.dataset_id, run.contract_version)
    return Claimed(run=run, contract=contract, objects=tuple(await objects.pinned(db, run.id)))


async def beat(
    db: Connection | Pool, run: Run, *, lease: float, stage: str, rows_done: int, bytes_done: int
) -> bool:
    """Extends the lease; answers whether a cancellation was asked for. Raises LeaseLost."""
    cancel = await db.fetchval(SQL.beat, run.id, run.fence, lease, stage, rows_done, bytes_done)
    if cancel is None:
        raise LeaseLost(f"run {run.id} is no longer held under fence {run.fence}")
    return bool(cancel)


async def hold_fence(db: Connection, run: Run) -> None:
    """Keeps everybody else from the run until the transaction ends. Raises LeaseLost."""
    if await db.fetchval(SQL.hold_fence, run.id, run.fence) is None:
        raise LeaseLost(f"run {run.id} is no longer held under fence {run.fence}")


async def nonce(db: Connection, run_id: RunId) -> str | None:
    """What makes the run's delivery another one than the same objects would be."""
    found: str | None = await db.fetchval(SQL.nonce, run_id)
    return found


async def adopt(db: Connection, run: Run, contract_version: int, delivery_key: str) -> None:
    """Has the run go by another version of its contract, inside a transaction that holds its fence.

    Raises DeliverySuperseded when another run imports the delivery under that version already.
    """
    try:
        await db.execute(SQL.adopt, run.id, contract_version, delivery_key)
    except asyncpg.UniqueViolationError:
        raise DeliverySuperseded(
            f"another run imports this delivery under contract version {contract_version}"
        ) from None


async def finish(db: Connection | Pool, run: Run | Expired, ending: Ending) -> None:
    """Ends the run in a final state. Raises LeaseLost when the run was ended or taken meanwhile."""
    error = ending.error
    done = await db.fetchval(
        SQL.finish,
        run.id,
        run.fence,
        ending.state,
        ending.version,
        ending.report,
        error.code if error else None,
        error.message if error else None,
        error.hint if error else None,
        ending.rows_done,
        ending.bytes_done,
    )
    if done is None:
        raise LeaseLost(f"run {run.id} is no longer held under fence {run.fence}")


async def retry(db: Connection | Pool, run: Run | Expired, error: LoadstoneError, delay: float) -> bool:
    """Queues the run again in `delay` seconds; False when it was to be cancelled and is. Raises LeaseLost."""
    outcome = "lost" if isinstance(run, Expired) else "retry"
    return await _give_back(db, run, delay, 0, outcome, error)


async def release(db: Connection | Pool, run: Run) -> bool:
    """Gives the run back with its attempt; False when it was to be cancelled and is. Raises LeaseLost."""
    return await _give_back(db, run, 0.0, 1, "released", None)


async def _give_back(
    db: Connection | Pool,
    run: Run | Expired,
    delay: float,
    refund: int,
    outcome: str,
    error: LoadstoneError | None,
) -> bool:
    code, message, hint = (error.code, error.message, error.hint) if error else (None, None, None)
    values = (run.id, run.fence, delay, refund, outcome, code, message, hint)
    if await db.fetchval(SQL.give_back, *values) is not None:
        return True
    await finish(db, run, Ending(state=RunState.CANCELLED, error=RunCancelled("the run was cancelled")))
    return False


async def expired(db: Connection, limit: int) -> list[Expired]:
    """Runs to rescue; the locks last as long as the transaction."""
    return rows.structs(await db.fetch(SQL.expired, limit), Expired)


async def count_crash(db: Connection, run_id: RunId) -> None:
    """Counts a lost worker apart from the attempts that the contract allows."""
    await db.execute(SQL.count_crash, run_id)


async def ready(db: Connection | Pool, *, rering: float, limit: int) -> list[Ready]:
    """Runs that should have a job, at most one per dataset, except those rung within `rering` seconds."""
    return rows.structs(await db.fetch(SQL.ready, rering, limit), Ready)


async def rang(db: Connection | Pool, run_id: RunId) -> None:
    """Remembers that the run has a job now."""
    await db.execute(SQL.rang, run_id)


async def cancel(db: Connection | Pool, run_id: RunId) -> bool:
    """Asks for a cancellation; False when the run was final already."""
    return await db.fetchval(SQL.cancel, run_id) is not None


async def record_rollback(db: Connection, request: Request, version: int) -> RunId:
    """Records a rollback like a run, in its own transaction's `db`."""
    values = (
        request.dataset_id,
        request.contract_version,
        request.business_date,
        request.requested_by,
        version,
    )
    return RunId(await db.fetchval(SQL.record_rollback, *values))


async def report(db: Connection | Pool, run_id: RunId) -> dict[str, Any] | None:
    """What the run found, once it is final."""
    found: dict[str, Any] | None = await db.fetchval(SQL.report, run_id)
    return found


async def states(db: Connection | Pool) -> list[StateCount]:
    """The states in which there are runs that wait, are queued or run."""
    return rows.structs(await db.fetch(SQL.states), StateCount)


async def held_fences(db: Connection | Pool, run_ids: Sequence[RunId]) -> set[tuple[RunId, int]]:
    """The (run, fence) pairs among these runs under which a loaded table is still needed."""
    return {(RunId(row["id"]), row["fence"]) for row in await db.fetch(SQL.held_fences, run_ids)}
