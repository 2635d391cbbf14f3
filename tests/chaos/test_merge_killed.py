"""A worker that dies while it writes the next version from the live one leaves nothing behind."""

import asyncio

from shared.catalog import runs
from shared.domain.run import RunId
from tests.support.fleet import fleet
from tests.support.imports import Importer, importer
from tests.support.servers import Store

WITHIN = 60.0
ROWS = 200_000
FIELDS = [{"name": "id", "type": "integer"}, {"name": "text", "type": "string"}]
SCHEMA = {"fields": FIELDS, "primaryKey": ["id"]}


def _file(word: str, rows: range) -> bytes:
    return b"id,text\n" + "".join(f"{row},{word} {row}\n" for row in rows).encode()


async def test_a_merge_whose_worker_is_killed_is_done_again_from_the_same_live_version(
    database: str, redis_url: str, s3: Store, bucket_name: str
) -> None:
    async with (
        importer(database, s3, bucket_name) as imports,
        fleet(database, redis_url, s3, LEASE="1s", RERING="1s", SCHEDULER_TICK="200ms") as processes,
    ):
        await imports.apply(FIELDS, schema=SCHEMA, load={"mode": "merge"}, limits={"retries": 5})
        assert (await imports.deliver("2013-01-01", _file("old", range(ROWS)))).state == "succeeded"
        changes = await imports.put("2013-01-02", {"data.csv": _file("new", range(ROWS // 2, ROWS * 3 // 2))})
        await processes.scheduler()
        worker = await processes.worker()
        run_id = await imports.accept("2013-01-02", changes)
        await _until_composing(imports)
        worker.kill()
        await worker.ended()
        [(seen,)] = await imports.rows("SELECT count(*) FROM data.things WHERE text LIKE 'old%'")
        assert seen == ROWS
        await processes.worker()
        assert await _attempts_until_final(imports, run_id) > 1
        found = await imports.rows(
            "SELECT left(text, 3), count(*), count(DISTINCT id) FROM data.things GROUP BY 1 ORDER BY 1"
        )
        assert found == [("new", ROWS, ROWS), ("old", ROWS // 2, ROWS // 2)]
        async with asyncio.timeout(WITHIN):
            while await imports.staged():
                await asyncio.sleep(0.1)


async def _until_composing(imports: Importer) -> None:
    """Until PostgreSQL reads the live version for the next one."""
    composing = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT%' AND state = 'active'"
    async with asyncio.timeout(WITHIN):
        while not await imports.rows(composing):
            await asyncio.sleep(0.002)


async def _attempts_until_final(imports: Importer, run_id: RunId) -> int:
    async with asyncio.timeout(WITHIN):
        while (run := await runs.read(imports.db, run_id)).finished_at is None:
            await asyncio.sleep(0.02)
    assert run.state == "succeeded", run.error_message
    return run.attempt
