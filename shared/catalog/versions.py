"""Versions: the immutable results of runs."""

from shared.domain.run import DatasetId, Run
from shared.domain.version import Version
from shared.domain.volume import PastVersion
from shared.errors import Conflict, NotFound
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)
NO_LIMIT = 2**31 - 1


async def add(db: Connection, run: Run, *, row_count: int, byte_count: int, sliced: bool = False) -> Version:
    """Numbers a new version. A run makes one at most.

    Its table, or the view over its slices where it is sliced, is to be named as its `relation`.
    """
    values = (
        run.dataset_id,
        run.id,
        run.contract_version,
        run.business_date,
        run.dataset,
        row_count,
        byte_count,
        sliced,
    )
    return rows.struct(await db.fetchrow(SQL.add, *values), Version)


async def read(db: Connection | Pool, dataset_id: DatasetId, number: int) -> Version:
    """Raises NotFound when the dataset has no such version."""
    row = await db.fetchrow(SQL.read, dataset_id, number)
    if row is None:
        raise NotFound(f"there is no version {number} of this dataset")
    return rows.struct(row, Version)


async def listing(
    db: Connection | Pool, dataset_id: DatasetId, *, before: int = NO_LIMIT, limit: int = 50
) -> list[Version]:
    """The versions with a number below `before`, newest first, retired ones too."""
    return rows.structs(await db.fetch(SQL.list, dataset_id, before, limit), Version)


async def previous(db: Connection, dataset_id: DatasetId, number: int) -> Version:
    """The newest retained version below a number. Raises Conflict when there is none."""
    row = await db.fetchrow(SQL.previous, dataset_id, number)
    if row is None:
        raise Conflict(
            f"no retained version is older than version {number}",
            hint="`loadstone versions DATASET` lists what is retained.",
        )
    return rows.struct(row, Version)


async def live(db: Connection | Pool, dataset_id: DatasetId) -> PastVersion | None:
    """The live version's number and rows; None where nothing is live."""
    row = await db.fetchrow(SQL.live, dataset_id)
    return None if row is None else rows.struct(row, PastVersion)


async def history(db: Connection | Pool, run: Run, *, window: int, same_weekday: bool) -> list[PastVersion]:
    """The newest version of each of the last `window` business dates, that of the run's own left out."""
    values = (run.dataset_id, run.business_date, same_weekday, window)
    return rows.structs(await db.fetch(SQL.history, *values), PastVersion)


async def withhold(db: Connection, version: Version, *, base: int | None) -> None:
    """Keeps a new version from going live until somebody approves it."""
    await db.execute(SQL.withhold, version.dataset_id, version.number, base)


async def let_go(db: Connection, version: Version) -> bool:
    """Ends the hold of a version that is about to go live; False when it is not there any more."""
    return await db.fetchval(SQL.let_go, version.dataset_id, version.number) is not None


async def retirable(db: Connection | Pool, *, kept: int, limit: int) -> list[Version]:
    """Versions beyond retention, `kept` where the contract doesn't say how many; never the live one."""
    return rows.structs(await db.fetch(SQL.retirable, kept, limit), Version)


async def retire(db: Connection, version: Version) -> bool:
    """Marks a version as gone; False when it became live meanwhile and must stay."""
    return await db.fetchval(SQL.retire, version.dataset_id, version.number) is not None
