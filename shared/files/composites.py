"""Turns columns of text into values of several numbers: durations, points on the earth, and bytes.

Durations and points become the 16 bytes that PostgreSQL's binary format has for interval and point.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.files import texts
from shared.files.texts import AnyArray, Mask, TextArray

_pc: Any = pc
_UNITS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
_DURATION = (
    r"\A(?P<sign>-?)P(?:(?P<years>[0-9]{1,9})Y)?(?:(?P<months>[0-9]{1,9})M)?(?:(?P<weeks>[0-9]{1,9})W)?"
    r"(?:(?P<days>[0-9]{1,9})D)?"
    r"(?P<time>T(?:(?P<hours>[0-9]{1,9})H)?(?:(?P<minutes>[0-9]{1,9})M)?"
    r"(?:(?P<seconds>[0-9]{1,9})(?:\.(?P<fraction>[0-9]{1,6}))?S)?)?\z"
)
_ENDS_EARLY = r".*[PT]"  # a P or T with nothing behind it
_DEGREES = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_POINTS = {
    "default": rf"\A *(?P<lon>{_DEGREES}) *, *(?P<lat>{_DEGREES}) *\z",
    "array": rf"\A\s*\[\s*(?P<lon>{_DEGREES})\s*,\s*(?P<lat>{_DEGREES})\s*\]\s*\z",
}
_MOST = 2**31 - 1
_FROM_BASE64 = np.zeros(256, np.uint32)
_FROM_BASE64[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")] = np.arange(64)


def durations(column: TextArray) -> tuple[AnyArray, Mask]:
    """Intervals, and which values are durations of ISO 8601; of those, ones that don't fit are null.

    Years are 12 months, weeks 7 days; months, days and seconds are kept apart, as in PostgreSQL.
    """
    found = _pc.extract_regex(column, _DURATION)
    good = texts.valid(found) & ~texts.matching(column, _ENDS_EARLY)
    count = {unit: texts.integers(_digits(found, unit)) for unit in _UNITS}
    micros = texts.integers(_pc.utf8_rpad(_digits(found, "fraction"), width=6, padding="0"))
    months = count["years"] * 12 + count["months"]
    days = count["weeks"] * 7 + count["days"]
    micros += (count["hours"] * 3600 + count["minutes"] * 60 + count["seconds"]) * 1_000_000
    sign = np.where(texts.mask(_pc.equal(_pc.struct_field(found, "sign"), texts.of("-")[0])), -1, 1)
    packed = np.zeros(len(column), np.dtype([("micros", ">i8"), ("days", ">i4"), ("months", ">i4")]))
    packed["micros"], packed["days"], packed["months"] = micros * sign, days * sign, months * sign
    return _packed(packed.tobytes(), good & (months <= _MOST) & (days <= _MOST)), good


def points(column: TextArray, format_: str) -> tuple[AnyArray, Mask]:
    """Points (longitude, latitude), and which values are such; those off the earth are null."""
    found = _pc.extract_regex(column, _POINTS[format_])
    good = texts.valid(found)
    packed = np.zeros((len(column), 2), ">f8")
    on_earth = good.copy()
    for place, (part, most) in enumerate((("lon", 180.0), ("lat", 90.0))):
        degrees = pc.cast(_digits(found, part), pa.float64())
        packed[:, place] = np.frombuffer(degrees.buffers()[1] or b"", np.float64)[: len(column)]
        on_earth &= np.abs(packed[:, place]) <= most
    return _packed(packed.tobytes(), on_earth), good


def from_base64(column: TextArray) -> AnyArray:
    """The bytes that texts of base64 stand for: each text is of whole groups of four characters."""
    sizes = texts.sizes(column)
    content = np.frombuffer(texts.content(column), np.uint8).reshape(-1, 4)
    value = _FROM_BASE64[content]
    groups = value[:, 0] << 18 | value[:, 1] << 12 | value[:, 2] << 6 | value[:, 3]
    data = np.stack([groups >> 16 & 0xFF, groups >> 8 & 0xFF, groups & 0xFF], axis=1).astype(np.uint8)
    padding = content == ord("=")
    kept = np.stack([np.ones(len(content), np.bool_), ~padding[:, 2], ~padding[:, 3]], axis=1)
    ends = np.cumsum(sizes) // 4  # of the groups
    bytes_by_group = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    places = np.concatenate([[0], bytes_by_group[ends]]).astype(np.int32)
    validity = texts.flags(texts.valid(column)).buffers()[1]
    buffers = [validity, pa.py_buffer(places), pa.py_buffer(data[kept].tobytes())]
    return pa.Array.from_buffers(pa.binary(), len(column), buffers)


def _digits(found: AnyArray, part: str) -> TextArray:
    """The part's digits, 0 where the value hasn't got it."""
    digits = _pc.struct_field(found, part)
    written: TextArray = _pc.if_else(_pc.equal(digits, texts.of("")[0]), texts.of("0")[0], digits)
    return written


def _packed(data: bytes, known: Mask) -> AnyArray:
    validity = texts.flags(known).buffers()[1]
    return pa.Array.from_buffers(pa.binary(16), len(known), [validity, pa.py_buffer(data)])
