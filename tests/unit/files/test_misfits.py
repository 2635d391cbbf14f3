"""Values that their field's type does not hold, discarded or counted alike in every format."""

from typing import Any

import pytest

from shared.domain import misfits
from shared.domain.dataset import Dataset
from shared.domain.misfits import Misfits
from shared.domain.report import RejectCode
from shared.files import reader
from tests.support.datasets import with_fields
from tests.unit.files.reading import read
from tests.unit.files.written import FORMATS, Record, written

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "qty", "type": "integer", "physicalType": "smallint", "constraints": {"maximum": 9}},
    {"name": "on", "type": "boolean"},
    {"name": "more", "type": "object"},
    {"name": "tags", "type": "list", "itemType": "integer"},
    {"name": "price", "type": "number", "physicalType": "numeric(4,2)"},
]
NAMES = [field["name"] for field in FIELDS]
RECORDS: list[Record] = [
    ["1", "5", "true", '{"a": 1}', "1,2", "1.50"],
    ["2", "x", "perhaps", "{", "1,x", "1.505"],
    ["x", "1.5", None, None, None, None],
    ["4", "99", "no", None, None, None],
    ["5", "70000", None, None, None, None],
]


def _of(format_: str, mode: str, fields: list[dict[str, Any]] = FIELDS) -> Dataset:
    evolution = {"typeMismatch": mode}
    return with_fields(*fields, format={"type": format_}, evolution=evolution)


def _misfits(data: bytes, of: Dataset, **options: Any) -> dict[str, Misfits]:
    total: dict[str, Misfits] = {}
    for batch in reader.read(reader.reader_for(of, **options), [data]):
        total = misfits.added(total, batch.misfits)
    return total


@pytest.mark.parametrize("format_", [name for name in FORMATS if name != "ndjson"])
def test_discarded_values_are_null_and_their_records_loaded(format_: str) -> None:
    found = read(written(format_, NAMES, RECORDS), of=_of(format_, "discard_value"))
    assert [tuple(row.values())[:2] for row in found.rows] == [(1, 5), (2, None), (5, None)]
    assert list(found.rows[1].values())[2:] == [None, None, None, None]
    assert [(reject.column, reject.code) for reject in found.rejects] == [
        ("id", RejectCode.TYPE_MISMATCH),  # it is required
        ("qty", RejectCode.MAXIMUM),  # 99 is of the type
    ]


@pytest.mark.parametrize("format_", [name for name in FORMATS if name != "ndjson"])
def test_only_values_of_loaded_records_count_as_discarded(format_: str) -> None:
    total = _misfits(written(format_, NAMES, RECORDS), _of(format_, "discard_value"))
    first = 2 if format_ in ("csv", "tsv") else 1
    told = {name: (found.values, found.discarded) for name, found in total.items()}
    assert told == {
        "id": (1, 0),
        "qty": (2, 2),
        "on": (1, 1),
        "more": (1, 1),
        "tags": (1, 1),
        "price": (1, 1),
    }
    assert [place.line - first for place in total["qty"].places] == [1, 4]
    assert [str(total[name].wider) for name in ("id", "qty", "price")] == ["text", "text", "numeric(5,3)"]


@pytest.mark.parametrize("format_", FORMATS)
def test_without_discarding_every_value_counts_that_its_type_does_not_hold(format_: str) -> None:
    fields = [{"name": "a", "type": "integer"}, {"name": "b", "type": "integer", "physicalType": "smallint"}]
    records = [["1", "1"], ["1.25", "2"], ["x", "40000"], ["4", "2.5"], ["0.5", "6"]]
    total = _misfits(written(format_, ["a", "b"], records), _of(format_, "quarantine", fields))
    first = 2 if format_ in ("csv", "tsv") else 1
    assert [place.line - first for place in total["a"].places] == [1, 2, 4]
    assert (total["a"].values, str(total["a"].wider)) == (3, "text")
    assert (total["b"].values, str(total["b"].wider)) == (2, "numeric(6,1)")
    assert total["a"].discarded == total["b"].discarded == 0


@pytest.mark.parametrize("block_bytes", [1 << 20, 16])
def test_json_of_another_type_is_discarded_too(block_bytes: int) -> None:
    fields = [{"name": "id", "type": "integer"}, {"name": "name"}, {"name": "on", "type": "boolean"}]
    of = with_fields(
        *fields,
        schema={"primaryKey": ["id"]},
        format={"type": "ndjson"},
        evolution={"typeMismatch": "discard_value"},
    )
    lines = [
        b'{"id": 1, "name": "a", "on": true}',
        b'{"id": 2, "name": 7, "on": "perhaps"}',
        b'{"id": 3, "name": ["x"], "on": 1}',
        b'{"id": true, "name": "d"}',
        b'{"id": "x", "name": 5}',
        b'{"id": 6, "name": "f"}',
    ]
    data = b"\n".join(lines)
    found = read(data, of=of, block_bytes=block_bytes)
    assert [tuple(row.values()) for row in found.rows] == [
        (1, "a", True),
        (2, None, None),
        (3, None, None),
        (6, "f", None),
    ]
    assert [(reject.line, reject.column) for reject in found.rejects] == [(4, "id"), (5, "id")]
    total = _misfits(data, of, block_bytes=block_bytes)
    assert {name: (one.values, one.discarded) for name, one in total.items()} == {
        "name": (2, 2),
        "on": (2, 2),
        "id": (2, 0),
    }
    assert total["name"].wider is None


def test_a_masked_value_is_discarded_before_it_is_masked() -> None:
    fields = [{"name": "mail", "format": "email", "mask": "sha256"}, {"name": "id", "type": "integer"}]
    found = read(b"mail,id\nnone,1\n", of=_of("csv", "discard_value", fields))
    assert found.rows == [{"mail": None, "id": 1}]
