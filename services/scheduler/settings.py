"""The settings that the scheduler reads."""

from msgspec import Struct

from shared.settings import Database, Log, ObjectStore, ProfileName, Redis, Scheduler


class SchedulerSettings(Struct, frozen=True, kw_only=True):
    """Everything the scheduler's process needs."""

    profile: ProfileName = "dev"
    log: Log
    database: Database
    redis: Redis
    store: ObjectStore
    scheduler: Scheduler
