"""The operators' endpoint of each process: /metrics, /live and /ready."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from shared.telemetry import logs
from shared.telemetry.metrics import REGISTRY

type Check = Callable[[], Awaitable[object]]

log = logs.logger()


@asynccontextmanager
async def serve(
    host: str,
    port: int,
    *,
    checks: Mapping[str, Check],
    registries: Sequence[CollectorRegistry] = (REGISTRY,),
    time_limit: timedelta = timedelta(seconds=2),
) -> AsyncGenerator[int]:
    """Serve the endpoint inside the `async with` block, and yield its port (port 0 takes a free one).

    /live answers as long as the event loop turns. /ready runs all checks at once; one that raises, or takes
    longer than `time_limit`, makes it answer 503 with the names of those that failed.
    """

    async def metrics(_request: web.Request) -> web.Response:
        body = b"".join(generate_latest(registry) for registry in registries)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def ready(_request: web.Request) -> web.Response:
        failed = await failing(checks, time_limit)
        if failed:
            return web.json_response({"status": "not ready", "failed": failed}, status=503)
        return web.json_response({"status": "ready"})

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/live", live), web.get("/ready", ready)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def failing(checks: Mapping[str, Check], time_limit: timedelta) -> list[str]:
    """Return the names of the checks that raise, or don't end in time."""

    async def passes(name: str, check: Check) -> bool:
        try:
            async with asyncio.timeout(time_limit.total_seconds()):
                await check()
        except Exception as error:  # noqa: BLE001 whatever a check raises, its dependency isn't ready
            log.warning("check_failed", check=name, error=error)
            return False
        return True

    passed = await asyncio.gather(*(passes(name, check) for name, check in checks.items()))
    return [name for name, good in zip(checks, passed, strict=True) if not good]
