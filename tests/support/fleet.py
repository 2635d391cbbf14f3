"""Starts Loadstone's real processes on a test's own servers, to be killed at will."""

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from services.local import ports, process
from services.local.process import Child, Command
from tests.support.servers import Store


class Fleet:
    """Workers and schedulers of one test, as child processes; `said` holds every line of theirs."""

    def __init__(self, exits: AsyncExitStack, environ: dict[str, str]) -> None:
        self._exits = exits
        self._environ = environ
        self.said: list[str] = []

    async def worker(self) -> Child:
        """A worker that has begun to wait for jobs."""
        return await self._start("worker", "LOADSTONE_WORKER_OPS_PORT")

    async def scheduler(self) -> Child:
        """A scheduler, leading or standing by."""
        return await self._start("scheduler", "LOADSTONE_SCHEDULER_OPS_PORT")

    async def _start(self, service: str, variable: str) -> Child:
        [port] = ports.free(1)
        command = Command(
            name=service,
            argv=(sys.executable, "-m", f"services.{service}.main"),
            environ={**self._environ, variable: str(port)},
        )
        child = await self._exits.enter_async_context(process.running(command, self._hear))
        await process.wait_until(lambda: process.answers(port, LIVE, b"live"), child, within=30)
        return child

    def _hear(self, name: str, line: str) -> None:
        self.said.append(f"{name}: {line}")


LIVE = b"GET /live HTTP/1.0\r\n\r\n"


@asynccontextmanager
async def fleet(database: str, redis_url: str, store: Store, **variables: str) -> AsyncGenerator[Fleet]:
    """Processes that have all ended when the block has. `variables` are settings, such as LEASE."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}
    environ |= {
        "LOADSTONE_DATABASE_URL": database,
        "LOADSTONE_REDIS_URL": redis_url,
        "LOADSTONE_S3_ENDPOINT_URL": store.endpoint_url,
        "LOADSTONE_S3_ACCESS_KEY_ID": store.access_key_id,
        "LOADSTONE_S3_SECRET_ACCESS_KEY": store.secret_access_key,
        "LOADSTONE_LOG_FORMAT": "json",
        **{f"LOADSTONE_{name}": value for name, value in variables.items()},
    }
    async with AsyncExitStack() as exits:
        yield Fleet(exits, environ)
