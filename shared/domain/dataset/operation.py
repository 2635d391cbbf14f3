"""The sections about running a dataset: its schedule, service levels, retention, limits and readers."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from shared.domain.dataset.part import Duration, Identifier, Part, Positive, Size, TimeOfDay


class Schedule(Part, frozen=True, kw_only=True):
    """When a delivery is due. `start` and `end` bound the business dates that are planned."""

    cron: Annotated[str, Meta(min_length=1)]
    timezone: str = "UTC"
    catch_up: bool = True
    business_date: Literal["today", "yesterday"] = "yesterday"
    start: date | None = None
    end: date | None = None


class ServiceLevel(Part, frozen=True, kw_only=True):
    """An ODCS service level: by when, in the schedule's time zone, the day's version is expected."""

    property: Literal["timeOfAvailability"]
    value: TimeOfDay
    driver: Literal["regulatory", "analytics", "operational"] | None = None


class Retention(Part, frozen=True, kw_only=True):
    """How many versions are kept and for how long, and for how long rejected records and finished runs are.

    Both bounds of versions must hold; the live version and the newest one below it stay whatever their age.
    """

    versions: Annotated[int, Meta(ge=2)] = 7
    days: Positive | None = None
    quarantine_days: Positive = 30
    history_days: Positive | None = None


class Backoff(Part, frozen=True, kw_only=True):
    """How long to wait before the next attempt: doubling from `initial` up to `max`."""

    initial: Duration = "30s"
    max: Duration = "15m"
    jitter: bool = True


class Limits(Part, frozen=True, kw_only=True):
    """Where an import stops being one. `retries` counts attempts, the first included."""

    max_file_bytes: Size = "20GiB"
    max_row_bytes: Size = "4MiB"
    timeout: Duration = "2h"
    concurrency: Positive = 1
    retries: Annotated[int, Meta(ge=1, le=20)] = 3
    backoff: Backoff = Backoff()


class Access(Part, frozen=True, kw_only=True):
    """Which database roles may read the published view."""

    read: list[Identifier] = field(default_factory=list)


class Owner(Part, frozen=True, kw_only=True):
    """Who answers for the dataset."""

    team: str | None = None
    contact: str | None = None
