"""The API as a process: it starts, serves both ports, and ends as it should."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from services.local import ports
from tests.integration.api.conftest import TOKEN
from tests.support.servers import Store

PROGRAM = (sys.executable, "-m", "services.api.main")


def environment(database: str, redis_url: str, s3: Store, **more: object) -> dict[str, str]:
    """What the process needs to know, and nothing of Loadstone that this process knows."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("LOADSTONE_")}
    api_port, ops_port = ports.free(2)
    ours = {
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "S3_ENDPOINT_URL": s3.endpoint_url,
        "S3_ACCESS_KEY_ID": s3.access_key_id,
        "S3_SECRET_ACCESS_KEY": s3.secret_access_key,
        "API_TOKEN": TOKEN,
        "API_PORT": api_port,
        "API_OPS_PORT": ops_port,
        "LOG_FORMAT": "json",
        **more,
    }
    return {**inherited, **{f"LOADSTONE_{name}": str(value) for name, value in ours.items()}}


@asynccontextmanager
async def running(environ: Mapping[str, str]) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The process; it is killed where the test has not ended it."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def listening(process: asyncio.subprocess.Process) -> None:
    """Wait until the process says that it listens."""
    assert process.stderr is not None
    async for line in process.stderr:
        if b"api_started" in line:
            return
    raise AssertionError("the API ended before it listened")


async def test_it_serves_until_sigterm_and_ends_well(database: str, redis_url: str, s3: Store) -> None:
    environ = environment(database, redis_url, s3)
    async with running(environ) as process, asyncio.timeout(60):
        await listening(process)
        api = f"http://127.0.0.1:{environ['LOADSTONE_API_PORT']}"
        ops = f"http://127.0.0.1:{environ['LOADSTONE_API_OPS_PORT']}"
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as http:
            assert (await http.get(f"{api}/v1/datasets")).json() == {"items": [], "next": None}
            assert (await http.get(f"{api}/v1/runs/7")).status_code == 404
            assert (await http.get(f"{ops}/ready")).json() == {"status": "ready"}
            metrics = (await http.get(f"{ops}/metrics")).text
        assert 'loadstone_api_requests_total{method="GET",route="/v1/datasets",status="200"} 1.0' in metrics
        assert 'loadstone_api_requests_total{method="GET",route="/v1/runs/{run_id}",status="404"}' in metrics
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_a_request_that_is_open_at_sigterm_is_answered(
    database: str, redis_url: str, s3: Store
) -> None:
    environ = environment(database, redis_url, s3)
    holder = await asyncpg.connect(database)
    async with running(environ) as process, asyncio.timeout(60):
        await listening(process)
        address = f"http://127.0.0.1:{environ['LOADSTONE_API_PORT']}/v1/datasets"
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as http:
            async with holder.transaction():
                await holder.execute("LOCK TABLE loadstone.dataset")
                asked = asyncio.create_task(http.get(address))
                while not await holder.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    assert not asked.done()
                process.send_signal(signal.SIGTERM)
                while ports.is_open(int(environ["LOADSTONE_API_PORT"])):
                    assert not asked.done()
                assert not asked.done()
            assert (await asked).status_code == 200
        assert await process.wait() == 0
    await holder.close()


async def test_mistakes_in_the_settings_are_told_all_at_once(
    database: str, redis_url: str, s3: Store
) -> None:
    environ = environment(database, redis_url, s3, API_PORT="many", REDIS_URL="nowhere", SURPRISE=1)
    async with running(environ) as process, asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode == 1
    for name in ("LOADSTONE_API_PORT", "LOADSTONE_REDIS_URL", "LOADSTONE_SURPRISE"):
        assert name in said.decode()
    assert "Traceback" not in said.decode()


async def test_without_a_database_it_ends_with_a_message(redis_url: str, s3: Store) -> None:
    [port] = ports.free(1)
    environ = environment(f"postgresql://loadstone:hidden@127.0.0.1:{port}/loadstone", redis_url, s3)
    async with running(environ) as process, asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode == 1
    assert "PostgreSQL" in said.decode()
    assert "Traceback" not in said.decode()
    assert "hidden" not in said.decode()


@pytest.mark.parametrize("variable", ["API_PORT", "API_OPS_PORT"])
async def test_a_port_that_is_taken_ends_it(database: str, redis_url: str, s3: Store, variable: str) -> None:
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with taken:
        port = taken.sockets[0].getsockname()[1]
        async with running(environment(database, redis_url, s3, **{variable: port})) as process:
            async with asyncio.timeout(60):
                _, said = await process.communicate()
    assert process.returncode not in (None, 0)
    assert str(port) in said.decode()
    assert "Traceback" not in said.decode()
