"""What a field's type accepts, and which PostgreSQL type holds it: the one definition of both.

The texts that a type accepts are patterns that mean the same to Python's `re` and to RE2.
docs/reference/types.md is the table for readers.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from uuid import UUID

from msgspec import Struct

from shared.domain.dataset import Field
from shared.errors import DatasetInvalid

type Value = bool | int | float | Decimal | str | date | time | datetime | UUID

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"  # XML Schema's double, as Table Schema says
_FLOAT = rf"{_NUMBER}|NaN|-?INF"
PATTERNS: Mapping[str, str] = {
    "smallint": r"[+-]?[0-9]+",
    "integer": r"[+-]?[0-9]+",
    "bigint": r"[+-]?[0-9]+",
    "numeric": _NUMBER,
    "double precision": _FLOAT,
    "real": _FLOAT,
    "date": _DATE,
    "time": _TIME,
    "timestamp": rf"{_DATE}[T ]{_TIME}",
    "timestamptz": rf"{_DATE}[T ]{_TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?",
    "uuid": r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
}
TRUE_VALUES = frozenset({"true", "True", "TRUE", "1"})
FALSE_VALUES = frozenset({"false", "False", "FALSE", "0"})
INTEGER_BITS: Mapping[str, int] = {"smallint": 16, "integer": 32, "bigint": 64}

# Completes "… is not "; shown to whoever sent the file.
NAMES: Mapping[str, str] = {
    "smallint": "an integer",
    "integer": "an integer",
    "bigint": "an integer",
    "numeric": "a number",
    "double precision": "a number",
    "real": "a number",
    "boolean": "a boolean (true, True, TRUE, 1, false, False, FALSE, 0)",
    "date": "a date (YYYY-MM-DD)",
    "time": "a time (hh:mm:ss, at most 6 decimals)",
    "timestamp": "a date and time without offset (YYYY-MM-DDThh:mm:ss, at most 6 decimals)",
    "timestamptz": "a date and time (YYYY-MM-DDThh:mm:ss with Z or an offset, at most 6 decimals)",
    "uuid": "a UUID (8-4-4-4-12 hexadecimal digits)",
}

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


class Physical(Struct, frozen=True, kw_only=True):
    """A PostgreSQL type. `precision` and `scale` belong to numeric, `length` to varchar."""

    name: str
    precision: int = 0
    scale: int = 0
    length: int | None = None

    def __str__(self) -> str:
        if self.name == "numeric":
            return f"numeric({self.precision},{self.scale})"
        return self.name if self.length is None else f"{self.name}({self.length})"


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
        _physical(field)
    except ValueError as problem:
        return [str(problem)]
    return [*_constraint_problems(field)]


def value(field: Field, written: object) -> Value:
    """The value of a field's type that a contract writes as a bound or in an enum. Raises ValueError."""
    return parse(_as_text(written), _physical(field))


def parse(text: str, kind: Physical) -> Value:
    """The value that a text means in a type, exactly. Raises ValueError where it means none."""
    if kind.name in ("text", "varchar"):
        return text
    if kind.name == "boolean":
        if text not in TRUE_VALUES | FALSE_VALUES:
            raise ValueError(f"{text!r} is not {NAMES['boolean']}")
        return text in TRUE_VALUES
    pattern = PATTERNS.get(kind.name)
    if pattern is None:
        raise ValueError(f"{text!r} can't be compared with {kind}")
    if re.fullmatch(pattern, text) is None:
        raise ValueError(f"{text!r} is not {NAMES[kind.name]}")
    return _PARSERS[kind.name](text, kind)


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
        elif getattr(constraints, key) is not None and _physical(field).name == "uuid":
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
        value(field, written)
    except ValueError as problem:
        yield f"{key}: {problem}"


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _as_text(written: object) -> str:
    match written:
        case bool():
            return str(written).lower()
        case datetime() | date() | time():
            return written.isoformat()
        case str() | int() | float() | Decimal():
            return str(written)
    raise ValueError(f"{written!r} is not a single value")


def _integer(text: str, kind: Physical) -> int:
    number, half = int(text), 2 ** (INTEGER_BITS[kind.name] - 1)
    if not -half <= number < half:
        raise ValueError(f"{text} is out of range for {kind}")
    return number


def _numeric(text: str, kind: Physical) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond 10¹⁸
        raise ValueError(f"{_shortened(text)} does not fit {kind} without rounding") from None
    sign, digits, exponent = number.as_tuple()
    if not number:
        return Decimal(0)
    significant = "".join(map(str, digits)).rstrip("0")
    exponent = int(exponent) + len(digits) - len(significant)
    if -exponent > kind.scale or len(significant) + exponent > kind.precision - kind.scale:
        raise ValueError(f"{_shortened(text)} does not fit {kind} without rounding")
    return Decimal((sign, tuple(map(int, significant)), exponent))


def _float(text: str, kind: Physical) -> float:
    number = float(text.replace("INF", "inf"))
    vanished = number == 0 and re.match(r"[+-]?[0.]*[1-9]", text)
    if vanished or (math.isinf(number) and "INF" not in text):
        raise ValueError(f"{text} is out of range for {kind}")
    return number


def _timestamptz(text: str, _: Physical) -> datetime:
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} is not between the years 1 and 9999") from None


_PARSERS: Mapping[str, Callable[[str, Physical], Value]] = {
    "smallint": _integer,
    "integer": _integer,
    "bigint": _integer,
    "numeric": _numeric,
    "double precision": _float,
    "real": _float,
    "date": lambda text, _: date.fromisoformat(text),
    "time": lambda text, _: time.fromisoformat(text),
    "timestamp": lambda text, _: datetime.fromisoformat(text),
    "timestamptz": _timestamptz,
    "uuid": lambda text, _: UUID(text),
}
