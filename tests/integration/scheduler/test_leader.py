"""One scheduler leads. When it is gone, or cut off, another one does."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg

from services.scheduler import leader
from shared.telemetry import metrics

PAUSE = 0.05


class Follower:
    """A scheduler that stands by until it leads; its work lasts until it is interrupted."""

    def __init__(self) -> None:
        self.leads = asyncio.Event()
        self.interrupted = asyncio.Event()

    async def work(self) -> None:
        self.leads.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.interrupted.set()


@asynccontextmanager
async def following(
    dsn: str, work: Callable[[], Awaitable[None]], *, pause: float = PAUSE
) -> AsyncGenerator[None]:
    """One more scheduler, as long as the block lasts."""
    task = asyncio.create_task(leader.follow(dsn, pause, work))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def kill_leader(dsn: str) -> None:
    """End the leader's connection, as a restart of PostgreSQL or a failing network does."""
    connection = await asyncpg.connect(dsn)
    try:
        killed = await connection.fetch(
            """SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
               WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()"""
        )
        assert len(killed) == 1
    finally:
        await connection.close()


async def test_a_standby_takes_over_when_the_leaders_connection_breaks_and_the_leader_stops_at_once(
    database: str,
) -> None:
    first, second = Follower(), Follower()
    async with asyncio.timeout(10), following(database, first.work, pause=60):
        await first.leads.wait()
        async with following(database, second.work):
            await kill_leader(database)
            await first.interrupted.wait()
            await second.leads.wait()
            assert not second.interrupted.is_set()


async def test_a_standby_does_nothing_while_the_leader_lives_and_follows_when_it_ends(database: str) -> None:
    first, second = Follower(), Follower()
    async with asyncio.timeout(10):
        async with following(database, first.work):
            await first.leads.wait()
            async with following(database, second.work):
                waiting = asyncio.create_task(second.leads.wait())
                await asyncio.wait([waiting], timeout=PAUSE * 5)
                assert not waiting.done()
                assert metrics.FLEET.get_sample_value("loadstone_scheduler_leader") is not None
        async with following(database, second.work):
            await second.leads.wait()
        assert metrics.FLEET.get_sample_value("loadstone_scheduler_leader") == 0
