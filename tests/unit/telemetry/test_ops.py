"""The operators' endpoint tells the truth about readiness, and in time."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import aiohttp
import pytest

from shared.telemetry import metrics, ops


async def passes() -> None:
    """A dependency that answers."""


async def raises() -> None:
    raise ConnectionRefusedError


async def hangs() -> None:
    await asyncio.Event().wait()


async def get(
    path: str, checks: Mapping[str, ops.Check], limit: timedelta = timedelta(milliseconds=50)
) -> tuple[int, str]:
    """Ask a server with these checks; return status and body."""
    async with (
        ops.serve("127.0.0.1", 0, checks=checks, time_limit=limit) as port,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_ready_when_every_check_passes() -> None:
    assert await get("/ready", {"database": passes, "queue": passes}) == (200, '{"status": "ready"}')


@pytest.mark.parametrize("broken", [raises, hangs])
async def test_not_ready_names_what_failed_or_took_too_long(broken: ops.Check) -> None:
    status, body = await get("/ready", {"database": passes, "queue": broken})
    assert (status, body) == (503, '{"status": "not ready", "failed": ["queue"]}')


async def test_checks_run_at_once() -> None:
    both = asyncio.Barrier(2)
    status, _ = await get("/ready", {"one": both.wait, "two": both.wait}, timedelta(seconds=5))
    assert status == 200


async def test_alive_although_nothing_else_is() -> None:
    status, _ = await get("/live", {"database": raises})
    assert status == 200


async def test_metrics_are_served_in_prometheus_format() -> None:
    metrics.ROWS_TOTAL.labels("ops_test", "loaded").inc(3)
    status, body = await get("/metrics", {})
    assert status == 200
    assert 'loadstone_rows_total{dataset="ops_test",outcome="loaded"} 3.0' in body.splitlines()


async def test_nothing_listens_after_the_block() -> None:
    async with ops.serve("127.0.0.1", 0, checks={}) as port:
        pass
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{port}/live")
