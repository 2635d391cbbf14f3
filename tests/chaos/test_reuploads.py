"""The real processes, with an object that is replaced all the while: the last one is live in the end."""

import asyncio

from tests.support.fleet import fleet
from tests.support.imports import Importer, importer
from tests.support.servers import Store

FIELDS = [{"name": "id", "type": "integer"}]
DAY = "2013-01-02"
UPLOADS = 8
ROWS = 20_000
PUBLISHED_TWICE = """
    SELECT delivery_key FROM loadstone.run WHERE state = 'succeeded' GROUP BY 1 HAVING count(*) > 1
"""
IMPATIENCE = """
    UPDATE loadstone.run SET look_again_at = least(look_again_at, now()), check_at = least(check_at, now())
    WHERE state = 'waiting' OR look_again_at IS NOT NULL
"""


async def test_two_schedulers_and_workers_publish_the_last_upload_and_none_twice(
    database: str, redis_url: str, s3: Store, bucket_name: str
) -> None:
    async with (
        importer(database, s3, bucket_name) as imports,
        fleet(database, redis_url, s3, SCHEDULER_TICK="100ms") as processes,
    ):
        await imports.apply(FIELDS)
        await imports.expect(DAY)
        for _ in range(2):
            await processes.scheduler()
            await processes.worker()
        for number in range(UPLOADS):
            await imports.put(DAY, {"a.csv": b"id\n" + b"%d\n" % number * ROWS})
            await _until(imports, f"SELECT FROM loadstone.attempt HAVING count(*) > {number}")
        await _until(imports, "SELECT FROM loadstone.dataset WHERE live_version IS NOT NULL")
        await _until(imports, f"SELECT FROM data.things WHERE id = {UPLOADS - 1} LIMIT 1")
        assert await imports.rows(PUBLISHED_TWICE) == []
        ends = await imports.rows("SELECT DISTINCT state FROM loadstone.run WHERE finished_at IS NOT NULL")
        assert set(ends) <= {("succeeded",), ("superseded",), ("unchanged",)}
        assert await imports.rows("SELECT count(*) FROM data.things") == [(ROWS,)]


async def _until(imports: Importer, answered: str) -> None:
    """Waits until a query has a row, and for nothing else: no pause of the scheduler is kept."""
    async with asyncio.timeout(60):
        while not await imports.rows(answered):
            await imports.db.execute(IMPATIENCE)
            await asyncio.sleep(0.01)
