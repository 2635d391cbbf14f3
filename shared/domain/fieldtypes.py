"""Which PostgreSQL type holds a field, and what keeps a field from being converted and checked."""

import re
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import structs

from shared.domain import fieldvalues, notation
from shared.domain.dataset import Field
from shared.domain.fieldvalues import Physical
from shared.errors import DatasetInvalid

_PHYSICAL: Mapping[str, tuple[str, ...]] = {  # the first one is the default
    "integer": ("bigint", "integer", "smallint"),
    "number": ("numeric", "double precision", "real"),
    "string": ("text", "varchar", "uuid"),
    "any": ("text",),
    "boolean": ("boolean",),
    "date": ("date",),
    "time": ("time",),
    "datetime": ("timestamptz", "timestamp"),
    "year": ("smallint", "integer"),
    "yearmonth": ("date",),
    "duration": ("interval",),
    "geopoint": ("point",),
    "object": ("jsonb",),
    "array": ("jsonb",),
    "geojson": ("jsonb",),
}
# Formats of strings, with the types that hold them; the first is the default.
_STRING_FORMATS: Mapping[str, tuple[str, ...]] = {
    "default": ("text", "varchar", "uuid"),
    "email": ("text", "varchar"),
    "uri": ("text", "varchar"),
    "uuid": ("uuid",),
    "binary": ("bytea", "text"),
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
_COLLECTIONS = frozenset({"object", "array", "list"})
_ORDERED = frozenset({"integer", "number", "date", "time", "datetime", "year", "yearmonth"})
_TAKEN_BY: Mapping[str, frozenset[str]] = {
    "min_length": frozenset({"string"}) | _COLLECTIONS,
    "max_length": frozenset({"string"}) | _COLLECTIONS,
    "minimum": _ORDERED,
    "maximum": _ORDERED,
    "exclusive_minimum": _ORDERED,
    "exclusive_maximum": _ORDERED,
    "pattern": frozenset({"string"}),
    "json_schema": frozenset({"object", "array", "geojson"}),
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


def item(field: Field) -> Field:
    """The field that each item of a list is a value of."""
    return Field(name=field.name, type=field.item_type)


def problems(field: Field) -> list[str]:
    """What keeps a field from being converted and checked, each as `key: what is wrong`."""
    try:
        physical(field)
    except DatasetInvalid as invalid:
        return list(invalid.problems)
    found = [*notation.problems(field)]
    return found or [
        *_mask_problems(field),
        *_zone_problems(field),
        *_choice_problems(field),
        *_constraint_problems(field),
    ]


def _physical(field: Field) -> Physical:
    if field.type == "list":
        return _list(field)
    held = _PHYSICAL[field.type]
    if field.type == "string":
        if field.format not in _STRING_FORMATS:
            raise ValueError(f"format: {field.format!r} found, one of {', '.join(_STRING_FORMATS)} expected")
        held = _STRING_FORMATS[field.format]
    if field.physical_type is None:
        return _sized(held[0], None, None)
    written = _WRITTEN.fullmatch(" ".join(field.physical_type.lower().split()))
    name = _ALIASES.get(written[1], written[1]) if written else ""
    if written is None or name not in held:
        kind = (
            field.type if field.format not in _STRING_FORMATS else f"{field.type} and format {field.format}"
        )
        raise ValueError(
            f"physicalType: {field.physical_type!r} found, for a field of type "
            f"{field.type if field.format == 'default' else kind} one of {', '.join(held)} expected"
        )
    if written[2] is None:
        return _sized(name, None, None, explicit=True)
    return _sized(name, int(written[2]), int(written[3] or 0), pair=written[3] is not None)


def _list(field: Field) -> Physical:
    """An array of what holds the items."""
    written = field.physical_type
    if written is None:
        return structs.replace(_physical(item(field)), is_array=True)
    if not written.endswith("[]"):
        raise ValueError(
            f"physicalType: {written!r} found, for a field of type list one such as text[] expected"
        )
    return structs.replace(_physical(structs.replace(item(field), physical_type=written[:-2])), is_array=True)


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


def _zone_problems(field: Field) -> Iterator[str]:
    """Whether a moment's offset is said once: by its values, or by `timezone`."""
    offset = field.type == "datetime" and field.format != "default" and notation.has_offset(field)
    if physical(field).name == "timestamp":
        if field.timezone is not None:
            yield "timezone: a field that is stored as timestamp takes none"
        if offset:
            yield f"format: {field.format!r} found, a field that is stored as timestamp takes no offset"
    elif field.timezone is not None and field.timezone not in zoneinfo.available_timezones():
        yield f"timezone: {field.timezone!r} found, a time zone such as Europe/Berlin expected"
    elif field.timezone is not None and offset:
        yield "timezone: the format has an offset already"


def _choice_problems(field: Field) -> Iterator[str]:
    for index, choice in enumerate(choices(field) or ()):
        yield from _value_problem(field, choice, f"categories.{index}", optional=False)


def choices(field: Field) -> list[Any] | None:
    """The values of the field's categories, their labels left out; None where any value is good."""
    if field.categories is None:
        return None
    return [given.get("value") if isinstance(given, dict) else given for given in field.categories]


def _mask_problems(field: Field) -> Iterator[str]:
    held = {"sha256": ("text",), "partial": ("text", "varchar")}.get(field.mask)
    if held is not None and (field.type != "string" or physical(field).name not in held):
        yield f"mask: {field.mask} found, which takes strings that are stored as {' or '.join(held)}"
    if field.mask in ("null", "partial") and field.constraints.unique:
        yield f"mask: {field.mask} found, after which values are not unique any more"


def _constraint_problems(field: Field) -> Iterator[str]:
    constraints = field.constraints
    for key, types in _TAKEN_BY.items():
        if getattr(constraints, key) is not None and field.type not in types:
            yield f"constraints.{_camel(key)}: a field of type {field.type} takes none"
        elif getattr(constraints, key) is not None and physical(field).name in ("uuid", "bytea"):
            yield f"constraints.{_camel(key)}: a field that is stored as {physical(field)} takes none"
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
        fieldvalues.parse(notation.plain(field, written), physical(field))
    except ValueError as problem:
        yield f"{key}: {problem}"


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)
