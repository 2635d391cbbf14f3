"""Writes a table anew from a query, frozen like every load: the rows go through this process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from shared.domain.dataset import Dataset
from shared.domain.run import Run
from shared.errors import SlicesDiffer
from shared.postgres.pool import Connection, Pool
from shared.warehouse import ddl, slices, tables
from shared.warehouse.ddl import additions as ddl_additions
from shared.warehouse.ddl import merging
from shared.warehouse.naming import Relation, Sql

# Chunks of COPY data that wait between the two connections.
CHUNKS_AHEAD = 16


async def merge(
    db: Pool, table: Relation, live: Relation | None, changes: Relation, dataset: Dataset, run: Run
) -> int:
    """Makes the table of the live rows and the changes, told by primary key; answers how many rows it has.

    Raises SlicesDiffer when the live rows have no such key, or don't fit into the columns of the contract.
    """
    columns, key = await tables.columns_of(db, changes), dataset.schema.primary_key
    branch = None
    if live is not None:
        present = {column.name for column in await tables.columns_of(db, live)}
        if lacking := [name for name in key if name not in present]:
            raise SlicesDiffer(f"{live} has no column {lacking[0]}, by which its rows are to be told")
        branch = await slices.branch(db, live, columns)
    query = merging.merged(branch, changes, columns, key, dataset.load.delete_marker)
    create = ddl.create_table(table, dataset, ddl_additions.definitions(dataset, run))
    async with db.acquire() as source, db.acquire() as target, aclosing(_copied(source, query)) as data:
        return await _write(target, table, create, data)


async def _write(db: Connection, table: Relation, create: Sql, data: AsyncGenerator[bytes]) -> int:
    async with db.transaction():
        await db.execute(create)
        status = await db.copy_to_table(
            table.name, schema_name=table.schema, source=data, format="binary", freeze=True
        )
    return int(status.removeprefix("COPY "))


async def _copied(db: Connection, query: Sql) -> AsyncGenerator[bytes]:
    """What a query answers, as binary COPY data, read by a task of its own and never far ahead."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(CHUNKS_AHEAD)

    async def read() -> None:
        try:
            await db.copy_from_query(query, output=queue.put, format="binary")
        except Exception:  # and not when it is cancelled: nobody makes room in the queue any more
            await queue.put(None)
            raise
        await queue.put(None)

    reading = asyncio.create_task(read())
    try:
        while (chunk := await queue.get()) is not None:
            yield chunk
        await reading
    finally:
        reading.cancel()
        await asyncio.wait([reading])
