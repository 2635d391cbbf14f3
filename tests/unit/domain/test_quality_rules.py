from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import expectations, measured
from shared.domain.dataset import Expectation, TableSchema
from shared.domain.measured import Measured
from shared.domain.rules.quality import quality_mistakes
from shared.domain.rules.schema import schema_mistakes

SCHEMA = {
    "fields": [
        {"name": "id", "type": "integer"},
        {"name": "name"},
        {"name": "day", "type": "date"},
        {"name": "ok", "type": "boolean"},
    ]
}
NUMBERS = st.floats(-1e9, 1e9)


def _rule(**keys: Any) -> Expectation:
    comparison = {} if any(key.startswith("must") for key in keys) else {"mustBe": 0}
    return msgspec.convert({"id": "r", **keys, **comparison}, Expectation)


def _mistakes(**keys: Any) -> list[str]:
    schema = msgspec.convert(SCHEMA, TableSchema)
    return [
        f"{'.'.join(map(str, found.path[2:]))}: {found.text}"
        for found in quality_mistakes([_rule(**keys)], schema)
    ]


@pytest.mark.parametrize(
    "keys",
    [
        {"metric": "rowCount"},
        {"metric": "rowCount", "unit": "rows"},
        {"metric": "rowCountChange", "unit": "percent", "arguments": {"baseline": "median", "window": 7}},
        {"metric": "rowCountAnomaly", "arguments": {"sameWeekday": True}},
        {"metric": "nullValues", "element": "name"},
        {"metric": "missingValues", "element": "id", "arguments": {"missingValues": [-1, None]}},
        {"metric": "invalidValues", "element": "name", "arguments": {"validValues": ["a", None]}},
        {"metric": "invalidValues", "element": "id", "arguments": {"validValues": [1, 2.5]}},
        {"metric": "invalidValues", "element": "ok", "arguments": {"validValues": [True]}},
        {"metric": "invalidValues", "element": "name", "arguments": {"pattern": "[a-z]+"}},
        {"metric": "duplicateValues", "element": "name"},
        {"metric": "duplicateValues", "arguments": {"properties": ["id", "name"]}},
        {"metric": "freshness", "element": "day", "unit": "h", "arguments": {"reference": "now"}},
        {"type": "sql", "query": "select 1"},
    ],
)
def test_a_rule_that_can_be_measured_is_accepted(keys: dict[str, Any]) -> None:
    assert _mistakes(**keys) == []


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "metric: is missing; say which, or `type: sql` with a query"),
        ({"type": "sql"}, "query: is missing, a query that answers a number expected"),
        ({"metric": "rowCount", "query": "x"}, "query: found beside a metric; `type: sql` asks a query"),
        ({"metric": "rowCount", "element": "id"}, "element: found, and rowCount is about the whole load"),
        (
            {"metric": "rowCount", "unit": "percent"},
            "unit: 'percent' found, one of rows expected for rowCount",
        ),
        ({"metric": "nullValues"}, "element: is missing, the name of a field expected"),
        ({"metric": "nullValues", "element": "x"}, "element: 'x' found, the name of a field expected"),
        (
            {"metric": "freshness", "element": "id"},
            "element: 'id' found, a field of the type date or datetime expected",
        ),
        (
            {"metric": "rowCountChange", "arguments": {"window": 3}},
            "arguments.window: found without `baseline: median`",
        ),
        (
            {"metric": "nullValues", "element": "id", "arguments": {"pattern": "x"}},
            "arguments.pattern: found, which nullValues does not take",
        ),
        (
            {"metric": "invalidValues", "element": "id"},
            "arguments: nothing found, validValues or pattern expected for invalidValues",
        ),
        (
            {"metric": "invalidValues", "element": "id", "arguments": {"validValues": ["a"]}},
            "arguments.validValues.0: 'a' found, a value of the type integer expected",
        ),
        (
            {"metric": "duplicateValues", "arguments": {"properties": ["id", "y"]}},
            "arguments.properties.1: 'y' found, the name of a field expected",
        ),
    ],
)
def test_a_rule_that_cannot_be_measured_says_why(keys: dict[str, Any], says: str) -> None:
    assert says in _mistakes(**keys)


def test_a_foreign_key_points_at_as_many_columns_as_it_has() -> None:
    keys = [
        {"fields": ["id", "x"], "reference": {"resource": "other", "fields": ["a"]}},
        {"fields": ["id"], "reference": {"fields": ["nowhere"]}},
    ]
    schema = msgspec.convert({**SCHEMA, "foreignKeys": keys}, TableSchema)
    assert [found.text for found in schema_mistakes(schema)] == [
        "'x' found, the name of a field expected",
        "1 found, as many as in fields (2) expected",
        "'nowhere' found, the name of a field expected",
    ]


@given(NUMBERS, NUMBERS)
def test_each_comparison_is_the_opposite_of_another(value: float, bound: float) -> None:
    def holds(key: str, wanted: Any) -> bool:
        return expectations.judge(_rule(metric="rowCount", **{key: wanted}), found) is None

    found = Measured(value=value, words="")
    assert holds("mustBe", bound) is not holds("mustNotBe", bound)
    assert holds("mustBeGreaterThan", bound) is not holds("mustBeLessOrEqualTo", bound)
    assert holds("mustBeLessThan", bound) is not holds("mustBeGreaterOrEqualTo", bound)
    ends = sorted((bound, 0.0))
    assert holds("mustBeBetween", ends) is not holds("mustNotBeBetween", ends)


def test_what_could_not_be_measured_breaks_its_rule_and_what_has_no_baseline_does_not() -> None:
    rule = _rule(metric="rowCountChange", mustBeBetween=[-10, 10], unit="percent")
    assert expectations.judge(rule, measured.of_change(rule, 5, None, [])) is None
    finding = expectations.judge(_rule(type="sql", query="x"), measured.of_query(None, "no such table"))
    assert finding is not None
    assert (finding.found, finding.message) == (
        None,
        "r: the query failed: no such table, exactly 0 expected",
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_query_may_answer_what_is_no_finite_number(value: float) -> None:
    assert expectations.judge(_rule(type="sql", query="x"), measured.of_query(value, None)) is not None
