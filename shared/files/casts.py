"""Casts text to one Arrow type each, without ever changing a value.

A cast may be given only text that matches the type's pattern. It raises ArrowInvalid where a value is out of
range or no date of the calendar; a value of a type with its own reader becomes null there instead.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from shared.domain import fieldvalues
from shared.domain.fieldvalues import Physical
from shared.files import texts, zones
from shared.files.texts import AnyArray, TextArray

type Cast = Callable[[TextArray], AnyArray]

_UTC = pa.timestamp("us", "UTC")
_NAIVE = pa.timestamp("us")
_DAY_ONE = -719_162  # 0001-01-01, counted from 1970-01-01
_FIRST_MICROSECOND = _DAY_ONE * 86_400_000_000
_LAST_MICROSECOND = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999
# Arrow's decimal parser wraps around without an error where a text's digits, or the zeros added to reach the
# scale, are more than 128 bits hold: it reads 340282366920938463463374607431768211457 as 1.
_SAFE_DIGITS = 38
# Without an exponent, a text this short can neither overflow nor vanish.
_SAFE_FLOAT_LENGTH = {32: 30, 64: 300}

_FRACTIONS = ("", *("." + "0" * digits for digits in range(1, 7)))
_TIMES = frozenset(f"00:00:00{fraction}" for fraction in _FRACTIONS)
_NAIVE_MOMENTS = frozenset(f"0000-00-00{between}{time}" for between in "T " for time in _TIMES)
_ZONED_MOMENTS = frozenset(
    f"{moment}{zone}" for moment in _NAIVE_MOMENTS for zone in ("Z", "+00:00", "-00:00")
)
_DASHES = (8, 13, 18, 23)  # of a UUID
_ZONED = r".*(Z|[+-][0-9]{2}:[0-9]{2})"


def is_plain(column: TextArray, type_: pa.DataType) -> bool:
    """Whether the column's bytes prove that the cast to the type accepts no more than its pattern does."""
    if pt.is_integer(type_):
        return texts.are_digits(column, b"-")
    if isinstance(type_, pa.Decimal128Type):
        return _is_short(column, type_.scale) and texts.are_digits(column, b"-.")
    if pt.is_floating(type_):
        short = texts.lengths(column)[1] <= _SAFE_FLOAT_LENGTH[type_.bit_width]
        return short and texts.are_digits(column, b"-.")
    if pt.is_fixed_size_binary(type_):
        return False  # the pattern is as fast as any other proof
    shape = texts.shape(column)
    if pt.is_date(type_):
        return shape == "0000-00-00"
    if pt.is_time(type_):
        return shape in _TIMES
    return shape in _NAIVE_MOMENTS or (type_ == _UTC and shape in _ZONED_MOMENTS)


def cast_to(type_: pa.DataType, zone: str | None = None) -> Cast:
    """The cast of text to the type. Moments without an offset are in UTC, or by the clock of `zone`."""
    if pt.is_integer(type_):
        return lambda column: pc.cast(_without_plus(column), type_)
    if isinstance(type_, pa.Decimal128Type):
        kind = Physical(name="numeric", precision=type_.precision, scale=type_.scale)
        return lambda column: _to_decimal(column, type_, kind)
    if pt.is_floating(type_):
        return lambda column: _to_float(column, type_)
    if pt.is_date(type_):
        return _to_date
    if pt.is_time(type_):
        return _to_time
    if pt.is_timestamp(type_):
        if zone is not None:
            return partial(_from_zone, zone=zone)
        return _to_utc if type_ == _UTC else _to_naive
    return _to_uuid


def _without_plus(column: TextArray) -> TextArray:
    if texts.are_digits(column, b"-"):
        return column
    return pc.replace_substring_regex(column, r"\A\+", "")


def _to_decimal(column: TextArray, type_: pa.DataType, kind: Physical) -> AnyArray:
    if not (_is_short(column, kind.scale) and texts.are_digits(column, b"+-.")):
        odd = texts.flags(texts.matching(column, rf".*[eE].*|.{{{_SAFE_DIGITS - kind.scale + 1},}}"))
        written = texts.of(*(_written_out(text, kind) for text in column.filter(odd).to_pylist()))
        column = pc.replace_with_mask(column, odd, written)
    return pc.cast(column, type_)


def _is_short(column: TextArray, scale: int) -> bool:
    return texts.lengths(column)[1] <= _SAFE_DIGITS - scale


def _written_out(text: str | None, kind: Physical) -> str | None:
    """The number with all of its decimals and no exponent, which Arrow reads right; None where it is none."""
    try:
        return None if text is None else f"{fieldvalues.parse(text, kind):.{kind.scale}f}"
    except ValueError:
        return None


def _to_float(column: TextArray, type_: pa.DataType) -> AnyArray:
    array = pc.cast(column, type_)
    zero = texts.of("0").cast(type_)[0]
    doubtful = pc.or_(pc.is_inf(array), pc.equal(array, zero))
    if pc.any(doubtful).as_py():
        written = column.filter(doubtful)
        if not texts.matching(written, r"-?INF|[+-]?[0.]+([eE].*)?").all():
            raise pa.ArrowInvalid("a number overflows, or vanishes to 0")
    return array


def _to_date(column: TextArray) -> AnyArray:
    return _within(pc.cast(column, pa.date32()), pa.int32(), _DAY_ONE, None)


def _to_time(column: TextArray) -> AnyArray:
    # Arrow has no cast of text to a time, only to a moment.
    return pc.cast(texts.joined(texts.of("1970-01-01T")[0], column), _NAIVE).cast(pa.time64("us"))


def _to_naive(column: TextArray) -> AnyArray:
    return _within(pc.cast(column, _NAIVE), pa.int64(), _FIRST_MICROSECOND, _LAST_MICROSECOND)


def _to_utc(column: TextArray) -> AnyArray:
    """A moment without an offset is in UTC."""
    shape = texts.shape(column)
    if shape in _NAIVE_MOMENTS:
        return _to_naive(column).view(_UTC)
    if shape not in _ZONED_MOMENTS:
        zoned = texts.matches(column, _ZONED)
        column = pc.if_else(zoned, column, texts.joined(column, texts.of("Z")[0]))
    return _within(pc.cast(column, _UTC), pa.int64(), _FIRST_MICROSECOND, _LAST_MICROSECOND)


def _from_zone(column: TextArray, *, zone: str) -> AnyArray:
    """Null where the zone's clock never showed the time, or where it is not of the years 1 to 9999 in UTC."""
    if texts.shape(column) in _ZONED_MOMENTS:
        return _to_utc(column)
    zoned = texts.flags(texts.matching(column, _ZONED))
    by_clock = _to_naive(pc.if_else(zoned, texts.of(None)[0], column))
    known = texts.valid(by_clock)
    moments, exist = zones.to_utc(
        np.frombuffer(by_clock.buffers()[1] or b"", np.int64)[: len(column)][known], zone
    )
    good = known.copy()
    good[known] = exist & (moments >= _FIRST_MICROSECOND) & (moments <= _LAST_MICROSECOND)
    in_utc = np.zeros(len(column), np.int64)
    in_utc[known] = moments
    buffers = [texts.flags(good).buffers()[1], pa.py_buffer(in_utc)]
    found = pa.Array.from_buffers(_UTC, len(column), buffers)
    if not texts.mask(zoned).any():
        return found
    both: AnyArray = pc.if_else(zoned, _to_utc(pc.if_else(zoned, column, texts.of(None)[0])), found)
    return both


def _within(array: AnyArray, as_: pa.DataType, first: int, last: int | None) -> AnyArray:
    least, greatest = texts.extremes(array.view(as_))
    if least is not None and (least < first or (last is not None and greatest > last)):
        raise pa.ArrowInvalid("a value is out of range")
    return array


def _to_uuid(column: TextArray) -> AnyArray:
    digits = texts.matrix(column.drop_null())
    if digits is None:
        return pa.nulls(len(column), pa.binary(16))
    known = texts.valid(column)
    digits = np.delete(digits, _DASHES, axis=1)
    nibbles = (digits & 0x0F) + np.where(digits > ord("9"), 9, 0).astype(np.uint8)
    packed = np.zeros((len(column), 16), np.uint8)
    packed[known] = nibbles[:, 0::2] << 4 | nibbles[:, 1::2]
    validity = texts.flags(known).buffers()[1]
    return pa.Array.from_buffers(pa.binary(16), len(column), [validity, pa.py_buffer(packed)])
