"""A worker's resources on real servers, and a bucket to import from."""

from collections.abc import AsyncGenerator

import pytest

from tests.support import servers
from tests.support.imports import Importer, importer
from tests.support.servers import Store


@pytest.fixture
async def imports(database: str, s3: Store, bucket_name: str) -> AsyncGenerator[Importer]:
    """Puts files into the bucket and imports them, in this process."""
    async with importer(database, s3, bucket_name) as made:
        yield made


@pytest.fixture(scope="module")
async def table(
    postgres: str, template: str, s3: Store, request: pytest.FixtureRequest
) -> AsyncGenerator[Importer]:
    """One importer for a table of cases, each of which declares its own contract."""
    name = request.node.path.stem.replace("_", "-")
    async with servers.database(postgres, template=template) as dsn, importer(dsn, s3, name) as made:
        await made.store.create(name)
        yield made
