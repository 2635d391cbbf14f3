"""What a sample tells about a table: everything, or what nobody counted while its rows were loaded."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from msgspec import Struct, structs

from shared.domain import profile
from shared.domain.dataset import Field, FieldType
from shared.domain.profile import Bounds, ColumnProfile, Profile


class Sampled(Struct, frozen=True, kw_only=True):
    """What ANALYZE found about a column: shares of its rows, and bounds where they were asked for.

    `distinct` is a number of values or, where it is negative, of values per row, as in pg_stats.
    """

    null_share: float
    distinct: float
    width: int
    lower: str | None
    upper: str | None


def completed(counted: Profile, sampled: Mapping[str, Sampled]) -> Profile:
    """What was counted while a table was loaded, and what ANALYZE found in it."""
    columns = [_completed(column, sampled.get(column.name), counted.rows) for column in counted.columns]
    return structs.replace(counted, columns=tuple(columns))


def _completed(column: ColumnProfile, found: Sampled | None, rows: int) -> ColumnProfile:
    if found is None:
        return column
    values = rows - (column.nulls or 0)
    distinct = _distinct(found, rows, values)
    column = structs.replace(
        column, distinct_at_least=distinct, distinct_at_most=distinct, width=found.width if values else None
    )
    bounds = _sampled_bounds(found, column.type)
    if column.bounds or bounds is None:
        return column
    return structs.replace(column, minimum=bounds[0], maximum=bounds[1], bounds_estimated=True)


def estimated(rows: int, fields: Iterable[Field], sampled: Mapping[str, Sampled]) -> Profile:
    """What ANALYZE found in a table whose rows nobody counted while they were loaded."""
    columns = [_estimated(field, rows, sampled.get(field.name)) for field in fields]
    return Profile(rows=rows, columns=tuple(columns))


def _estimated(field: Field, rows: int, found: Sampled | None) -> ColumnProfile:
    column = ColumnProfile(name=field.name, type=field.type)
    if found is None:
        return structs.replace(column, nulls=None if rows else 0)
    nulls = round(found.null_share * rows)
    return _completed(structs.replace(column, nulls=nulls, nulls_estimated=True), found, rows)


def _distinct(found: Sampled, rows: int, values: int) -> int:
    estimate = found.distinct if found.distinct >= 0 else -found.distinct * rows
    return min(max(round(estimate), min(values, 1)), values)


def _sampled_bounds(found: Sampled, kind: FieldType) -> Bounds | None:
    if found.lower is None or found.upper is None:
        return None
    lower, upper = _reread(found.lower, kind), _reread(found.upper, kind)
    return None if lower is None or upper is None else (lower, upper)


def _reread(written: str, kind: FieldType) -> str | None:
    """A value as PostgreSQL writes it, as bounds have it; None for NaN, or a date that is not in ISO 8601."""
    with suppress(ValueError, InvalidOperation):
        match kind:
            case "integer" | "number" | "year":
                number = Decimal(written)
                return None if number.is_nan() else profile.text(number)
            case "boolean":
                return {"t": "true", "f": "false"}[written]
            case "datetime":
                return profile.text(datetime.fromisoformat(written))
            case "date" | "yearmonth":
                return profile.text(date.fromisoformat(written))
            case "time":
                return profile.text(time.fromisoformat(written))
        return profile.text(written)
    return None
