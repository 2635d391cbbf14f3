"""Deliveries that are replaced: runs give way to others, and what is published is looked at again."""

from datetime import date, timedelta

from msgspec import Struct

from shared.catalog import runs
from shared.domain import reupload
from shared.domain.run import DatasetId, Run, RunId
from shared.errors import LoadstoneError
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


class Published(Struct, frozen=True, kw_only=True):
    """A run whose delivery was published `age` seconds ago, to be compared with the bucket again.

    `is_newest` means that no delivery of its date or of a later one was published after it.
    """

    id: RunId
    dataset_id: DatasetId
    dataset: str
    contract_version: int
    business_date: date
    age: float
    is_newest: bool


class Standing(Struct, frozen=True, kw_only=True):
    """Whether a run is to be cancelled, and how often in a row its delivery was replaced before it."""

    cancel: bool
    reuploads: int


async def successor(db: Connection, run: Run, reason: str) -> RunId | None:
    """The run that waits in the place of a running one, which `db`'s transaction is to end.

    It is a new one, or that which waits for the date already; None where the run is to be cancelled. The
    running one is locked before the waiting one, like everywhere. Raises LeaseLost.
    """
    await runs.hold_fence(db, run)
    standing = await _standing(db, run.id)
    if standing.cancel:
        return None
    seconds = reupload.pause(standing.reuploads).total_seconds()
    while True:  # the one that waits may be enqueued before it is locked
        found = await db.fetchval(SQL.succeed, run.id, seconds, reason)
        found = found or await db.fetchval(SQL.keep_waiting, run.dataset_id, run.business_date)
        if found:
            return RunId(found)


async def due(db: Connection | Pool, *, limit: int, hold: float) -> list[Published]:
    """Takes the published deliveries whose turn it is; nobody else gets them for `hold` seconds."""
    return rows.structs(await db.fetch(SQL.due, limit, hold), Published)


async def look_later(db: Connection | Pool, run_id: RunId, after: timedelta | None) -> None:
    """Says when a published delivery is compared with the bucket again; None: never."""
    await db.execute(SQL.look_later, run_id, after.total_seconds() if after else None)


async def is_known(db: Connection, one: Published, delivery_key: str) -> bool:
    """Whether a run was about this delivery; nobody else decides until `db`'s transaction ends."""
    await db.fetchval(SQL.hold, one.id)
    return bool(await db.fetchval(SQL.is_known, one.dataset_id, one.business_date, delivery_key))


async def follow(db: Connection, one: Published, reason: str) -> RunId | None:
    """Accepts a run that waits for what replaced the delivery; None where one waits for its date already."""
    standing = await _standing(db, one.id)
    found = await db.fetchval(SQL.follow, one.id, reupload.pause(standing.reuploads).total_seconds(), reason)
    return None if found is None else RunId(found)


async def refuse(db: Connection, one: Published, delivery_key: str, error: LoadstoneError) -> RunId:
    """Records, as a run that failed, that the delivery was replaced and must not be."""
    values = (one.id, delivery_key, error.code, error.message, error.hint)
    return RunId(await db.fetchval(SQL.refuse, *values))


async def _standing(db: Connection, run_id: RunId) -> Standing:
    return rows.struct(await db.fetchrow(SQL.standing, run_id), Standing)
