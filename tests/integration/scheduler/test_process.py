"""The scheduler as the program that is deployed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from time import monotonic

import aiohttp

from services.local import ports
from services.scheduler.settings import SchedulerSettings
from shared.domain.run import RunState
from tests.integration.scheduler.driver import Driver


def environment(settings: SchedulerSettings, **more: str) -> dict[str, str]:
    store = settings.store
    assert store.endpoint_url
    assert store.access_key_id
    assert store.secret_access_key
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")},
        "LOADSTONE_DATABASE_URL": settings.database.url.reveal(),
        "LOADSTONE_REDIS_URL": settings.redis.url.reveal(),
        "LOADSTONE_S3_ENDPOINT_URL": store.endpoint_url,
        "LOADSTONE_S3_ACCESS_KEY_ID": store.access_key_id,
        "LOADSTONE_S3_SECRET_ACCESS_KEY": store.secret_access_key.reveal(),
        **more,
    }


@asynccontextmanager
async def process(environ: dict[str, str], *arguments: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The program, killed at the end if it still runs."""
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.scheduler.main", *arguments),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


async def test_once_does_a_whole_tick_says_what_it_did_and_succeeds(
    scheduler: Driver, settings: SchedulerSettings
) -> None:
    date = datetime.now(UTC).date()
    midnight = datetime.combine(date, time.min, tzinfo=UTC)
    await scheduler.declare(due_at=midnight, schedule={"cron": "0 0 * * *", "businessDate": "today"})
    await scheduler.put(f"flights/{date}/a.csv")
    async with process(environment(settings), "--once") as once:
        out, err = await once.communicate()
    assert once.returncode == 0, err.decode()
    assert out.decode().count("\n") == 1
    for count in ("planned 1", "enqueued 1", "rung 1", "retired 0", "purged 0", "nothing failed"):
        assert count in out.decode()
    assert await scheduler.dates(RunState.QUEUED) == [date]


async def test_once_fails_and_names_the_step_that_could_not_be_done(
    scheduler: Driver, settings: SchedulerSettings
) -> None:
    await scheduler.io.db.execute("ALTER TABLE loadstone.quarantine RENAME TO gone")
    async with process(environment(settings), "--once") as once:
        out, _ = await once.communicate()
    assert once.returncode == 1
    assert "failed: purge" in out.decode()


async def test_without_a_database_once_fails_in_one_line(settings: SchedulerSettings) -> None:
    [port] = ports.free(1)
    away = environment(settings, LOADSTONE_DATABASE_URL=f"postgresql://u:hidden@127.0.0.1:{port}/d")
    async with process(away, "--once") as once:
        out, err = await once.communicate()
    assert (once.returncode, out) == (1, b"")
    assert err.decode().count("\n") == 1
    assert "database_unreachable" in err.decode()
    assert "hidden" not in err.decode()


async def test_settings_that_are_wrong_are_told_all_at_once(settings: SchedulerSettings) -> None:
    wrong = environment(settings, LOADSTONE_SCHEDULER_TICK="often", LOADSTONE_RERING="never")
    async with process(wrong, "--once") as once:
        out, err = await once.communicate()
    assert (once.returncode, out) == (2, b"")
    assert "LOADSTONE_SCHEDULER_TICK" in err.decode()
    assert "LOADSTONE_RERING" in err.decode()


async def test_it_ticks_answers_on_its_port_and_stops_within_a_second_of_sigterm(
    scheduler: Driver, settings: SchedulerSettings
) -> None:
    [port] = ports.free(1)
    environ = environment(settings, LOADSTONE_SCHEDULER_OPS_PORT=str(port), LOADSTONE_SCHEDULER_TICK="50ms")
    async with process(environ) as running, asyncio.timeout(30):
        while "loadstone_scheduler_leader 1.0" not in await _get(port, "/metrics"):
            await asyncio.sleep(0.05)
        assert "ready" in await _get(port, "/ready")
        asked = monotonic()
        running.send_signal(signal.SIGTERM)
        await running.communicate()
        assert running.returncode == 0
        assert monotonic() - asked < 1


async def _get(port: int, path: str) -> str:
    """What the port answers; nothing while nobody listens."""
    try:
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}{path}") as answer:
            return await answer.text()
    except aiohttp.ClientConnectionError:
        return ""
