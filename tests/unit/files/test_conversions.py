"""Each type accepts exactly what its table says, and keeps each value as it is."""

import math
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import fieldtypes, fieldvalues
from shared.domain.dataset import Field
from shared.domain.report import RejectCode
from shared.files import convert, texts
from tests.support.datasets import field

NOT_A_VALUE = "no value of any type"  # makes a column's conversion look at each value


def converted(of: Field, *values: str | None) -> tuple[list[Any], list[RejectCode | None]]:
    """The values as Python has them, and for each the code of its fault."""
    found = convert.converter(of)(pa.array(values, pa.string()))
    codes: list[RejectCode | None] = [None] * len(values)
    for fault in found.faults:
        for row in fault.rows.nonzero()[0]:
            codes[row] = fault.code
    return [value.as_py() for value in found.array], codes


def as_python(of: Field, text: str) -> Any:
    """What Python's own parsers make of a text, or None."""
    try:
        value = fieldvalues.parse(text, fieldtypes.physical(of))
    except ValueError:
        return None
    return value.bytes if isinstance(value, UUID) else value


def near(*texts: str, alphabet: str) -> st.SearchStrategy[str]:
    """Texts like these, and ones that miss them by a character or more."""
    like = st.sampled_from(texts)
    spoilt = st.tuples(like, st.integers(0, 40), st.text(alphabet, max_size=2), st.integers(0, 2)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + parts[3] :]
    )
    return like | spoilt | st.text(alphabet, max_size=24)


NUMBERS = near(
    *("0", "-1", "+7", "007", "1.50", ".5", "5.", "-.25", "1e3", "1E-2", "0e40", "99999999.99", "100000000"),
    *(
        "1" * 37,
        "1" * 38,
        "1" * 39,
        "1E" + "1" * 30,
        "340282366920938463463374607431768211457",
        "0." + "0" * 40,
        "0." + "0" * 400 + "1",
    ),
    *("1e400", "9" * 400, "NaN", "INF", "-INF", "inf", "0x10", "1_000", "1,5", "32767", "32768", "-32768"),
    *("2147483647", "-2147483649", "9223372036854775807", "9223372036854775808", "00000000000000000000001"),
    alphabet="0123456789+-.eExINFa ",
)
MOMENTS = near(
    *("2013-01-01T10:00:00Z", "2013-01-01 05:00:00", "2013-01-01T05:00:00.5", "2013-01-01T05:00:00.123456Z"),
    *("2013-01-01T05:00:00.1234567Z", "2024-02-29T00:00:00+05:30", "2023-02-29T00:00:00Z", "now", "infinity"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z", "2013-01-01"),
    *("2013-01-01T24:00:00Z", "2013-01-01T23:59:60Z", "2013-01-01t10:00:00z", "0000-01-01T00:00:00Z"),
    alphabet="0123456789-:TZ+. ",
)
DAYS = near(
    "2024-02-29", "2023-02-29", "0001-01-01", "0000-01-01", "9999-12-31", "today", alphabet="0123456789-"
)
TIMES = near("10:00:00", "23:59:59.999999", "24:00:00", "10:00", "10:00:00.1234567", alphabet="0123456789:.")
UUIDS = near("6f1d0c1e-1234-4abc-8def-0123456789AB", "0" * 36, alphabet="0123456789abcdefABCDEFg-")
BOOLEANS = near("true", "True", "TRUE", "tRUE", "1", "0", "false", "t", "yes", "on", alphabet="truefals01")
EVERY_TYPE: dict[str, tuple[Field, st.SearchStrategy[str]]] = {
    "smallint": (field("integer", physicalType="smallint"), NUMBERS),
    "integer": (field("integer", physicalType="integer"), NUMBERS),
    "bigint": (field("integer"), NUMBERS),
    "numeric": (field("number"), NUMBERS),
    "numeric(10,2)": (field("number", physicalType="numeric(10,2)"), NUMBERS),
    "numeric(38,0)": (field("number", physicalType="numeric(38,0)"), NUMBERS),
    "double precision": (field("number", physicalType="double precision"), NUMBERS),
    "boolean": (field("boolean"), BOOLEANS),
    "date": (field("date"), DAYS),
    "time": (field("time"), TIMES),
    "timestamp": (field("datetime", physicalType="timestamp"), MOMENTS),
    "timestamptz": (field("datetime"), MOMENTS),
    "uuid": (field("string", format="uuid"), UUIDS),
}


@pytest.mark.parametrize("name", EVERY_TYPE)
@given(data=st.data())
def test_a_column_is_converted_like_each_of_its_values_and_as_python_does(
    name: str, data: st.DataObject
) -> None:
    of, written = EVERY_TYPE[name]
    values = data.draw(st.lists(st.none() | written, min_size=1, max_size=6))
    expected = [None if value is None else as_python(of, value) for value in values]
    found, codes = converted(of, *values)
    assert same(found, expected)
    assert [code is not None for code in codes] == [
        value is not None and wanted is None for value, wanted in zip(values, expected, strict=True)
    ]
    assert converted(of, *values, NOT_A_VALUE)[1] == [*codes, RejectCode.TYPE_MISMATCH]
    for value, code, wanted in zip(values, codes, expected, strict=True):
        alone, alone_codes = converted(of, value)
        assert same(alone, [wanted])
        assert alone_codes == [code]


def same(found: list[Any], expected: list[Any]) -> bool:
    """Equal, where NaN equals NaN."""

    def plain(values: list[Any]) -> list[Any]:
        return ["NaN" if isinstance(value, float) and math.isnan(value) else value for value in values]

    return plain(found) == plain(expected)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_every_bigint_comes_through(values: list[int]) -> None:
    assert converted(field("integer"), *map(str, values))[0] == values


@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**28), max_value=10**28)
    )
)
def test_every_decimal_that_fits_comes_through(values: list[Decimal]) -> None:
    assert converted(field("number"), *(f"{value:f}" for value in values))[0] == values


@given(st.lists(st.floats()))
def test_every_double_comes_through_bit_by_bit(values: list[float]) -> None:
    of = field("number", physicalType="double precision")
    written = [repr(value).replace("inf", "INF").replace("nan", "NaN") for value in values]
    assert same(converted(of, *written)[0], values)


@given(st.lists(st.datetimes(timezones=st.just(UTC))))
def test_every_moment_comes_through(values: list[datetime]) -> None:
    assert converted(field("datetime"), *(value.isoformat() for value in values))[0] == values


@given(st.lists(st.dates()), st.lists(st.times()))
def test_every_day_and_time_comes_through(days: list[date], times: list[time]) -> None:
    assert converted(field("date"), *(day.isoformat() for day in days))[0] == days
    assert converted(field("time"), *(moment.isoformat() for moment in times))[0] == times


@given(st.lists(st.uuids() | st.none()))
def test_every_uuid_comes_through_in_either_case(values: list[UUID | None]) -> None:
    written = [None if value is None else str(value) for value in values]
    expected = [None if value is None else value.bytes for value in values]
    upper = [None if text is None else text.upper() for text in written]
    assert converted(field(format="uuid"), *written)[0] == expected
    assert converted(field(format="uuid"), *upper)[0] == expected


MISMATCH, RANGE = RejectCode.TYPE_MISMATCH, RejectCode.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("of", "text", "code"),
    [
        (field("integer"), "0x10", MISMATCH),
        (field("integer"), " 1", MISMATCH),
        (field("integer"), "1.0", MISMATCH),
        (field("integer"), "", MISMATCH),
        (field("integer"), "٣", MISMATCH),
        (field("integer", physicalType="smallint"), "32768", RANGE),
        (field("number", physicalType="numeric(12,2)"), "1.005", RANGE),
        (field("number", physicalType="numeric(12,2)"), "10000000000", RANGE),
        (field("number"), "340282366920938463463374607431768211457", RANGE),
        (field("number"), "NaN", MISMATCH),
        (field("number", physicalType="double precision"), "1e999", RANGE),
        (field("number", physicalType="double precision"), "1e-999", RANGE),
        (field("number", physicalType="double precision"), "infinity", MISMATCH),
        (field("date"), "today", MISMATCH),
        (field("date"), "2023-02-30", MISMATCH),
        (field("datetime"), "2013-01-01", MISMATCH),
        (field("datetime"), "10000-01-01T00:00:00Z", MISMATCH),
        (field("datetime"), "2013-01-01T00:00:00.0000001Z", MISMATCH),
        (field("datetime", physicalType="timestamp"), "2013-01-01T00:00:00Z", MISMATCH),
        (field("boolean"), "yes", MISMATCH),
        (field("string", physicalType="varchar(3)"), "four", RejectCode.MAX_LENGTH),
        (field("object"), "[]", MISMATCH),
        (field("array"), "{}", MISMATCH),
        (field("object"), '{"a": NaN}', MISMATCH),
        (field("object"), '{"a": "\\u0000"}', MISMATCH),
        (field("object"), '{"a": "\\ud800"}', MISMATCH),
        (field("object"), '{"a": 1, "a": 2}', MISMATCH),
        (field("object"), '{"a": 1e400}', MISMATCH),
        (field("object"), "{'a': 1}", MISMATCH),
        (field("array"), "[" * 100_000, MISMATCH),
    ],
)
def test_what_a_type_does_not_hold_is_refused(of: Field, text: str, code: RejectCode) -> None:
    assert converted(of, text)[1] == [code]


def test_texts_of_any_characters_and_json_are_kept_as_they_are() -> None:
    assert converted(field(physicalType="varchar(3)"), "äöü", "🛫🛬")[0] == ["äöü", "🛫🛬"]
    documents = ['{"a": "\\\\u0000", "b": [1.10, null]}', "{}", '{"\\ud83d\\ude00": 1}']
    assert converted(field("object"), *documents) == (documents, [None] * 3)


def test_a_column_of_many_bad_values_keeps_each_good_one() -> None:
    values = ["2013-02-30" if number % 3 else f"2013-02-{number % 28 + 1:02}" for number in range(1_000)]
    found, codes = converted(field("date"), *values)
    assert [code is None for code in codes] == [number % 3 == 0 for number in range(1_000)]
    assert found[0:7:3] == [date(2013, 2, 1), date(2013, 2, 4), date(2013, 2, 7)]


def test_a_real_is_the_nearest_of_its_type_and_never_overflows_or_vanishes() -> None:
    of = field("number", physicalType="real")
    found, codes = converted(of, "0.1", "3.5e38", "1e-46", "-INF", "0.0")
    assert found == [0.10000000149011612, None, None, -math.inf, 0.0]
    assert codes == [None, RANGE, RANGE, None, None]


def test_a_moment_without_an_offset_is_in_utc() -> None:
    expected = datetime(2013, 1, 1, 5, tzinfo=UTC)
    values = ["2013-01-01T05:00:00", "2013-01-01 05:00:00Z", "2013-01-01T06:00:00+01:00"]
    assert converted(field("datetime"), *values)[0] == [expected] * 3


def test_patterns_mean_the_same_to_re2_as_to_python() -> None:
    for pattern in fieldvalues.PATTERNS.values():
        for text in ["", "1", "1\n", "²", "2013-01-01", "10:00:00", "1e5", "NaN"]:
            by_re2 = texts.matching(pa.array([text]), pattern)[0]
            assert by_re2 == (re.fullmatch(pattern, text) is not None)
