"""Attempts: the executions of runs by workers."""

from datetime import datetime

from msgspec import Struct

from shared.domain.run import RunId
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


class Attempt(Struct, frozen=True, kw_only=True):
    """One execution of a run by a worker."""

    fence: int
    number: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    error_code: str | None
    error_message: str | None


async def listing(db: Connection | Pool, run_id: RunId) -> list[Attempt]:
    """The executions of a run, oldest first."""
    return rows.structs(await db.fetch(SQL.list, run_id), Attempt)
