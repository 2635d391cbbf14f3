"""The API over real servers, each test with a database and a bucket of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.api import app
from services.api.resources import Resources
from shared import bucket, queue
from shared.postgres import pool
from shared.settings import ObjectStore, Redis
from shared.settings.variables import Secret
from tests.support.servers import Store

TOKEN = "a-token-for-tests"
NOW = datetime(2013, 1, 6, 12, tzinfo=UTC)


@asynccontextmanager
async def opened(database: str, redis_url: str, s3: Store) -> AsyncGenerator[Resources]:
    """The API's resources over these servers."""
    store = ObjectStore(
        endpoint_url=s3.endpoint_url,
        region=s3.region,
        access_key_id=s3.access_key_id,
        secret_access_key=Secret(s3.secret_access_key),
    )
    async with (
        pool.pool(database, size=4, application="api") as db,
        bucket.connect(store) as objects,
        queue.connect(Redis(url=Secret(redis_url))) as messages,
    ):
        yield Resources(
            db=db,
            bucket=objects,
            queue=messages,
            token=Secret(TOKEN),
            wait_limit=timedelta(hours=24),
            now=lambda: NOW,
        )


def client(io: Resources, *, token: str | None = TOKEN) -> httpx.AsyncClient:
    """A client of an API over these resources."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    application: Any = app.build(io)  # the same protocol, typed apart
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers)


@pytest.fixture
async def io(database: str, redis_url: str, s3: Store) -> AsyncGenerator[Resources]:
    async with opened(database, redis_url, s3) as resources:
        yield resources


@pytest.fixture
async def api(io: Resources) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(io) as opened_client:
        yield opened_client
