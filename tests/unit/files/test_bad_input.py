"""What is wrong with a file has one outcome each: loaded, rejected with line and reason, or refused."""

import gzip
from typing import Any

import pytest

from shared.domain.report import RejectCode
from shared.errors import (
    ArchiveCorrupt,
    DecompressionBomb,
    FileEmpty,
    FileRefused,
    HeaderBroken,
    NotCompressed,
    QuoteUnterminated,
)
from tests.support.datasets import dataset, with_fields
from tests.unit.files.reading import read

HEADER = b"id,name\n"


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        pytest.param(b"1,a\n2,b\n", [(1, "a"), (2, "b")], id="plain"),
        pytest.param(b"1,a\n2,b", [(1, "a"), (2, "b")], id="no newline at the end"),
        pytest.param(b"1,a\r\n2,b\r\n", [(1, "a"), (2, "b")], id="crlf"),
        pytest.param(b"1,a\r\n2,b\n", [(1, "a"), (2, "b")], id="crlf and lf"),
        pytest.param(b'1,"a\nb"\n2,"c\r\nd"\n', [(1, "a\nb"), (2, "c\r\nd")], id="quoted newlines"),
        pytest.param(b'1,"a ""b"", c"\n', [(1, 'a "b", c')], id="doubled quotes and delimiters"),
        pytest.param(b'1,"a\rb"\n', [(1, "a\rb")], id="quoted carriage return"),
        pytest.param(b"1,\\.\n", [(1, "\\.")], id="end-of-data marker of text COPY"),
        pytest.param(b'1,\n2,""\n,a\n', [(1, None), (2, None), (None, "a")], id="missing values"),
        pytest.param(b"1, a \n", [(1, " a ")], id="spaces are kept"),
        pytest.param("1,äöü🛫\n".encode(), [(1, "äöü🛫")], id="utf-8"),
        pytest.param(b"", [], id="header only"),
        pytest.param(b"\n1,a\n\r\n\n2,b\n\n", [(1, "a"), (2, "b")], id="blank lines"),
    ],
)
def test_what_only_looks_odd_is_loaded(data: bytes, rows: list[tuple[int | None, str | None]]) -> None:
    found = read(HEADER + data)
    assert [(row["id"], row["name"]) for row in found.rows] == rows
    assert not found.rejects


@pytest.mark.parametrize(
    ("record", "column", "code", "message"),
    [
        (b"2", None, RejectCode.FIELD_COUNT, "has 1 field, 2 expected"),
        (b"2,a,b", None, RejectCode.FIELD_COUNT, "has 3 fields, 2 expected"),
        (b"\\.", None, RejectCode.FIELD_COUNT, "has 1 field, 2 expected"),
        (b'2,a"b', None, RejectCode.STRAY_QUOTE, "has a quote inside a field"),
        (b'2,"a"b', None, RejectCode.STRAY_QUOTE, "text beside a quoted one"),
        (b'2,"a\n3,b\n4,"c"', None, RejectCode.STRAY_QUOTE, "has a quote inside a field"),
        (b"2,a\rb", None, RejectCode.STRAY_CARRIAGE_RETURN, "carriage return that is neither quoted"),
        (b"2,a\0", None, RejectCode.NUL_BYTE, "NUL byte"),
        (b"2,\xff", None, RejectCode.INVALID_BYTES, "not UTF-8"),
        (b"2,\xed\xa0\x80", None, RejectCode.INVALID_BYTES, "not UTF-8"),
        (b"x,a", "id", RejectCode.TYPE_MISMATCH, '"id": "x" is not an integer'),
        (b"9223372036854775808,a", "id", RejectCode.OUT_OF_RANGE, "is out of range for bigint"),
        (b"2," + b"y" * 200, "name", RejectCode.MAX_LENGTH, f'"name": "{"y" * 56}…" is longer than 5'),
        (b",a", "id", RejectCode.REQUIRED, '"id": the value is missing, and required'),
        (b'"",a', "id", RejectCode.REQUIRED, '"id": the value is missing, and required'),
        (b"-1,a", "id", RejectCode.MINIMUM, '"id": "-1" is less than the minimum, 0'),
        (b"-1,yyyyyyy", "id", RejectCode.MINIMUM, "the first field's fault counts"),
    ],
)
def test_a_bad_record_is_set_aside_and_the_others_are_loaded(
    record: bytes, column: str | None, code: RejectCode, message: str
) -> None:
    of = with_fields(
        {"name": "id", "type": "integer", "constraints": {"required": True, "minimum": 0}},
        {"name": "name", "constraints": {"maxLength": 5}},
    )
    found = read(HEADER + b"1,a\n" + record + b"\n9,z\n", of=of)
    assert [row["id"] for row in found.rows] == [1, 9]
    assert found.lines == [2, 4 + record.count(b"\n")]
    (reject,) = found.rejects
    assert (reject.line, reject.column, reject.code, reject.raw) == (3, column, code, record)
    assert message in reject.message or message.startswith("the first")
    assert found.records == 3


@pytest.mark.parametrize(
    ("data", "error", "line", "message"),
    [
        (b"", FileEmpty, None, "nothing"),
        (b"\xef\xbb\xbf", FileEmpty, None, "nothing"),
        (b"\n\r\n\n", FileEmpty, None, "nothing"),
        (b"1,a\n", HeaderBroken, 1, "no column is known: is the header missing"),
        (b"id,id,name\n", HeaderBroken, 1, "column 'id' occurs 2 times"),
        (b"id\n", HeaderBroken, 1, "column 'name' is missing"),
        (b"id,name,extra\n", HeaderBroken, 1, "column 'extra' is not in the contract"),
        (b"id,Name\n", HeaderBroken, 1, "column 'Name' is not in the contract (closest: 'name')"),
        (b"name,id\n", HeaderBroken, 1, "column 1 is 'name', 'id' expected there"),
        (b"\n\nname,id\n", HeaderBroken, 3, "column 1 is 'name', 'id' expected there"),
        (b"id;name\n", HeaderBroken, 1, "the delimiter another one?"),
        (b"\xff,name\n", HeaderBroken, 1, "not UTF-8"),
        (b"id,name\0\n", HeaderBroken, 1, "NUL"),
        (b'id,na"me\n', HeaderBroken, 1, "stray quote"),
        (b"id,name\r1,a\r", HeaderBroken, 1, "carriage return"),
        (HEADER + b'1,a\n2,"b\n3,c\n', QuoteUnterminated, 3, "never closed"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(
    data: bytes, error: type[FileRefused], line: int | None, message: str
) -> None:
    with pytest.raises(error) as refused:
        read(data)
    assert refused.value.line == line
    assert message in refused.value.message


FILE = HEADER + b"".join(b"%d,name\n" % number for number in range(5_000))
MEMBERS = gzip.compress(FILE[:20_000]) + gzip.compress(FILE[20_000:])


@pytest.mark.parametrize("chunk", [1_000_000, 1_000, 1])
@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(FILE, id="plain"),
        pytest.param(gzip.compress(FILE), id="gzip"),
        pytest.param(MEMBERS, id="two members"),
        pytest.param(MEMBERS + b"\0" * 512, id="padded with zeros"),
        pytest.param(gzip.compress(b"") + MEMBERS, id="an empty member"),
    ],
)
def test_compression_is_found_out_and_every_member_read(stored: bytes, chunk: int) -> None:
    found = read(*(stored[at : at + chunk] for at in range(0, len(stored), chunk)))
    assert [row["id"] for row in found.rows] == list(range(5_000))


@pytest.mark.parametrize("chunk", [1_000_000, 1_000, 1])
@pytest.mark.parametrize(
    ("stored", "message"),
    [
        pytest.param(MEMBERS[:-1], "cut off", id="cut in the checksum"),
        pytest.param(MEMBERS[: len(MEMBERS) // 3], "cut off", id="cut in the first member"),
        pytest.param(gzip.compress(FILE) + b"\x1f", "cut off", id="cut in the second header"),
        pytest.param(gzip.compress(FILE)[:12], "cut off", id="cut at the start"),
        pytest.param(MEMBERS + b"garbage", "followed by something else", id="trailing garbage"),
        pytest.param(MEMBERS + b"\0\0garbage", "followed by something else", id="garbage behind zeros"),
        pytest.param(MEMBERS[:-8] + b"\0\0\0\0" + MEMBERS[-4:], "damaged", id="wrong checksum"),
        pytest.param(MEMBERS[:300] + b"\xff" * 50 + MEMBERS[350:], "damaged", id="damaged inside"),
    ],
)
def test_a_damaged_archive_is_refused(stored: bytes, message: str, chunk: int) -> None:
    with pytest.raises(ArchiveCorrupt, match=message):
        read(*(stored[at : at + chunk] for at in range(0, len(stored), chunk)))


def test_a_file_that_must_be_compressed_and_is_not_is_refused() -> None:
    for stored in (HEADER, b"i", b"\x1f"):
        with pytest.raises(NotCompressed, match="gzip starts with 1f 8b"):
            read(stored, of=dataset(format={"compression": "gzip"}))


def test_a_compressed_file_that_must_not_be_is_refused_with_a_hint() -> None:
    with pytest.raises(NotCompressed, match=r"which is gzip; format\.compression says none") as refused:
        read(gzip.compress(HEADER), of=dataset(format={"compression": "none"}))
    assert "format.compression" in refused.value.hint


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory() -> None:
    bomb = gzip.compress(HEADER + (b"1," + b"a" * 10_000 + b"\n") * 8_000, compresslevel=1)
    with pytest.raises(DecompressionBomb, match="beyond 50 times the size"):
        read(bomb, max_ratio=50)


def test_ordinary_repetitive_files_are_no_bombs() -> None:
    stored = gzip.compress(HEADER + b"1,a\n" * 100_000)
    assert read(stored, max_ratio=10).records == 100_000


@pytest.mark.parametrize(
    ("match", "header", "row"),
    [
        ("exact", b"id,name", {"id": 1, "name": "a"}),
        ("equal", b"name,id", {"id": 1, "name": "a"}),
        ("subset", b"x,name,id", {"id": 1, "name": "a"}),
        ("superset", b"id", {"id": 1, "name": None}),
        ("partial", b"x,id", {"id": 1, "name": None}),
        ("equal", b"id", "column 'name' is missing"),
        ("equal", b"id,name,x", "column 'x' is not in the contract"),
        ("subset", b"x,id", "column 'name' is missing"),
        ("superset", b"id,name,x", "column 'x' is not in the contract"),
        ("superset", b"name", "column 'id' is missing and required"),
        ("partial", b"x,y", "no column is known"),
    ],
)
def test_columns_are_matched_as_fields_match_says(
    match: str, header: bytes, row: dict[str, Any] | str
) -> None:
    of = dataset(schema={"fieldsMatch": match, "primaryKey": ["id"]})
    values = {b"id": b"1", b"name": b"a", b"x": b"", b"y": b""}
    data = header + b"\n" + b",".join(values[name] for name in header.split(b",")) + b"\n"
    if isinstance(row, str):
        with pytest.raises(HeaderBroken, match=row):
            read(data, of=of)
    else:
        assert read(data, of=of).rows == [row]


def test_invalid_bytes_are_found_in_columns_that_are_not_loaded() -> None:
    found = read(b"id,x,name\n1,\xff,a\n2,,b\n", of=dataset(schema={"fieldsMatch": "subset"}))
    assert [reject.code for reject in found.rejects] == [RejectCode.INVALID_BYTES]
    assert [row["id"] for row in found.rows] == [2]


def test_without_a_header_columns_are_matched_by_position() -> None:
    of = dataset(format={"dialect": {"header": False}})
    assert read(b"1,a\n", of=of).rows == [{"id": 1, "name": "a"}]
    with pytest.raises(FileEmpty):
        read(b"", of=of)


def test_a_tsv_file_is_delimited_by_tabs_and_quotes_may_be_other_characters() -> None:
    of = dataset(format={"type": "tsv", "dialect": {"quoteChar": "'"}})
    assert read(b"id\tname\n1\t'a\t''\"'\n", of=of).rows == [{"id": 1, "name": "a\t'\""}]


def test_in_a_file_of_one_column_a_line_with_nothing_on_it_is_blank_and_a_quoted_nothing_a_record() -> None:
    found = read(b'a\n\n""\nx\n', of=with_fields({"name": "a"}))
    assert found.rows == [{"a": None}, {"a": "x"}]
    assert found.blank_lines == 1


def test_missing_values_are_null_on_the_fast_path_and_beside_a_bad_record_alike() -> None:
    of = with_fields({"name": "a"}, {"name": "b", "type": "integer"}, schema={"missingValues": ["", "NA"]})
    good = b'NA,NA\n"NA","NA"\n,""\nna,1\n'
    fast, slow = read(b"a,b\n" + good, of=of), read(b"a,b\n" + good + b"bad\n", of=of)
    assert fast.rows == slow.rows == [{"a": None, "b": None}] * 3 + [{"a": "na", "b": 1}]


def test_without_missing_values_nothing_is_null() -> None:
    of = with_fields({"name": "a"}, {"name": "b"}, schema={"missingValues": []})
    assert read(b'a,b\n,""\nNULL,\n', of=of).rows == [{"a": "", "b": ""}, {"a": "NULL", "b": ""}]
