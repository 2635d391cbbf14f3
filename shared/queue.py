"""Our use of arq, as a doorbell only: a message says which run to look at, and may be lost at any time.

The truth about runs is in the catalog. What arq 0.28 does by default is to drop jobs, to run
them twice and to die with Redis; the settings below prevent it. Messages are msgpack, never pickle: who can
write to Redis must not be able to run code here.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal

import arq.constants
import msgspec
from arq.connections import ArqRedis
from arq.worker import Function, Worker, func
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.domain.run import RunId
from shared.errors import QueueUnavailable
from shared.settings import Redis
from shared.telemetry import logs

JOB = "import_run"
PARTS = "load_parts"
QUEUE = arq.constants.default_queue_name

MESSAGE_LIFE = timedelta(days=14)
PATIENCE = 1.0  # seconds that asking Redis anything may take: an API request hangs no longer when it is dead
IN_PROGRESS = timedelta(seconds=60)
CLOSING = 10.0  # seconds that giving up the running jobs may take
BETWEEN_WORKERS = 1.0  # seconds

# OSError is what redis-py 5 raises from connect: without it every idle worker dies with Redis.
BROKEN = [RedisConnectionError, RedisTimeoutError, OSError]

# A client of the queue, by the name that services call it: only this module knows arq.
Queue = ArqRedis
# What a message is worked on with: the run that it names, and the message's own name.
Work = Callable[[RunId, str], Awaitable[None]]

log = logs.logger()
_encode = msgspec.msgpack.Encoder(enc_hook=repr).encode
_decode = msgspec.msgpack.decode


@asynccontextmanager
async def connect(redis: Redis) -> AsyncGenerator[Queue]:
    """Yield a client that gives up within a second; the first command connects."""
    client = _client(redis, Retry(ExponentialBackoff(cap=0.2, base=0.05), 2))
    try:
        yield client
    finally:
        await client.aclose(close_connection_pool=True)


async def ping(client: Queue) -> None:
    """Raise QueueUnavailable unless Redis answers."""
    async with _within_patience():
        await client.ping()


async def ring(client: Queue, run: RunId, fence: int) -> bool:
    """Ask a worker to look at the run; False when the same message is there already.

    `fence` is the run's at this moment: each claim makes a new one, so that a message of an earlier attempt
    never stands in the way of the next. Raises QueueUnavailable within a second.
    """
    async with _within_patience():
        return await client.enqueue_job(JOB, run, _job_id=job_id(run, fence)) is not None


async def ring_for_help(client: Queue, run: RunId, fence: int, helper: int) -> None:
    """Ask one more worker to load parts of a run, in the attempt that holds it under `fence`."""
    async with _within_patience():
        await client.enqueue_job(PARTS, run, _job_id=f"parts:{run}:{fence}:{helper}")


async def keep(client: Queue, job: str) -> None:
    """Say that a job is still being worked on; arq itself never does, and hands it out again after 60 s."""
    async with _within_patience():
        await client.pexpire(f"{arq.constants.in_progress_key_prefix}{job}", IN_PROGRESS)


async def forget(client: Queue, run: RunId, fence: int) -> None:
    """Delete the message of a worker that died, so that the run can be rung for at once."""
    job = job_id(run, fence)
    prefixes = (
        arq.constants.job_key_prefix,
        arq.constants.in_progress_key_prefix,
        arq.constants.retry_key_prefix,
        arq.constants.result_key_prefix,
    )
    async with _within_patience(), client.pipeline(transaction=True) as all_at_once:
        all_at_once.delete(*(f"{prefix}{job}" for prefix in prefixes))
        all_at_once.zrem(QUEUE, job)
        await all_at_once.execute()


async def depth(client: Queue) -> int:
    """Count the messages, those that are being worked on included."""
    async with _within_patience():
        return int(await client.zcard(QUEUE))


def job_id(run: RunId, fence: int) -> str:
    """Return the message's name: one per run and claim."""
    return f"run:{run}:{fence}"


async def serve(
    redis: Redis,
    jobs: Mapping[str, Work],
    *,
    concurrency: int,
    drain: timedelta,
    stop: asyncio.Event,
) -> None:
    """Call the work that each message asks for, `concurrency` at once, until `stop` is set.

    Redis may come and go. After `stop` nothing new is begun; jobs that are not done within `drain` are
    cancelled, and their messages are handed out again. An exception of the work ends its message: whether the
    run is tried again is decided in the catalog.
    """
    stopping = asyncio.create_task(stop.wait())
    try:
        while not stop.is_set():
            worker = _worker(redis, jobs, concurrency)
            polling = asyncio.create_task(worker.async_run())
            try:
                await asyncio.wait([polling, stopping], return_when=asyncio.FIRST_COMPLETED)
                worker.allow_pick_jobs = False
                await _finish(worker, stopping, drain)
            finally:
                await _close(worker, polling)
            if not stop.is_set():
                _expect_redis_trouble(polling)
                await asyncio.wait([stopping], timeout=BETWEEN_WORKERS)
    finally:
        stopping.cancel()


def _worker(redis: Redis, jobs: Mapping[str, Work], concurrency: int) -> Worker:
    """Return an arq worker whose messages can be neither lost for long nor used up.

    A redelivered message does no harm, since its run can't be claimed twice; one that arq drops or blocks
    does. So tries are unlimited in effect, results (which block their id) are not kept, and the key that
    marks a job as in progress lives for a minute and not for the longest time-out.
    """

    def called(name: str, work: Work) -> Function:
        async def call(ctx: dict[str, Any], run: int) -> None:
            await work(RunId(run), ctx["job_id"])

        return func(call, name=name)

    worker = Worker(
        [called(name, work) for name, work in jobs.items()],
        redis_pool=_client(redis, Retry(ExponentialBackoff(cap=2, base=0.1), 60)),
        handle_signals=False,
        max_jobs=concurrency,
        job_timeout=timedelta(days=1),
        max_tries=10_000,
        keep_result=0,
        poll_delay=0.05,
        queue_read_limit=1000,
        health_check_interval=10,
        health_check_key=f"arq:health:{socket.gethostname()}",
        job_serializer=_encode,
        job_deserializer=_decode,
        log_results=False,
    )
    worker.in_progress_timeout_s = IN_PROGRESS.total_seconds()
    return worker


async def _finish(worker: Worker, stopping: asyncio.Task[Literal[True]], drain: timedelta) -> None:
    """Wait for the running jobs: as long as they take, or after `stop` for `drain`."""
    if worker.tasks:
        jobs = asyncio.create_task(asyncio.wait(worker.tasks.values()))
        try:
            await asyncio.wait([jobs, stopping], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([jobs], timeout=drain.total_seconds())
        finally:
            jobs.cancel()


async def _close(worker: Worker, polling: asyncio.Task[None]) -> None:
    """Give back the jobs that are still running, and let go of Redis; without it their time runs out."""
    tasks = [polling, *worker.tasks.values()]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=CLOSING)
    await worker.pool.aclose(close_connection_pool=True)


def _expect_redis_trouble(polling: asyncio.Task[None]) -> None:
    """Raise what ended the polling, unless it was Redis; arq's retries don't cover a broken handshake."""
    try:
        polling.result()
    except (RedisError, OSError) as error:
        log.warning("queue_lost", error=error)


def _client(redis: Redis, retry: Retry) -> Queue:
    pool = ConnectionPool.from_url(
        redis.url.reveal(),
        socket_connect_timeout=PATIENCE,
        socket_timeout=5,
        socket_keepalive=True,
        retry=retry,
        retry_on_error=[*BROKEN],
    )
    return ArqRedis(
        pool,
        job_serializer=_encode,
        job_deserializer=_decode,
        expires_extra_ms=int(MESSAGE_LIFE / timedelta(milliseconds=1)),
    )


@asynccontextmanager
async def _within_patience() -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except (RedisError, OSError) as error:  # TimeoutError included
        raise QueueUnavailable(f"Redis: {error or type(error).__name__}") from error
