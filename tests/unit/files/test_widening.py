"""Which type is suggested for values that their field's type does not hold."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.domain import fieldtypes, misfits
from shared.domain.fieldvalues import Physical, accepts
from shared.files import texts, widening
from tests.support.datasets import field

INTEGERS = ("smallint", "integer", "bigint")
MISFITS = st.one_of(
    st.integers(-(10**25), 10**25).map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text(alphabet="0123456789.+-eE", min_size=1, max_size=12),
    st.sampled_from(["NaN", "INF", "1e308", "1e-7", "1.50", "00012", "x"]),
)


def _wider(type_: str, *values: str, **keys: Any) -> str | None:
    found = widening.wider(field(type_, **keys), texts.of(*values))
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("of", "values", "wider"),
    [
        ({"type": "integer", "physicalType": "smallint"}, ["40000"], "integer"),
        ({"type": "integer", "physicalType": "smallint"}, ["40000", "3000000000"], "bigint"),
        ({"type": "integer", "physicalType": "smallint"}, ["1.25", "40000"], "numeric(7,2)"),
        ({"type": "integer"}, ["1.5", "2.50"], "numeric(20,1)"),
        ({"type": "integer"}, ["9223372036854775808"], "numeric(19,0)"),
        ({"type": "integer"}, ["1e400"], "text"),
        ({"type": "integer"}, ["NaN", "1.5"], "double precision"),
        ({"type": "integer"}, ["1.5", "n/a"], "text"),
        ({"type": "integer", "groupChar": "."}, ["1.5"], "text"),
        ({"type": "integer", "groupChar": " "}, ["1 000.25"], "numeric(21,2)"),
        ({"type": "number", "physicalType": "numeric(6,2)"}, ["12345.6", "0.125"], "numeric(8,3)"),
        ({"type": "number", "decimalChar": ",", "physicalType": "numeric(4,1)"}, ["0,25"], "numeric(5,2)"),
        ({"type": "number"}, ["0.0123456789"], "double precision"),
        ({"type": "number", "physicalType": "real"}, ["1e39"], "double precision"),
        ({"type": "year"}, ["13"], "integer"),
        ({"type": "yearmonth"}, ["2013"], "text"),
        ({"type": "boolean"}, ["2"], "text"),
        ({"type": "date"}, ["2013-01-01 10:00:00"], "timestamp"),
        ({"type": "date", "format": "%d.%m.%Y"}, ["2013-01-01T10:00:00Z"], "timestamptz"),
        ({"type": "date"}, ["2013-02-30"], "text"),
        ({"type": "datetime", "physicalType": "timestamp"}, ["2013-01-01T10:00:00Z"], "timestamptz"),
        ({"type": "datetime"}, ["yesterday"], "text"),
        ({"type": "list", "itemType": "integer"}, ["1,x"], "text"),
        ({"type": "object"}, ["{"], "text"),
        ({"type": "string", "format": "uuid"}, ["1"], "text"),
        ({"type": "string", "format": "email"}, ["a"], None),
    ],
)
def test_the_narrowest_type_that_holds_all_of_them_is_suggested(
    of: dict[str, Any], values: list[str], wider: str | None
) -> None:
    keys = {key: value for key, value in of.items() if key != "type"}
    assert _wider(of["type"], *values, **keys) == wider


@given(st.sampled_from(INTEGERS), st.lists(MISFITS, min_size=1, max_size=5))
def test_a_suggestion_holds_every_value_and_no_narrower_type_does(name: str, values: list[str]) -> None:
    present = field("integer", physicalType=name)
    found = widening.wider(present, texts.of(*values))
    assert found is not None
    assert all(accepts(value, found) for value in values)
    narrower = [Physical(name=step) for step in misfits.steps(fieldtypes.physical(present))]
    for kind in narrower[: [kind.name for kind in narrower].index(found.name)]:
        if kind.name != "numeric":
            assert not all(accepts(value, kind) for value in values)
    if found.name == "numeric":
        assert found.precision - found.scale >= misfits.WHOLE_DIGITS[name]
    if found.scale:
        coarser = structs.replace(found, precision=found.precision - 1, scale=found.scale - 1)
        assert not all(accepts(value, coarser) for value in values)


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=3), min_size=1, max_size=5))
def test_decimal_numbers_are_held_exactly_where_any_type_can(values: list[Any]) -> None:
    texts_ = [str(value) for value in values]
    widest = Physical(name="numeric", precision=38, scale=3)
    if all(accepts(text, widest) for text in texts_):
        assert (_wider("integer", *texts_) or "").startswith("numeric")


@pytest.mark.parametrize(
    ("column", "wider"),
    [
        (pa.array([70_000], pa.int64()), "integer"),
        (pa.array([1 << 40]), "bigint"),
        (pa.array([18_446_744_073_709_551_615], pa.uint64()), "numeric(20,0)"),
    ],
)
def test_values_that_a_file_typed_are_widened_too(column: Any, wider: str) -> None:
    assert str(widening.wider(field("integer", physicalType="smallint"), column)) == wider
