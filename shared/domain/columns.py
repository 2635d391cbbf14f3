"""Columns of relations, and which types take the values of others as they are."""

import re
from collections.abc import Mapping

from msgspec import Struct


class Column(Struct, frozen=True, kw_only=True):
    """A column of a relation, with its type as PostgreSQL's format_type writes it."""

    name: str
    type: str


_WHOLE_DIGITS: Mapping[str, int] = {"smallint": 5, "integer": 10, "bigint": 19}
_WIDER: Mapping[str, frozenset[str]] = {
    "smallint": frozenset({"integer", "bigint", "real", "double precision"}),
    "integer": frozenset({"bigint", "double precision"}),
    "real": frozenset({"double precision"}),
}
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_TEXT = re.compile(r"text|character varying(?:\((\d+)\))?")
_UNBOUNDED = 2**31


def takes(wanted: str, present: str) -> bool:
    """Whether every value of type `present` is the same value in type `wanted`.

    A whole number takes no numeric: bigint has some numbers of 19 digits, not all of them.
    """
    return (
        wanted == present
        or wanted in _WIDER.get(present, ())
        or (wanted not in _WHOLE_DIGITS and _fits(_digits(wanted), _digits(present)))
        or _fits(_length(wanted), _length(present))
    )


def _digits(type_: str) -> tuple[int, int] | None:
    """How many digits stand at most before and after the point, where the type counts them in decimal."""
    if type_ in _WHOLE_DIGITS:
        return _WHOLE_DIGITS[type_], 0
    found = _NUMERIC.fullmatch(type_)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else None


def _length(type_: str) -> tuple[int] | None:
    """How many characters a text has at most."""
    found = _TEXT.fullmatch(type_)
    return (int(found[1] or _UNBOUNDED),) if found else None


def _fits(wanted: tuple[int, ...] | None, present: tuple[int, ...] | None) -> bool:
    if wanted is None or present is None:
        return False
    return all(room >= need for room, need in zip(wanted, present, strict=True))
