"""Rules of the section `quality`."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs

from shared.domain import expectations
from shared.domain.dataset import Arguments, Expectation, Field, TableSchema
from shared.domain.markup import Mistake, Path
from shared.domain.rules import identifiers

_PARTS = frozenset({"rows", "percent"})
_TIMES = frozenset({"s", "min", "h", "d"})
_UNITS: Mapping[str, frozenset[str]] = {
    "rowCount": frozenset({"rows"}),
    "rowCountChange": _PARTS,
    "nullValues": _PARTS,
    "missingValues": _PARTS,
    "invalidValues": _PARTS,
    "duplicateValues": _PARTS,
    "freshness": _TIMES,
}
_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "rowCountChange": frozenset({"baseline", "window", "sameWeekday"}),
    "rowCountAnomaly": frozenset({"window", "sameWeekday"}),
    "missingValues": frozenset({"missingValues"}),
    "invalidValues": frozenset({"validValues", "pattern"}),
    "duplicateValues": frozenset({"properties"}),
    "freshness": frozenset({"reference"}),
}
_OF_A_COLUMN = frozenset({"nullValues", "missingValues", "invalidValues", "duplicateValues", "freshness"})
_NUMBERS = frozenset({"integer", "number"})


def quality_mistakes(quality: Sequence[Expectation], schema: TableSchema) -> Iterator[Mistake]:
    """Expectations that share a name, whose operators are not one, or that can't be measured."""
    count = Counter(rule.id for rule in quality)
    fields = {field.name: field for field in schema.fields}
    for index, rule in enumerate(quality):
        at: Path = ("quality", index)
        if count[rule.id] > 1:
            yield Mistake(path=(*at, "id"), text=f"{rule.id!r} found more than once")
        for text in expectations.operator_mistakes(rule):
            yield Mistake(path=at, text=text)
        yield from _kind(rule, at)
        if rule.metric is not None:
            yield from _metric(rule, rule.metric, fields, at)


def _kind(rule: Expectation, at: Path) -> Iterator[Mistake]:
    if rule.type == "library" and rule.metric is None:
        yield Mistake(path=(*at, "metric"), text="is missing; say which, or `type: sql` with a query")
    if rule.type == "library" and rule.query is not None:
        yield Mistake(path=(*at, "query"), text="found beside a metric; `type: sql` asks a query")
    if rule.type == "sql":
        if rule.query is None:
            yield Mistake(path=(*at, "query"), text="is missing, a query that answers a number expected")
        for key in ("metric", "element", "unit"):
            if getattr(rule, key) is not None:
                yield Mistake(path=(*at, key), text="found beside `type: sql`, whose query says everything")
        yield from _arguments(rule.arguments, frozenset(), "type: sql", at)


def _metric(rule: Expectation, metric: str, fields: Mapping[str, Field], at: Path) -> Iterator[Mistake]:
    units = _UNITS.get(metric, frozenset())
    if rule.unit is not None and rule.unit not in units:
        wanted = f"one of {', '.join(sorted(units))}" if units else "no unit"
        yield Mistake(path=(*at, "unit"), text=f"{rule.unit!r} found, {wanted} expected for {metric}")
    yield from _arguments(rule.arguments, _ARGUMENTS.get(metric, frozenset()), metric, at)
    if rule.arguments.window is not None and metric == "rowCountChange" and _baseline(rule) == "live":
        yield Mistake(path=(*at, "arguments", "window"), text="found without `baseline: median`")
    yield from _element(rule, metric, fields, at)
    if rule.arguments.properties is not None:
        yield from identifiers.columns(rule.arguments.properties, fields, (*at, "arguments", "properties"))
    if metric == "invalidValues":
        yield from _validity(rule, fields, at)


def _arguments(given: Arguments, known: frozenset[str], of: str, at: Path) -> Iterator[Mistake]:
    for field in structs.fields(Arguments):
        if getattr(given, field.name) is not None and field.encode_name not in known:
            yield Mistake(path=(*at, "arguments", field.encode_name), text=f"found, which {of} does not take")


def _baseline(rule: Expectation) -> str:
    return rule.arguments.baseline or "live"


def _element(rule: Expectation, metric: str, fields: Mapping[str, Field], at: Path) -> Iterator[Mistake]:
    several = rule.arguments.properties is not None
    if metric not in _OF_A_COLUMN or several:
        if rule.element is not None:
            text = "found beside properties" if several else f"found, and {metric} is about the whole load"
            yield Mistake(path=(*at, "element"), text=text)
        return
    if rule.element is None:
        yield Mistake(path=(*at, "element"), text="is missing, the name of a field expected")
    elif rule.element not in fields:
        text = f"{rule.element!r} found, the name of a field expected"
        yield Mistake(path=(*at, "element"), text=text)
    elif metric == "freshness" and fields[rule.element].type not in ("date", "datetime"):
        text = f"{rule.element!r} found, a field of the type date or datetime expected"
        yield Mistake(path=(*at, "element"), text=text)


def _validity(rule: Expectation, fields: Mapping[str, Field], at: Path) -> Iterator[Mistake]:
    inside: Path = (*at, "arguments")
    given, field = rule.arguments, fields.get(rule.element or "")
    if given.valid_values is None and given.pattern is None:
        yield Mistake(path=inside, text="nothing found, validValues or pattern expected for invalidValues")
    if field is None:
        return
    for index, value in enumerate(given.valid_values or []):
        if not _fits(value, field):
            text = f"{value!r} found, a value of the type {field.type} expected"
            yield Mistake(path=(*inside, "validValues", index), text=text)
    if given.pattern is not None:
        if field.type != "string":
            text = f"found, and {field.name} is of the type {field.type}, not string"
            yield Mistake(path=(*inside, "pattern"), text=text)
        try:
            re.compile(given.pattern)
        except re.error as error:
            yield Mistake(path=(*inside, "pattern"), text=f"{given.pattern!r} found: {error}")


def _fits(value: Any, field: Field) -> bool:  # noqa: ANN401
    if value is None:
        return True
    if field.type in _NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, bool if field.type == "boolean" else str)
