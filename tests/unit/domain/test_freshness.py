from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.domain import freshness
from tests.unit.domain.documents import dataset

PROMISED: dict[str, Any] = {
    "schedule": {"cron": "0 6 * * *", "timezone": "America/New_York"},
    "sla": [{"property": "timeOfAvailability", "value": "07:30"}],
}
BEFORE = datetime(2013, 1, 20, 12, 29, tzinfo=UTC)  # 07:29 in New York
AFTER = datetime(2013, 1, 20, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("live", "now", "late"),
    [
        (date(2013, 1, 19), AFTER, False),
        (date(2013, 1, 18), BEFORE, False),
        (date(2013, 1, 18), AFTER, True),
        (date(2013, 1, 17), BEFORE, True),
        (date(2013, 1, 20), AFTER, False),
        (None, AFTER, True),
    ],
)
def test_the_live_version_is_late_from_the_promised_time_on(
    live: date | None, now: datetime, late: bool
) -> None:
    assert freshness.assess(dataset(PROMISED), live, None, now).late is late


def test_a_dataset_that_promises_nothing_is_never_late() -> None:
    without = {"schedule": PROMISED["schedule"]}
    assert freshness.assess(dataset(without), None, None, AFTER).late is False
    assert freshness.assess(dataset(), None, None, AFTER) == freshness.Freshness(
        age=None, expected=None, late=False
    )


def test_the_age_counts_from_the_publishing() -> None:
    published = AFTER - timedelta(hours=5)
    assert freshness.assess(dataset(), date(2013, 1, 1), published, AFTER).age == timedelta(hours=5)


def test_a_schedule_that_has_not_begun_promises_nothing_yet() -> None:
    later = {**PROMISED, "schedule": {**PROMISED["schedule"], "start": "2013-02-01"}}
    assert freshness.assess(dataset(later), None, None, AFTER).expected is None
