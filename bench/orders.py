"""The benchmark's data: orders with quoted text, made anew from a fixed seed."""

import gzip
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
from msgspec import Struct

SEED = 20130101
STORES = [f"S{number:04d}" for number in range(400)]
NOTES = [
    "",
    "left at the door of the neighbours",
    '"ring twice, please, the bell is faint"',
    '"first line of the address\nsecond line of it"',
    '"she said ""thank you"" and paid in cash"',
    "Grüße aus Köln an alle im Lager",
    "regular customer since the spring of 2011",
]

COLUMNS = """
    order_id   bigint NOT NULL,
    store_id   text NOT NULL,
    ordered_at timestamptz NOT NULL,
    amount     numeric(12,2) NOT NULL,
    quantity   integer,
    gift       boolean NOT NULL,
    day        date NOT NULL,
    rating     smallint,
    note       text
"""
HEADER = "order_id,store_id,ordered_at,amount,quantity,gift,day,rating,note\n"
INDEXES = [("ordered_at",), ("store_id", "day")]
TYPES = {
    "order_id": pa.int64(),
    "store_id": pa.string(),
    "ordered_at": pa.timestamp("us", "UTC"),
    "amount": pa.decimal128(12, 2),
    "quantity": pa.int32(),
    "gift": pa.bool_(),
    "day": pa.date32(),
    "rating": pa.int16(),
    "note": pa.string(),
}


class Files(Struct, frozen=True, kw_only=True):
    """The same records twice: as psql reads them, and as they land in a bucket."""

    plain: Path
    compressed: Path
    rows: int

    @property
    def size(self) -> int:
        """Uncompressed bytes."""
        return self.plain.stat().st_size


def files(folder: Path, rows: int, *, bad_every: int = 0) -> Files:
    """Makes the files, or finds those of an earlier run. Each `bad_every`th amount is none."""
    name = f"orders-{rows}-{bad_every}.csv" if bad_every else f"orders-{rows}.csv"
    made = Files(plain=folder / name, compressed=folder / f"{name}.gz", rows=rows)
    if not made.compressed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        chance = random.Random(SEED)
        with made.plain.open("w", encoding="utf-8", newline="") as out:
            out.write(HEADER)
            for start in range(0, rows, 10_000):
                numbers = range(start, min(start + 10_000, rows))
                out.write(
                    "".join(record(i, chance, bad=bad_every > 0 and i % bad_every == 0) for i in numbers)
                )
        unfinished = made.compressed.with_suffix(".unfinished")
        with made.plain.open("rb") as plain, gzip.open(unfinished, "wb", compresslevel=6) as packed:
            while piece := plain.read(1 << 20):
                packed.write(piece)
        unfinished.rename(made.compressed)
    return made


def streamed(csv: Path) -> Any:  # noqa: ANN401 - pyarrow's stubs know no type for it
    """A stream of typed Arrow batches of the file."""
    return pv.open_csv(
        csv,
        read_options=pv.ReadOptions(block_size=16 << 20),
        parse_options=pv.ParseOptions(newlines_in_values=True),
        convert_options=pv.ConvertOptions(
            column_types=TYPES, strings_can_be_null=True, quoted_strings_can_be_null=True, null_values=[""]
        ),
    )


def parquet(made: Files) -> Path:
    """The same records as Parquet, in row groups of about 180,000."""
    path = made.plain.with_suffix(".parquet")
    with streamed(made.plain) as batches, pq.ParquetWriter(path, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return path


def record(number: int, chance: random.Random, *, bad: bool = False) -> str:
    """One record with its line end; a number has always the same key."""
    minute, second = number % 60, chance.randrange(60)
    day, hour = 1 + number // 75_000 % 28, number // 3125 % 24
    rating = chance.choice(("", "1", "2", "3", "4", "5"))
    return (
        f"{1_000_000_000 + number * 7},{chance.choice(STORES)},"
        f"2026-01-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z,"
        f"{'n/a' if bad else ''}{chance.randrange(100, 9_999_999) / 100:.2f},"
        f"{chance.randrange(1, 100)},{'true' if number % 11 == 0 else 'false'},2026-01-{day:02d},{rating},"
        f"{chance.choice(NOTES)}\n"
    )


def document(
    bucket: str, name: str = "orders", *, ending: str = "csv.gz", keys: bool = True
) -> dict[str, object]:
    """A dataset with every kind of check that its columns allow; without `keys` nothing is indexed."""
    required = {"required": True}
    return {
        "apiVersion": "loadstone/v1",
        "kind": "Dataset",
        "name": name,
        "source": {"bucket": bucket, "key": f"{name}/{{businessDate:%Y-%m-%d}}/*.{ending}"},
        "format": {"type": "parquet" if ending == "parquet" else "csv"},
        "schema": {
            "primaryKey": ["order_id"] if keys else [],
            "fields": [
                {"name": "order_id", "type": "integer", "constraints": {**required, "minimum": 1}},
                {"name": "store_id", "type": "string", "constraints": {**required, "maxLength": 5}},
                {"name": "ordered_at", "type": "datetime", "constraints": required},
                {
                    "name": "amount",
                    "type": "number",
                    "physicalType": "numeric(12,2)",
                    "constraints": {**required, "minimum": 0},
                },
                {"name": "quantity", "type": "integer", "physicalType": "integer"},
                {"name": "gift", "type": "boolean", "constraints": required},
                {"name": "day", "type": "date", "constraints": {**required, "minimum": "2026-01-01"}},
                {
                    "name": "rating",
                    "type": "integer",
                    "physicalType": "smallint",
                    "constraints": {"minimum": 1, "maximum": 5},
                },
                {"name": "note", "type": "string", "constraints": {"maxLength": 200}},
            ],
        },
        "load": {
            "target": {"schema": "bench", "table": name},
            "onError": "CONTINUE",
            "maxErrors": 1_000_000,
            "indexes": [{"columns": list(columns)} for columns in INDEXES if keys],
        },
        "quality": [{"id": "rows", "metric": "rowCount", "mustBeGreaterThan": 0}],
        "retention": {"versions": 2},
    }
