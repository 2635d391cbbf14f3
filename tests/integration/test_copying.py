"""A COPY that loses its connection ends at once, however it does so and whatever the COPY waits for."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from shared.errors import RecordRejected
from shared.postgres.pool import Pool, connection, pool
from tests.support import proxy
from tests.support.proxy import Proxy

MOMENT = 5.0
SMALL, LARGE = b"1\n", b"1\n" * 500_000  # the latter is more than the buffers of a socket take
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%numbers%' AND pid <> $1"


class Source:
    """COPY data without an end. After `stalls_after` chunks it has none any more, and doesn't end either."""

    def __init__(self, chunk: bytes, stalls_after: int | None = None) -> None:
        self.chunk = chunk
        self.given = 0
        self.stalls_after = stalls_after
        self.closed = False

    async def chunks(self) -> AsyncGenerator[bytes]:
        try:
            while self.given != self.stalls_after:
                self.given += 1
                yield self.chunk
                await asyncio.sleep(0)
            await asyncio.Event().wait()
        finally:
            self.closed = True

    async def until_given(self, count: int) -> None:
        async with asyncio.timeout(MOMENT):
            while self.given < count:
                await asyncio.sleep(0.001)


SOURCES: dict[str, Callable[[], Source]] = {
    "COPY waits for room in the socket": lambda: Source(LARGE),
    "COPY waits for its source": lambda: Source(SMALL, stalls_after=3),
    "COPY waits for nothing": lambda: Source(SMALL),
}


@pytest.fixture
async def network(database: str) -> AsyncGenerator[Proxy]:
    """A network that can be broken, between the worker and PostgreSQL."""
    async with proxy.between(urlsplit(database).port or 0) as between:
        yield between


@pytest.fixture
async def worker(database: str, network: Proxy) -> AsyncGenerator[Pool]:
    """A pool of one connection, which reaches PostgreSQL through that network."""
    address = urlsplit(database)
    through = address._replace(netloc=address.netloc.replace(f":{address.port}", f":{network.port}"))
    async with pool(through.geturl(), size=1, application="worker") as db:
        await db.execute("CREATE TABLE numbers (number integer)")
        yield db


@pytest.fixture
async def complaints() -> AsyncGenerator[list[str]]:
    """What the event loop complains of, such as tasks that nobody waited for."""
    loop, found = asyncio.get_running_loop(), list[str]()
    loop.set_exception_handler(lambda _, context: found.append(context["message"]))
    yield found
    loop.set_exception_handler(None)


async def copy(db: Pool, source: Source) -> None:
    async with db.acquire() as one, one.transaction():
        await one.copy_to_table("numbers", source=source.chunks(), format="csv")


async def terminated(database: str, _: Proxy) -> None:
    async with connection(database, application="operator") as operator:
        assert await operator.fetch(KILL, operator.get_server_pid())


async def cut_off(_: str, network: Proxy) -> None:
    network.cut()


@pytest.mark.parametrize("lose", [terminated, cut_off])
@pytest.mark.parametrize("waits", SOURCES)
async def test_a_lost_connection_ends_a_copy_at_once(
    database: str, network: Proxy, worker: Pool, complaints: list[str], lose: Any, waits: str
) -> None:
    source = SOURCES[waits]()
    copying = asyncio.create_task(copy(worker, source))
    await source.until_given(3)
    await lose(database, network)
    done, _ = await asyncio.wait([copying], timeout=MOMENT)
    copying.cancel()
    assert done, "the COPY goes on without a connection"
    with pytest.raises(asyncpg.InterfaceError) as raised:
        await copying
    assert isinstance(raised.value.__context__, asyncpg.ConnectionDoesNotExistError)
    assert await worker.fetchval("SELECT count(*) FROM numbers") == 0
    gc.collect()
    assert complaints == []


async def test_a_lost_connection_ends_a_copy_of_records_at_once(
    database: str, network: Proxy, worker: Pool
) -> None:
    async def records() -> AsyncGenerator[tuple[int]]:
        while True:
            source.given += 1
            yield (1,)
            await asyncio.sleep(0)

    async def quarantine() -> None:
        async with worker.acquire() as one:
            await one.copy_records_to_table("numbers", records=records())

    source = Source(SMALL)
    copying = asyncio.create_task(quarantine())
    await source.until_given(3)
    await terminated(database, network)
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        async with asyncio.timeout(MOMENT):
            await copying


async def test_an_error_of_the_source_is_raised_as_it_is_and_the_connection_is_kept(worker: Pool) -> None:
    async def broken() -> AsyncGenerator[bytes]:
        yield LARGE
        raise RecordRejected("line 2 is broken")

    async with worker.acquire() as one:
        process = one.get_server_pid()
        with pytest.raises(RecordRejected):
            await one.copy_to_table("numbers", source=broken(), format="csv")
    assert await worker.fetchval("SELECT pg_backend_pid()") == process


async def test_a_cancelled_copy_stays_cancelled_and_the_connection_is_kept(worker: Pool) -> None:
    source = Source(LARGE)
    copying = asyncio.create_task(copy(worker, source))
    await source.until_given(3)
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    assert await worker.fetchval("SELECT count(*) FROM numbers") == 0
