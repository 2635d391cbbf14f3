"""Rules over a whole load, each through a real worker: what holds is published, what breaks says why."""

from typing import Any

import pytest

from shared.catalog import runs
from shared.domain.run import Run
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.support.imports import Importer

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer"},
    {"name": "name"},
    {"name": "price", "type": "number"},
    {"name": "day", "type": "date"},
    {"name": "at", "type": "datetime"},
]
BODY = b"""id,name,price,day,at
1,one,1.50,2012-12-31,2013-01-01T06:00:00Z
2,two,2.50,2012-12-30,2013-01-01T05:00:00Z
3,,-1,2012-12-29,
3,two,,,
"""


def _rule(**keys: Any) -> dict[str, Any]:
    comparison = {} if any(key.startswith("must") for key in keys) else {"mustBe": 0}
    return {"id": "r", **keys, **comparison}


async def _findings(imports: Importer, run: Run) -> list[dict[str, Any]]:
    report = await runs.report(imports.db, run.id)
    assert report is not None
    found: list[dict[str, Any]] = report["findings"]
    return found


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        (_rule(metric="rowCount"), 4, "4 rows loaded, exactly 0 expected"),
        (_rule(metric="nullValues", element="price"), 1, "1 rows have no value in price"),
        (
            _rule(metric="nullValues", element="at", unit="percent", mustBeLessThan=50),
            50,
            "50 % of the rows have no value in at, less than 50 % expected",
        ),
        (_rule(metric="missingValues", element="name"), 1, "1 rows have a missing value in name"),
        (
            _rule(metric="missingValues", element="price", arguments={"missingValues": [-1, None]}),
            2,
            "2 rows have a missing value in price, exactly 0 expected; such as -1",
        ),
        (
            _rule(metric="invalidValues", element="name", arguments={"validValues": ["one"]}),
            3,
            "3 rows have an invalid value in name, exactly 0 expected; such as two, ''",
        ),
        (
            _rule(metric="invalidValues", element="price", arguments={"validValues": [1.5, 2.5]}),
            1,
            "such as -1",
        ),
        (
            _rule(metric="invalidValues", element="name", arguments={"pattern": "o|t"}),
            4,
            "4 rows have an invalid value in name",
        ),
        (
            _rule(metric="invalidValues", element="day", arguments={"validValues": ["2012-12-31"]}),
            2,
            "2012-12-30",
        ),
        (
            _rule(metric="duplicateValues", element="id"),
            1,
            "1 rows repeat the (id) of another row, exactly 0 expected; such as (3)",
        ),
        (_rule(metric="duplicateValues", element="name"), 1, "such as (two)"),
        (
            _rule(metric="freshness", element="day", mustBeLessThan=1),
            1,
            "the newest day is 1 days before the business date, less than 1 expected",
        ),
        (
            _rule(metric="freshness", element="at", unit="h", mustBeGreaterThan=0),
            -6,
            "the newest at is -6 hours before the business date",
        ),
        (_rule(type="sql", query="select sum(id) from {object} -- all"), 9, "the query answered 9"),
        (_rule(type="sql", query="SELECT max(price) FROM ${object};"), 2.5, "the query answered 2.5"),
    ],
)
async def test_a_broken_rule_refuses_the_load_with_what_was_found(
    imports: Importer, rule: dict[str, Any], value: float, message: str
) -> None:
    missing = {"missingValues": ["-"]} if rule.get("element") == "name" else {}
    await imports.apply(FIELDS, schema=missing, quality=[rule])
    body = BODY.replace(b",,,", b",-,-,-").replace(b"-29,\n", b"-29,-\n") if missing else BODY
    run = await imports.deliver(DAY, body)
    await outcome.assert_failed(imports, run, "expectation_failed", message)
    [finding] = await _findings(imports, run)
    assert finding["found"] == pytest.approx(value)


async def test_rules_that_hold_and_warnings_let_the_load_through(imports: Importer) -> None:
    now = {"arguments": {"reference": "now"}}
    rules = [
        {"id": "change", "metric": "rowCountChange", "mustBe": 0},
        {"id": "few", "metric": "rowCountAnomaly", "mustBeLessThan": 1},
        {"id": "ids", "metric": "nullValues", "element": "id", "mustBe": 0},
        {"id": "prices", "metric": "nullValues", "element": "price", "mustBe": 0, "severity": "warning"},
        {"id": "now", "metric": "freshness", "element": "at", "mustBeLessThan": 1e6} | now,
        {"id": "query", "type": "sql", "query": "select 5", "mustBe": 5},
    ]
    await imports.apply(FIELDS, quality=rules)
    run = await imports.deliver(DAY, BODY)
    await outcome.assert_published(imports, run)
    assert [(found["id"], found["severity"]) for found in await _findings(imports, run)] == [
        ("prices", "warning")
    ]


async def test_a_row_count_is_compared_with_the_live_version_and_with_earlier_ones(imports: Importer) -> None:
    rules = [
        {"id": "live", "metric": "rowCountChange", "unit": "percent", "mustBeGreaterThan": -50},
        {
            "id": "median",
            "metric": "rowCountChange",
            "arguments": {"baseline": "median"},
            "mustBeLessThan": 10,
        },
        {"id": "odd", "metric": "rowCountAnomaly", "mustBeLessThan": 5},
    ]
    await imports.apply(FIELDS[:1], quality=rules)
    for day in range(1, 5):
        run = await imports.deliver(f"2013-01-0{day}", b"id\n" + b"1\n" * (9 + day))
        await outcome.assert_published(imports, run)
    run = await imports.deliver("2013-01-05", b"id\n" + b"1\n" * 30)
    await outcome.assert_failed(
        imports,
        run,
        "expectation_failed",
        "median: 30 rows loaded, +18.5 rows against a median of 11.5 rows in the last 4 versions",
        "odd: 30 rows loaded, 12.48 deviations from a median of 11.5 rows",
    )
    run = await imports.deliver("2013-01-05", b"id\n1\n")
    await outcome.assert_failed(
        imports, run, "expectation_failed", "-92.31 % against the 13 rows of version 4"
    )


async def test_a_delivery_is_not_compared_with_versions_of_its_own_day(imports: Importer) -> None:
    change = {"id": "m", "metric": "rowCountChange", "arguments": {"baseline": "median"}, "mustBe": 0}
    await imports.apply(FIELDS[:1], quality=[change])
    await outcome.assert_published(imports, await imports.deliver(DAY, b"id\n1\n"))
    await outcome.assert_published(imports, await imports.deliver(DAY, b"id\n1\n2\n"))


async def test_a_foreign_key_names_the_values_that_point_at_nothing(imports: Importer) -> None:
    key = {"fields": ["id"], "reference": {"fields": ["parent"]}}
    fields = [{"name": "parent", "type": "integer"}, {"name": "id", "type": "integer"}]
    await imports.apply(fields, schema={"fields": fields, "foreignKeys": [key]})
    run = await imports.deliver(DAY, b"parent,id\n1,1\n2,\n3,7\n3,7\n3,8\n")
    says = "foreign key (id) to things (parent): 3 rows point at nothing; such as (7), (8)"
    await outcome.assert_failed(imports, run, "expectation_failed", says)
    await outcome.assert_published(imports, await imports.deliver(DAY, b"parent,id\n1,1\n2,1\n"))


async def test_a_foreign_key_to_a_dataset_without_a_live_version_can_not_hold(imports: Importer) -> None:
    key = {"fields": ["id"], "reference": {"resource": "nothing", "fields": ["id"]}}
    await imports.apply(FIELDS[:1], schema={"fields": FIELDS[:1], "foreignKeys": [key]})
    run = await imports.deliver(DAY, b"id\n1\n")
    await outcome.assert_failed(
        imports, run, "expectation_failed", "there is no live version of dataset nothing"
    )


async def test_a_merge_counts_the_rows_of_the_delivery_and_measures_those_of_the_next_version(
    imports: Importer,
) -> None:
    fields = [{"name": "id", "type": "integer"}, {"name": "name"}]
    rules = [
        {"id": "rows", "metric": "rowCount", "mustBe": 0, "severity": "warning"},
        {"id": "nulls", "metric": "nullValues", "element": "name", "mustBe": 0, "severity": "warning"},
    ]
    await imports.apply(fields, schema={"primaryKey": ["id"]}, load={"mode": "merge"}, quality=rules)
    await outcome.assert_published(imports, await imports.deliver(DAY, b"id,name\n1,\n2,\n3,x\n"))
    run = await imports.deliver("2013-01-02", b"id,name\n4,y\n")
    await outcome.assert_published(imports, run)
    found = {finding["id"]: finding["found"] for finding in await _findings(imports, run)}
    assert found == {"rows": 1, "nulls": 2}
