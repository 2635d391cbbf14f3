"""Measures a loaded relation, as the rules over a whole load need it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time

from msgspec import Struct

from shared.domain.dataset import Dataset, Expectation
from shared.postgres.pool import Connection
from shared.warehouse.ddl import measures as sql
from shared.warehouse.ddl.measures import Parameters
from shared.warehouse.naming import Relation, Sql

SHOWN = 5
_COUNTED = frozenset({"nullValues", "missingValues", "invalidValues"})
MEASURED = _COUNTED | {"duplicateValues", "freshness"}
_SECONDS: Mapping[str, int] = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}


class Values(Struct, frozen=True, kw_only=True):
    """How many rows there are, and the value of each rule by its id; None where there is none to measure."""

    rows: int
    by_rule: Mapping[str, float | None]


async def measure(
    db: Connection, relation: Relation, rules: Sequence[Expectation], dataset: Dataset, business_date: date
) -> Values:
    """The values of the rules about columns, all from one statement and, duplicates aside, one scan."""
    measured = [rule for rule in rules if rule.metric in MEASURED]
    parameters = Parameters()
    expressions = [_expression(rule, relation, dataset, business_date, parameters) for rule in measured]
    [row] = await db.fetch(sql.aggregates(relation, expressions), *parameters.values)
    rows = int(row["rows"])
    found = {rule.id: _in_unit(rule, row[f"m{place}"], rows) for place, rule in enumerate(measured)}
    return Values(rows=rows, by_rule=found)


def _expression(
    rule: Expectation, relation: Relation, dataset: Dataset, business_date: date, parameters: Parameters
) -> Sql:
    if rule.metric in _COUNTED:
        return sql.counted(sql.offending(rule, dataset, parameters))
    if rule.metric == "duplicateValues":
        return sql.duplicates(relation, columns_of(rule))
    if rule.arguments.reference == "now":
        return sql.age(rule.element or "", Sql("now()"))
    midnight = datetime.combine(business_date, time.min, UTC)
    return sql.age(rule.element or "", parameters.add(midnight, "timestamptz"))


def columns_of(rule: Expectation) -> list[str]:
    """The columns that a rule is about."""
    return rule.arguments.properties or ([rule.element] if rule.element else [])


def _in_unit(rule: Expectation, value: float | None, rows: int) -> float | None:
    if value is None:
        return None
    if rule.metric == "freshness":
        return value / _SECONDS[rule.unit or "d"]
    if rule.unit == "percent":
        return 100 * value / rows if rows else 0.0
    return value


async def samples(db: Connection, relation: Relation, rule: Expectation, dataset: Dataset) -> tuple[str, ...]:
    """Some of the values that a rule counts; none for rules about no values."""
    if rule.metric == "duplicateValues":
        found = await db.fetch(sql.duplicate_samples(relation, columns_of(rule), SHOWN))
    elif rule.metric in ("missingValues", "invalidValues"):
        parameters = Parameters()
        condition = sql.offending(rule, dataset, parameters)
        text = sql.offending_samples(relation, rule.element or "", condition, SHOWN)
        found = await db.fetch(text, *parameters.values)
    else:
        return ()
    return tuple(row["value"] for row in found)
