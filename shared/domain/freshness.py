"""How old the live version is, and whether that is older than the dataset promises."""

from datetime import date, datetime, timedelta

from msgspec import Struct

from shared.domain import planning
from shared.domain.dataset import Dataset


class Freshness(Struct, frozen=True, kw_only=True):
    """The live version against the promise. `age` is None without a live version.

    `expected` is the business date that should be live by now, None where nothing is promised yet.
    """

    age: timedelta | None
    expected: date | None
    late: bool


def assess(
    dataset: Dataset, live_business_date: date | None, published_at: datetime | None, now: datetime
) -> Freshness:
    """Whether readers get what `sla` promises. A dataset without a schedule or an sla is never late."""
    expected = _expected(dataset, now)
    return Freshness(
        age=None if published_at is None else now - published_at,
        expected=expected,
        late=expected is not None and (live_business_date is None or live_business_date < expected),
    )


def _expected(dataset: Dataset, now: datetime) -> date | None:
    """The latest business date whose time of availability has come."""
    if dataset.schedule is None:
        return None
    for found in planning.fired(dataset.schedule, now):
        late_at = planning.late_at(dataset.sla, dataset.schedule, found)
        if late_at is None:
            return None
        if late_at <= now:
            return found.business_date
    return None
