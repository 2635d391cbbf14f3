"""Invariants 2 and 3 for a worker that dies at any moment: the run succeeds afterwards, exactly once."""

import asyncio
import random
import time

import pytest

from shared.catalog import runs
from shared.domain.run import FINAL_STATES, Run, RunId
from shared.postgres.pool import Pool
from tests.support.fleet import fleet
from tests.support.imports import Importer, importer
from tests.support.servers import Store

# Each wait has its own limit; how often processes start decides how long all of it takes.
pytestmark = pytest.mark.timeout(600)
KILLS = 20
SEED = 20131109
ROWS = 150_000
WITHIN = 60.0
FIELDS = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "text", "type": "string"},
]
CONTENT = (
    "id,text\n" + "".join(f"{row},some text that takes its time {row}\n" for row in range(ROWS))
).encode()


async def test_a_worker_killed_at_a_random_moment_of_the_load_20_times(
    database: str, redis_url: str, s3: Store, bucket_name: str
) -> None:
    chance = random.Random(SEED)
    interrupted = 0
    async with (
        importer(database, s3, bucket_name) as imports,
        fleet(database, redis_url, s3, LEASE="1s", RERING="1s", SCHEDULER_TICK="200ms") as processes,
    ):
        await imports.apply(
            fields=FIELDS, schema={"primaryKey": ["id"]}, limits={"retries": 5}, retention={"versions": 2}
        )
        objects = await imports.put("2013-01-01", {"data.csv": CONTENT})
        await processes.scheduler()
        worker = await processes.worker()
        took = await _undisturbed(imports.db, await imports.accept("2013-01-01", objects))
        for number in range(KILLS):
            run_id = await imports.accept("2013-01-01", objects)
            await _until_running(imports.db, run_id)
            await asyncio.sleep(chance.uniform(0, took))
            worker.kill()
            await worker.ended()
            worker = await processes.worker()
            run = await _final(imports.db, run_id)
            interrupted += run.attempt > 1
            assert run.state == "succeeded", (run.error_message, processes.said[-20:])
            assert run.version == number + 2
            assert await imports.rows("SELECT count(*), count(DISTINCT id) FROM data.things") == [
                (ROWS, ROWS)
            ]
        versions = await imports.rows(
            "SELECT count(*), count(DISTINCT run_id), max(number) FROM loadstone.version"
        )
        assert versions == [(KILLS + 1, KILLS + 1, KILLS + 1)]
        await _until_no_leftovers(imports)
    assert interrupted >= KILLS // 2, "most kills are to hit a load"


async def _undisturbed(db: Pool, run_id: RunId) -> float:
    run = await _final(db, run_id)
    assert run.state == "succeeded", run.error_message
    assert run.finished_at is not None
    assert run.started_at is not None
    return (run.finished_at - run.started_at).total_seconds()


async def _until_running(db: Pool, run_id: RunId) -> None:
    async with asyncio.timeout(WITHIN):
        while (await runs.read(db, run_id)).started_at is None:
            await asyncio.sleep(0.005)


async def _final(db: Pool, run_id: RunId) -> Run:
    deadline = time.monotonic() + WITHIN
    while (run := await runs.read(db, run_id)).state not in FINAL_STATES:
        assert time.monotonic() < deadline, f"run {run_id} is {run.state} after {WITHIN} s"
        await asyncio.sleep(0.02)
    return run


async def _until_no_leftovers(imports: Importer) -> None:
    async with asyncio.timeout(WITHIN):
        while await imports.staged():
            await asyncio.sleep(0.1)
