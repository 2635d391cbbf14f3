"""The benchmark's data: orders with quoted text, made anew from a fixed seed."""

import gzip
import random
from pathlib import Path

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


class Files(Struct, frozen=True, kw_only=True):
    """The same records twice: as psql reads them, and as they land in a bucket."""

    plain: Path
    compressed: Path
    rows: int

    @property
    def size(self) -> int:
        """Uncompressed bytes."""
        return self.plain.stat().st_size


def files(folder: Path, rows: int) -> Files:
    """Makes the files, or finds those of an earlier run."""
    made = Files(plain=folder / f"orders-{rows}.csv", compressed=folder / f"orders-{rows}.csv.gz", rows=rows)
    if not made.compressed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        chance = random.Random(SEED)
        with made.plain.open("w", encoding="utf-8", newline="") as out:
            out.write(HEADER)
            for start in range(0, rows, 10_000):
                out.write("".join(record(i, chance) for i in range(start, min(start + 10_000, rows))))
        unfinished = made.compressed.with_suffix(".unfinished")
        with made.plain.open("rb") as plain, gzip.open(unfinished, "wb", compresslevel=6) as packed:
            while piece := plain.read(1 << 20):
                packed.write(piece)
        unfinished.rename(made.compressed)
    return made


def record(number: int, chance: random.Random) -> str:
    """One record with its line end; a number has always the same key."""
    minute, second = number % 60, chance.randrange(60)
    day, hour = 1 + number // 75_000 % 28, number // 3125 % 24
    rating = chance.choice(("", "1", "2", "3", "4", "5"))
    return (
        f"{1_000_000_000 + number * 7},{chance.choice(STORES)},"
        f"2026-01-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z,"
        f"{chance.randrange(100, 9_999_999) / 100:.2f},"
        f"{chance.randrange(1, 100)},{'true' if number % 11 == 0 else 'false'},2026-01-{day:02d},{rating},"
        f"{chance.choice(NOTES)}\n"
    )


def document(bucket: str) -> dict[str, object]:
    """The dataset, with every kind of check that its columns allow."""
    required = {"required": True}
    return {
        "apiVersion": "loadstone/v1",
        "kind": "Dataset",
        "name": "orders",
        "source": {"bucket": bucket, "key": "orders/{businessDate:%Y-%m-%d}/*.csv.gz"},
        "schema": {
            "primaryKey": ["order_id"],
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
            "target": {"schema": "bench", "table": "orders"},
            "onError": "CONTINUE",
            "maxErrors": 100,
            "indexes": [{"columns": list(columns)} for columns in INDEXES],
        },
        "quality": [{"id": "rows", "metric": "rowCount", "mustBeGreaterThan": 0}],
        "retention": {"versions": 2},
    }
