"""Loads a run's rows into a table that no reader sees, and makes it ready to be published.

The table is made and filled in one transaction with COPY … FREEZE, so that its rows are visible to every
snapshot, also to those taken before the load (docs/decisions/0002-freeze-on-load.md).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import numpy as np
import pgpq
import pyarrow as pa
from msgspec import Struct
from pgpq import encoders
from pgpq.schema import Jsonb

from shared.domain import additions, fieldtypes
from shared.domain.dataset import Dataset
from shared.domain.run import Run
from shared.errors import TargetUnusable
from shared.files import texts
from shared.files.batch import Batch
from shared.files.convert import arrow_schema
from shared.postgres import statements
from shared.postgres.pool import Connection, Pool
from shared.warehouse import ddl, naming
from shared.warehouse.ddl import IndexBuild
from shared.warehouse.ddl import additions as ddl_additions
from shared.warehouse.naming import Relation

SQL = statements.beside(__file__)
# Below about this size two builds at once won, the dearest first and with the one parallel worker: 1.35 s
# for three indexes on 2 million rows and two cores, against 1.5 s with a worker each or one after the other.
# Above it (10 million rows measured) one after the other, with all the server's workers, is faster.
SIDE_BY_SIDE_BYTES = 500_000_000
BUILDS_AT_ONCE = 2
HELPERS_OF_FIRST = 1
SHOWN_DUPLICATES = 10
FILE, LINE = additions.LINEAGE[:2]  # the others are the same in every row of a table


class Duplicate(Struct, frozen=True, kw_only=True):
    """A record, by its place among the loaded ones from 1 on, whose key another record has too."""

    place: int
    key: str


class DuplicatesFound(Exception):
    """Records share a key; `duplicates` holds the first of them, for the caller to tell their lines."""

    def __init__(self, columns: tuple[str, ...], duplicates: list[Duplicate]) -> None:
        self.message = f"more than one record has the same ({', '.join(columns)})"
        super().__init__(self.message)
        self.duplicates = duplicates


class Encoder:
    """Turns Arrow batches into PostgreSQL's binary COPY format. One encoder serves one COPY."""

    def __init__(self, dataset: Dataset) -> None:
        schema, self._traces = arrow_schema(dataset), dataset.load.lineage
        if self._traces:
            schema = schema.append(pa.field(FILE, pa.string())).append(pa.field(LINE, pa.int64()))
        self._encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(
            schema, _field_encoders(schema, dataset)
        )

    def header(self) -> bytes:
        """What stands before the first batch."""
        return bytes(self._encoder.write_header())

    def batch(self, batch: Batch, key: str) -> bytes:
        """The rows of one batch of an object."""
        return bytes(self._encoder.write_batch(_traced(batch, key) if self._traces else batch.rows))

    def trailer(self) -> bytes:
        """What stands after the last batch."""
        return bytes(self._encoder.finish())


def _field_encoders(schema: pa.Schema, dataset: Dataset) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    documents = {f.name for f in dataset.schema.fields if fieldtypes.physical(f).name == "jsonb"}
    for field in schema:
        if field.name in documents:
            chosen[field.name] = encoders.StringEncoderBuilder.new_with_output(field, Jsonb())
        else:
            chosen[field.name] = pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)
    return chosen


def _traced(batch: Batch, key: str) -> pa.RecordBatch:
    """The rows with the object and the line that each comes from.

    Neither pa.scalar nor pa.array is asked: importing pandas, where there is one, would stop the heartbeats.
    """
    rows = batch.rows.num_rows
    numbers = pa.py_buffer(np.array(batch.lines, np.int64))
    lines = pa.Array.from_buffers(pa.int64(), rows, [None, numbers])
    return batch.rows.append_column(FILE, pa.repeat(texts.of(key)[0], rows)).append_column(LINE, lines)


async def load(
    db: Connection, table: Relation, dataset: Dataset, run: Run, data: AsyncIterator[bytes]
) -> int:
    """Makes the table and fills it with binary COPY data; answers how many rows the server counted.

    All of it is one transaction: when anything fails, there is no table. Raises TargetUnusable when a row
    doesn't fit into a page of PostgreSQL's.
    """
    traces = (FILE, LINE) if dataset.load.lineage else ()
    try:
        async with db.transaction():
            await db.execute(ddl.create_table(table, dataset, ddl_additions.definitions(dataset, run)))
            status = await db.copy_to_table(
                table.name,
                schema_name=table.schema,
                columns=[*(field.name for field in dataset.schema.fields), *traces],
                source=data,
                format="binary",
                freeze=True,
            )
    except asyncpg.ProgramLimitExceededError as error:
        raise TargetUnusable(
            f"PostgreSQL can't hold a row with so many values: {error}",
            hint="Import fewer of the columns, or give them narrower types.",
        ) from None
    return int(status.removeprefix("COPY "))


async def build_indexes(db: Pool, table: Relation, dataset: Dataset) -> None:
    """Builds keys and indexes and, unless `load.analyze` is false, gathers statistics.

    Raises DuplicatesFound when a key isn't one, TargetUnusable when an index can't hold a value.
    """
    builds = ddl.index_builds(table, dataset)
    side_by_side = await size(db, table) < SIDE_BY_SIDE_BYTES
    at_once = asyncio.Semaphore(BUILDS_AT_ONCE if side_by_side else 1)
    texts = {field.name for field in dataset.schema.fields if field.type == "string"}
    dearest_first = sorted(builds, key=lambda build: texts.isdisjoint(build.columns))
    try:
        async with asyncio.TaskGroup() as group:
            for place, build in enumerate(dearest_first):
                helpers = (0 if place else HELPERS_OF_FIRST) if side_by_side else None
                group.create_task(_build(db, table, build, at_once, helpers))
    except* Exception as failures:  # noqa: BLE001 - one of them is raised
        raise _first(failures) from None
    for build in builds:
        if build.attach:
            await db.execute(build.attach)
    if dataset.load.analyze:
        await db.execute(ddl.analyze(table))


async def _build(
    db: Pool, table: Relation, build: IndexBuild, at_once: asyncio.Semaphore, helpers: int | None
) -> None:
    async with at_once, db.acquire() as connection:
        try:
            async with connection.transaction():
                if helpers is not None:
                    await connection.execute(SQL.limit_helpers, str(helpers))
                await connection.execute(build.create)
        except asyncpg.UniqueViolationError:
            found = await connection.fetch(ddl.duplicates(table, build.columns, SHOWN_DUPLICATES))
            raise DuplicatesFound(
                build.columns, [Duplicate(place=r["place"], key=r["key"]) for r in found]
            ) from None
        except asyncpg.ProgramLimitExceededError as error:
            raise TargetUnusable(
                f"a value is too long for the index on ({', '.join(build.columns)}): {error}",
                hint="Leave the column out of keys and load.indexes, or bound it with maxLength.",
            ) from None


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """A duplicate key says more than the builds that were broken off because of it."""
    return min(failures.exceptions, key=lambda failure: not isinstance(failure, DuplicatesFound))


async def size(db: Connection | Pool, table: Relation) -> int:
    """Bytes on disk, indexes included."""
    return int(await db.fetchval(SQL.size, table.sql))


async def drop(db: Connection | Pool, relation: Relation) -> None:
    """Removes a staging table or view if it is there. After the publish it is elsewhere, and stays."""
    is_view = await db.fetchval(SQL.is_view, relation.sql)
    await db.execute(ddl.drop_view(relation) if is_view else ddl.drop_table(relation))


async def drop_all(db: Connection, run: Run) -> None:
    """Removes whatever this attempt of a run has left in staging."""
    for relation in await leftovers(db):
        if naming.attempt_of(relation.name) == (run.id, run.fence):
            await drop(db, relation)


async def leftovers(db: Connection | Pool) -> list[Relation]:
    """Every staging table and view there is, views first; the caller knows which are being worked on."""
    return [Relation(naming.STAGING, row["name"]) for row in await db.fetch(SQL.staged, naming.STAGING)]
