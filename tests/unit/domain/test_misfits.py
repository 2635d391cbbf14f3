"""What is told about values that do not fit, over a whole delivery."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import misfits
from shared.domain.fieldvalues import Physical, accepts
from shared.domain.misfits import Misfits, Place

BIGINT = Physical(name="bigint")
KINDS = st.one_of(
    st.sampled_from(["smallint", "integer", "bigint", "double precision", "text"]).map(
        lambda name: Physical(name=name)
    ),
    st.tuples(st.integers(5, 19), st.integers(0, 19)).map(
        lambda digits: Physical(name="numeric", precision=sum(digits), scale=digits[1])
    ),
)
NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str),
    st.sampled_from(["NaN", "-INF", "1e300", "x", ""]),
)


def _found(lines: Sequence[int] = (3,), wider: Physical | None = None, discarded: int = 0) -> Misfits:
    places = tuple(Place(line=line) for line in lines)
    return Misfits(
        column="qty", kind=BIGINT, values=len(lines), places=places, wider=wider, discarded=discarded
    )


@given(KINDS, KINDS, NUMBERS)
def test_what_two_types_are_joined_to_holds_what_each_holds(
    one: Physical, other: Physical, text: str
) -> None:
    joined = misfits.joined(one, other)
    assert joined is not None
    assert joined == misfits.joined(other, one)
    if accepts(text, one) or accepts(text, other):
        assert accepts(text, joined)


@given(KINDS)
def test_a_type_joined_to_itself_stays_as_it_is(kind: Physical) -> None:
    assert misfits.joined(kind, kind) == kind
    assert misfits.joined(kind, None) is None


@given(st.lists(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), max_size=9))
def test_however_many_there_are_few_places_are_kept_and_all_are_counted(blocks: list[list[int]]) -> None:
    total: dict[str, Misfits] = {}
    for lines in blocks:
        total = misfits.added(total, [_found(lines[: misfits.SHOWN])])
    kept = [line for lines in blocks for line in lines[: misfits.SHOWN]]
    for found in total.values():
        assert [place.line for place in found.places] == kept[: misfits.SHOWN]
        assert found.values == len(kept)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (
            _found([12, 77, 1203], Physical(name="numeric", precision=21, scale=2)),
            '"qty": 3 of 9000000 values did not fit bigint (lines 12, 77, 1203), '
            "numeric(21,2) would hold all of them and text everything",
        ),
        (
            _found([2], Physical(name="text")),
            '"qty": 1 of 9000000 values did not fit bigint (line 2), only text would hold it',
        ),
        (
            _found([2], Physical(name="double precision"), discarded=1),
            '"qty": 1 of 9000000 values did not fit bigint and became NULL (line 2), '
            "double precision would hold it, rounded, and text everything",
        ),
        (_found([2]), '"qty": 1 of 9000000 values did not fit bigint (line 2)'),
    ],
)
def test_what_did_not_fit_is_told_with_lines_and_with_what_would_fit(found: Misfits, says: str) -> None:
    assert misfits.told(found, 9_000_000) == says


def test_places_in_several_objects_are_told_by_object() -> None:
    total = misfits.added({}, misfits.located([_found([2, 5])], "a.csv"))
    total = misfits.added(total, misfits.located([_found([7])], "b.csv"))
    assert "(a.csv lines 2, 5; b.csv line 7)" in misfits.told(total["qty"], 9)


def test_only_discarded_values_are_findings() -> None:
    assert misfits.findings({"qty": _found([2])}, 9) == []
    [finding] = misfits.findings({"qty": _found([2], discarded=1)}, 9)
    assert (finding.severity, finding.found) == ("warning", 1)
