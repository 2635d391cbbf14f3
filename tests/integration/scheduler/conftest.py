"""A scheduler's resources on real servers."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from services.scheduler.resources import gathered
from services.scheduler.settings import SchedulerSettings
from shared.settings import Database, Log, ObjectStore, Redis, Scheduler
from shared.settings.variables import Secret
from tests.integration.scheduler.driver import Driver
from tests.support.servers import Store


@pytest.fixture
def settings(database: str, redis_url: str, s3: Store) -> SchedulerSettings:
    """What a scheduler on the test's own servers is set to."""
    return SchedulerSettings(
        log=Log(),
        database=Database(url=Secret(database), pool_size=5),
        redis=Redis(url=Secret(redis_url)),
        store=ObjectStore(
            endpoint_url=s3.endpoint_url,
            region=s3.region,
            access_key_id=s3.access_key_id,
            secret_access_key=Secret(s3.secret_access_key),
        ),
        scheduler=Scheduler(wait_limit=timedelta(hours=24), rering=timedelta(seconds=30)),
    )


@pytest.fixture
async def scheduler(settings: SchedulerSettings, bucket_name: str) -> AsyncGenerator[Driver]:
    """A scheduler in this process."""
    async with gathered(settings) as io:
        yield Driver(io, bucket_name)
