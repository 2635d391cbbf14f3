"""Turns columns that a file already typed, as Parquet and JSON do, into a contract's columns, exactly.

A column whose every value the contract's type holds is cast as a whole. Otherwise its values are written out
as text in their type's own notation, and judged like any other text: with the same codes and messages.
"""

import decimal
import json
from collections.abc import Callable, Iterator
from datetime import date, time
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from shared.domain import fieldtypes
from shared.domain.dataset import Field
from shared.files import convert, texts
from shared.files.convert import Converted, Converter
from shared.files.texts import AnyArray

type AnyScalar = pa.Scalar[Any]

_UTC = pa.timestamp("us", "UTC")
_FIRST_MICROSECOND = -62_135_596_800_000_000  # 0001-01-01T00:00:00
_LAST_MICROSECOND = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999
_DAY_ONE, _LAST_DAY = -719_162, 2_932_896
_WHOLE_DIGITS = 20  # of any 64-bit integer, also without a sign


def is_text(type_: pa.DataType) -> bool:
    """Whether values of the type are text, of whatever layout."""
    return bool(pt.is_string(type_) or pt.is_large_string(type_) or pt.is_string_view(type_))


def is_bytes(type_: pa.DataType) -> bool:
    """Whether values of the type are bytes, of whatever layout."""
    return bool(pt.is_binary(type_) or pt.is_large_binary(type_) or pt.is_fixed_size_binary(type_))


def value_type(type_: pa.DataType) -> pa.DataType:
    """The type without the dictionary or the extension type around it."""
    if isinstance(type_, pa.BaseExtensionType):
        type_ = type_.storage_type
    return type_.value_type if isinstance(type_, pa.DictionaryType) else type_


def fits(field: Field, type_: pa.DataType) -> bool:
    """Whether values of a file's type can be values of the field at all. Text can be anything."""
    kind = fieldtypes.physical(field)
    if is_text(type_) or pt.is_null(type_):
        return True
    if field.type == "yearmonth":
        return False  # a date says more than a month
    if kind.is_array:
        return _is_list(type_)
    if kind.name == "timestamptz":
        return bool(pt.is_timestamp(type_))
    if kind.name == "timestamp":
        return bool(pt.is_timestamp(type_) and type_.tz is None)
    return any(is_kind(type_) for is_kind in _KINDS.get(kind.name, ()))


def converter(field: Field) -> Converter:
    """What makes values of the field's type of a column that `fits` takes and is no text; nulls stay null."""
    return partial(
        _converted,
        field=field,
        type_=convert.arrow_type(field),
        of_text=convert.plain_converter(field),
    )


def unwrapped(column: AnyArray) -> AnyArray:
    """The column without the dictionary or the extension type around its values."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column


def value(scalar: AnyScalar) -> object:
    """The value in Python; in its own notation where Python has none, as beyond the year 9999."""
    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        return scalar.cast(pa.string()).as_py()


def written(column: AnyArray) -> AnyArray:
    """Values in the notation of their type, or as JSON where they are nested."""
    if pt.is_nested(column.type):
        found = (None if value is None else as_json(value) for value in column.to_pylist())
        return pa.array(found, pa.string())
    text = column.cast(pa.string())
    if pt.is_decimal(column.type):
        return pc.replace_substring_regex(text, r"\.0+$", "")  # a whole number of any scale
    if (pt.is_timestamp(column.type) or pt.is_time(column.type)) and column.type.unit == "ns":
        # Whole microseconds fit; only what is finer is left with 9 decimals, and is judged so.
        text = pc.replace_substring_regex(text, r"(\.\d{6})000", r"\1")
    return text


def as_json(value: object) -> str:
    """A nested value as JSON: what JSON has no type for is written as text, numbers keep their digits."""
    return "".join(_json(value))


def _converted(column: AnyArray, *, field: Field, type_: pa.DataType, of_text: Converter) -> Converted:
    if _is_zoneless(column.type) and type_ == _UTC and field.timezone is not None:
        return of_text(written(column))
    try:
        return Converted(array=_exactly(column, type_))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return of_text(written(column))


def _exactly(column: AnyArray, type_: pa.DataType) -> AnyArray:
    """The column in that type. Raises ArrowInvalid where a value would not be the same in it."""
    if pt.is_floating(column.type) and not (type_ == column.type or pt.is_float64(type_)):
        raise pa.ArrowInvalid("to fewer digits, or to decimal ones: what the value's text is decides")
    if pt.is_integer(column.type) and pt.is_decimal(type_):
        column = column.cast(pa.decimal128(_WHOLE_DIGITS, 0))
    if _is_zoneless(column.type) and type_ == _UTC:
        column = column.cast(pa.timestamp("us")).view(_UTC)  # like text without an offset
    cast = column.cast(type_)
    if pt.is_timestamp(type_):
        _refuse_beyond(cast.view(pa.int64()), _FIRST_MICROSECOND, _LAST_MICROSECOND)
    elif pt.is_date(type_):
        _refuse_beyond(cast.view(pa.int32()), _DAY_ONE, _LAST_DAY)
    elif pt.is_floating(type_) and not pc.all(pc.is_finite(cast)).as_py() and cast.null_count < len(cast):
        raise pa.ArrowInvalid("not a finite number")
    return cast


def _refuse_beyond(numbers: AnyArray, first: int, last: int) -> None:
    least, greatest = texts.extremes(numbers)
    if least is not None and not first <= least <= greatest <= last:
        raise pa.ArrowInvalid("a value is out of range")


def _json(value: object) -> Iterator[str]:
    match value:
        case dict():
            yield "{"
            for place, (name, inner) in enumerate(value.items()):
                yield f"{', ' if place else ''}{json.dumps(str(name), ensure_ascii=False)}: "
                yield from _json(inner)
            yield "}"
        case list() | tuple():
            yield "["
            for place, inner in enumerate(value):
                yield ", " if place else ""
                yield from _json(inner)
            yield "]"
        case decimal.Decimal():
            yield f"{value:f}"
        case date() | time():
            yield json.dumps(value.isoformat())
        case bytes():
            yield json.dumps(value.hex())
        case None | bool() | int() | float() | str():
            yield json.dumps(value, ensure_ascii=False)
        case _:
            yield json.dumps(str(value), ensure_ascii=False)


def _is_zoneless(type_: pa.DataType) -> bool:
    return bool(pt.is_timestamp(type_) and type_.tz is None)


def _is_list(type_: pa.DataType) -> bool:
    return bool(pt.is_list(type_) or pt.is_large_list(type_) or pt.is_fixed_size_list(type_))


def _is_nested(type_: pa.DataType) -> bool:
    return bool(pt.is_nested(type_))


def _is_uuid(type_: pa.DataType) -> bool:
    return bool(pt.is_fixed_size_binary(type_) and type_.byte_width == 16)


_NUMBERS: tuple[Callable[[pa.DataType], bool], ...] = (pt.is_integer, pt.is_decimal, pt.is_floating)
_KINDS: dict[str, tuple[Callable[[pa.DataType], bool], ...]] = {
    "smallint": (pt.is_integer, pt.is_decimal),
    "integer": (pt.is_integer, pt.is_decimal),
    "bigint": (pt.is_integer, pt.is_decimal),
    "numeric": _NUMBERS,
    "real": _NUMBERS,
    "double precision": _NUMBERS,
    "boolean": (pt.is_boolean,),
    "date": (pt.is_date,),
    "time": (pt.is_time,),
    "uuid": (_is_uuid,),
    "bytea": (is_bytes,),
    "jsonb": (_is_nested,),
}
