"""What schedules owe becomes waiting runs: all of it, once, and oldest first."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from services.scheduler import plan
from services.scheduler.resources import gathered
from services.scheduler.settings import SchedulerSettings
from shared.catalog import datasets
from shared.domain.run import RunState
from tests.integration.scheduler.driver import DAILY, Driver

SIX = datetime(2013, 1, 6, 6, 0, tzinfo=UTC)


async def test_a_firing_becomes_one_waiting_run_for_its_business_date(scheduler: Driver) -> None:
    await scheduler.declare(due_at=SIX)
    await scheduler.tick(SIX - timedelta(seconds=1))
    assert await scheduler.runs() == []
    await scheduler.tick(SIX)
    await scheduler.tick(SIX + timedelta(seconds=1))
    assert await scheduler.dates(RunState.WAITING) == [date(2013, 1, 5)]
    assert (await datasets.read(scheduler.io.db, "flights")).next_fire_at == SIX + timedelta(days=1)


async def test_two_schedulers_at_once_plan_everything_exactly_once(
    scheduler: Driver, settings: SchedulerSettings
) -> None:
    names = [f"feed{number}" for number in range(20)]
    for name in names:
        await scheduler.declare(name, due_at=SIX)
    async with gathered(settings) as other:
        planned = 0
        while now := sum(await asyncio.gather(plan.plan(scheduler.io, SIX), plan.plan(other, SIX))):
            planned += now
    assert planned == len(names)
    assert sorted(run.dataset for run in await scheduler.runs()) == sorted(names)


async def test_after_a_downtime_missed_firings_are_caught_up_with_in_bounded_steps_and_in_order(
    scheduler: Driver,
) -> None:
    await scheduler.declare(due_at=SIX, schedule={**DAILY, "start": "2013-01-05"})
    await scheduler.tick(SIX)
    later = SIX + timedelta(days=100)
    steps = [(await scheduler.tick(later)).did["planned"] for _ in range(4)]
    assert steps == [plan.FIRINGS_AT_ONCE, plan.FIRINGS_AT_ONCE, 100 - 2 * plan.FIRINGS_AT_ONCE, 0]
    assert await scheduler.dates() == [date(2013, 1, 5) + timedelta(days=day) for day in range(101)]


async def test_without_catch_up_only_the_latest_missed_firing_is_planned(scheduler: Driver) -> None:
    await scheduler.declare(due_at=SIX, schedule={**DAILY, "start": "2013-01-05", "catchUp": False})
    await scheduler.tick(SIX + timedelta(days=100))
    assert await scheduler.dates() == [date(2013, 1, 5) + timedelta(days=100)]


@pytest.mark.parametrize(
    ("first", "fired"),
    [
        (
            datetime(2013, 3, 30, tzinfo=UTC),
            # On the second day 02:30 does not exist: it fires at the end of the gap, at 03:00.
            ["2013-03-30T01:30:00+00:00", "2013-03-31T01:00:00+00:00", "2013-04-01T00:30:00+00:00"],
        ),
        (
            datetime(2013, 10, 26, tzinfo=UTC),
            # On the second day 02:30 comes twice: the first one counts.
            ["2013-10-26T00:30:00+00:00", "2013-10-27T00:30:00+00:00", "2013-10-28T01:30:00+00:00"],
        ),
    ],
)
async def test_when_clocks_change_a_schedule_fires_once_a_day_by_the_wall_clock(
    scheduler: Driver, first: datetime, fired: list[str]
) -> None:
    yesterday = first.date() - timedelta(days=1)
    night = {**DAILY, "cron": "30 2 * * *", "timezone": "Europe/Berlin", "start": yesterday.isoformat()}
    await scheduler.declare(due_at=first, schedule=night)
    for hour in range(72):
        await plan.plan(scheduler.io, first + timedelta(hours=hour))
    assert await scheduler.dates() == [yesterday + timedelta(days=day) for day in range(3)]
    keys = await scheduler.io.db.fetch("SELECT schedule_key FROM loadstone.run ORDER BY id")
    assert [row["schedule_key"] for row in keys] == fired


async def test_only_active_and_deprecated_datasets_are_planned(scheduler: Driver) -> None:
    for status in ("proposed", "draft", "active", "deprecated", "retired"):
        await scheduler.declare(status, due_at=SIX, status=status)
    await scheduler.tick(SIX)
    assert {run.dataset for run in await scheduler.runs()} == {"active", "deprecated"}
    assert (await datasets.read(scheduler.io.db, "draft")).next_fire_at is None


async def test_a_schedule_that_cant_be_read_here_does_not_hold_up_the_others(scheduler: Driver) -> None:
    await scheduler.declare("broken", due_at=SIX - timedelta(minutes=1))
    await scheduler.io.db.execute(
        """UPDATE loadstone.contract
           SET document = jsonb_set(document, '{schedule,timezone}', '"Mars/Base"')"""
    )
    await scheduler.declare("sound", due_at=SIX)
    await scheduler.tick(SIX)
    assert [run.dataset for run in await scheduler.runs()] == ["sound"]


async def test_after_its_end_a_schedule_is_due_no_more(scheduler: Driver) -> None:
    await scheduler.declare(due_at=SIX, schedule={**DAILY, "start": "2013-01-05", "end": "2013-01-06"})
    await scheduler.tick(SIX + timedelta(days=30))
    assert await scheduler.dates() == [date(2013, 1, 5), date(2013, 1, 6)]
    assert (await datasets.read(scheduler.io.db, "flights")).next_fire_at is None
