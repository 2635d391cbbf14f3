"""The API's process: `python -m services.api.main`."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from litestar.types import ASGIApp

from services.api import app, health
from services.api.resources import Resources
from services.api.settings import ApiSettings
from shared import bucket, queue, settings
from shared.postgres import failures, pool
from shared.telemetry import logs, ops

# Requests that are being answered at a SIGTERM may go on for as long; then they are cut off.
DRAIN_SECONDS = 20
log = logs.logger()


def main() -> None:
    """Serve until SIGTERM or SIGINT. Ends with a message and a status of 1 when that is impossible."""
    try:
        chosen = settings.read(os.environ, form=ApiSettings, dotenv=Path(".env"))
        logs.configure(chosen.log, service="api")
        asyncio.run(serve(chosen))
    except Exception as error:
        explained = failures.explain(error)
        if explained is not None:
            sys.exit(f"{explained.message}\n{explained.hint}")
        if isinstance(error, OSError):  # a port that is taken
            sys.exit(str(error))
        raise


async def serve(chosen: ApiSettings) -> None:
    """Serve the API and its ops port until a signal says to stop, then answer what was asked before."""
    async with opened(chosen) as io:
        checks = health.checks(io)
        async with ops.serve(chosen.api.ops_host, chosen.api.ops_port, checks=checks):
            server = Server(app.build(io), chosen.api.host, chosen.api.port)
            server.stop_at(signal.SIGTERM, signal.SIGINT)
            await server.serve()
            log.info("api_stopped")


@asynccontextmanager
async def opened(chosen: ApiSettings) -> AsyncGenerator[Resources]:
    """The API's resources, closed at the end."""
    async with (
        pool.pool(chosen.database.url.reveal(), size=chosen.database.pool_size, application="api") as db,
        bucket.connect(chosen.store) as objects,
        queue.connect(chosen.redis) as messages,
    ):
        yield Resources(
            db=db,
            bucket=objects,
            queue=messages,
            token=chosen.api.token,
            wait_limit=chosen.scheduler.wait_limit,
            now=lambda: datetime.now(UTC),
        )


class Server(uvicorn.Server):
    """uvicorn in an event loop of ours, which also decides what a signal means."""

    def __init__(self, application: ASGIApp, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                host=host,
                port=port,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )

    def stop_at(self, *signals: signal.Signals) -> None:
        """Stop when one of these comes; a second SIGINT doesn't wait for open requests."""
        for number in signals:
            asyncio.get_running_loop().add_signal_handler(number, self.handle_exit, number, None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        log.info("api_started", host=self.config.host, port=self.config.port)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone: uvicorn would raise them again at the end, and kill the process so."""
        yield


if __name__ == "__main__":
    main()
