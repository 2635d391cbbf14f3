"""Every format says the same of the same records, however its bytes are cut."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.dataset import Dataset
from shared.errors import FileEmpty, FormatBroken, HeaderBroken
from tests.support import datasets
from tests.unit.files.reading import Read, read
from tests.unit.files.texts import NAUGHTY, WIDEST
from tests.unit.files.written import FORMATS, Record, written

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "physicalType": "bigint", "constraints": {"required": True}},
    {"name": "name", "constraints": {"maxLength": 9}},
    {"name": "price", "type": "number", "physicalType": "numeric(9,2)"},
    {"name": "day", "type": "date"},
    {"name": "gift", "type": "boolean"},
]
NAMES = [field["name"] for field in FIELDS]
every_format = pytest.mark.parametrize("format_", FORMATS)


def declared(format_: str, fields: list[dict[str, Any]] = FIELDS) -> Dataset:
    return datasets.with_fields(*fields, format={"type": format_})


def outcome(format_: str, records: list[Record], fields: list[dict[str, Any]] = FIELDS) -> Read:
    names = [field["name"] for field in fields]
    return read(written(format_, names, records), of=declared(format_, fields))


def told(found: Read) -> list[tuple[str | None, str, str]]:
    return [(reject.column, reject.code, reject.message) for reject in found.rejects]


MIXED: list[Record] = [
    ["1", "good", "1.50", "2013-01-05", "true"],
    ["x", "bad id", "1", None, None],
    ["2", "far too long", None, None, "0"],
    [None, "no id", "7", None, None],
    ["3", "cents", "0.001", None, None],
    ["9223372036854775807", "edge", "9999999.99", "9999-12-31", "False"],
    ["9223372036854775808", "over", None, None, None],
    ["4", "no day", None, "2013-02-30", None],
    ["5", "no truth", None, None, "perhaps"],
    ["6", None, None, None, None],
]


@every_format
def test_good_and_bad_records_are_told_apart_alike(format_: str) -> None:
    found = outcome(format_, MIXED)
    assert [row["id"] for row in found.rows] == [1, 9223372036854775807, 6]
    assert found.rows == outcome("csv", MIXED).rows
    assert told(found) == told(outcome("csv", MIXED))
    assert [code for _, code, _ in told(found)] == [
        "type_mismatch",
        "max_length",
        "required",
        "out_of_range",
        "out_of_range",
        "type_mismatch",
        "type_mismatch",
    ]
    first = 2 if format_ in ("csv", "tsv") else 1  # the line of the first record
    assert found.lines == [first, first + 5, first + 9]
    assert [reject.line - first for reject in found.rejects] == [1, 2, 3, 4, 6, 7, 8]


@every_format
def test_one_record_and_records_without_any_value_are_read(format_: str) -> None:
    optional = [{**field, "constraints": {}} for field in FIELDS]
    assert outcome(format_, [MIXED[0]]).records == 1
    nothing = outcome(format_, [[None] * 5, [None] * 5], optional)
    assert nothing.rows == [dict.fromkeys(NAMES)] * 2


@every_format
def test_a_file_of_no_byte_is_refused(format_: str) -> None:
    with pytest.raises(FileEmpty):
        read(b"", of=declared(format_))


@pytest.mark.parametrize("format_", ["csv", "tsv", "parquet"])
def test_a_file_without_records_has_no_rows(format_: str) -> None:
    found = outcome(format_, [])
    assert (found.rows, found.rejects, found.records) == ([], [], 0)


@pytest.mark.parametrize("format_", ["csv", "tsv", "parquet"])
def test_columns_are_matched_by_the_same_words(format_: str) -> None:
    data = written(format_, ["id", "nam", "price", "day", "gift"], [])
    with pytest.raises(HeaderBroken, match=r"'nam' is not in the contract.*'name' is missing"):
        read(data, of=declared(format_))


@every_format
def test_naughty_strings_are_read_as_they_are(format_: str) -> None:
    fields = [{"name": "no", "type": "integer"}, {"name": "text"}]
    records: list[Record] = [[str(place), text] for place, text in enumerate(NAUGHTY)]
    found = outcome(format_, records, fields)
    assert found.rejects == []
    assert [row["text"] for row in found.rows] == NAUGHTY


@every_format
@pytest.mark.parametrize(("field", "texts"), WIDEST, ids=[str(field["type"]) for field, _ in WIDEST])
def test_the_widest_values_of_each_type_are_read_alike(
    format_: str, field: dict[str, Any], texts: list[str]
) -> None:
    field = {"name": "value", **field}
    found = outcome(format_, [[text] for text in texts], [field])
    assert found.rejects == []
    assert found.rows == outcome("csv", [[text] for text in texts], [field]).rows
    assert len({repr(row) for row in found.rows}) == len(texts)


WORDS = st.sampled_from(
    [None, "1", "x", "a b", 'say "x"', "né", "1.25", "2013-01-05", "true", "line\nend", "\U0001f600"]
)
RECORDS = st.lists(st.tuples(st.sampled_from(["1", "22", "x"]), *[WORDS] * 4), max_size=4)
CHUNKS = st.sampled_from([1, 2, 3, 7, 64, 1000, 4 << 20])


@pytest.mark.timeout(600)  # a case takes about 4 ms on a machine that does nothing else
@settings(max_examples=10_000)
@given(st.sampled_from(FORMATS), RECORDS, CHUNKS, st.sampled_from([1, 50, 1 << 20]))
def test_however_a_file_is_cut_the_same_is_read(
    format_: str, records: list[Record], chunk: int, block: int
) -> None:
    data = written(format_, NAMES, records)
    if not data:
        return
    pieces = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    dataset = _DECLARED[format_]
    assert read(*pieces, of=dataset, block_bytes=block) == read(data, of=dataset)


_DECLARED = {format_: declared(format_) for format_ in FORMATS}


@pytest.mark.parametrize("cut", [4, 8, 100, -1, -8, -9])
def test_a_parquet_file_that_is_cut_off_is_refused(cut: int) -> None:
    data = written("parquet", NAMES, MIXED)
    with pytest.raises(FormatBroken):
        read(data[:cut], of=declared("parquet"))
