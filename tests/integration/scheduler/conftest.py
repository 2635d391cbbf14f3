"""A scheduler's resources on real servers."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import msgspec
import pytest

from services.scheduler.resources import gathered
from services.scheduler.settings import SchedulerSettings
from shared.settings import Database, Log, ObjectStore, Redis, Scheduler
from shared.settings.variables import Secret
from tests.integration.scheduler.both import Both, both_on
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


@pytest.fixture
async def both(
    settings: SchedulerSettings, database: str, s3: Store, bucket_name: str
) -> AsyncGenerator[Both]:
    async with both_on(settings, database, s3, bucket_name) as made:
        yield made


@pytest.fixture
async def versioned(
    settings: SchedulerSettings, database: str, versioned_s3: Store, versioned_bucket: str
) -> AsyncGenerator[Both]:
    """The same on a bucket that keeps versions."""
    store = ObjectStore(
        endpoint_url=versioned_s3.endpoint_url,
        region=versioned_s3.region,
        access_key_id=versioned_s3.access_key_id,
        secret_access_key=Secret(versioned_s3.secret_access_key),
    )
    there = msgspec.structs.replace(settings, store=store)
    async with both_on(there, database, versioned_s3, versioned_bucket) as made:
        yield made
