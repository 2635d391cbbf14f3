"""Statements that measure a relation: many values in one scan, and samples of what is wrong."""

from collections.abc import Sequence
from typing import Any

from shared.domain.dataset import Dataset, Expectation, Field, ForeignKey
from shared.domain.fieldtypes import physical_type
from shared.warehouse.naming import Relation, Sql, quote

SHOWN_CHARACTERS = 100
_NUMBERS = frozenset({"integer", "number"})


class Parameters:
    """The values of a statement's parameters, numbered in the order in which the text names them."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def add(self, value: object, kind: str) -> Sql:
        """How the text names the next value, of a PostgreSQL type."""
        self.values.append(value)
        return Sql(f"${len(self.values)}::{kind}")


def aggregates(relation: Relation, expressions: Sequence[Sql]) -> Sql:
    """One row: `rows`, and the values of the expressions as `m0`, `m1`, …"""
    named = [f", ({text})::double precision AS m{place}" for place, text in enumerate(expressions)]
    return Sql(f"SELECT count(*) AS rows{''.join(named)} FROM {relation.sql}")  # noqa: S608 - quoted


def offending(rule: Expectation, dataset: Dataset, parameters: Parameters) -> Sql:
    """The condition that holds for the rows which nullValues, missingValues and invalidValues count."""
    column = quote(rule.element or "")
    if rule.metric == "nullValues":
        return Sql(f"{column} IS NULL")
    [field] = [field for field in dataset.schema.fields if field.name == rule.element]
    if rule.metric == "missingValues":
        listed = rule.arguments.missing_values or [None, ""]
        missing = f"{column} IS NULL OR " if None in listed else ""
        return Sql(f"({missing}coalesce({_is_one_of(field, listed, parameters)}, false))")
    tests = []
    if rule.arguments.valid_values is not None:
        tests.append(_is_one_of(field, rule.arguments.valid_values, parameters))
    if rule.arguments.pattern is not None:
        tests.append(Sql(f"{column}::text ~ {parameters.add(f'^(?:{rule.arguments.pattern})$', 'text')}"))
    return Sql(f"({column} IS NOT NULL AND NOT ({' AND '.join(tests)}))")


def _is_one_of(field: Field, values: Sequence[Any], parameters: Parameters) -> Sql:
    """Numbers are compared as numbers, everything else as PostgreSQL reads and writes it."""
    texts = [_text(value) for value in values if value is not None]
    if field.type in _NUMBERS:
        numbers = [text for text in texts if text]
        return Sql(f"{quote(field.name)}::numeric = ANY ({parameters.add(numbers, 'text[]')}::numeric[])")
    if field.type in ("date", "datetime", "time"):
        listed = parameters.add([text for text in texts if text], "text[]")
        return Sql(f"{quote(field.name)} = ANY ({listed}::{physical_type(field)}[])")
    return Sql(f"{quote(field.name)}::text = ANY ({parameters.add(texts, 'text[]')})")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def counted(condition: Sql) -> Sql:
    """How many rows a condition holds for."""
    return Sql(f"count(*) FILTER (WHERE {condition})")


def duplicates(relation: Relation, columns: Sequence[str]) -> Sql:
    """How many rows have the values of a row before them; nulls are no values."""
    return Sql(
        f"SELECT coalesce(sum(copies - 1), 0) FROM (SELECT count(*) AS copies FROM {relation.sql}"  # noqa: S608
        f" WHERE {_known(columns)} GROUP BY {_list(columns)}) grouped"
    )


def age(column: str, reference: Sql) -> Sql:
    """By how many seconds the newest value of a column is before a moment; times are in UTC."""
    return Sql(f"extract(epoch FROM {reference} - max({quote(column)})::timestamptz)")


def offending_samples(relation: Relation, column: str, condition: Sql, limit: int) -> Sql:
    """Some of the values for which a condition holds."""
    value = f"left({quote(column)}::text, {SHOWN_CHARACTERS})"
    return Sql(
        f"SELECT DISTINCT {value} AS value FROM {relation.sql}"  # noqa: S608 - quoted
        f" WHERE {quote(column)} IS NOT NULL AND {condition} LIMIT {int(limit)}"
    )


def duplicate_samples(relation: Relation, columns: Sequence[str], limit: int) -> Sql:
    """Some of the values that several rows have, the most frequent first."""
    return Sql(
        f"SELECT left(row({_list(columns)})::text, {SHOWN_CHARACTERS}) AS value"  # noqa: S608 - quoted
        f" FROM {relation.sql} WHERE {_known(columns)} GROUP BY {_list(columns)} HAVING count(*) > 1"
        f" ORDER BY count(*) DESC, 1 LIMIT {int(limit)}"
    )


def strays(relation: Relation, key: ForeignKey, target: Relation, limit: int) -> Sql:
    """The values of a foreign key that its target lacks, most frequent first.

    `rows` counts the rows of each value, `total` those of all.
    """
    pairs = zip(key.fields, key.reference.fields, strict=True)
    same = " AND ".join(f"p.{quote(theirs)} = c.{quote(ours)}" for ours, theirs in pairs)
    ours = ", ".join(f"c.{quote(column)}" for column in key.fields)
    return Sql(
        f"SELECT left(row({ours})::text, {SHOWN_CHARACTERS}) AS value, count(*) AS rows,"  # noqa: S608
        f" sum(count(*)) OVER ()::bigint AS total FROM {relation.sql} c"
        f" WHERE {' AND '.join(f'c.{quote(column)} IS NOT NULL' for column in key.fields)}"
        f" AND NOT EXISTS (SELECT FROM {target.sql} p WHERE {same})"
        f" GROUP BY {ours} ORDER BY count(*) DESC, 1 LIMIT {int(limit)}"
    )


def _list(columns: Sequence[str]) -> str:
    return ", ".join(quote(column) for column in columns)


def _known(columns: Sequence[str]) -> str:
    return " AND ".join(f"{quote(column)} IS NOT NULL" for column in columns)
