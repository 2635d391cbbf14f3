"""Datasets and the versions of their contracts."""

from datetime import date, datetime

import msgspec
from msgspec import Struct

from shared.domain import document
from shared.domain.contract import Contract
from shared.domain.dataset import Dataset, Target
from shared.domain.run import DatasetId
from shared.errors import Conflict, DatasetInvalid, NotFound
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


class DatasetRecord(Struct, frozen=True, kw_only=True):
    """A dataset with its present contract and its live version."""

    id: DatasetId
    name: str
    contract_version: int
    live_version: int | None
    planned_until: datetime | None
    next_fire_at: datetime | None
    created_at: datetime
    document: Dataset
    digest: str
    applied_at: datetime
    applied_by: str
    live_business_date: date | None
    live_rows: int | None
    live_since: datetime | None


class DueDataset(Struct, frozen=True, kw_only=True):
    """A dataset whose schedule has a tick to plan."""

    id: DatasetId
    name: str
    contract_version: int
    planned_until: datetime | None
    next_fire_at: datetime
    created_at: datetime
    document: Dataset


class Live(Struct, frozen=True, kw_only=True):
    """A dataset's live version, and when its newest version was published."""

    name: str
    version: int
    published_at: datetime


async def read(db: Connection | Pool, name: str) -> DatasetRecord:
    """Raises NotFound when there is no such dataset."""
    row = await db.fetchrow(SQL.read, name)
    if row is None:
        raise NotFound(f"there is no dataset {name}", hint="`loadstone datasets` lists them.")
    return rows.struct(row, DatasetRecord)


async def listing(db: Connection | Pool, *, after: str = "", limit: int = 100) -> list[DatasetRecord]:
    """The datasets whose name comes after `after`, in the order of names."""
    return rows.structs(await db.fetch(SQL.list, after, limit), DatasetRecord)


async def lock(db: Connection, dataset_id: DatasetId) -> int | None:
    """Serialises applying, publishing and rolling back of one dataset; answers which version is live."""
    await db.execute(SQL.lock, dataset_id)
    live: int | None = await db.fetchval(SQL.locked, dataset_id)
    return live


async def present(db: Connection, name: str) -> DatasetRecord | None:
    """The dataset as it is, or None. Nobody else applies or publishes it until the transaction ends."""
    await db.execute(SQL.serialise_applying)
    await db.fetchrow(SQL.lock_by_name, name)
    row = await db.fetchrow(SQL.read, name)
    return None if row is None else rows.struct(row, DatasetRecord)


async def apply(db: Connection, dataset: Dataset, *, actor: str) -> tuple[DatasetId, int, bool]:
    """Makes a document the present contract: (dataset id, contract version, whether that changed anything).

    Raises DatasetInvalid when another dataset publishes to the same relation, and Conflict when readers
    would lose the relation that they know.
    """
    before = await present(db, dataset.name)
    await _refuse_shared_target(db, dataset)
    digest = document.digest(dataset)
    if before is None:
        dataset_id = DatasetId(await db.fetchval(SQL.add, dataset.name))
        version = 1
    else:
        dataset_id, version = before.id, before.contract_version + 1
        if before.digest == digest:
            return dataset_id, before.contract_version, False
        _refuse_moving(before, dataset)
    await use(db, dataset_id, version, dataset, actor=actor)
    return dataset_id, version, True


async def use(db: Connection, dataset_id: DatasetId, version: int, dataset: Dataset, *, actor: str) -> None:
    """Makes a document the present contract under this number; the dataset is locked by the caller."""
    await db.execute(
        SQL.add_contract, dataset_id, version, document.dump(dataset), document.digest(dataset), actor
    )
    await db.execute(SQL.use_contract, dataset_id, version)


async def _refuse_shared_target(db: Connection, dataset: Dataset) -> None:
    target = dataset.load.target
    for row in await db.fetch(SQL.targets, target.schema, target.table):
        if row["name"] != dataset.name:
            problem = (
                f"load.target: {target.schema}.{target.table} is published by dataset {row['name']} already"
            )
            raise DatasetInvalid(problem, problems=[problem], hint="Choose another schema or table.")


def _refuse_moving(before: DatasetRecord, dataset: Dataset) -> None:
    known, wanted = before.document.load.target, dataset.load.target
    if before.live_version is not None and known != wanted:
        raise Conflict(
            f"load.target can't change from {known.schema}.{known.table} to {wanted.schema}.{wanted.table}: "
            f"version {before.live_version} is live there, and its readers would be left behind",
            hint="Roll it out under a new dataset name.",
        )


async def plan(
    db: Connection, dataset_id: DatasetId, *, next_fire_at: datetime | None, planned_until: datetime | None
) -> None:
    """Keeps how far the schedule was planned, and when it is due next."""
    await db.execute(SQL.schedule, dataset_id, next_fire_at, planned_until)


async def due(db: Connection, now: datetime, limit: int) -> list[DueDataset]:
    """Datasets with a tick to plan; the locks last as long as the transaction."""
    return rows.structs(await db.fetch(SQL.due, now, limit), DueDataset)


async def contract(db: Connection | Pool, dataset_id: DatasetId, version: int) -> Contract:
    """One version of a dataset's contract."""
    found = await db.fetchval(SQL.contract, dataset_id, version)
    return Contract(dataset_id=dataset_id, version=version, document=msgspec.convert(found, Dataset))


async def live_contract(db: Connection | Pool, dataset_id: DatasetId) -> Contract | None:
    """The contract that the live version was made by; None where nothing is live."""
    row = await db.fetchrow(SQL.live_contract, dataset_id)
    return None if row is None else rows.struct(row, Contract)


async def point(db: Connection, dataset_id: DatasetId, version: int) -> None:
    """Says which version is live, in the transaction that repoints the view."""
    await db.execute(SQL.point, dataset_id, version)


async def published_at(db: Connection | Pool, name: str) -> Target | None:
    """Where a dataset publishes; None where there is no such dataset, or nothing of it is live."""
    found = await db.fetchval(SQL.published_at, name)
    return None if found is None else msgspec.convert(found, Target)


async def live(db: Connection | Pool) -> list[Live]:
    """Every dataset that has a live version."""
    return rows.structs(await db.fetch(SQL.live), Live)
