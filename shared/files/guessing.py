"""Guesses what type a column has from its values.

Types are tried with the worker's own conversions: what is proposed is what will load.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import Struct

from shared.domain.dataset import Field
from shared.files import convert, texts
from shared.files.texts import TextArray

# In the order of trying: the first one that takes every value is proposed.
_NUMBERS: Sequence[dict[str, Any]] = ({"type": "integer"}, {"type": "number"})
_MOMENTS: Sequence[dict[str, Any]] = (
    {"type": "date"},
    {"type": "time"},
    {"type": "datetime", "physicalType": "timestamp"},
    {"type": "datetime"},
)
_BOOLEAN: dict[str, Any] = {"type": "boolean"}
_UUID: dict[str, Any] = {"type": "string", "format": "uuid"}
_NESTED: Mapping[str, dict[str, Any]] = {"{": {"type": "object"}, "[": {"type": "array"}}
_DOUBLE: dict[str, Any] = {"type": "number", "physicalType": "double precision"}
_SMALLINT: dict[str, Any] = {"type": "integer", "physicalType": "smallint"}
TEXT: dict[str, Any] = {"type": "string"}
_OF_JSON: Mapping[frozenset[str], Sequence[dict[str, Any]]] = {
    frozenset({"number"}): _NUMBERS,
    frozenset({"string"}): (*_MOMENTS, _UUID),
    frozenset({"boolean"}): (_BOOLEAN,),
    frozenset({"object"}): (_NESTED["{"],),
    frozenset({"array"}): (_NESTED["["],),
}
_KEY_TYPES = frozenset({"integer", "string", "date", "datetime"})
_LEAST_PRECISION, _MOST_PRECISION = 12, 38
_FEW = 50  # values that most wrong types are refused by already


class Column(Struct, frozen=True, kw_only=True):
    """A column as a sample shows it: values as written, empty where there is none.

    `kinds` are those that JSON tells apart; text tells none.
    """

    name: str
    values: tuple[str, ...]
    kinds: frozenset[str] = frozenset()


class Guess(Struct, frozen=True, kw_only=True):
    """What a column seems to be: `keys` are those of a field. A column that is typed already has a `held`."""

    name: str
    keys: dict[str, Any]
    values: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    required: bool = False
    held: pa.DataType | None = None

    @property
    def is_unique(self) -> bool:
        """Whether the column could be a key."""
        return (
            self.keys["type"] in _KEY_TYPES
            and bool(self.values)
            and len(self.present) == len(self.values)
            and len(set(self.present)) == len(self.present)
        )

    @property
    def is_small(self) -> bool:
        """Whether a smallint would do."""
        return self.keys == _NUMBERS[0] and not refuses(set(self.present), _SMALLINT)


def of_column(column: Column, missing: frozenset[str]) -> Guess:
    """The guess about a column in which the texts `missing` are no values."""
    present = tuple(value for value in column.values if value not in missing)
    return Guess(
        name=column.name,
        keys=type_of(set(present), column.kinds),
        values=column.values,
        present=present,
        required=bool(column.values) and len(present) == len(column.values),
    )


def type_of(values: set[str], kinds: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The type that takes all the values, as keys of a field."""
    if not values or (not kinds and has_codes(values)):
        return TEXT
    if kinds and kinds not in _OF_JSON:
        return {"type": "any"}
    column = texts.of(*sorted(values))
    for keys in _OF_JSON.get(kinds) or _of_text(values):
        if not _refuses(column, keys):
            return _number(values) if keys["type"] == "number" else keys
    takes_numbers = not kinds or kinds == {"number"}
    return _DOUBLE if takes_numbers and not _refuses(column, _DOUBLE) else TEXT


def refuses(values: set[str], keys: Mapping[str, Any]) -> bool:
    """Whether a field of these keys would reject one of the values."""
    return _refuses(texts.of(*sorted(values)), keys)


def has_codes(values: Iterable[str]) -> bool:
    """Whether there are digits such as 00420: a code, not a number."""
    return any(value.startswith("0") and len(value) > 1 and value.isdigit() for value in values)


def _of_text(values: set[str]) -> Sequence[dict[str, Any]]:
    nested = _NESTED.get(next(iter(values)).lstrip()[:1])
    return (*_NUMBERS, *_MOMENTS, _BOOLEAN, _UUID, *([nested] if nested else []))


def _refuses(column: TextArray, keys: Mapping[str, Any]) -> bool:
    converted = convert.converter(msgspec.convert({"name": "value", **keys}, Field))
    return bool(converted(column[:_FEW]).faults) or bool(converted(column[_FEW:]).faults)


def _number(values: set[str]) -> dict[str, Any]:
    """An exact number with room for two more digits, or a double where numbers are written with exponents."""
    if any("e" in value.lower() for value in values):
        return _DOUBLE
    parts = [value.lstrip("+-").partition(".") for value in values]
    scale = max(len(decimals) for _, _, decimals in parts)
    whole = max(len(digits) for digits, _, _ in parts)
    precision = max(_LEAST_PRECISION, whole + scale + 2)
    return {"type": "number", "physicalType": f"numeric({min(precision, _MOST_PRECISION)},{scale})"}
