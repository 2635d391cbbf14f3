"""Proposes fields for the columns of a Parquet file, from the types that its footer names."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from shared.files import typed
from shared.files.guessing import Guess

type Keys = dict[str, Any]

_MOST_DIGITS = 38
_STRING: Keys = {"type": "string"}
_SIMPLE: Sequence[tuple[Callable[[pa.DataType], bool], Keys]] = (
    (typed.is_text, _STRING),
    (pt.is_null, _STRING),
    (pt.is_boolean, {"type": "boolean"}),
    (pt.is_date, {"type": "date"}),
    (pt.is_time, {"type": "time"}),
    (pt.is_uint64, {"type": "number", "physicalType": "numeric(20,0)"}),
    (pt.is_float64, {"type": "number", "physicalType": "double precision"}),
    (pt.is_floating, {"type": "number", "physicalType": "real"}),
    (typed.is_bytes, {"type": "string", "format": "binary"}),
    (pt.is_struct, {"type": "object"}),
    (pt.is_nested, {"type": "array"}),
)
# Of integers by their bits; an unsigned one takes the next larger type.
_INTEGERS = ((16, "smallint"), (32, "integer"))


def guesses(schema: pa.Schema) -> Iterator[Guess]:
    """A guess for each column that a field can be read from, in the file's order."""
    for column in schema:
        keys = _keys(column.type)
        if keys is not None:
            held = typed.value_type(column.type)
            yield Guess(name=column.name, keys=keys, required=not column.nullable, held=held)


def unreadable(schema: pa.Schema) -> list[str]:
    """The columns that no field is read from."""
    return [column.name for column in schema if _keys(column.type) is None]


def _keys(type_: pa.DataType) -> Keys | None:
    if isinstance(type_, pa.UuidType):
        return {"type": "string", "format": "uuid"}
    type_ = typed.value_type(type_)
    if pt.is_decimal(type_):
        return _decimal(type_)
    if pt.is_timestamp(type_):
        return {"type": "datetime", **({} if type_.tz else {"physicalType": "timestamp"})}
    if pt.is_integer(type_) and not pt.is_uint64(type_):
        return _integer(type_.bit_width + pt.is_unsigned_integer(type_))
    return next((keys for fits, keys in _SIMPLE if fits(type_)), None)


def _decimal(type_: Any) -> Keys:  # noqa: ANN401 - each width is a class of its own
    return {"type": "number", "physicalType": f"numeric({min(type_.precision, _MOST_DIGITS)},{type_.scale})"}


def _integer(bits: int) -> Keys:
    name = next((name for most, name in _INTEGERS if bits <= most), None)
    return {"type": "integer", **({"physicalType": name} if name else {})}
