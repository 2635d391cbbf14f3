"""No clear text of a masked field is left: not in the rows, not in a reject, not in its message."""

import hashlib
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.files import convert, masking
from shared.files.batch import Batch
from shared.files.reader import read, reader_for
from tests.support.datasets import field, with_fields

SECRET = "ada@example.org"
FIELDS = (
    {"name": "id", "type": "integer"},
    {"name": "email", "format": "email", "mask": "sha256", "constraints": {"maxLength": 20}},
    {"name": "card", "mask": "partial"},
    {"name": "note", "mask": "null", "constraints": {"required": True}},
)


def batches(content: bytes, **format_: str) -> list[Batch]:
    return list(read(reader_for(with_fields(*FIELDS, format=format_)), [content]))


def test_rows_hold_what_is_left_of_each_value() -> None:
    [batch] = batches(f"id,email,card,note\n1,{SECRET},4111111111111234,x\n2,,1234567,y\n".encode())
    assert batch.rows.to_pylist() == [
        {
            "id": 1,
            "email": hashlib.sha256(SECRET.encode()).hexdigest(),
            "card": "************1234",
            "note": None,
        },
        {"id": 2, "email": None, "card": "*******", "note": None},
    ]


BAD = {
    "another field is bad": (f"x,{SECRET},4111,n", b"x,***,***,***"),
    "quotes and newlines": (f'x,"{SECRET}","a ""b""\n,c",n', b"x,***,***,***"),
    "the masked field is bad": (f"1,{SECRET * 2},4111,n", b"1,***,***,***"),
    "a masked field is missing": (f"1,{SECRET},4111,", b"1,***,***,***"),
    "too many fields": (f"1,{SECRET},4111,n,x", b""),
    "too few fields": (f"1,{SECRET}", b""),
    "a stray quote": (f'1,{SECRET}"x,4111,n', b""),
    "no text": (f"1,{SECRET},\0,n", b""),
}


@pytest.mark.parametrize(("record", "raw"), BAD.values(), ids=BAD)
def test_a_rejected_record_is_kept_without_its_masked_values_or_withheld(record: str, raw: bytes) -> None:
    [batch] = batches(f"id,email,card,note\n{record}\n9,a@b.de,c,d\n".encode())
    [reject] = batch.rejects
    assert reject.raw == raw
    assert ("is withheld" in reject.message) == (raw == b"")
    assert "ada" not in reject.message
    assert batch.rows.num_rows == 1


def test_a_rejected_json_record_is_kept_without_its_masked_values() -> None:
    record = {"id": "x", "email": SECRET, "card": "1", "note": "n", "more": [1]}
    bad = [
        record,
        {"id": 1, "email": {"deep": SECRET}, "card": "1", "note": "n"},
        {"id": "y", "email": SECRET},
    ]
    lines = "\n".join(map(json.dumps, [*bad, {"id": 2, "card": "1", "note": "n"}]))
    [batch] = batches(f'{lines}\n{{"email": "{SECRET}", oops\n'.encode(), type="ndjson")
    hidden = {"email": "***", "card": "***", "note": "***"}
    assert [json.loads(reject.raw or b"0") for reject in batch.rejects] == [
        record | hidden,
        {"id": 1} | hidden,
        0,
        0,
    ]
    assert not any("ada" in reject.message for reject in batch.rejects)


def test_a_rejected_row_of_parquet_is_kept_without_its_masked_values() -> None:
    table = pa.table({"id": ["x"], "email": [SECRET], "card": ["4111"], "note": ["n"]})
    file = io.BytesIO()
    pq.write_table(table, file)
    [batch] = batches(file.getvalue(), type="parquet")
    [reject] = batch.rejects
    assert json.loads(reject.raw) == {"id": "x", "email": "***", "card": "***", "note": "***"}


@given(st.lists(st.none() | st.text(max_size=12)))
def test_a_partly_shown_value_is_as_long_and_shows_four_of_at_least_eight(values: list[str | None]) -> None:
    def expected(text: str) -> str:
        return "*" * len(text) if len(text) < 8 else "*" * (len(text) - 4) + text[-4:]

    found = masking.mask(field(mask="partial"))(pa.array(values, pa.string())).to_pylist()
    assert found == [None if text is None else expected(text) for text in values]


@pytest.mark.parametrize(
    ("type_", "keys", "problem"),
    [
        ("integer", {"mask": "sha256"}, "mask: sha256 found, which takes strings that are stored as text"),
        (
            "string",
            {"mask": "sha256", "physicalType": "varchar(9)"},
            "mask: sha256 found, which takes strings",
        ),
        ("string", {"mask": "partial", "format": "uuid"}, "mask: partial found, which takes strings"),
        ("string", {"mask": "null", "constraints": {"unique": True}}, "mask: null found, after which values"),
    ],
)
def test_a_mask_that_makes_no_sense_is_refused(type_: str, keys: dict[str, object], problem: str) -> None:
    [found] = convert.check_field(field(type_, **keys))
    assert found.startswith(problem)
