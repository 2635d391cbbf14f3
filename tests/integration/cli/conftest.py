"""The command line over real servers, each test with a database, a bucket and a folder of its own."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import structlog.testing

from services.local import ports
from tests.integration.cli.driver import Commands, served
from tests.support import imports
from tests.support.servers import Store

TOKEN = "a-token-for-tests"


@pytest.fixture
def environ(
    database: str, redis_url: str, s3: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The settings of a whole installation; nothing of the machine's own is left."""
    for name in [name for name in os.environ if name.startswith("LOADSTONE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    [port] = ports.free(1)
    return {
        "LOADSTONE_PROFILE": "prod",
        "LOADSTONE_DATABASE_URL": database,
        "LOADSTONE_REDIS_URL": redis_url,
        "LOADSTONE_S3_ENDPOINT_URL": s3.endpoint_url,
        "LOADSTONE_S3_REGION": s3.region,
        "LOADSTONE_S3_ACCESS_KEY_ID": s3.access_key_id,
        "LOADSTONE_S3_SECRET_ACCESS_KEY": s3.secret_access_key,
        "LOADSTONE_API_URL": f"http://127.0.0.1:{port}",
        "LOADSTONE_API_PORT": str(port),
        "LOADSTONE_API_TOKEN": TOKEN,
        "LOADSTONE_LOG_LEVEL": "error",
        "NO_COLOR": "1",
    }


@pytest.fixture
async def commands(
    environ: dict[str, str], database: str, s3: Store, bucket_name: str, tmp_path: Path
) -> AsyncGenerator[Commands]:
    """Commands, an API, and a worker for `meanwhile`."""
    # What API and worker log in this process would stand among what the commands print.
    with structlog.testing.capture_logs():
        async with served(environ), imports.importer(database, s3, bucket_name) as worker:
            yield Commands(environ=environ, folder=tmp_path, worker=worker)
