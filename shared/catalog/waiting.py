"""Runs whose delivery is incomplete: planned, looked after, made claimable, or given up."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
from msgspec import Struct

from shared.catalog import objects
from shared.catalog.runs import Request
from shared.domain.run import ObjectRef, Run, RunId, RunState
from shared.errors import Conflict, LoadstoneError
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


class Deadlines(Struct, frozen=True, kw_only=True):
    """When a waiting run counts as late, and when it is given up."""

    expected_at: datetime | None
    late_at: datetime | None
    give_up_at: datetime | None
    nonce: str | None


async def submit(
    db: Connection,
    request: Request,
    *,
    give_up_at: datetime,
    expected_at: datetime | None = None,
    schedule_key: str | None = None,
) -> tuple[RunId | None, bool]:
    """Accepts a run whose delivery is not complete yet; one run at most waits for a business date.

    Answers (None, False) when the tick of the schedule was planned before and its run waits no longer.
    """
    run_id = await db.fetchval(
        SQL.submit,
        request.dataset_id,
        request.contract_version,
        request.business_date,
        request.trigger,
        request.requested_by,
        request.priority,
        schedule_key,
        request.nonce,
        request.max_attempts,
        expected_at,
        give_up_at,
    )
    if run_id is None:
        return await db.fetchval(SQL.same_waiting, request.dataset_id, request.business_date), False
    return RunId(run_id), True


async def due_checks(db: Connection | Pool, *, limit: int, hold: float) -> list[RunId]:
    """Takes waiting runs whose bucket should be looked at again; nobody else gets them for `hold` seconds."""
    return [RunId(row["id"]) for row in await db.fetch(SQL.due_checks, limit, hold)]


async def check_later(db: Connection | Pool, run_id: RunId, seconds: float, missing: str) -> None:
    """Keeps a run waiting and says what is missing."""
    await db.execute(SQL.check_later, run_id, seconds, missing)


async def enqueue(
    db: Connection, run: Run, delivery_key: str, items: Sequence[ObjectRef], contract_version: int
) -> bool:
    """Makes a waiting run claimable; False where another run stands for its delivery: it is `unchanged`.

    Raises Conflict when that run gave way just now: the waiting one has to look again.
    """
    size = sum(item.size for item in items)
    try:
        async with db.transaction():
            if await db.fetchval(SQL.enqueue, run.id, delivery_key, size, contract_version):
                await objects.pin(db, run.id, items)
    except asyncpg.UniqueViolationError:
        if await db.fetchval(SQL.end_unchanged, run.id, delivery_key) is None:
            raise Conflict("the run of the same delivery ended just now", hint="Look again.") from None
        return False
    return True


async def end_loaded(db: Connection | Pool, run_id: RunId, by: RunId) -> bool:
    """Ends a waiting run as `unchanged`: another one has loaded its objects. False when it is not waiting."""
    return await db.fetchval(SQL.end_loaded, run_id, by) is not None


async def fail(db: Connection | Pool, run_id: RunId, error: LoadstoneError) -> bool:
    """Ends a waiting run that will never be complete; False when it waited no longer."""
    ended = await db.fetchval(SQL.end, run_id, RunState.FAILED, error.code, error.message, error.hint)
    return ended is not None


async def deadlines(db: Connection | Pool, run_id: RunId) -> Deadlines:
    """The times at which a waiting run is late, or given up."""
    return rows.struct(await db.fetchrow(SQL.deadlines, run_id), Deadlines)


async def mark_late(db: Connection | Pool, now: datetime) -> list[RunId]:
    """The runs that became late since the last call."""
    return [RunId(row["id"]) for row in await db.fetch(SQL.mark_late, now)]
