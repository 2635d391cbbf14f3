"""Rules of the sections about running a dataset."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from shared.domain import planning, quantities
from shared.domain.dataset import Access, Limits, Publish, Retention, Schedule, ServiceLevel
from shared.domain.markup import Mistake
from shared.domain.rules import identifiers


def schedule_mistakes(schedule: Schedule | None) -> Iterator[Mistake]:
    """A schedule that names no moment or no place."""
    if schedule is None:
        return
    if text := planning.cron_mistake(schedule.cron):
        yield Mistake(path=("schedule", "cron"), text=f"{schedule.cron!r} found: {text}")
    if not _is_zone(schedule.timezone):
        text = f"{schedule.timezone!r} found, the name of a time zone such as Europe/Berlin expected"
        yield Mistake(path=("schedule", "timezone"), text=text)
    for key, bound in (("start", schedule.start), ("end", schedule.end)):
        if bound is not None and not 1970 <= bound.year <= 2199:
            yield Mistake(path=("schedule", key), text=f"{bound} found, a date from 1970 to 2199 expected")
    if schedule.start is not None and schedule.end is not None and schedule.start > schedule.end:
        text = f"{schedule.start} found, a date not after schedule.end ({schedule.end}) expected"
        yield Mistake(path=("schedule", "start"), text=text)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of the zone database, a path out of it
        return False
    return True


def sla_mistakes(sla: Sequence[ServiceLevel], schedule: Schedule | None) -> Iterator[Mistake]:
    """Service levels that nothing could hold against the clock."""
    if sla and schedule is None:
        text = "a time of availability found without a schedule, which says on which days"
        yield Mistake(path=("sla",), text=text)
    if len(sla) > 1:
        yield Mistake(path=("sla", 1), text="timeOfAvailability found a second time")


def publish_mistakes(publish: Publish) -> Iterator[Mistake]:
    """Holds that would be over before anybody or anything could end them."""
    holds = publish.gate != "auto" or publish.release_group is not None
    if holds and quantities.seconds(publish.hold_for) == 0:
        text = f"{publish.hold_for!r} found, more than nothing expected where a version may be held"
        yield Mistake(path=("publish", "holdFor"), text=text)


def retention_mistakes(retention: Retention) -> Iterator[Mistake]:
    """Times that contradict each other: a run takes its rejected records along."""
    days = retention.history_days
    if days is not None and days < retention.quarantine_days:
        text = (
            f"{days} found, at least quarantineDays ({retention.quarantine_days}) expected: "
            "rejected records go with their run"
        )
        yield Mistake(path=("retention", "historyDays"), text=text)


def limit_mistakes(limits: Limits) -> Iterator[Mistake]:
    """Limits that nothing could keep, or that contradict each other."""
    for key, value in (("timeout", limits.timeout), ("maxFileBytes", limits.max_file_bytes)):
        if value.lstrip("0")[:1].isalpha():
            yield Mistake(path=("limits", key), text=f"{value!r} found, more than nothing expected")
    if limits.concurrency > 1:
        why = "the versions of a dataset are made one after the other"
        text = f"{limits.concurrency} found, 1 expected: {why}"
        yield Mistake(path=("limits", "concurrency"), text=text)
    if quantities.size(limits.max_row_bytes) > quantities.size(limits.max_file_bytes):
        text = f"{limits.max_row_bytes} found, at most maxFileBytes ({limits.max_file_bytes}) expected"
        yield Mistake(path=("limits", "maxRowBytes"), text=text)
    if quantities.seconds(limits.backoff.initial) > quantities.seconds(limits.backoff.max):
        text = f"{limits.backoff.initial} found, at most backoff.max ({limits.backoff.max}) expected"
        yield Mistake(path=("limits", "backoff", "initial"), text=text)


def access_mistakes(access: Access) -> Iterator[Mistake]:
    """Roles whose names PostgreSQL would cut off."""
    yield from identifiers.identifiers(access.read, ("access", "read"))
