from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import planning
from shared.domain.dataset import Schedule, ServiceLevel
from shared.domain.planning import Due

ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "America/Sao_Paulo",  # changed its clocks at midnight until 2019
    "Africa/Cairo",  # changes at midnight
    "Australia/Lord_Howe",  # changes by half an hour
    "Asia/Kathmandu",
    "Pacific/Apia",  # left out 2011-12-30
    "Antarctica/Casey",  # put its clock back by three hours
]
DAILY = [f"{minute} {hour} * * *" for hour in (0, 1, 2, 3, 12, 23) for minute in (0, 30, 59)]
FREQUENT = ["*/15 * * * *", "*/30 2 * * *", "0 1-3 * * *", "0 * * * *", "30 2 * * 1-5", "0 6 1 * *"]

moments = st.integers(1_230_000_000, 1_800_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
spans = st.integers(0, 20).map(lambda days: timedelta(days=days))
schedules = st.builds(
    Schedule,
    cron=st.sampled_from(DAILY + FREQUENT),
    timezone=st.sampled_from(ZONES),
    business_date=st.sampled_from(["today", "yesterday"]),
)
daily = st.builds(Schedule, cron=st.sampled_from(DAILY), timezone=st.sampled_from(ZONES))


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _schedule(cron: str = "0 6 * * *", **rest: object) -> Schedule:
    return Schedule(**{"cron": cron, "timezone": "America/New_York", **rest})  # type: ignore[arg-type]


@given(daily, moments, spans)
def test_a_daily_schedule_misses_no_business_date_and_doubles_none(
    schedule: Schedule, after: datetime, span: timedelta
) -> None:
    dates = [found.business_date for found in planning.due(schedule, after, after + span, 100)]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(dates))
    assert abs(len(dates) - span.days) <= 1


@given(schedules, moments, spans)
def test_what_is_due_lies_in_the_asked_span_and_moves_forward(
    schedule: Schedule, after: datetime, span: timedelta
) -> None:
    found = planning.due(schedule, after, after + span, 1000)
    assert all(after < one.fire_at <= after + span for one in found)
    assert all(a.fire_at < b.fire_at and a.business_date < b.business_date for a, b in pairwise(found))


@given(schedules, moments, spans, st.integers(1, 3))
def test_planning_in_small_steps_plans_the_same_dates_as_in_one(
    schedule: Schedule, after: datetime, span: timedelta, limit: int
) -> None:
    now = after + span
    stepwise: list[Due] = []
    while found := planning.due(schedule, stepwise[-1].fire_at if stepwise else after, now, limit):
        stepwise += found
    assert stepwise == planning.due(schedule, after, now, 10_000)


@given(schedules, moments, spans)
def test_backwards_and_forwards_see_the_same_firings(
    schedule: Schedule, after: datetime, span: timedelta
) -> None:
    backwards = {
        one.fire_at
        for one in takewhile(lambda one: one.fire_at > after, planning.fired(schedule, after + span))
    }
    forwards = set()
    moment = planning.next_fire(schedule, after)
    while moment is not None and moment <= after + span:
        forwards.add(moment)
        moment = planning.next_fire(schedule, moment)
    assert backwards == forwards


@given(schedules, moments)
def test_the_next_firing_is_later_and_nothing_fires_before_it(schedule: Schedule, after: datetime) -> None:
    upcoming = planning.next_fire(schedule, after)
    assert upcoming is not None
    assert upcoming > after
    assert planning.due(schedule, after, upcoming - timedelta(microseconds=1), 10) == []


@pytest.mark.parametrize(
    ("cron", "day", "fires"),
    [
        ("30 2 * * *", "2024-03-10", "2024-03-10T03:00:00-04:00"),  # 02:30 was skipped
        ("*/30 2 * * *", "2024-03-10", "2024-03-10T03:00:00-04:00"),
        ("30 1 * * *", "2024-11-03", "2024-11-03T01:30:00-04:00"),  # 01:30 came twice
        ("30 2 * * *", "2024-11-03", "2024-11-03T02:30:00-05:00"),
    ],
)
def test_a_daily_job_fires_once_when_the_clock_changes(cron: str, day: str, fires: str) -> None:
    midnight = datetime.combine(date.fromisoformat(day), time(), ZoneInfo("America/New_York"))
    found = planning.due(_schedule(cron, business_date="today"), midnight, midnight + timedelta(hours=25), 9)
    assert found[0] == Due(fire_at=_utc(fires), business_date=date.fromisoformat(day))
    assert [one.business_date for one in found].count(date.fromisoformat(day)) == 1


def test_a_month_is_caught_up_from_start_to_end() -> None:
    schedule = _schedule(start=date(2013, 1, 1), end=date(2013, 1, 31))
    found = planning.due(schedule, None, _utc("2026-01-01T00:00:00Z"), 100)
    assert [one.business_date.day for one in found] == list(range(1, 32))
    assert found[0].fire_at == _utc("2013-01-02T06:00:00-05:00")


def test_a_limit_keeps_the_oldest() -> None:
    schedule = _schedule(start=date(2013, 1, 1))
    found = planning.due(schedule, None, _utc("2026-01-01T00:00:00Z"), 2)
    assert [one.business_date for one in found] == [date(2013, 1, 1), date(2013, 1, 2)]


def test_without_catching_up_only_the_latest_missed_one_is_due() -> None:
    schedule = _schedule(catch_up=False, start=date(2013, 1, 1))
    after, now = _utc("2013-01-02T11:00:00Z"), _utc("2013-01-20T20:00:00Z")
    (found,) = planning.due(schedule, after, now, 100)
    assert found.business_date == date(2013, 1, 19)
    assert planning.due(schedule, found.fire_at, now, 100) == []


def test_a_new_schedule_without_a_start_begins_with_the_latest_firing() -> None:
    found = planning.due(_schedule(), None, _utc("2013-01-20T20:00:00Z"), 100)
    assert [one.business_date for one in found] == [date(2013, 1, 19)]


def test_nothing_is_due_before_the_start_or_after_the_end() -> None:
    schedule = _schedule(start=date(2013, 1, 5), end=date(2013, 1, 6))
    assert planning.due(schedule, None, _utc("2013-01-06T10:59:59Z"), 9) == []
    assert len(planning.due(schedule, None, _utc("2013-01-06T11:00:00Z"), 9)) == 1
    assert planning.next_fire(schedule, _utc("2012-01-01T00:00:00Z")) == _utc("2013-01-06T11:00:00Z")
    assert planning.next_fire(schedule, _utc("2013-01-07T11:00:00Z")) is None


def test_the_latest_firing_of_a_schedule_that_ended_is_its_last() -> None:
    schedule = _schedule(catch_up=False, end=date(2013, 1, 6))
    (found,) = planning.due(schedule, None, _utc("2026-01-01T00:00:00Z"), 9)
    assert found.business_date == date(2013, 1, 6)


def test_several_firings_for_one_business_date_are_one_delivery() -> None:
    schedule = _schedule("0 * * * *", timezone="UTC", business_date="today")
    found = planning.due(schedule, _utc("2024-01-01T20:30:00Z"), _utc("2024-01-02T03:15:00Z"), 99)
    assert found == [
        Due(fire_at=_utc("2024-01-01T23:00:00Z"), business_date=date(2024, 1, 1)),
        Due(fire_at=_utc("2024-01-02T03:00:00Z"), business_date=date(2024, 1, 2)),
    ]


@pytest.mark.parametrize(
    ("fires", "value", "late"),
    [
        ("2013-01-02T06:00:00-05:00", "07:30", "2013-01-02T07:30:00-05:00"),
        ("2013-01-02T23:00:00-05:00", "07:30", "2013-01-03T07:30:00-05:00"),
        ("2013-01-02T07:30:00-05:00", "07:30", "2013-01-02T07:30:00-05:00"),
        ("2013-03-09T23:00:00-05:00", "02:30", "2013-03-10T03:00:00-04:00"),
    ],
)
def test_a_delivery_is_late_from_the_next_promised_time_of_day(fires: str, value: str, late: str) -> None:
    promise = ServiceLevel(property="timeOfAvailability", value=value)
    found = Due(fire_at=_utc(fires), business_date=date(2013, 1, 1))
    assert planning.late_at([promise], _schedule(), found) == _utc(late)


def test_nothing_is_late_where_nothing_was_promised() -> None:
    assert (
        planning.late_at([], _schedule(), Due(fire_at=_utc("2013-01-02T06:00Z"), business_date=date.min))
        is None
    )


def test_waiting_ends_after_its_limit() -> None:
    since = _utc("2013-01-02T06:00:00Z")
    assert planning.give_up_at(since, timedelta(hours=12)) == _utc("2013-01-02T18:00:00Z")
