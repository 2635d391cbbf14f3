"""Moments of a zone's clock as moments in UTC, a whole column at once.

A time that the clock skips in spring doesn't exist; one that comes twice in autumn is the first of the two.
Arrow's own `assume_timezone` is not used: it knows no clock change after 2037.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from shared.files.texts import Mask

type Micros = npt.NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - what a zone's clock shows has no zone
_YEAR = 31_556_952 * 1_000_000  # microseconds, on average
_STEP = timedelta(hours=12)
_SECOND = timedelta(seconds=1)
_MICRO = timedelta(microseconds=1)
_YEARS_KEPT = 20_000


class Change(NamedTuple):
    """From `at` on, by its clock, a zone has another offset; nothing is between `at` and `resumes`."""

    at: int
    resumes: int
    offset: int


def to_utc(moments: Micros, zone: str) -> tuple[Micros, Mask]:
    """The moments, counted from 1970 by the zone's clock, in UTC; and which of them exist."""
    if not len(moments):
        return moments, np.zeros(0, np.bool_)
    first, last = max(_year(moments.min()) - 1, 1), min(_year(moments.max()) + 1, 9999)
    changes = [change for year in range(first, last + 1) for change in _of_year(zone, year)]
    at = np.array([change.at for change in changes], np.int64)
    before = _offset(ZoneInfo(zone), datetime(first, 1, 1))  # noqa: DTZ001
    offsets = np.array([before, *(change.offset for change in changes)], np.int64)
    resumes = np.array([moments.min(), *(change.resumes for change in changes)], np.int64)
    number = np.searchsorted(at, moments, side="right")
    return moments - offsets[number] * 1_000_000, moments >= resumes[number]


def _year(moment: np.int64) -> int:
    """The moment's year, or near its ends the one beside."""
    return 1970 + int(moment) // _YEAR


@lru_cache(maxsize=_YEARS_KEPT)
def _of_year(zone: str, year: int) -> tuple[Change, ...]:
    """The changes of one year of the zone's clock."""
    return tuple(_changes(ZoneInfo(zone), datetime(year, 1, 1)))  # noqa: DTZ001


def _changes(zone: ZoneInfo, moment: datetime) -> Iterator[Change]:
    """Looks twice a day, and halves where the offset differs."""
    year, before = moment.year, _offset(zone, moment)
    while moment.year == year and moment < datetime.max - _STEP:  # noqa: DTZ901
        later = moment + _STEP
        after = _offset(zone, later)
        if after != before:
            resumes = (_first_with(zone, before, moment, later) - _EPOCH) // _MICRO
            skipped = max(after - before, 0) * 1_000_000
            yield Change(resumes - skipped, resumes, after)
        moment, before = later, after


def _first_with(zone: ZoneInfo, before: int, moment: datetime, later: datetime) -> datetime:
    """The first second between the two that has another offset than `before`."""
    seconds = (later - moment) // _SECOND
    least, most = 0, seconds
    while most - least > 1:
        middle = (least + most) // 2
        same = _offset(zone, moment + middle * _SECOND) == before
        least, most = (middle, most) if same else (least, middle)
    return moment + most * _SECOND


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    """The offset in seconds. In a gap it is the one before, and where two could be meant the earlier's."""
    offset = zone.utcoffset(moment)
    return 0 if offset is None else offset // _SECOND
