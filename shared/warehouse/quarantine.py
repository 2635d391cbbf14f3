"""Quarantine: rejected records, with where and why, kept apart from the data."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from shared.domain.report import Reject
from shared.domain.run import Run, RunId
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


class Quarantined(Struct, frozen=True, kw_only=True):
    """One rejected record. `raw` is its text; bytes that are not UTF-8 are written as \\xNN."""

    id: int
    object: str
    line: int
    column: str | None
    code: str
    message: str
    raw: bytes
    at: datetime

    @property
    def text(self) -> str:
        """The raw record, readable."""
        return self.raw.decode("utf-8", errors="backslashreplace")


async def add(db: Pool, run: Run, key: str, rejects: Sequence[Reject]) -> None:
    """Keeps rejected records of one object under this attempt of the run."""
    async with db.acquire() as connection:
        await connection.copy_records_to_table(
            "quarantine",
            schema_name="loadstone",
            columns=["run_id", "fence", "object", "line", "column_name", "code", "message", "raw"],
            records=[
                (run.id, run.fence, key, r.line, r.column, str(r.code), r.message, r.raw) for r in rejects
            ],
        )


async def forget_earlier_attempts(db: Pool, run: Run) -> None:
    """Removes what earlier attempts of the run rejected: this one reads everything again."""
    await db.execute(SQL.forget_earlier, run.id, run.fence)


async def forget_objects(db: Pool, run: Run, keys: Sequence[str]) -> None:
    """Removes what a worker that gave up rejected of these objects in this attempt."""
    await db.execute(SQL.forget_objects, run.id, run.fence, keys)


async def page(
    db: Connection | Pool, run_id: RunId, *, after: int = 0, limit: int = 100, key: str | None = None
) -> list[Quarantined]:
    """The records that the last attempt of a run rejected, of all objects or of one, in the file's order."""
    return rows.structs(await db.fetch(SQL.page, run_id, after, limit, key), Quarantined)


async def objects(db: Connection | Pool, run_id: RunId) -> list[str]:
    """The keys of the objects of which the last attempt of a run rejected records."""
    return [row["object"] for row in await db.fetch(SQL.objects, run_id)]


async def purge(db: Connection | Pool, *, kept_days: int, limit: int) -> int:
    """Deletes records older than their dataset keeps them, `kept_days` where it doesn't say; how many."""
    return len(await db.fetch(SQL.purge, kept_days, limit))
