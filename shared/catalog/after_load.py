"""What is still to be done with the objects of a delivery whose version is live, and what was done."""

from collections.abc import Sequence
from datetime import date

from shared.domain.dataset import Source
from shared.domain.delivery import Loaded
from shared.domain.disposal import Disposed
from shared.domain.run import DatasetId, ObjectRef, RunId
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


class DueObject(ObjectRef, frozen=True, kw_only=True):
    """An object to act on, as the contract of its run says; `waited` are seconds since that succeeded."""

    run_id: RunId
    dataset: str
    source: Source
    waited: float


async def plan(db: Connection, run_id: RunId) -> None:
    """Marks what a run has loaded, in the transaction that makes its version live."""
    await db.execute(SQL.plan, run_id)


async def take(db: Connection, *, limit: int, hold: float) -> Sequence[DueObject]:
    """Objects whose turn it is; nobody else gets them for `hold` seconds.

    When this returns, their versions are on disk.
    """
    async with db.transaction():
        await db.execute(SQL.durable)
        found = await db.fetch(SQL.take, limit, hold)
    return rows.structs(found, DueObject)


async def put_off(db: Connection | Pool, item: DueObject, seconds: float, message: str) -> None:
    """Tries again later, and says what was wrong."""
    await db.execute(SQL.put_off, item.run_id, item.key, seconds, message)


async def finish(db: Connection | Pool, item: DueObject, end: Disposed) -> bool:
    """Keeps how it ended; False where another scheduler has done so."""
    return await db.fetchval(SQL.finish, item.run_id, item.key, end.outcome, end.message) is not None


async def loaded(
    db: Connection | Pool, dataset_id: DatasetId, source: Source, business_date: date, *, forced: bool
) -> Loaded:
    """The objects that a delivery of this date has no part in. Forced: only those that are about to go."""
    if not source.after_load.takes_away:
        return Loaded()
    found = await db.fetch(SQL.loaded, dataset_id, business_date, forced)
    by = None if forced else await db.fetchval(SQL.loader, dataset_id, business_date)
    return Loaded(objects=rows.structs(found, ObjectRef), by=by)
