"""The settings that the worker reads."""

from msgspec import Struct

from shared.settings import Database, Log, ObjectStore, ProfileName, Redis, Worker


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """Everything the worker's process needs."""

    profile: ProfileName = "dev"
    log: Log
    database: Database
    redis: Redis
    store: ObjectStore
    worker: Worker
