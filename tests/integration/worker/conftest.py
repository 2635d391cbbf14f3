"""A worker's resources on real servers, and a bucket to import from."""

from collections.abc import AsyncGenerator

import pytest

from tests.support.imports import Importer, importer
from tests.support.servers import Store


@pytest.fixture
async def imports(database: str, s3: Store, bucket_name: str) -> AsyncGenerator[Importer]:
    """Puts files into the bucket and imports them, in this process."""
    async with importer(database, s3, bucket_name) as made:
        yield made
