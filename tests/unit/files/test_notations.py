"""A field's own notation is read just as plain Python reads it, value by value and as a column."""

# ruff: noqa: DTZ001, DTZ007 - what stands in a file has no zone

import base64
import contextlib
import re
import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dataset import Field
from shared.domain.report import RejectCode
from shared.files import zones
from tests.support.datasets import field
from tests.unit.files.test_conversions import MISMATCH, RANGE, converted, near

FORMATS: dict[str, Sequence[str]] = {
    "date": [
        "%d.%m.%Y",
        "%Y%m%d",
        "%d-%b-%y",
        "%B %d, %Y",
        "%m/%d/%y",
        "%Y-%j",
        "%a %d %b %Y",
        "week %d%%%m %Y",
    ],
    "time": ["%H:%M:%S.%f", "%I:%M %p", "%H%M%S", "%H", "%I:%M:%S%p"],
    "datetime": [
        "%d.%m.%Y %H:%M:%S",
        "%Y%m%d%H%M%S",
        "%Y-%m-%dT%H:%M:%S.%f%z",
        "%d/%b/%Y:%H:%M:%S %z",
        "%j/%y %I%p",
    ],
}
EVERY_FORMAT = [(kind, written) for kind, all_ in FORMATS.items() for written in all_]
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)) | st.datetimes(
    datetime(1969, 1, 1), datetime(2068, 12, 31)
)


def by_strptime(kind: str, written: str, text: str) -> Any:
    """What Python reads, or None."""
    try:
        moment = datetime.strptime(text, written)
        if kind == "datetime":
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment.date() if kind == "date" else moment.time()


@pytest.mark.parametrize(("kind", "written"), EVERY_FORMAT)
@given(data=st.data())
def test_a_strptime_pattern_reads_what_python_reads(kind: str, written: str, data: st.DataObject) -> None:
    moments = data.draw(st.lists(MOMENTS | st.none(), min_size=1, max_size=6))
    texts = [None if m is None else m.replace(tzinfo=UTC).strftime(written) for m in moments]
    expected = [None if text is None else by_strptime(kind, written, text) for text in texts]
    of = field(kind, format=written)
    assert converted(of, *texts) == (expected, [None] * len(texts))
    for text, wanted in zip(texts, expected, strict=True):
        assert converted(of, text, "no date") == ([wanted, None], [None, MISMATCH])


@pytest.mark.parametrize(("kind", "written"), EVERY_FORMAT)
@given(data=st.data())
def test_a_strptime_pattern_accepts_nothing_that_python_refuses(
    kind: str, written: str, data: st.DataObject
) -> None:
    good = [datetime(2024, 2, 29, 23, 59, 59, 5, UTC), datetime(2013, 12, 1, 0, 0, tzinfo=UTC)]
    texts = data.draw(
        st.lists(near(*(m.strftime(written) for m in good), alphabet="0123456789:./ -aApPmMZ"), max_size=5)
    )
    found, codes = converted(field(kind, format=written), *texts)
    for text, value, code in zip(texts, found, codes, strict=True):
        if code is None:
            assert value == by_strptime(kind, written, text)


@pytest.mark.parametrize(
    ("kind", "written", "text", "expected"),
    [
        ("date", "%d.%m.%Y", "1.2.2013", date(2013, 2, 1)),
        ("date", "%d.%m.%Y", " 1.02.2013", None),
        ("date", "%d.%m.%Y", "01.02.13", None),
        ("date", "%Y%m%d", "2013111", None),
        ("date", "%d.%m.%Y", "30.02.2013", None),
        ("date", "%d %b %Y", "1 MAR 2013", date(2013, 3, 1)),
        ("date", "%d %b %Y", "1 März 2013", None),
        ("date", "%y%m%d", "681231", date(2068, 12, 31)),
        ("date", "%y%m%d", "690101", date(1969, 1, 1)),
        ("date", "%Y-%j", "2012-366", date(2012, 12, 31)),
        ("date", "%Y-%j", "2013-366", None),
        ("date", "%Y-%j", "2013-0", None),
        ("date", "%Y-%j", "2013-999", None),
        ("time", "%I:%M %p", "12:30 am", time(0, 30)),
        ("time", "%I:%M %p", "12:30 PM", time(12, 30)),
        ("time", "%I:%M %p", "13:30 PM", None),
        ("time", "%H:%M", "24:00", None),
        ("datetime", "%FT%T%z", "2013-01-01T00:00:00+0130", datetime(2012, 12, 31, 22, 30, tzinfo=UTC)),
        ("datetime", "%F %R", "2013-01-01 07:30", datetime(2013, 1, 1, 7, 30, tzinfo=UTC)),
    ],
)
def test_a_pattern_means(kind: str, written: str, text: str, expected: Any) -> None:
    found, codes = converted(field(kind, format=written), text)
    assert found == [expected]
    assert codes == [None if expected else MISMATCH]


def number_oracle(of: Field, text: str) -> Decimal | None:
    """The number that a text is, read without a regular expression for it; None where it is none."""
    if not of.bare_number:
        found = re.search(r"[0-9]", text)
        if found is None:
            return None
        start = found.start() - (found.start() > 0 and text[found.start() - 1] in "+-")
        end = max(place for place, letter in enumerate(text) if letter in "0123456789") + 1
        before, number, after = text[:start], text[start:end], text[end:]
        marks = (of.decimal_char,) if of.type == "number" else (".", ",")
        if (
            before.endswith(marks)
            or after.removeprefix(
                of.decimal_char if of.type == "number" and of.decimal_char not in number else ""
            ).startswith(marks)
            or set("()+-−") & set(before + after)
        ):
            return None
        text = number
    whole, mark, decimals = text.partition(of.decimal_char) if of.type == "number" else (text, "", "")
    if of.group_char and of.group_char in whole:
        head, *groups = whole.lstrip("+-").split(of.group_char)
        sizes = [len(group) for group in groups]
        if not (1 <= len(head) <= 3 and sizes[-1] == 3 and all(size in (2, 3) for size in sizes[:-1])):
            return None
        whole = whole.replace(of.group_char, "")
    if (
        not re.fullmatch(r"[+-]?[0-9]*", whole)
        or not re.fullmatch(r"[0-9]*", decimals)
        or not whole + decimals
    ):
        return None
    with contextlib.suppress(ArithmeticError):
        return Decimal(f"{whole}.{decimals}" if mark else whole)
    return None


NUMBERS = near(
    *("1.234,5", "1,5", "1.5", "-1.234.567,25", "12.34", "1.23.456", "1 234", ",5", "5,", "1..000", "1.0000"),
    *("€ 1.234,50", "95 %", "(95)", "95-", "EUR -3", "−5", "a,5", "1'000", "USD 1.000 net", "+7", "", "%"),
    alphabet="0123456789.,+-€% ()'",
)
MARKED = [
    field("number", decimalChar=",", groupChar="."),
    field("number", decimalChar=","),
    field("number", groupChar=" "),
    field("number", decimalChar=",", groupChar=".", bareNumber=False),
    field("number", bareNumber=False),
    field("integer", groupChar="."),
    field("integer", groupChar="'", bareNumber=False),
]


@pytest.mark.parametrize("of", MARKED, ids=lambda of: f"{of.type} {of.decimal_char} {of.group_char}")
@given(values=st.lists(NUMBERS, max_size=5))
def test_marked_and_dressed_numbers_are_read_as_by_hand(of: Field, values: list[str]) -> None:
    expected = [number_oracle(of, value) for value in values]
    fitting = [wanted if wanted is None or wanted == round(wanted, 9) else RANGE for wanted in expected]
    found, codes = converted(of, *values)
    assert found == [None if wanted is RANGE else wanted for wanted in fitting]
    assert codes == [MISMATCH if wanted is None else RANGE if wanted is RANGE else None for wanted in fitting]


@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**15), max_value=10**15)
    )
)
def test_every_number_comes_through_in_german(values: list[Decimal]) -> None:
    written = [f"{value:,.4f}".translate(str.maketrans(",.", ".,")) for value in values]
    of = field("number", decimalChar=",", groupChar=".", bareNumber=False)
    assert converted(of, *(f"€ {text} netto" for text in written))[0] == values


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"]


@pytest.mark.parametrize("zone", ZONES)
@given(data=st.data())
def test_a_zones_clock_is_read_as_zoneinfo_reads_it(zone: str, data: st.DataObject) -> None:
    info = ZoneInfo(zone)
    changes = [change for year in (1947, 2013, 2011, 2050) for change in zones._of_year(zone, year)]
    edge = st.sampled_from(changes).map(lambda c: datetime(1970, 1, 1) + timedelta(microseconds=c.resumes))
    beside = st.builds(
        lambda moment, by: moment + by, edge, st.timedeltas(timedelta(hours=-3), timedelta(hours=3))
    )
    anywhere = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 30)).map(lambda m: m.replace(fold=0))
    moments = data.draw(st.lists(beside | anywhere, min_size=1))  # a text tells nothing of a fold
    expected = []
    for moment in moments:
        skipped = info.utcoffset(moment.replace(fold=1)) > info.utcoffset(moment)  # type: ignore[operator]
        expected.append(None if skipped else moment.replace(tzinfo=info).astimezone(UTC))
    found, codes = converted(field("datetime", timezone=zone), *(moment.isoformat() for moment in moments))
    assert found == expected
    assert codes == [MISMATCH if wanted is None else None for wanted in expected]


def test_an_offset_that_is_written_counts_and_a_time_that_comes_twice_is_the_first() -> None:
    of = field("datetime", timezone="Europe/Berlin")
    texts = ["2013-10-27T02:30:00", "2013-10-27T02:30:00+01:00", "2013-03-31T02:30:00", "2050-07-01T00:00:00"]
    expected = [datetime(2013, 10, 27, 0, 30, tzinfo=UTC), datetime(2013, 10, 27, 1, 30, tzinfo=UTC)]
    assert converted(of, *texts)[0] == [*expected, None, datetime(2050, 6, 30, 22, tzinfo=UTC)]
    assert converted(of, "0001-01-01T00:00:00")[1] == [MISMATCH]


@given(st.lists(st.none() | st.binary(max_size=9)))
def test_base64_is_decoded(values: list[bytes | None]) -> None:
    written = [None if value is None else base64.b64encode(value).decode() for value in values]
    assert converted(field(format="binary"), *written) == (values, [None] * len(values))


@pytest.mark.parametrize("text", ["QQ=", "Q===", "QQ==QQ==", "Q Q=", "QQ-_", "QQQQQ"])
def test_what_is_not_base64_is_refused(text: str) -> None:
    assert converted(field(format="binary"), text, "QUJD") == ([None, b"ABC"], [MISMATCH, None])


COUNTS = st.lists(st.none() | st.integers(0, 99_999), min_size=7, max_size=7)


@given(st.booleans(), COUNTS, st.none() | st.integers(0, 999_999))
def test_a_duration_is_its_months_days_and_microseconds(
    negative: bool, counts: list[int | None], fraction: int | None
) -> None:
    written = [
        f"{count}{unit}" if count is not None else "" for count, unit in zip(counts, "YMWDHMS", strict=True)
    ]
    if written[6] and fraction is not None:
        written[6] = f"{counts[6]}.{fraction:06}S"
    day, clock = "".join(written[:4]), "".join(written[4:])
    text = f"{'-' * negative}P{day}{'T' * bool(clock)}{clock}"
    y, mo, w, d, h, mi, s = (count or 0 for count in counts)
    micros = (h * 3600 + mi * 60 + s) * 10**6 + ((fraction or 0) if written[6] else 0)
    sign = -1 if negative else 1
    packed = struct.pack(">qii", micros * sign, (w * 7 + d) * sign, (y * 12 + mo) * sign)
    good = bool(day or clock)
    assert converted(field("duration"), text) == ([packed if good else None], [None if good else MISMATCH])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(
            (text, MISMATCH)
            for text in ("P", "PT", "P1DT", "1D", "P1.5D", "P1D ", "p1d", "PT1M1H", "PT0.1234567S")
        ),
        ("P999999999Y", RANGE),
    ],
)
def test_what_is_no_duration_is_refused(text: str, code: RejectCode) -> None:
    assert converted(field("duration"), text) == ([None], [code])


def test_points_are_longitude_and_latitude_and_on_the_earth() -> None:
    texts = ["90.5, 45", "-180,-90", "181,0", "0,90.1", "1,2,3", "a,b", "[1,2]", None]
    expected = [struct.pack(">2d", 90.5, 45), struct.pack(">2d", -180, -90), *[None] * 6]
    codes = [None, None, RANGE, RANGE, MISMATCH, MISMATCH, MISMATCH, None]
    assert converted(field("geopoint"), *texts) == (expected, codes)
    assert converted(field("geopoint", format="array"), "[ 1, 2.5 ]", "1,2")[1] == [None, MISMATCH]


@given(st.lists(st.none() | st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4)))
def test_lists_of_integers_come_through(values: list[list[int] | None]) -> None:
    written = [None if value is None else ";".join(map(str, value)) for value in values]
    of = field("list", itemType="integer", delimiter=";")
    assert converted(of, *written) == (values, [None] * len(values))


@given(st.lists(st.none() | st.lists(st.text("abc ", max_size=3), min_size=2, max_size=4)))
def test_lists_of_texts_come_through(values: list[list[str] | None]) -> None:
    written = [None if value is None else ",".join(value) for value in values]
    assert converted(field("list"), *written) == (values, [None] * len(values))


def test_a_list_with_a_bad_item_is_refused() -> None:
    found, codes = converted(
        field("list", itemType="date"), "2013-01-01,2013-02-30", "x", "", "2013-01-01", None
    )
    assert (found[2:], codes) == ([[], [date(2013, 1, 1)], None], [MISMATCH, MISMATCH, None, None, None])


@pytest.mark.parametrize(
    ("of", "good", "bad"),
    [
        (
            field(format="email"),
            ["a@b.de", "first.last+x@sub.example"],
            ["a", "a@", "@b", "a b@c.de", "a@b."],
        ),
        (field(format="uri"), ["https://x.de/a?b=%20#c", "urn:isbn:1"], ["x.de", "https://x y", "a:%z", ":"]),
        (field("boolean", trueValues=["J"], falseValues=["N"]), ["J", "N"], ["true", "1", "j"]),
        (field("year"), ["2013", "-0044", "0000", "32767"], ["13", "02013.0", "MMXIII", "+2013"]),
        (field("yearmonth"), ["2013-05", "0001-01"], ["2013-13", "2013-5", "2013", "2013-05-01", "0000-01"]),
        (
            field("geojson"),
            ['{"type":"Point","coordinates":[1,2]}', '{"type":"Feature","geometry":null,"properties":{}}'],
            ['{"type":"Point"}', '{"type":"Punkt","coordinates":[1,2]}', "[1,2]", "{}"],
        ),
    ],
    ids=lambda value: value.type if isinstance(value, Field) else "",
)
def test_a_format_accepts_these_and_refuses_those(of: Field, good: list[str], bad: list[str]) -> None:
    assert converted(of, *good)[1] == [None] * len(good)
    assert converted(of, *bad)[1] == [MISMATCH] * len(bad)
    for text in (*good, *bad):
        assert converted(of, text)[1] == [MISMATCH if text in bad else None]


def test_a_month_is_its_first_day_and_a_year_a_small_number() -> None:
    assert converted(field("yearmonth"), "2013-05", None)[0] == [date(2013, 5, 1), None]
    assert converted(field("year"), "2013", "40000") == ([2013, None], [None, RANGE])
