"""Profiles: what several tables have together, and how values are told."""

from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.domain import profile
from shared.domain.dataset import Field, FieldType
from shared.domain.profile import ColumnProfile, Profile


def counted(values: list[int | None]) -> Profile:
    """The profile of a column `n`, exactly."""
    there = [value for value in values if value is not None]
    column = ColumnProfile(
        name="n",
        type="integer",
        nulls=len(values) - len(there),
        minimum=str(min(there)) if there else None,
        maximum=str(max(there)) if there else None,
        distinct_at_least=len(set(there)),
        distinct_at_most=len(set(there)),
        width=8 if there else None,
    )
    return Profile(rows=len(values), columns=(column,))


def column(name: str = "n", kind: FieldType = "integer", **known: object) -> ColumnProfile:
    return structs.replace(ColumnProfile(name=name, type=kind), **known)


@given(st.lists(st.lists(st.none() | st.integers(-100, 1000)), min_size=1))
def test_tables_have_together_what_all_their_rows_have(tables: list[list[int | None]]) -> None:
    merged = profile.merged([counted(values) for values in tables])
    whole = counted([value for values in tables for value in values])
    [found], [wanted] = merged.columns, whole.columns
    assert merged.rows == whole.rows
    assert (found.nulls, found.bounds, found.width) == (wanted.nulls, wanted.bounds, wanted.width)
    assert found.distinct_at_least is not None
    assert found.distinct_at_most is not None
    assert wanted.distinct_at_least is not None
    assert found.distinct_at_least <= wanted.distinct_at_least <= found.distinct_at_most
    assert found.distinct_at_most <= merged.rows - (found.nulls or 0)


moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))  # noqa: DTZ001
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])


@given(st.tuples(moments, zones), st.tuples(moments, zones))
def test_texts_of_moments_are_in_the_order_of_time(
    one: tuple[datetime, timezone], other: tuple[datetime, timezone]
) -> None:
    first, second = (moment.replace(tzinfo=zone) for moment, zone in (one, other))
    assert (first < second) == (profile.text(first) < profile.text(second))
    bare = [moment for moment, _ in (one, other)]
    assert (bare[0] < bare[1]) == (profile.text(bare[0]) < profile.text(bare[1]))


@given(st.times(), st.times())
def test_texts_of_times_are_in_the_order_of_the_day(one: time, other: time) -> None:
    assert (one < other) == (profile.text(one) < profile.text(other))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=9))
def test_a_decimal_is_told_exactly_and_without_an_exponent(value: Decimal) -> None:
    assert Decimal(profile.text(value)) == value
    assert "E" not in profile.text(value)


def test_a_column_that_a_table_lacks_is_null_in_all_of_its_rows() -> None:
    older = Profile(rows=5, columns=(column("gone", nulls=0),))
    newer = Profile(rows=3, columns=(column("added", nulls=1, minimum="1", maximum="2"),))
    merged = profile.merged([older, newer])
    assert (merged.rows, [each.name for each in merged.columns]) == (8, ["added"])
    assert (merged.columns[0].nulls, merged.columns[0].bounds) == (6, ("1", "2"))


def test_what_one_table_does_not_know_nobody_knows() -> None:
    known = Profile(rows=2, columns=(column(nulls=0, minimum="1", maximum="2", distinct_at_most=2, width=8),))
    unknown = Profile(rows=2, columns=(column(),))
    [found] = profile.merged([unknown, known]).columns
    assert found == column()


def test_a_table_without_values_changes_no_bounds() -> None:
    empty = Profile(rows=2, columns=(column(nulls=2),))
    known = Profile(rows=1, columns=(column(nulls=0, minimum="7", maximum="7"),))
    assert profile.merged([known, empty]).columns[0].bounds == ("7", "7")


@pytest.mark.parametrize(
    ("kinds", "bounds"),
    [(("integer", "number"), ("9", "10")), (("number", "string"), None), (("date", "datetime"), None)],
)
def test_bounds_of_another_type_count_only_where_the_order_is_the_same(
    kinds: tuple[FieldType, FieldType], bounds: tuple[str, str] | None
) -> None:
    tables = [
        Profile(rows=1, columns=(column(kind=kind, nulls=0, minimum=value, maximum=value),))
        for kind, value in zip(kinds, ("9", "10"), strict=True)
    ]
    assert profile.merged(tables).columns[0].bounds == bounds


@pytest.mark.parametrize(
    "field",
    [
        Field(name="f", type="string", mask="sha256"),
        Field(name="f", type="integer", mask="null"),
        Field(name="f", type="string", classification="confidential"),
        Field(name="f", type="date", classification="Restricted"),
    ],
)
def test_what_is_masked_or_confidential_has_no_bounds(field: Field) -> None:
    assert not profile.counts_bounds(field)
    assert not profile.samples_bounds(field)


@pytest.mark.parametrize(
    ("field", "counts", "samples"),
    [
        (Field(name="f", type="integer", classification="public"), True, False),
        (Field(name="f", type="string"), False, True),
        (Field(name="f", type="any"), False, True),
        (Field(name="f", type="string", format="uuid"), False, False),
        (Field(name="f", type="list"), False, False),
        (Field(name="f", type="object"), False, False),
    ],
)
def test_bounds_are_counted_or_sampled_or_make_no_sense(field: Field, counts: bool, samples: bool) -> None:
    assert (profile.counts_bounds(field), profile.samples_bounds(field)) == (counts, samples)
