"""Keeps a lease while it is worked on, and interrupts the work when the lease can't be kept."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.worker.resources import Resources
from shared.errors import LeaseLost, LoadstoneError, RunCancelled
from shared.telemetry import logs

log = logs.logger()
# A worker that can't reach PostgreSQL stops itself before others may think it dead.
SELF_FENCE = 0.8


@asynccontextmanager
async def beating(io: Resources, beat: Callable[[], Awaitable[bool]]) -> AsyncGenerator[None]:
    """Extends a lease while the body works; `beat` does so once, and tells of a cancellation.

    Raises LeaseLost in the body when another worker has the work or PostgreSQL is out of reach for too long,
    RunCancelled when somebody asked for that.
    """
    body = asyncio.current_task()
    heart = asyncio.create_task(_beat_until_interrupted(io, beat))
    working = True

    def interrupt(done: asyncio.Task[LoadstoneError]) -> None:
        if working and body is not None and not done.cancelled():
            body.cancel()

    heart.add_done_callback(interrupt)
    try:
        yield
    except asyncio.CancelledError:
        if not heart.done() or heart.cancelled() or body is None:
            raise  # somebody else cancelled the body: a shutdown, or a time limit
        body.uncancel()
        raise heart.result() from None
    finally:
        working = False
        heart.cancel()


async def _beat_until_interrupted(io: Resources, beat: Callable[[], Awaitable[bool]]) -> LoadstoneError:
    reached = time.monotonic()
    while True:
        await asyncio.sleep(io.heartbeat)
        try:
            async with asyncio.timeout(io.heartbeat):
                cancel = await beat()
            reached = time.monotonic()
            if cancel:
                return RunCancelled("the run was cancelled")
        except LeaseLost as lost:
            return lost
        except Exception as error:  # noqa: BLE001 - the next heartbeat may reach PostgreSQL again
            log.warning("heartbeat_failed", error=str(error) or type(error).__name__)
            if time.monotonic() - reached > io.lease * SELF_FENCE:
                return LeaseLost("PostgreSQL could not be reached to extend the lease")
