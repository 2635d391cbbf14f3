"""What a sample tells about the columns of a table."""

import pytest
from msgspec import structs

from shared.domain import sampling
from shared.domain.dataset import Field, FieldType
from shared.domain.profile import ColumnProfile, Profile
from shared.domain.sampling import Sampled


def column(name: str = "n", kind: FieldType = "integer", **known: object) -> ColumnProfile:
    return structs.replace(ColumnProfile(name=name, type=kind), **known)


def sampled(lower: str | None = None, upper: str | None = None, **known: float) -> Sampled:
    found = Sampled(null_share=0.0, distinct=-1.0, width=4, lower=lower, upper=upper)
    return structs.replace(found, **known)


def test_a_sample_adds_only_what_was_not_counted() -> None:
    number = column(nulls=0, minimum="1", maximum="9")
    name = column("name", "string", nulls=20)
    found = sampling.completed(
        Profile(rows=100, columns=(number, name)),
        {"n": sampled("2", "8"), "name": sampled("a", "z", distinct=7, null_share=0.5)},
    )
    assert found.columns == (
        column(nulls=0, minimum="1", maximum="9", distinct_at_least=100, distinct_at_most=100, width=4),
        column(
            "name",
            "string",
            nulls=20,
            minimum="a",
            maximum="z",
            bounds_estimated=True,
            distinct_at_least=7,
            distinct_at_most=7,
            width=4,
        ),
    )


def test_where_nothing_was_counted_everything_is_estimated() -> None:
    fields = [
        Field(name="at", type="datetime"),
        Field(name="ratio", type="number"),
        Field(name="day", type="date"),
        Field(name="new"),
    ]
    found = sampling.estimated(
        10,
        fields,
        {
            "at": sampled("2013-01-01 00:00:00+00", "2013-01-02 00:00:00.5+00", null_share=0.2),
            "ratio": sampled("0.5", "NaN"),
            "day": sampled("01.02.2013", "02.02.2013"),
        },
    )
    at, ratio, day, new = found.columns
    assert (at.nulls, at.nulls_estimated, at.bounds_estimated) == (2, True, True)
    assert at.bounds == ("2013-01-01T00:00:00+00:00", "2013-01-02T00:00:00.500000+00:00")
    assert (ratio.nulls, ratio.bounds, ratio.bounds_estimated) == (0, None, False)
    assert day.bounds is None
    assert new == column("new", "string")


def test_an_empty_table_has_no_nulls_even_where_nothing_was_analysed() -> None:
    assert sampling.estimated(0, [Field(name="n")], {}).columns[0].nulls == 0


@pytest.mark.parametrize(("distinct", "expected"), [(-1.0, 8), (-0.5, 5), (3.0, 3), (99.0, 8), (0.01, 1)])
def test_there_are_no_more_distinct_values_than_values(distinct: float, expected: int) -> None:
    found = sampling.completed(
        Profile(rows=10, columns=(column(nulls=2),)), {"n": sampled(distinct=distinct)}
    )
    assert (found.columns[0].distinct_at_least, found.columns[0].distinct_at_most) == (expected, expected)
