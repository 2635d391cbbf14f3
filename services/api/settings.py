"""The settings that the API reads."""

from msgspec import Struct

from shared.settings import Api, Database, Log, ObjectStore, ProfileName, Redis, Scheduler


class ApiSettings(Struct, frozen=True, kw_only=True):
    """Everything the API's process needs; `scheduler` for how long an incomplete delivery is waited for."""

    profile: ProfileName = "dev"
    log: Log
    database: Database
    redis: Redis
    store: ObjectStore
    api: Api
    scheduler: Scheduler
