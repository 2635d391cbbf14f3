"""The profile of a version: per column how many values are null and distinct, and between which bounds.

It is made of what was counted while the rows were loaded and of what ANALYZE found in a sample. Bounds are
texts: numbers in decimal notation, days, times and moments (in UTC) as in ISO 8601, long texts cut.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

from msgspec import Struct, structs

from shared.domain import fieldtypes
from shared.domain.dataset import Field, FieldType

SHOWN_CHARACTERS = 100
CONFIDENTIAL = frozenset({"confidential", "restricted"})
_NUMBERS = frozenset({"integer", "number", "year"})
_ORDERED = _NUMBERS | {"boolean", "date", "time", "datetime", "yearmonth"}
_TEXTS = frozenset({"text", "varchar"})

type Bounds = tuple[str, str]


class ColumnProfile(Struct, frozen=True, kw_only=True, rename="camel"):
    """One column; None is what nobody knows, or what is not to be told.

    `type` is the field's. How many values are distinct is always an estimate, between two numbers where the
    rows are in several tables. `width` is the average size of a value in bytes.
    """

    name: str
    type: FieldType
    nulls: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    distinct_at_least: int | None = None
    distinct_at_most: int | None = None
    width: int | None = None
    nulls_estimated: bool = False
    bounds_estimated: bool = False

    @property
    def bounds(self) -> Bounds | None:
        """The least and the greatest value."""
        return None if self.minimum is None or self.maximum is None else (self.minimum, self.maximum)


class Profile(Struct, frozen=True, kw_only=True, rename="camel"):
    """The columns of the contract in their order, and how many rows there are."""

    rows: int
    columns: tuple[ColumnProfile, ...]


def counts_bounds(field: Field) -> bool:
    """Whether bounds are found while the rows are loaded: not those of texts, which would cost too much."""
    return field.type in _ORDERED and not _is_sensitive(field)


def samples_bounds(field: Field) -> bool:
    """Whether bounds are those of a sample."""
    held = fieldtypes.physical(field)
    return held.name in _TEXTS and not held.is_array and not _is_sensitive(field)


def is_number(field: Field) -> bool:
    """Whether values are compared as numbers; all others are in the order of their texts."""
    return field.type in _NUMBERS


def _is_sensitive(field: Field) -> bool:
    return field.mask != "none" or (field.classification or "").lower() in CONFIDENTIAL


def text(value: object) -> str:
    """A value as bounds have it; texts of days, times and moments are in the order of what they say."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case datetime() if value.tzinfo:
            return value.astimezone(UTC).isoformat()
        case date() | time():
            return value.isoformat()
    return str(value)[:SHOWN_CHARACTERS]


def discreet(found: Profile, fields: Iterable[Field]) -> Profile:
    """The same without bounds of fields that are masked or confidential, maybe since a part was loaded."""
    hidden = {field.name for field in fields if _is_sensitive(field)}
    columns = [
        structs.replace(column, minimum=None, maximum=None, bounds_estimated=False)
        if column.name in hidden
        else column
        for column in found.columns
    ]
    return structs.replace(found, columns=tuple(columns))


def merged(profiles: Sequence[Profile]) -> Profile:
    """The profile of all rows of some tables together, with the columns of the last one.

    A column that an earlier table lacks is null in its rows. What one table doesn't know, nobody knows.
    """
    if len(profiles) == 1:
        return profiles[0]
    tables = [(each.rows, {column.name: column for column in each.columns}) for each in profiles]
    columns = [
        _merged(column, [(rows, known.get(column.name)) for rows, known in tables])
        for column in profiles[-1].columns
    ]
    return Profile(rows=sum(each.rows for each in profiles), columns=tuple(columns))


def _merged(last: ColumnProfile, parts: Sequence[tuple[int, ColumnProfile | None]]) -> ColumnProfile:
    known = [rows if column is None else column.nulls for rows, column in parts]
    nulls = None if None in known else sum(count or 0 for count in known)
    filled = [
        (rows - (column.nulls or 0), column)
        for rows, column in parts
        if column is not None and column.nulls != rows
    ]
    columns = [column for _, column in filled]
    bounds = _widest(columns, last.type)
    least, most = _distinct_of_all(filled)
    return ColumnProfile(
        name=last.name,
        type=last.type,
        nulls=nulls,
        minimum=bounds[0] if bounds else None,
        maximum=bounds[1] if bounds else None,
        distinct_at_least=least,
        distinct_at_most=most,
        width=_average_width(filled),
        nulls_estimated=any(column.nulls_estimated for column in columns),
        bounds_estimated=bounds is not None and any(column.bounds_estimated for column in columns),
    )


def _widest(columns: Sequence[ColumnProfile], kind: FieldType) -> Bounds | None:
    known = [column.bounds for column in columns if _alike(column.type, kind) and column.bounds]
    if not known or len(known) < len(columns):
        return None
    order = Decimal if kind in _NUMBERS else str
    return min((low for low, _ in known), key=order), max((high for _, high in known), key=order)


def _alike(one: FieldType, other: FieldType) -> bool:
    """Whether values of two types are in one order."""
    return one == other or {one, other} <= _NUMBERS


def _distinct_of_all(filled: Sequence[tuple[int, ColumnProfile]]) -> tuple[int | None, int | None]:
    """Values of one table may or may not be those of another."""
    least, most = (
        [value for _, column in filled if (value := column.distinct_at_least) is not None],
        [value for _, column in filled if (value := column.distinct_at_most) is not None],
    )
    if len(least) < len(filled) or len(most) < len(filled):
        return None, None
    return max(least, default=0), sum(most)


def _average_width(filled: Sequence[tuple[int, ColumnProfile]]) -> int | None:
    widths = [(values, column.width) for values, column in filled if column.width is not None]
    if not widths or len(widths) < len(filled):
        return None
    return round(sum(values * width for values, width in widths) / sum(values for values, _ in widths))
