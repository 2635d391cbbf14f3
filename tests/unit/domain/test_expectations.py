from typing import Any

import msgspec
import pytest

from shared.domain import expectations
from shared.domain.dataset import Expectation, Load
from shared.domain.expectations import Finding


def _rule(**comparison: Any) -> Expectation:
    return msgspec.convert({"id": "rows", "metric": "rowCount", **comparison}, Expectation)


def _load(**keys: Any) -> Load:
    return msgspec.convert({"target": {"schema": "nyc", "table": "flights"}, **keys}, Load)


@pytest.mark.parametrize(
    ("comparison", "holds", "breaks", "wanted"),
    [
        ({"mustBe": 5}, [5], [4, 6], "exactly 5"),
        ({"mustNotBe": 5}, [4, 6], [5], "anything but 5"),
        ({"mustBeGreaterThan": 5}, [6], [5], "more than 5"),
        ({"mustBeGreaterOrEqualTo": 5}, [5, 6], [4], "at least 5"),
        ({"mustBeLessThan": 5}, [4], [5], "less than 5"),
        ({"mustBeLessOrEqualTo": 5}, [4, 5], [6], "at most 5"),
        ({"mustBeBetween": [5, 7]}, [5, 6, 7], [4, 8], "5 to 7"),
        ({"mustNotBeBetween": [5, 7]}, [4, 8], [5, 6, 7], "anything but 5 to 7"),
        ({"mustBeLessThan": 10_000_000}, [9_999_999], [10_000_000], "less than 10000000"),
    ],
)
def test_a_rule_compares_the_number_of_rows(
    comparison: dict[str, Any], holds: list[int], breaks: list[int], wanted: str
) -> None:
    rules = [_rule(**comparison)]
    assert [expectations.check_rows(rules, count) for count in holds] == [[]] * len(holds)
    for count in breaks:
        assert expectations.check_rows(rules, count) == [
            Finding(
                id="rows",
                metric="rowCount",
                severity="error",
                expected=wanted,
                found=count,
                message=f"rows: {count} rows loaded, {wanted} expected",
            )
        ]


def test_findings_keep_the_order_and_severity_of_the_rules() -> None:
    rules = [_rule(mustBe=1, severity="warning"), _rule(mustBe=2), _rule(mustBe=3)]
    assert [found.severity for found in expectations.check_rows(rules, 3)] == ["warning", "error"]


@pytest.mark.parametrize(
    ("load", "rejected", "read", "share", "exceeded"),
    [
        (_load(), 0, 10, 1, False),
        (_load(), 1, 10, 0, True),
        (_load(onError="CONTINUE", maxErrors=3), 3, 3, 1, False),
        (_load(onError="CONTINUE", maxErrors=3), 4, 1000, 0, True),
        (_load(onError="CONTINUE", maxErrors=0), 1, 1000, 0, True),
        (_load(onError="CONTINUE", maxErrorPercent=1), 2, 100, 0, False),
        (_load(onError="CONTINUE", maxErrorPercent=1), 2, 100, 1, True),
        (_load(onError="CONTINUE", maxErrorPercent=1), 1, 100, 1, False),
        (_load(onError="CONTINUE", maxErrorPercent=0), 1, 10**9, 1, True),
        (_load(onError="CONTINUE", maxErrorPercent=0), 0, 0, 1, False),
        (_load(onError="CONTINUE", maxErrorPercent=1), 80, 1000, 0.5, False),  # of 8,000 records at most
        (_load(onError="CONTINUE", maxErrorPercent=1), 81, 1000, 0.5, True),
        (_load(onError="CONTINUE", maxErrorPercent=1), 1000, 1000, 0.09, False),
        (_load(onError="CONTINUE", maxErrorPercent=100), 1000, 1000, 0.9, False),
        (_load(onError="CONTINUE", maxErrors=50, maxErrorPercent=1), 20, 100, 1, True),
        (_load(onError="CONTINUE", maxErrors=5, maxErrorPercent=50), 20, 100, 1, True),
        (_load(onError="CONTINUE", maxErrors=50, maxErrorPercent=50), 20, 100, 1, False),
    ],
)
def test_both_limits_of_the_budget_must_hold(
    load: Load, rejected: int, read: int, share: float, exceeded: bool
) -> None:
    assert (expectations.budget_exceeded(load, rejected, read, share) is not None) is exceeded


def test_an_exceeded_budget_names_its_limit_and_what_was_found() -> None:
    load = _load(onError="CONTINUE", maxErrors=3, maxErrorPercent=0.1)
    assert expectations.budget_exceeded(load, 4, 9, 0) == "4 records rejected, load.maxErrors allows 3"
    assert (
        expectations.budget_exceeded(load, 2, 100, 1)
        == "2 of 100 records rejected, load.maxErrorPercent allows 0.1 %"
    )
