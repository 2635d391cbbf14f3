"""A proposed document loads the sample it was made from, and says what it can't know."""

import gzip
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from shared.domain.dataset import Dataset
from shared.errors import FileEmpty
from shared.files.infer import infer
from tests.unit.files.reading import read

SAMPLE = (
    b"id;zip;amount;day;seen_at;local;flag;ref;doc;dep_time;empty;note\n"
    b"1;00420;1.50;2013-01-01;2013-01-01T10:00:00Z;2013-01-01 05:00:00;true;"
    b'6f1d0c1e-1234-4abc-8def-0123456789ab;"{""a"": 1}";517;;"a\nb"\n'
    b"2;10115;-20;2013-01-02;2013-01-01T10:00:00Z;2013-01-01 05:00:00;false;"
    b"6f1d0c1e-1234-4abc-8def-0123456789ac;{};NA;;NA\n"
)


def fields(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["name"]: found for found in document["schema"]["fields"]}


def test_types_delimiter_missing_values_and_key_are_found() -> None:
    document, notes = infer(SAMPLE + b"3;cut", "in/Orders_2013-01-01.csv")
    found = fields(document)
    types = {name: found[name].get("physicalType", found[name]["type"]) for name in found}
    assert types == {
        "id": "integer",
        "zip": "string",
        "amount": "numeric(12,2)",
        "day": "date",
        "seen_at": "datetime",
        "local": "timestamp",
        "flag": "boolean",
        "ref": "string",
        "doc": "object",
        "dep_time": "integer",
        "empty": "string",
        "note": "string",
    }
    assert found["ref"]["format"] == "uuid"
    assert found["id"]["constraints"] == {"required": True}
    assert "constraints" not in found["dep_time"]
    assert document["name"] == "orders"
    assert document["format"] == {"type": "csv", "compression": "none", "dialect": {"delimiter": ";"}}
    assert document["schema"]["missingValues"] == ["", "NA"]
    assert document["schema"]["primaryKey"] == ["id"]
    told = "\n".join(notes)
    assert "guessed from 2 records" in told
    assert "zip: has leading zeros" in told
    assert "amount: numeric(12,2) is a guess" in told
    assert "empty: no value in the sample" in told
    assert "fits physicalType smallint: id, dep_time" in told


@pytest.mark.parametrize("stored", [SAMPLE, gzip.compress(SAMPLE), gzip.compress(SAMPLE)[:-8]])
def test_the_document_is_valid_and_loads_the_sample_without_a_reject(stored: bytes) -> None:
    document, _ = infer(stored, "orders.csv.gz")
    whole = gzip.compress(SAMPLE) if stored.startswith(b"\x1f") else SAMPLE
    found = read(whole, of=msgspec.convert(document, Dataset))
    assert [row["amount"] for row in found.rows] == [Decimal("1.50"), Decimal("-20.00")]
    assert not found.rejects


def test_a_file_without_a_header_is_matched_by_position() -> None:
    document, notes = infer(b"1\t2013-01-01\n2\t2013-01-02\n", "x.tsv")
    assert list(fields(document)) == ["column_1", "column_2"]
    assert document["format"] == {"type": "tsv", "compression": "none", "dialect": {"header": False}}
    assert any("looks like data" in note for note in notes)


def test_a_sample_without_a_whole_line_is_refused() -> None:
    with pytest.raises(FileEmpty):
        infer(b"id,name", "x.csv")
