"""The objects of a run's delivery: pinned when it is accepted, counted when it is published."""

from collections.abc import Sequence

from msgspec import Struct

from shared.domain.disposal import Outcome
from shared.domain.report import ObjectCounts
from shared.domain.run import ObjectRef, RunId
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


class ObjectRecord(Struct, frozen=True, kw_only=True):
    """One object of a run, with what was read of it once the run has succeeded."""

    key: str
    etag: str
    version_id: str | None = None
    size: int
    bytes_read: int | None = None
    records_read: int | None = None
    rows_loaded: int | None = None
    rows_quarantined: int | None = None
    blank_lines: int | None = None
    after_load: str | None = None
    after_load_outcome: Outcome | None = None
    after_load_message: str | None = None


async def pin(db: Connection, run_id: RunId, items: Sequence[ObjectRef]) -> None:
    """Keeps which objects, at which ETags, a run is about."""
    await db.executemany(
        SQL.add,
        [(run_id, item.key, item.etag, item.size, item.version_id, item.checksum) for item in items],
    )


async def pinned(db: Connection | Pool, run_id: RunId) -> list[ObjectRef]:
    """The objects in the order in which they are read."""
    return rows.structs(await db.fetch(SQL.pinned, run_id), ObjectRef)


async def count(db: Connection, run_id: RunId, counts: Sequence[ObjectCounts]) -> None:
    """Keeps the counts of each object; the database refuses those that do not add up."""
    await db.executemany(
        SQL.count,
        [
            (run_id, c.key, c.bytes_read, c.records_read, c.rows_loaded, c.rows_quarantined, c.blank_lines)
            for c in counts
        ],
    )


async def listing(db: Connection | Pool, run_id: RunId) -> list[ObjectRecord]:
    """The objects of a run with their counts."""
    return rows.structs(await db.fetch(SQL.counts, run_id), ObjectRecord)
