"""Builders: datasets, runs and versions as an import would leave them, without a worker."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from shared.catalog import datasets, holds, runs, versions
from shared.catalog.datasets import DatasetRecord
from shared.catalog.runs import Claimed, Ending, Request
from shared.domain import document
from shared.domain.dataset import Dataset
from shared.domain.report import Reject
from shared.domain.run import ObjectRef, RunId, RunState, Trigger
from shared.domain.version import Version
from shared.postgres.pool import Connection, Pool
from shared.warehouse import ddl, naming, quarantine, tables
from shared.warehouse.naming import Relation

DAY = date(2013, 1, 5)


def declared(name: str = "flights", **sections: Any) -> dict[str, Any]:
    """A small dataset document; `sections` replace or add top-level keys."""
    return {
        "apiVersion": "loadstone/v1",
        "kind": "Dataset",
        "name": name,
        "source": {"bucket": "landing", "key": name + "/{businessDate:%Y-%m-%d}.csv"},
        "schema": {
            "primaryKey": ["id"],
            "fields": [{"name": "id", "type": "integer"}, {"name": "carrier"}],
        },
        "load": {"target": {"schema": "public", "table": name}},
        **sections,
    }


def dataset(name: str = "flights", **sections: Any) -> Dataset:
    """The same, decoded."""
    return document.parse(msgspec.json.encode(declared(name, **sections)))


async def applied(db: Pool, name: str = "flights", **sections: Any) -> DatasetRecord:
    """A dataset in the catalog."""
    async with db.acquire() as connection, connection.transaction():
        await datasets.apply(connection, dataset(name, **sections), actor="test")
    return await datasets.read(db, name)


async def queued(db: Pool, name: str = "flights", *, business_date: date = DAY, etag: str = "e") -> RunId:
    """A run that a worker may claim."""
    record = await datasets.read(db, name)
    request = Request(
        dataset_id=record.id,
        contract_version=record.contract_version,
        business_date=business_date,
        trigger=Trigger.MANUAL,
        requested_by="test",
    )
    objects = [ObjectRef(key=f"{name}/{business_date}.csv", etag=etag, size=10)]
    async with db.acquire() as connection, connection.transaction():
        run_id, _ = await runs.submit(connection, request, f"{name} {business_date} {etag}", objects)
    return run_id


async def claimed(db: Pool, run_id: RunId) -> Claimed:
    """The run, held by a worker for a minute."""
    held = await runs.claim(db, run_id, worker="test", lease=60.0)
    assert held is not None
    return held


async def published(
    db: Pool, rows: Sequence[tuple[Any, ...]], name: str = "flights", *, business_date: date = DAY
) -> Version:
    """A version with these rows, live."""
    number = await db.fetchval("SELECT count(*) FROM loadstone.run")
    held = await claimed(db, await queued(db, name, business_date=business_date, etag=f"e{number}"))
    return await succeeded(db, held, rows)


async def succeeded(db: Pool, held: Claimed, rows: Sequence[tuple[Any, ...]] = ()) -> Version:
    """The version that a claimed run makes of these rows, live."""
    run, contract = held.run, held.contract.document
    staged = naming.staging(run)
    async with db.acquire() as connection, connection.transaction():
        await _loaded(connection, staged, contract, rows)
        version = await versions.add(connection, run, row_count=len(rows), byte_count=8192)
        await tables.take(connection, staged, version.relation)
        await tables.point_view(connection, version, contract)
        await datasets.point(connection, run.dataset_id, version.number)
        ending = Ending(state=RunState.SUCCEEDED, version=version.number, rows_done=len(rows))
        await runs.finish(connection, run, ending)
    return version


async def held(
    db: Pool,
    rows: Sequence[tuple[Any, ...]],
    name: str = "flights",
    *,
    seconds: float = 3600,
    group: str | None = None,
) -> Version:
    """A version with these rows that waits for so many seconds, for a person or for its group."""
    taken = await claimed(db, await queued(db, name))
    run, staged = taken.run, naming.staging(taken.run)
    async with db.acquire() as connection, connection.transaction():
        await _loaded(connection, staged, taken.contract.document, rows)
        version = await versions.add(connection, run, row_count=len(rows), byte_count=8192)
        await tables.take(connection, staged, version.relation)
        await versions.withhold(connection, version, base=None)
        ending = Ending(state=RunState.HELD, version=version.number, rows_done=len(rows))
        await holds.hold(connection, run, ending, reason="few: 1 row", seconds=seconds, group=group)
    return version


async def retired(db: Pool, version: Version) -> None:
    """The version's table is gone, as retention leaves it."""
    async with db.acquire() as connection, connection.transaction():
        assert await versions.retire(connection, version)
        await tables.drop(connection, version)


async def rejected(db: Pool, run_id: RunId, rejects: Sequence[Reject]) -> None:
    """Records in quarantine, from an attempt that goes on."""
    held = await claimed(db, run_id)
    await quarantine.add(db, held.run, held.objects[0].key, rejects)


async def _loaded(
    connection: Connection, staged: Relation, contract: Dataset, rows: Sequence[tuple[Any, ...]]
) -> None:
    await connection.execute(ddl.create_table(staged, contract))
    columns = [field.name for field in contract.schema.fields]
    await connection.copy_records_to_table(
        staged.name, schema_name=staged.schema, columns=columns, records=rows
    )


async def retained(db: Pool, name: str = "flights") -> dict[int, Version]:
    """The versions of a dataset by their numbers."""
    record = await datasets.read(db, name)
    return {version.number: version for version in await versions.listing(db, record.id)}
