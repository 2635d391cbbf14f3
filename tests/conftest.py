"""Fixtures for every test. A server starts when the first test asks for it, so unit tests start none."""

import itertools
import os
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import redis.asyncio
from hypothesis import settings

from shared.postgres import migrations
from tests.support import servers
from tests.support.servers import Store

# Deadlines fail at random on a busy machine; in CI the same examples are tried each time.
settings.register_profile("loadstone", deadline=None, max_examples=50, derandomize="CI" in os.environ)
settings.register_profile("thorough", deadline=None, max_examples=10_000)
settings.load_profile("loadstone")

_buckets = itertools.count(1)


@pytest.fixture(scope="session")
def server_folder() -> Generator[Path]:
    """Where the servers of this test run keep their data."""
    with servers.folder() as folder:
        yield folder


@pytest.fixture(scope="session")
async def postgres(server_folder: Path) -> AsyncGenerator[str]:
    """The superuser's DSN of a PostgreSQL."""
    async with servers.postgres_server(server_folder) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def template(postgres: str) -> str:
    """The name of a database with the catalog's tables, to be cloned and never connected to."""
    await servers.execute(postgres, f"CREATE DATABASE {servers.TEMPLATE}")
    await migrations.migrate(servers.named(postgres, servers.TEMPLATE))
    return servers.TEMPLATE


@pytest.fixture
async def database(postgres: str, template: str) -> AsyncGenerator[str]:
    """The DSN of a database of this test's own, migrated and empty."""
    async with servers.database(postgres, template=template) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def valkey(server_folder: Path) -> AsyncGenerator[str]:
    """The URL of a Valkey, with whatever earlier tests left in it."""
    async with servers.valkey_server(server_folder) as url:
        yield url


@pytest.fixture
async def redis_url(valkey: str) -> str:
    """The URL of an empty Redis database."""
    async with redis.asyncio.Redis.from_url(valkey) as client:
        await client.flushdb()
    return valkey


@pytest.fixture(scope="session")
async def s3(server_folder: Path) -> AsyncGenerator[Store]:
    """An S3 server."""
    async with servers.s3_server(server_folder) as store:
        yield store


@pytest.fixture
async def bucket_name(s3: Store) -> str:
    """The name of an empty bucket of this test's own."""
    name = f"bucket-{next(_buckets)}"
    async with servers.client(s3) as client:
        await client.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
async def versioned_s3(server_folder: Path) -> AsyncGenerator[Store]:
    """An S3 server whose buckets can keep versions."""
    async with servers.versioned_s3_server(server_folder) as store:
        yield store


@pytest.fixture
async def versioned_bucket(versioned_s3: Store) -> str:
    """The name of an empty bucket of this test's own that keeps versions."""
    name = f"bucket-{next(_buckets)}"
    async with servers.client(versioned_s3) as client:
        await client.create_bucket(Bucket=name)
        await client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name
