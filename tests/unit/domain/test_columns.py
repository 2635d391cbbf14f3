"""Which types take the values of others as they are."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import columns


@pytest.mark.parametrize(
    ("wanted", "present"),
    [
        ("bigint", "smallint"),
        ("numeric(12,2)", "integer"),
        ("numeric(12,2)", "numeric(10,2)"),
        ("double precision", "integer"),
        ("text", "character varying(24)"),
        ("character varying(24)", "character varying(2)"),
        ("character varying", "text"),
        ("jsonb", "jsonb"),
        ("timestamp with time zone", "timestamp with time zone"),
    ],
)
def test_a_wider_type_takes_every_value(wanted: str, present: str) -> None:
    assert columns.takes(wanted, present)


@pytest.mark.parametrize(
    ("wanted", "present"),
    [
        ("smallint", "integer"),
        ("double precision", "bigint"),
        ("real", "integer"),
        ("numeric(11,2)", "integer"),
        ("numeric(12,1)", "numeric(10,2)"),
        ("bigint", "numeric(19,0)"),
        ("character varying(2)", "text"),
        ("text", "integer"),
        ("date", "text"),
        ("timestamp with time zone", "timestamp without time zone"),
        ("jsonb", "text"),
    ],
)
def test_a_type_that_would_change_a_value_is_refused(wanted: str, present: str) -> None:
    assert not columns.takes(wanted, present)


sizes = st.integers(1, 12).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, p)))


@given(wanted=sizes, present=sizes)
def test_a_numeric_takes_another_just_when_it_holds_its_largest_value(
    wanted: tuple[int, int], present: tuple[int, int]
) -> None:
    largest = Decimal(10 ** present[0] - 1).scaleb(-present[1])
    fits = largest < Decimal(10) ** (wanted[0] - wanted[1])
    exact = largest == largest.quantize(Decimal(1).scaleb(-wanted[1])) if fits else False
    taken = columns.takes(f"numeric({wanted[0]},{wanted[1]})", f"numeric({present[0]},{present[1]})")
    assert taken == (fits and exact)
