"""A delivery that is spread over two workers, of which one is killed at any moment, is published once."""

import asyncio
import random

import pytest

from shared.domain.run import RunId
from tests.chaos.test_worker_killed import FIELDS, WITHIN, _final
from tests.support.fleet import fleet
from tests.support.imports import Importer, importer
from tests.support.servers import Store

# Each wait has its own limit; how often processes start decides how long all of it takes.
pytestmark = pytest.mark.timeout(600)
KILLS = 8
SEED = 20131110
OBJECTS, ROWS = 24, 8_000


def _files() -> dict[str, bytes]:
    return {
        f"f{number:02}.csv": b"id,text\n"
        + b"".join(b"%d,some text that takes its time\n" % (number * ROWS + row) for row in range(ROWS))
        for number in range(OBJECTS)
    }


async def test_one_of_two_workers_killed_in_the_middle_of_the_parts_8_times(
    database: str, redis_url: str, s3: Store, bucket_name: str
) -> None:
    chance = random.Random(SEED)
    settings = {"LEASE": "1s", "RERING": "1s", "SCHEDULER_TICK": "200ms", "PART_BYTES": "512KiB"}
    async with (
        importer(database, s3, bucket_name) as imports,
        fleet(database, redis_url, s3, **settings) as processes,
    ):
        await imports.apply(
            fields=FIELDS, schema={"primaryKey": ["id"]}, limits={"retries": 5}, retention={"versions": 2}
        )
        objects = await imports.put("2013-01-01", _files())
        await processes.scheduler()
        workers = [await processes.worker(), await processes.worker()]
        helped = 0
        for number in range(KILLS):
            run_id = await imports.accept("2013-01-01", objects)
            async with asyncio.timeout(WITHIN):
                while not await imports.rows(
                    f"SELECT 1 FROM loadstone.run_part WHERE state = 'running' AND run_id = {run_id}"
                ):
                    await asyncio.sleep(0.005)
            await asyncio.sleep(chance.uniform(0, 0.5))
            victim = workers.pop(chance.randrange(2))
            victim.kill()
            await victim.ended()
            workers.append(await processes.worker())
            run = await _final(imports.db, run_id)
            assert run.state == "succeeded", (run.error_message, processes.said[-20:])
            assert run.version == number + 1
            assert await imports.rows("SELECT count(*), count(DISTINCT id) FROM data.things") == [
                (OBJECTS * ROWS, OBJECTS * ROWS)
            ]
            helped += await _helpers(imports, run_id)
        versions = await imports.rows("SELECT count(*), count(DISTINCT run_id) FROM loadstone.version")
        assert versions == [(KILLS, KILLS)]
        async with asyncio.timeout(WITHIN):
            while await imports.staged():
                await asyncio.sleep(0.1)
        async with asyncio.timeout(
            WITHIN
        ):  # on a busy machine one of them may be done before the other looks
            while not helped:
                run_id = await imports.accept("2013-01-01", objects)
                assert (await _final(imports.db, run_id)).state == "succeeded"
                helped = await _helpers(imports, run_id)


async def _helpers(imports: Importer, run_id: RunId) -> int:
    """How many workers besides the first one loaded parts of a run."""
    [(names,)] = await imports.rows(
        "SELECT count(DISTINCT part ->> 'worker') FROM loadstone.run,"
        f" json_array_elements(report -> 'parts') part WHERE id = {run_id}"
    )
    return int(names) - 1
