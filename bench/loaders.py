"""Loads a CSV file with one Python library, in that library's environment: `loaders.py NAME URL FILE`.

Each function does what its library documents as fastest. The seconds, printed at the end, count from after
the imports.
"""

import asyncio
import csv
import io
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

TABLE = "peer"
CHUNK = 1 << 18


def psycopg_copy(url: str, file: Path) -> Callable[[], None]:
    """https://www.psycopg.org/psycopg3/docs/basic/copy.html: block by block."""
    import psycopg

    def load() -> None:
        statement = f"COPY {TABLE} FROM STDIN (FORMAT csv, HEADER true)"
        with psycopg.connect(url) as db, db.cursor().copy(statement) as copy, file.open("rb") as source:
            while data := source.read(CHUNK):
                copy.write(data)

    return load


def asyncpg_records(url: str, file: Path) -> Callable[[], None]:
    """https://magicstack.github.io/asyncpg: copy_records_to_table, with Python values."""
    import asyncpg

    def records() -> Iterator[tuple[Any, ...]]:
        with file.open(newline="", encoding="utf-8") as source:
            rows = csv.reader(source)
            next(rows)
            for number, store, ordered, amount, quantity, gift, day, rating, note in rows:
                yield (
                    int(number),
                    store,
                    datetime.fromisoformat(ordered),
                    Decimal(amount),
                    int(quantity) if quantity else None,
                    gift == "true",
                    date.fromisoformat(day),
                    int(rating) if rating else None,
                    note or None,
                )

    async def load() -> None:
        db = await asyncpg.connect(url)
        await db.copy_records_to_table(TABLE, records=records())
        await db.close()

    return lambda: asyncio.run(load())


def adbc_ingest(url: str, file: Path) -> Callable[[], None]:
    """https://arrow.apache.org/adbc: adbc_ingest of a stream of Arrow batches."""
    from adbc_driver_postgresql import dbapi

    from bench import orders

    def load() -> None:
        with dbapi.connect(url) as db, db.cursor() as cursor:
            cursor.adbc_ingest("peer_made", orders.streamed(file), mode="create")
            db.commit()

    return load


def duckdb_postgres(url: str, file: Path) -> Callable[[], None]:
    """https://duckdb.org/docs/stable/core_extensions/postgres"""
    import duckdb

    db = duckdb.connect()
    db.execute("INSTALL postgres")
    db.execute("LOAD postgres")
    db.execute(f"ATTACH '{url}' AS pg (TYPE postgres)")

    def load() -> None:
        db.execute(f"INSERT INTO pg.{TABLE} SELECT * FROM read_csv('{file}', header = true)")

    return load


def pandas_to_sql(url: str, file: Path) -> Callable[[], None]:
    """https://pandas.pydata.org/docs/user_guide/io.html: to_sql with a method that calls COPY."""
    import pandas
    import sqlalchemy

    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))

    def copy(table: Any, db: Any, keys: list[str], rows: Iterator[Any]) -> None:  # noqa: ANN401
        with db.connection.cursor() as cursor:
            buffer = io.StringIO()
            csv.writer(buffer).writerows(rows)
            buffer.seek(0)
            cursor.copy_expert(f"COPY {table.name} ({', '.join(keys)}) FROM STDIN WITH CSV", buffer)

    def load() -> None:
        for chunk in pandas.read_csv(file, chunksize=100_000, dtype={"rating": "Int16"}):
            chunk.to_sql(TABLE, engine, if_exists="append", index=False, method=copy)

    return load


def dlt_csv(url: str, file: Path) -> Callable[[], None]:
    """https://dlthub.com/docs/dlt-ecosystem/destinations/postgres: Arrow batches, loaded as CSV by COPY."""
    return _dlt(url, file, "csv")


def dlt_parquet(url: str, file: Path) -> Callable[[], None]:
    """The same page: Parquet, loaded by ADBC."""
    return _dlt(url, file, "parquet")


def _dlt(url: str, file: Path, format_: str) -> Callable[[], None]:
    import dlt

    from bench import orders

    destination = dlt.destinations.postgres(url)
    pipeline = dlt.pipeline(f"peer_{format_}", destination=destination, dataset_name=f"dlt_{format_}")

    def load() -> None:
        rows = dlt.resource(orders.streamed(file), name="peer")
        pipeline.run(rows, loader_file_format=format_).raise_on_failed_jobs()

    return load


def main() -> None:
    """Prepare, load, and print the seconds."""
    name, url, file = sys.argv[1:]
    load = globals()[name](url, Path(file))
    started = time.perf_counter()
    load()
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
