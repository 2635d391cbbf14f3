"""Runs whose worker fell silent are taken back, and their jobs rung again."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import redis.asyncio
from msgspec import structs

from services.scheduler import ring, tick
from services.scheduler.rescue import verdict
from services.scheduler.tick import Report
from shared import queue
from shared.catalog import attempts, runs
from shared.catalog.runs import Expired
from shared.domain.retry import MAX_CRASHES
from shared.domain.run import Run, RunId, RunState
from shared.errors import LeaseLost
from shared.settings import Redis
from shared.settings.variables import Secret
from tests.integration.scheduler.driver import Driver
from tests.support import catalog

NOW = datetime(2013, 1, 6, 6, 0, tzinfo=UTC)


async def expire(scheduler: Driver, run_id: RunId) -> Run:
    """A worker claims the run, and is not heard of any more."""
    held = await catalog.claimed(scheduler.io.db, run_id)
    await scheduler.io.db.execute(
        "UPDATE loadstone.run SET lease_until = now() - interval '1 second' WHERE id = $1", run_id
    )
    return held.run


@pytest.fixture
async def run_id(scheduler: Driver) -> RunId:
    """A queued run."""
    await catalog.applied(scheduler.io.db)
    return await catalog.queued(scheduler.io.db)


async def test_a_run_whose_lease_ran_out_is_queued_again_at_once_and_rung(
    scheduler: Driver, run_id: RunId
) -> None:
    await scheduler.tick(NOW)
    held = await expire(scheduler, run_id)
    report = await scheduler.tick(NOW)
    assert (report.did["rescued"], report.did["rung"]) == (1, 1)
    run = await runs.read(scheduler.io.db, run_id)
    assert (run.state, run.attempt, run.crashes) == (RunState.QUEUED, 1, 1)
    [attempt] = await attempts.listing(scheduler.io.db, run_id)
    assert (attempt.outcome, attempt.error_code) == ("lost", "worker_lost")
    with pytest.raises(LeaseLost):
        await runs.release(scheduler.io.db, held)
    again = await catalog.claimed(scheduler.io.db, run_id)
    assert again.run.attempt == 2


async def test_a_run_that_is_still_held_is_left_alone(scheduler: Driver, run_id: RunId) -> None:
    await catalog.claimed(scheduler.io.db, run_id)
    assert (await scheduler.tick(NOW)).did["rescued"] == 0
    assert (await runs.read(scheduler.io.db, run_id)).state is RunState.RUNNING


async def test_the_last_attempt_that_is_lost_fails_the_run(scheduler: Driver, run_id: RunId) -> None:
    for _ in range(3):
        await expire(scheduler, run_id)
        await scheduler.tick(NOW)
    run = await runs.read(scheduler.io.db, run_id)
    assert (run.state, run.error_code, run.attempt) == (RunState.FAILED, "worker_lost", 3)
    assert "fell silent in attempt 3 of 3" in (run.error_message or "")


async def test_a_lost_run_that_somebody_cancelled_is_cancelled(scheduler: Driver, run_id: RunId) -> None:
    await expire(scheduler, run_id)
    await runs.cancel(scheduler.io.db, run_id)
    await scheduler.tick(NOW)
    run = await runs.read(scheduler.io.db, run_id)
    assert (run.state, run.error_code) == (RunState.CANCELLED, "run_cancelled")


async def test_the_job_of_a_lost_worker_is_forgotten(
    scheduler: Driver, run_id: RunId, redis_url: str
) -> None:
    await scheduler.tick(NOW)
    held = await expire(scheduler, run_id)
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.set(f"arq:in-progress:{queue.job_id(run_id, held.fence - 1)}", b"1")
        await scheduler.tick(NOW)
        keys = {key.decode() for key in await client.keys("*")}
    assert keys == {"arq:queue", f"arq:job:{queue.job_id(run_id, held.fence)}"}


async def test_a_queued_run_whose_job_was_lost_is_rung_for_again(
    scheduler: Driver, run_id: RunId, redis_url: str
) -> None:
    assert (await scheduler.tick(NOW)).did["rung"] == 1
    assert (await scheduler.tick(NOW)).did["rung"] == 0
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.flushall()
    await scheduler.io.db.execute("UPDATE loadstone.run SET rung_at = rung_at - interval '31 seconds'")
    assert (await scheduler.tick(NOW)).did["rung"] == 1
    assert await queue.depth(scheduler.io.queue) == 1


async def test_without_redis_runs_are_rescued_and_nothing_counts_as_rung(
    scheduler: Driver, run_id: RunId
) -> None:
    await expire(scheduler, run_id)
    async with queue.connect(Redis(url=Secret("redis://127.0.0.1:1/0"))) as nobody:
        report = Report()
        await tick.tick(structs.replace(scheduler.io, queue=nobody), NOW, report)
    assert report.failed == ["ring"]
    assert report.did["rescued"] == 1
    assert (await scheduler.tick(NOW)).did["rung"] == 1


async def test_of_two_queued_deliveries_the_older_one_is_rung_for_first(scheduler: Driver) -> None:
    await catalog.applied(scheduler.io.db)
    newer = await catalog.queued(scheduler.io.db, business_date=date(2013, 1, 6))
    older = await catalog.queued(scheduler.io.db, business_date=date(2013, 1, 5))
    assert await ring.ring(scheduler.io) == 1
    assert [ready.id for ready in await runs.ready(scheduler.io.db, rering=0, limit=9)] == [older] != [newer]


@pytest.mark.parametrize(
    ("lost", "state"),
    [
        ({}, RunState.QUEUED),
        ({"attempt": 2}, RunState.QUEUED),
        ({"attempt": 3}, RunState.FAILED),
        ({"crashes": MAX_CRASHES - 1, "max_attempts": 20}, RunState.FAILED),
        ({"attempt": 3, "cancel": True}, RunState.CANCELLED),
    ],
)
def test_what_becomes_of_a_lost_run(lost: dict[str, Any], state: RunState) -> None:
    usual = {"id": RunId(1), "fence": 1, "attempt": 1, "max_attempts": 3, "crashes": 0, "cancel": False}
    assert verdict(Expired(**(usual | lost))) is state
