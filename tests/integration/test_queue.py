"""The doorbell rings through a real Valkey, and its absence is survived."""

import asyncio
import os
import pickle
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import arq.constants
import pytest

from services.local import ports, valkey
from shared import queue
from shared.domain.run import RunId
from shared.errors import QueueUnavailable
from shared.queue import Queue
from shared.settings import Redis
from shared.settings.variables import Secret
from tests.support import proxy

RUN = RunId(7)
SOON = timedelta(seconds=10)
AT_ONCE = timedelta(0)


@pytest.fixture
def settings(redis_url: str) -> Redis:
    return Redis(url=Secret(redis_url))


@pytest.fixture
async def client(settings: Redis) -> AsyncGenerator[Queue]:
    async with queue.connect(settings) as connected:
        yield connected


@asynccontextmanager
async def serving(
    settings: Redis, work: Callable[[RunId, str], Awaitable[None]], *, drain: timedelta = SOON
) -> AsyncGenerator[asyncio.Event]:
    """A worker, which has to stop in an orderly way when the block ends."""
    stop = asyncio.Event()
    worker = asyncio.create_task(
        queue.serve(settings, {queue.JOB: work}, concurrency=2, drain=drain, stop=stop)
    )
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(15):
            await worker


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when the condition holds."""
    async with asyncio.timeout(15):
        while not await condition():
            await asyncio.sleep(0.02)


class Answered:
    """A bell that notes who rang."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[RunId, str]] = asyncio.Queue()

    async def __call__(self, run: RunId, job: str) -> None:
        self.heard.put_nowait((run, job))

    async def next(self) -> tuple[RunId, str]:
        async with asyncio.timeout(15):
            return await self.heard.get()


async def test_a_run_is_rung_for_once_per_fence(client: Queue) -> None:
    assert await queue.ring(client, RUN, 1) is True
    assert await queue.ring(client, RUN, 1) is False
    assert await queue.ring(client, RUN, 2) is True
    assert await queue.depth(client) == 2


async def test_twenty_at_once_ring_one_bell(client: Queue) -> None:
    rung = await asyncio.gather(*(queue.ring(client, RUN, 1) for _ in range(20)))
    assert sum(rung) == 1
    assert await queue.depth(client) == 1


async def test_a_wiped_redis_can_be_rung_again(client: Queue) -> None:
    await queue.ring(client, RUN, 1)
    await client.flushall()
    assert await queue.ring(client, RUN, 1) is True


async def test_the_worker_hears_which_run_and_which_job(client: Queue, settings: Redis) -> None:
    answered = Answered()
    async with serving(settings, answered):
        await queue.ring(client, RUN, 3)
        assert await answered.next() == (7, "run:7:3")


async def test_an_answered_message_leaves_nothing_and_may_be_rung_again(
    client: Queue, settings: Redis
) -> None:
    answered = Answered()

    async def nothing_left() -> bool:
        return await client.keys("*run:7:1*") == [] and await queue.depth(client) == 0

    async with serving(settings, answered):
        for _ in range(2):
            assert await queue.ring(client, RUN, 1) is True
            await answered.next()
            await until(nothing_left)


async def test_a_failing_job_neither_stops_the_worker_nor_comes_back(client: Queue, settings: Redis) -> None:
    answered = Answered()

    async def fail_first(run: RunId, job: str) -> None:
        await answered(run, job)
        if run == RUN:
            raise ValueError

    async with serving(settings, fail_first):
        await queue.ring(client, RUN, 1)
        await queue.ring(client, RunId(8), 1)
        assert {(await answered.next())[0], (await answered.next())[0]} == {7, 8}
    assert answered.heard.empty()
    assert await queue.depth(client) == 0


async def test_a_job_that_outlasts_the_drain_is_cancelled_and_handed_to_the_next_worker(
    client: Queue, settings: Redis
) -> None:
    answered, cancelled = Answered(), asyncio.Event()

    async def hang(run: RunId, job: str) -> None:
        await answered(run, job)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serving(settings, hang, drain=AT_ONCE):
        await queue.ring(client, RUN, 1)
        await answered.next()
    assert cancelled.is_set()
    async with serving(settings, answered):
        assert await answered.next() == (7, "run:7:1")


async def test_a_job_that_ends_within_the_drain_is_left_to_end(client: Queue, settings: Redis) -> None:
    answered, ended, go = Answered(), asyncio.Event(), asyncio.Event()

    async def take_a_while(run: RunId, job: str) -> None:
        await answered(run, job)
        await go.wait()
        ended.set()

    async with serving(settings, take_a_while) as stop:
        await queue.ring(client, RUN, 1)
        await answered.next()
        stop.set()
        asyncio.get_running_loop().call_later(0.2, go.set)
    assert ended.is_set()
    assert await queue.depth(client) == 0


async def test_a_job_is_marked_for_a_minute_and_the_heartbeat_renews_that(
    client: Queue, settings: Redis
) -> None:
    answered, go = Answered(), asyncio.Event()
    marked = f"{arq.constants.in_progress_key_prefix}run:7:1"

    async def take_a_while(run: RunId, job: str) -> None:
        await answered(run, job)
        await go.wait()

    async with serving(settings, take_a_while):
        await queue.ring(client, RUN, 1)
        _, job = await answered.next()
        assert 50_000 < await client.pttl(marked) <= 60_000
        await client.pexpire(marked, 5_000)
        await queue.keep(client, job)
        assert await client.pttl(marked) > 50_000
        go.set()


async def test_a_dead_workers_message_is_forgotten_and_can_be_rung_at_once(client: Queue) -> None:
    await queue.ring(client, RUN, 1)
    await client.psetex(f"{arq.constants.in_progress_key_prefix}run:7:1", 60_000, b"1")
    await client.set(f"{arq.constants.retry_key_prefix}run:7:1", b"3")

    await queue.forget(client, RUN, 1)

    assert await client.keys("*run:7:1*") == []
    assert await queue.depth(client) == 0
    assert await queue.ring(client, RUN, 1) is True


class Exploit:
    """What unpickling this would do."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.trace),)


async def test_a_pickled_message_is_dropped_and_never_unpickled(
    client: Queue, settings: Redis, tmp_path: Path
) -> None:
    trace, answered = tmp_path / "ran", Answered()
    message = pickle.dumps({"t": None, "f": queue.JOB, "a": (Exploit(trace),), "k": {}, "et": 0})
    await client.set(f"{arq.constants.job_key_prefix}run:7:1", message)
    await client.zadd(queue.QUEUE, {"run:7:1": 1})

    async def dropped() -> bool:
        return await queue.depth(client) == 0

    async with serving(settings, answered):
        await until(dropped)
        await queue.ring(client, RunId(8), 1)
        assert await answered.next() == (8, "run:8:1")
    assert not trace.exists()


async def test_a_redis_that_is_not_there_is_reported_within_two_seconds() -> None:
    async with queue.connect(Redis(url=Secret("redis://127.0.0.1:9/0"))) as client:
        began = time.monotonic()
        with pytest.raises(QueueUnavailable):
            await queue.ring(client, RUN, 1)
        assert time.monotonic() - began < 2


async def test_a_redis_that_falls_silent_is_reported_within_two_seconds_and_forgiven(redis_url: str) -> None:
    at = urlsplit(redis_url)
    async with proxy.between(at.port or 0) as network:
        network.cuts, network.silent = [0], True
        behind = redis_url.replace(f":{at.port}/", f":{network.port}/")
        async with queue.connect(Redis(url=Secret(behind))) as client:
            began = time.monotonic()
            with pytest.raises(QueueUnavailable):
                await queue.ring(client, RUN, 1)
            assert time.monotonic() - began < 2
            assert await queue.ring(client, RUN, 1) is True


async def test_a_wrong_password_is_reported_and_not_told(redis_url: str) -> None:
    at = urlsplit(redis_url)
    wrong = f"redis://:swordfish@{at.hostname}:{at.port}/0"
    async with queue.connect(Redis(url=Secret(wrong))) as client:
        with pytest.raises(QueueUnavailable) as refused:
            await queue.ping(client)
    assert "swordfish" not in str(refused.value)


async def test_an_idle_worker_survives_a_restart_of_redis(tmp_path: Path) -> None:
    [port] = ports.free(1)
    settings = Redis(url=Secret(valkey.url(port, "pw")))
    answered = Answered()

    def running() -> AbstractAsyncContextManager[object]:
        return valkey.running(tmp_path / "valkey", port=port, password="pw", output=lambda *_: None)

    async with queue.connect(settings) as client:
        async with running():
            stop = asyncio.Event()
            worker = asyncio.create_task(
                queue.serve(settings, {queue.JOB: answered}, concurrency=1, drain=AT_ONCE, stop=stop)
            )
            await queue.ring(client, RUN, 1)
            await answered.next()
        with pytest.raises(QueueUnavailable):
            await queue.ring(client, RUN, 2)
        assert not worker.done()
        async with running():
            await queue.ring(client, RUN, 2)
            assert await answered.next() == (7, "run:7:2")
            stop.set()
            await asyncio.wait_for(worker, 15)


async def test_a_worker_behind_a_proxy_that_hangs_up_goes_on_when_redis_is_back(redis_url: str) -> None:
    at = urlsplit(redis_url)
    answered = Answered()
    async with proxy.between(at.port or 0) as network:
        network.cuts = [0, 3, 40]  # in the handshake, which no retry of the client covers
        behind = Redis(url=Secret(redis_url.replace(f":{at.port}/", f":{network.port}/")))
        async with serving(behind, answered), queue.connect(Redis(url=Secret(redis_url))) as client:
            await queue.ring(client, RUN, 1)
            assert await answered.next() == (7, "run:7:1")


async def test_a_worker_stops_although_redis_is_gone() -> None:
    settings = Redis(url=Secret("redis://127.0.0.1:9/0"))
    async with serving(settings, Answered(), drain=AT_ONCE):
        await asyncio.sleep(0)
