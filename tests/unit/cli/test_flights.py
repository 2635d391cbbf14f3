"""The files of the demonstration are the real ones, whole, and spoilt only where that is asked for."""

from datetime import date

import pytest

from services.cli.demonstration import flights
from services.cli.demonstration.flights import File, Flights

SMALL = File("id,name", ["1,one", "2,two", "3,three"])


@pytest.fixture(scope="module")
def real() -> Flights:
    return flights.read()


def test_the_days_of_the_month_hold_its_flights_each_once(real: Flights) -> None:
    cut = [row for day in flights.days() for row in real.day(day).rows]
    assert len(flights.days()) == 31
    assert sorted(cut) == sorted(row for row in real.year.rows if row.startswith("2013,1,"))


def test_a_day_holds_no_flight_of_another_day(real: Flights) -> None:
    days = {(each["year"], each["month"], each["day"]) for each in real.day(date(2013, 1, 1)).records()}
    assert days == {("2013", "1", "1")}


def test_one_field_is_spoilt_and_nothing_else() -> None:
    assert SMALL.broken(3, "name", "zwei").content() == b"id,name\n1,one\n2,zwei\n3,three\n"
    assert SMALL.content() == b"id,name\n1,one\n2,two\n3,three\n"


def test_the_same_file_is_compressed_to_the_same_bytes() -> None:
    assert SMALL.gzipped() == File(SMALL.header, SMALL.rows).gzipped()
