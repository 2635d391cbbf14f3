"""Writes the same records in every format, each value as text; None where there is no value."""

import csv
import io
import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

FORMATS = ("csv", "tsv", "ndjson", "parquet")

type Record = Sequence[str | None]


def written(format_: str, names: Sequence[str], records: Sequence[Record]) -> bytes:
    """A file of these records. CSV and TSV can't tell a missing value from an empty text."""
    if format_ == "parquet":
        return parquet({name: [record[place] for record in records] for place, name in enumerate(names)})
    if format_ == "ndjson":
        lines = (json.dumps(dict(zip(names, record, strict=True)), ensure_ascii=False) for record in records)
        return "".join(f"{line}\n" for line in lines).encode()
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter="\t" if format_ == "tsv" else ",", lineterminator="\n")
    writer.writerows([names, *records])
    return target.getvalue().encode()


def parquet(columns: dict[str, list[str | None]]) -> bytes:
    """A Parquet file of these columns of text."""
    arrays = {name: pa.array(column, pa.string()) for name, column in columns.items()}
    return of_table(pa.table(arrays))


def of_table(table: pa.Table, *, row_group_size: int | None = None) -> bytes:
    """A Parquet file of this table."""
    target = io.BytesIO()
    pq.write_table(table, target, row_group_size=row_group_size)
    return target.getvalue()
