"""Every constraint of Table Schema holds for every loaded value."""

from typing import Any

import pytest

from shared.domain.report import RejectCode
from shared.files.checking import Checker
from tests.support.datasets import with_fields
from tests.unit.files.reading import read

CASES: list[tuple[dict[str, Any], dict[str, Any], list[str], list[str], RejectCode]] = [
    ({}, {"minLength": 2}, ["ab", "äö", "🛫🛬"], ["a", "ä", "🛫"], RejectCode.MIN_LENGTH),
    ({}, {"maxLength": 2}, ["ab", "äö", "🛫🛬", "x"], ["abc", "äöü"], RejectCode.MAX_LENGTH),
    ({}, {"pattern": "[A-Z]{2}|x"}, ["DE", "x"], ["DEU", "de", "xx"], RejectCode.PATTERN),
    ({}, {"enum": ["new", "paid"]}, ["new", "paid"], ["New", "other"], RejectCode.ENUM),
    ({"type": "integer"}, {"minimum": 3}, ["3", "+4"], ["2", "-9"], RejectCode.MINIMUM),
    ({"type": "integer"}, {"maximum": "3"}, ["3", "-9"], ["4"], RejectCode.MAXIMUM),
    ({"type": "integer"}, {"exclusiveMinimum": 3}, ["4"], ["3"], RejectCode.MINIMUM),
    ({"type": "integer"}, {"exclusiveMaximum": 3}, ["2"], ["3"], RejectCode.MAXIMUM),
    ({"type": "integer"}, {"enum": [1, "2"]}, ["1", "002"], ["3"], RejectCode.ENUM),
    ({"type": "number"}, {"minimum": 0.1}, ["0.1", "1e2"], ["0.09"], RejectCode.MINIMUM),
    ({"type": "number"}, {"enum": [1.5]}, ["1.5", "1.50"], ["1.51"], RejectCode.ENUM),
    (
        {"type": "number", "physicalType": "double precision"},
        {"maximum": 10},
        ["9.99", "-INF"],
        ["10.01", "NaN", "INF"],
        RejectCode.MAXIMUM,
    ),
    ({"type": "date"}, {"minimum": "2013-01-01"}, ["2013-01-01"], ["2012-12-31"], RejectCode.MINIMUM),
    ({"type": "time"}, {"exclusiveMaximum": "12:00:00"}, ["11:59:59"], ["12:00:00"], RejectCode.MAXIMUM),
    (
        {"type": "datetime"},
        {"minimum": "2013-01-01T00:00:00+01:00"},
        ["2012-12-31T23:00:00Z"],
        ["2012-12-31T22:59:59Z"],
        RejectCode.MINIMUM,
    ),
    ({"type": "boolean"}, {"enum": [True]}, ["1", "true"], ["0"], RejectCode.ENUM),
    (
        {"format": "uuid"},
        {"enum": ["6f1d0c1e-1234-4abc-8def-0123456789ab"]},
        ["6F1D0C1E-1234-4ABC-8DEF-0123456789AB"],
        ["00000000-0000-0000-0000-000000000000"],
        RejectCode.ENUM,
    ),
    ({"type": "object"}, {"minLength": 1}, ['{"a":1}'], ["{}"], RejectCode.MIN_LENGTH),
    ({"type": "array"}, {"maxLength": 1}, ["[1]"], ["[1,2]"], RejectCode.MAX_LENGTH),
    (
        {"type": "object"},
        {"jsonSchema": {"required": ["a"]}},
        ['{"a":1}'],
        ["{}"],
        RejectCode.JSON_SCHEMA,
    ),
]


@pytest.mark.parametrize(("keys", "constraints", "good", "bad", "code"), CASES)
def test_values_that_break_a_constraint_are_rejected_and_no_others(
    keys: dict[str, Any],
    constraints: dict[str, Any],
    good: list[str],
    bad: list[str],
    code: RejectCode,
) -> None:
    of = with_fields({"name": "value", **keys, "constraints": constraints}, {"name": "other"})
    quoted = ['"' + text.replace('"', '""') + '"' for text in [*good, *bad, ""]]
    found = read("".join(["value,other\n", *(f"{text},x\n" for text in quoted)]).encode(), of=of)
    assert found.lines == [*range(2, 2 + len(good)), 2 + len(good) + len(bad)]
    assert [(reject.column, reject.code) for reject in found.rejects] == [("value", code)] * len(bad)


@pytest.mark.parametrize("schema", [{}, {"primaryKey": ["value"]}])
def test_a_required_field_and_one_of_the_primary_key_must_have_a_value(schema: dict[str, Any]) -> None:
    of = with_fields(
        {"name": "value", "constraints": {"required": not schema}}, {"name": "other"}, schema=schema
    )
    found = read(b"value,other\n,x\na,\n", of=of)
    assert [reject.code for reject in found.rejects] == [RejectCode.REQUIRED]
    assert found.rows == [{"value": "a", "other": None}]


def test_one_record_is_rejected_once_for_its_first_field_s_first_fault() -> None:
    of = with_fields(
        {"name": "a", "constraints": {"maxLength": 2, "pattern": "x*"}}, {"name": "b", "type": "integer"}
    )
    found = read(b"a,b\nyyy,z\nyy,z\nxx,z\n", of=of)
    assert [(reject.line, reject.column, reject.code) for reject in found.rejects] == [
        (2, "a", RejectCode.MAX_LENGTH),
        (3, "a", RejectCode.PATTERN),
        (4, "b", RejectCode.TYPE_MISMATCH),
    ]


def test_a_message_says_column_what_was_found_and_the_rule() -> None:
    of = with_fields({"name": "dep_time", "type": "integer"}, {"name": "b"})
    (reject,) = read(b"dep_time,b\n25h,\n", of=of).rejects
    assert reject.message == '"dep_time": "25h" is not an integer'


def test_a_field_that_the_file_lacks_is_null_and_still_typed() -> None:
    of = with_fields({"name": "a", "type": "time"}, {"name": "b"})
    checked = Checker(of).check([None, None], 2, lambda rows: rows)
    assert checked.rows.to_pylist() == [{"a": None, "b": None}] * 2
    assert checked.broken == []
