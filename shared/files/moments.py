"""Rewrites columns of dates and times from a strptime pattern into ISO 8601.

What comes in matches the pattern. What is no day of the calendar stays none, and is refused by the cast.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.compute as pc

from shared.domain.notation.moments import MONTHS, Layout
from shared.files import texts
from shared.files.texts import TextArray

_pc: Any = pc
type Parts = Mapping[str, TextArray]

_MONTH_NAMES = texts.of(*(name[:3] for name in MONTHS))
_MONTH_NUMBERS = texts.of(*(f"{number:02}" for number in range(1, 13)))
# 12 AM is the first hour of a day, 12 PM its thirteenth.
_HALF_HOURS = texts.of(*(f"{hour:02}{half}" for half in ("am", "pm") for hour in (12, *range(1, 12))))
_HOURS = texts.of(*(f"{hour:02}" for hour in range(24)))
_NO_DAY = "00-00"
_PLACES_OF_YEAR = 367


def _days_of_year(february: int) -> list[str]:
    """Month and day by the number of the day in the year, for as many places as a year can have."""
    lengths = (31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    days = [f"{month:02}-{day:02}" for month, length in enumerate(lengths, 1) for day in range(1, length + 1)]
    return [_NO_DAY, *days, *[_NO_DAY] * (_PLACES_OF_YEAR - 1 - len(days))]


_DAYS_OF_YEARS = texts.of(*_days_of_year(28), *_days_of_year(29))
_LAST_OF_2000S = texts.of("68")[0]  # of years with two digits: POSIX puts 69 to 99 into the 1900s
_ISO = {"date": "0000-00-00", "time": "00:00:00", "datetime": "0000-00-00T00:00:00"}
_PLACES = {"year": 0, "month": 5, "day": 8, "hour": -8, "minute": -5, "second": -2}


def rewrite(column: TextArray, *, layout: Layout, kind: str) -> TextArray:
    """The column in ISO 8601; `kind` is date, time or datetime."""
    if layout.shape is not None and texts.shape(column) == layout.shape:
        return _rearranged(column, layout, kind)
    found = _pc.extract_regex(column, rf"\A(?:{layout.pattern})\z")
    parts = {name: _pc.struct_field(found, name) for name in layout.parts}
    if kind == "date":
        return _date(parts)
    if kind == "time":
        return _time(parts)
    moment = texts.joined(_date(parts), texts.of("T")[0], _time(parts))
    if "offset" not in parts:
        return moment
    colon = _pc.replace_substring_regex(parts["offset"], r"\A(.[0-9]{2})([0-9]{2})\z", r"\1:\2")
    return texts.joined(moment, colon)


def _rearranged(column: TextArray, layout: Layout, kind: str) -> TextArray:
    """The same where all values look alike: each digit has its place."""
    rows = texts.matrix(column)
    assert rows is not None  # noqa: S101 - they have a shape
    written = np.tile(np.frombuffer(_ISO[kind].encode(), np.uint8), (len(rows), 1))
    for part, place in layout.places.items():
        start = _PLACES[part] % written.shape[1]
        written[:, start : start + place.stop - place.start] = rows[:, place]
    return texts.from_matrix(written, texts.valid(column))


def _date(parts: Parts) -> TextArray:
    year = parts["year"] if "year" in parts else _century(parts["short_year"])
    return texts.joined(year, texts.of("-")[0], _day(parts, year))


def _century(short: TextArray) -> TextArray:
    recent = pc.less_equal(short, _LAST_OF_2000S)
    return texts.joined(pc.if_else(recent, texts.of("20")[0], texts.of("19")[0]), short)


def _day(parts: Parts, year: TextArray) -> TextArray:
    """Month and day, 00-00 where the year has no such day."""
    if "day_of_year" in parts:
        return _day_of_year(parts["day_of_year"], year)
    month = _padded(parts["month"]) if "month" in parts else _named(parts["month_name"])
    return texts.joined(month, texts.of("-")[0], _padded(parts["day"]))


def _named(names: TextArray) -> TextArray:
    short = _pc.utf8_slice_codeunits(_pc.ascii_lower(names), 0, 3)
    return _MONTH_NUMBERS.take(_pc.index_in(short, value_set=_MONTH_NAMES))


def _day_of_year(day: TextArray, year: TextArray) -> TextArray:
    years, days = texts.integers(year), texts.integers(day)
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    days = np.where(days < _PLACES_OF_YEAR, days, 0) + np.where(leap, _PLACES_OF_YEAR, 0)
    return _DAYS_OF_YEARS.take(texts.indices(days, texts.valid(day)))


def _time(parts: Parts) -> TextArray:
    colon, zero = texts.of(":")[0], texts.of("00")[0]
    hour = _padded(parts["hour"]) if "hour" in parts else _half_hours(parts)
    minute = _padded(parts["minute"]) if "minute" in parts else zero
    second = _padded(parts["second"]) if "second" in parts else zero
    if "fraction" in parts:
        second = texts.joined(second, texts.of(".")[0], parts["fraction"])
    return texts.joined(hour, colon, minute, colon, second)


def _half_hours(parts: Parts) -> TextArray:
    written = texts.joined(_padded(parts["hour_of_half"]), _pc.ascii_lower(parts["half"]))
    return _HOURS.take(_pc.index_in(written, value_set=_HALF_HOURS))


def _padded(numbers: TextArray) -> TextArray:
    padded: TextArray = _pc.utf8_lpad(numbers, width=2, padding="0")
    return padded
