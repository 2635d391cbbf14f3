"""When deliveries are due: cron in the schedule's time zone, by wall clock, never missed and never doubled.

A time that the clock skips in spring fires at the end of the gap; a time that comes twice in autumn fires the
first time. The business date follows the date on which the schedule meant to fire.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from msgspec import Struct

from shared.domain.dataset import Dataset, Schedule, ServiceLevel

# No clock has been changed by more than a day, so that many wall-clock hours are looked at again.
_LARGEST_CHANGE_OF_CLOCKS = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


class Due(Struct, frozen=True, kw_only=True):
    """One firing of a schedule: the delivery of `business_date` is due at `fire_at` (UTC)."""

    fire_at: datetime
    business_date: date


def cron_mistake(cron: str) -> str | None:
    """What is wrong with a cron expression, in words; None where it can be used."""
    if len(cron.split()) != 5:
        return f"{len(cron.split())} fields found, 5 expected: minute, hour, day of month, month, day of week"
    try:
        next(CronSim(cron, _FIRST_MOMENT))
    except CronSimError as error:
        return str(error).lower()
    except StopIteration:
        return "it never fires"
    return None


def starts_by_itself(dataset: Dataset) -> bool:
    """Whether runs of the dataset may be planned that no person asked for."""
    return dataset.status in ("active", "deprecated") and "schedule" in dataset.source.triggers


def due(schedule: Schedule, after: datetime | None, now: datetime, limit: int) -> list[Due]:
    """What fired in (after, now], oldest first, at most `limit`, one for each business date.

    `after` is the `fire_at` planned last, None where nothing was planned yet: then counting begins with
    `schedule.start`, and without a start with the latest firing. Without `catchUp` only the latest is due.
    Where a schedule fires several times for one business date, the last of those firings counts.
    """
    if not schedule.catch_up or (after is None and schedule.start is None):
        latest = next(fired(schedule, now), None)
        return [] if latest is None or (after is not None and latest.fire_at <= after) else [latest]
    firings = takewhile(lambda found: found.fire_at <= now, _firings(schedule, after or _FIRST_MOMENT))
    by_date = groupby(firings, key=lambda found: found.business_date)
    return [list(group)[-1] for _, group in islice(by_date, limit)]


def next_fire(schedule: Schedule, after: datetime) -> datetime | None:
    """The first firing later than `after`, in UTC; None where `end` is past."""
    found = next(_firings(schedule, after), None)
    return found.fire_at if found else None


def fired(schedule: Schedule, now: datetime) -> Iterator[Due]:
    """Every firing up to `now`, latest first, back to `start`."""
    zone = ZoneInfo(schedule.timezone)
    wall = _wall(now, zone) + _LARGEST_CHANGE_OF_CLOCKS
    if schedule.end is not None:
        wall = min(wall, _midnight(schedule, schedule.end + timedelta(days=1)))
    for meant in CronSim(schedule.cron, wall, reverse=True):
        found = _due(schedule, meant, zone)
        if schedule.start is not None and found.business_date < schedule.start:
            return
        if found.fire_at <= now:
            yield found


def late_at(sla: Sequence[ServiceLevel], schedule: Schedule | None, found: Due) -> datetime | None:
    """The moment (UTC) from which a delivery that is not live is late; None where nothing was promised."""
    promised = [level for level in sla if level.property == "timeOfAvailability"]
    if schedule is None or not promised:
        return None
    zone = ZoneInfo(schedule.timezone)
    fires = _wall(found.fire_at, zone)
    available = datetime.combine(fires.date(), time.fromisoformat(promised[0].value))
    return _instant(available if available >= fires else available + timedelta(days=1), zone)


def give_up_at(since: datetime, wait_limit: timedelta) -> datetime:
    """The moment at which waiting for a delivery that was due or asked for at `since` ends."""
    return since + wait_limit


def _firings(schedule: Schedule, after: datetime) -> Iterator[Due]:
    """Every firing later than `after`, oldest first, within the bounds of the schedule."""
    zone = ZoneInfo(schedule.timezone)
    wall = _wall(after, zone)
    if schedule.start is not None:
        wall = max(wall, _midnight(schedule, schedule.start) - timedelta(seconds=1))
    last = after
    for meant in CronSim(schedule.cron, wall):
        found = _due(schedule, meant, zone)
        if schedule.end is not None and found.business_date > schedule.end:
            return
        if found.fire_at > last:
            yield found
            last = found.fire_at


def _due(schedule: Schedule, meant: datetime, zone: ZoneInfo) -> Due:
    return Due(fire_at=_instant(meant, zone), business_date=meant.date() - _lag(schedule))


def _midnight(schedule: Schedule, business_date: date) -> datetime:
    """When, by the wall clock, the day begins on which deliveries of this business date are due."""
    return datetime.combine(business_date + _lag(schedule), time())


def _lag(schedule: Schedule) -> timedelta:
    return timedelta(days=1 if schedule.business_date == "yesterday" else 0)


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) at which the zone's clock shows `wall`; where that is skipped, the gap's end."""
    while True:
        instant = wall.replace(tzinfo=zone).astimezone(UTC)
        if _wall(instant, zone) == wall:
            return instant
        wall += _MINUTE
