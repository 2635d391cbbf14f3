"""What a scheduler holds open while it lives: the pool, the bucket, the queue, and its limits."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from msgspec import Struct

from services.scheduler.settings import SchedulerSettings
from services.scheduler.troubles import Troubles
from shared import bucket, queue
from shared.bucket import Bucket
from shared.postgres.pool import Pool, pool
from shared.queue import Queue


class Resources(Struct, frozen=True, kw_only=True):
    """Everything a tick needs from outside."""

    db: Pool
    bucket: Bucket
    queue: Queue
    troubles: Troubles
    wait_limit: timedelta
    rering: timedelta


@asynccontextmanager
async def gathered(settings: SchedulerSettings) -> AsyncGenerator[Resources]:
    """The resources as the settings have them, closed at the end."""
    async with (
        pool(settings.database.url.reveal(), size=settings.database.pool_size, application="scheduler") as db,
        bucket.connect(settings.store) as store,
        queue.connect(settings.redis) as connected,
    ):
        yield Resources(
            db=db,
            bucket=store,
            queue=connected,
            troubles=Troubles(),
            wait_limit=settings.scheduler.wait_limit,
            rering=settings.scheduler.rering,
        )
