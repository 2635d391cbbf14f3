"""Files that are made to break a reader: each has its outcome, and none makes the process grow."""

import multiprocessing
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from shared.domain.dataset import Dataset
from shared.errors import DecompressionBomb, FileEmpty, FileRefused, RecordTooLong
from shared.files import reader
from tests.support import datasets
from tests.unit.files.reading import read
from tests.unit.files.written import of_table

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1 << 20
RECORDS = b"1,abcde\n" * (MIB // 8)
MOST_GROWTH = 64 * MIB  # far less than any of these files holds


def grown(make: Callable[[], tuple[Dataset, Iterator[bytes]]]) -> tuple[str, int, int]:
    """The error's name, the rows read before it, and by how much memory peaked above that of a small file."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_read, (make,))


def _read(make: Callable[[], tuple[Dataset, Iterator[bytes]]]) -> tuple[str, int, int]:
    for _ in reader.read(reader.reader_for(datasets.dataset()), [b"id,name\n1,a\n"]):
        pass
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    dataset, chunks = make()
    outcome, rows = "", 0
    try:
        for batch in reader.read(reader.reader_for(dataset), chunks):
            rows += batch.rows.num_rows
    except FileRefused as error:
        outcome = type(error).__name__
    return outcome, rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def long_field(format_: str) -> tuple[Dataset, Iterator[bytes]]:
    """A field of 64 MB, never held as a whole."""
    start, end = {"csv": (b"id,name\n1,", b"\n"), "ndjson": (b'{"id": 1, "name": "', b'"}\n')}[format_]
    chunks = iter((start, *[b"x" * MIB] * 64, end))
    return datasets.dataset(format={"type": format_}), chunks


def long_csv_field() -> tuple[Dataset, Iterator[bytes]]:
    return long_field("csv")


def long_ndjson_field() -> tuple[Dataset, Iterator[bytes]]:
    return long_field("ndjson")


def zstd_bomb() -> tuple[Dataset, Iterator[bytes]]:
    """256 MiB of one short record, in some KiB."""
    compressor = zstd.ZstdCompressor()
    chunks = [compressor.compress(b"id,name\n"), *(compressor.compress(RECORDS) for _ in range(256))]
    return datasets.dataset(), iter((*chunks, compressor.flush()))


def huge_row_group() -> tuple[Dataset, Iterator[bytes]]:
    """Two million rows in one row group, 150 MB when decoded, that took little memory to write."""
    name = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 1 << 21), ["x" * 64])
    table = pa.table({"id": pa.repeat(1, 1 << 21), "name": name})
    return datasets.dataset(format={"type": "parquet"}), iter([of_table(table, row_group_size=1 << 21)])


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (long_csv_field, RecordTooLong),
        (long_ndjson_field, RecordTooLong),
        (zstd_bomb, DecompressionBomb),
    ],
)
def test_a_monster_is_refused_before_it_fills_the_memory(
    make: Callable[[], tuple[Dataset, Iterator[bytes]]], error: type[FileRefused]
) -> None:
    outcome, _, growth = grown(make)
    assert outcome == error.__name__
    assert growth < MOST_GROWTH


def test_a_row_group_of_any_size_is_read_a_few_rows_at_a_time() -> None:
    outcome, rows, growth = grown(huge_row_group)
    assert (outcome, rows) == ("", 1 << 21)
    assert growth < MOST_GROWTH


def test_a_parquet_file_of_no_byte_is_refused() -> None:
    with pytest.raises(FileEmpty):
        read(b"", of=datasets.dataset(format={"type": "parquet"}))


def test_ndjson_that_ends_within_its_last_line_loses_that_line_alone() -> None:
    found = read(b'{"id": 1, "name": "a"}\n{"id": 2, "na', of=datasets.dataset(format={"type": "ndjson"}))
    assert [row["id"] for row in found.rows] == [1]
    assert [(reject.line, reject.code, reject.raw) for reject in found.rejects] == [
        (2, "invalid_json", b'{"id": 2, "na')
    ]


WIDE = [f"c{number}" for number in range(1_700)]


def wide(format_: str) -> bytes:
    if format_ == "parquet":
        return of_table(pa.table({name: ["1"] for name in WIDE}))
    if format_ == "ndjson":
        return b"{%b}\n" % b", ".join(b'"%b": "1"' % name.encode() for name in WIDE)
    return b"%b\n%b\n" % (",".join(WIDE).encode(), b",".join([b"1"] * 1_700))


@pytest.mark.parametrize("format_", ["csv", "ndjson", "parquet"])
def test_of_1700_columns_those_of_the_contract_are_read_where_it_allows_others(format_: str) -> None:
    fields: list[dict[str, Any]] = [{"name": name} for name in WIDE[:1_600]]
    dataset = datasets.with_fields(*fields, schema={"fieldsMatch": "subset"}, format={"type": format_})
    found = read(wide(format_), of=dataset)
    assert (len(found.rows), len(found.rows[0]), found.rejects) == (1, 1_600, [])
