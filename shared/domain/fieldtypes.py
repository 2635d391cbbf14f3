"""Which PostgreSQL type holds a field, and what keeps a field from being converted and checked."""

import re
from collections.abc import Iterator, Mapping

from shared.domain import fieldvalues
from shared.domain.dataset import Field
from shared.domain.fieldvalues import Physical
from shared.errors import DatasetInvalid

_PHYSICAL: Mapping[str, tuple[str, ...]] = {  # the first one is the default
    "integer": ("bigint", "integer", "smallint"),
    "number": ("numeric", "double precision", "real"),
    "string": ("text", "varchar", "uuid"),
    "boolean": ("boolean",),
    "date": ("date",),
    "time": ("time",),
    "datetime": ("timestamptz", "timestamp"),
    "object": ("jsonb",),
    "array": ("jsonb",),
}
_ALIASES: Mapping[str, str] = {
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "decimal": "numeric",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "character varying": "varchar",
    "time without time zone": "time",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
}
_MAX_PRECISION = 38  # what 128 bits hold
_MAX_VARCHAR = 10_485_760  # PostgreSQL's own limit
_WRITTEN = re.compile(r"([a-z0-9 ]*[a-z0-9]) *(?:\( *([0-9]{1,9}) *(?:, *([0-9]{1,9}) *)?\))?")
_COLLECTIONS = frozenset({"object", "array"})
_ORDERED = frozenset({"integer", "number", "date", "time", "datetime"})
_TAKEN_BY: Mapping[str, frozenset[str]] = {
    "min_length": frozenset({"string"}) | _COLLECTIONS,
    "max_length": frozenset({"string"}) | _COLLECTIONS,
    "minimum": _ORDERED,
    "maximum": _ORDERED,
    "exclusive_minimum": _ORDERED,
    "exclusive_maximum": _ORDERED,
    "pattern": frozenset({"string"}),
    "json_schema": _COLLECTIONS,
}
BOUNDS = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")


def physical_type(field: Field) -> str:
    """The PostgreSQL type of a field as DDL has it. Raises DatasetInvalid where there is none."""
    return str(physical(field))


def physical(field: Field) -> Physical:
    """The PostgreSQL type of a field. Raises DatasetInvalid where its physicalType can't hold its type."""
    try:
        return _physical(field)
    except ValueError as problem:
        raise DatasetInvalid(f"{field.name}: {problem}", problems=[str(problem)]) from None


def problems(field: Field) -> list[str]:
    """What keeps a field from being converted and checked, each as `key: what is wrong`."""
    try:
        physical(field)
    except DatasetInvalid as invalid:
        return list(invalid.problems)
    return [*_constraint_problems(field)]


def _physical(field: Field) -> Physical:
    if field.format not in ("default", "uuid") or (field.format == "uuid" and field.type != "string"):
        raise ValueError(f"format: {field.format!r} is not supported yet for a field of type {field.type}")
    default = "uuid" if field.format == "uuid" else _PHYSICAL[field.type][0]
    if field.physical_type is None:
        return _sized(default, None, None)
    written = _WRITTEN.fullmatch(" ".join(field.physical_type.lower().split()))
    name = _ALIASES.get(written[1], written[1]) if written else ""
    if written is None or name not in _PHYSICAL[field.type]:
        raise ValueError(
            f"physicalType: {field.physical_type!r} found, for a field of type {field.type} "
            f"one of {', '.join(_PHYSICAL[field.type])} expected"
        )
    if field.format == "uuid" and name != "uuid":
        raise ValueError(f"physicalType: {field.physical_type!r} found, for the format uuid uuid expected")
    if written[2] is None:
        return _sized(name, None, None, explicit=True)
    return _sized(name, int(written[2]), int(written[3] or 0), pair=written[3] is not None)


def _sized(
    name: str, first: int | None, second: int | None, *, explicit: bool = False, pair: bool = False
) -> Physical:
    if name == "numeric":
        if first is None and explicit:
            raise ValueError("physicalType: numeric without precision and scale found, say numeric(12,2)")
        precision, scale = (_MAX_PRECISION, 9) if first is None else (first, second or 0)
        if not (1 <= precision <= _MAX_PRECISION and scale <= precision):
            raise ValueError(
                f"physicalType: numeric({precision},{scale}) found, a precision from 1 to {_MAX_PRECISION} "
                "and a scale of at most that expected"
            )
        return Physical(name=name, precision=precision, scale=scale)
    if first is None:
        return Physical(name=name)
    if name != "varchar" or pair or not 1 <= first <= _MAX_VARCHAR:
        raise ValueError(f"physicalType: {name} takes no such size")
    return Physical(name=name, length=first)


def _constraint_problems(field: Field) -> Iterator[str]:
    constraints = field.constraints
    for key, types in _TAKEN_BY.items():
        if getattr(constraints, key) is not None and field.type not in types:
            yield f"constraints.{_camel(key)}: a field of type {field.type} takes none"
        elif getattr(constraints, key) is not None and physical(field).name == "uuid":
            yield f"constraints.{_camel(key)}: a field that is stored as uuid takes none"
    lengths = (constraints.min_length, constraints.max_length)
    if None not in lengths and lengths[0] > lengths[1]:  # type: ignore[operator]
        yield f"constraints.minLength: {lengths[0]} found, at most maxLength ({lengths[1]}) expected"
    if field.type in _ORDERED:
        for key in BOUNDS:
            yield from _value_problem(field, getattr(constraints, key), f"constraints.{_camel(key)}")
    for index, choice in enumerate(constraints.enum or ()):
        yield from _value_problem(field, choice, f"constraints.enum.{index}", optional=False)


def _value_problem(field: Field, written: object, key: str, *, optional: bool = True) -> Iterator[str]:
    if written is None and optional:
        return
    try:
        fieldvalues.value(written, physical(field))
    except ValueError as problem:
        yield f"{key}: {problem}"


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)
