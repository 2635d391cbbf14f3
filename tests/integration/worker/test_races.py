"""What happens at the same time as something else: a run still ends, and as one worker's only."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from services.worker.ingest import ingest
from services.worker.overlap import ahead
from services.worker.record import recorded
from shared.catalog import attempts, runs
from shared.domain.run import RunState
from shared.errors import BucketUnavailable, DatabaseUnavailable, ExpectationFailed, LoadstoneError
from shared.postgres import failures
from shared.postgres.pool import connection
from shared.telemetry import metrics
from shared.warehouse import ddl, naming, staging
from tests.support import catalog
from tests.support.imports import Importer

FIELDS = [{"name": "id", "type": "integer"}, {"name": "text", "type": "string"}]
DAY = "2013-01-02"


async def test_a_cancelled_run_that_is_given_back_before_its_worker_hears_of_it_ends(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS)
    run_id = await imports.accept(DAY, await imports.put(DAY, {"a.csv": b"id,text\n1,a\n"}))
    held = await catalog.claimed(imports.db, run_id)
    assert await runs.cancel(imports.db, run_id)
    await runs.retry(imports.db, held.run, BucketUnavailable("a network's hiccup"), 0.0)
    run = await runs.read(imports.db, run_id)
    assert run.state == "cancelled"
    assert run.finished_at is not None
    assert await runs.ready(imports.db, rering=0, limit=9) == [], "it would stand before all others"
    assert [attempt.outcome for attempt in await attempts.listing(imports.db, run_id)] == ["cancelled"]


async def test_a_worker_that_stalls_after_its_claim_never_works_under_its_successors_fence(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS)
    run_id = await imports.accept(DAY, await imports.put(DAY, {"a.csv": b"id,text\n1,a\n"}))
    async with imports.db.acquire() as db, db.transaction():
        await db.execute("LOCK TABLE loadstone.contract IN ACCESS EXCLUSIVE MODE")
        await db.execute("LOCK TABLE loadstone.dataset IN ACCESS EXCLUSIVE MODE")
        stalled = asyncio.create_task(runs.claim(imports.db, run_id, worker="stalled", lease=60.0))
        async with asyncio.timeout(20):
            while not await db.fetchval("SELECT state = 'running' FROM loadstone.run WHERE id = $1", run_id):
                await asyncio.sleep(0.01)
        await db.execute(
            "UPDATE loadstone.run SET state = 'queued', lease_until = NULL, run_at = now() WHERE id = $1",
            run_id,
        )
        await db.execute(runs.SQL.claim, run_id, "successor", 60.0)
    assert await stalled is None
    assert (await runs.read(imports.db, run_id)).worker == "successor"


class Panic(BaseException):
    """What a library in Rust raises when it panics: no Exception."""


async def test_a_panic_of_the_producer_reaches_the_consumer() -> None:
    async def panicking() -> AsyncGenerator[int]:
        yield 1
        raise Panic("a slice was out of range")

    async with asyncio.timeout(5):
        with pytest.raises(LoadstoneError, match="Panic: a slice was out of range"):
            async with ahead(panicking(), 2) as items:
                assert [item async for item in items] == []


async def test_a_reader_of_a_staging_table_does_not_hold_up_the_worker_whose_run_failed(
    imports: Importer, database: str
) -> None:
    await imports.apply(FIELDS)
    run_id = await imports.accept(DAY, await imports.put(DAY, {"a.csv": b"id,text\n1,a\n"}))
    held = await catalog.claimed(imports.db, run_id)
    async with connection(database, application="dump") as dump, dump.transaction(), asyncio.timeout(10):
        async with recorded(held, imports.io) as progress:
            await imports.db.execute(ddl.create_table(progress.table, progress.dataset))
            # As pg_dump does with every table there is, until all of them are dumped.
            await dump.execute(f"LOCK TABLE {progress.table.sql} IN ACCESS SHARE MODE")
            raise ExpectationFailed("too few rows")
        run = await runs.read(imports.db, run_id)
        assert (run.state, run.error_code) == ("failed", "expectation_failed")


async def test_a_heartbeat_that_finds_the_run_published_makes_no_lost_lease_of_it(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS)
    before = _succeeded()
    for day in range(1, 11):
        await _published_during_a_heartbeat(imports, f"2013-01-{day:02}")
    assert _succeeded() - before == 10


def _succeeded() -> float:
    labels = {"dataset": "things", "outcome": "succeeded"}
    return metrics.REGISTRY.get_sample_value("loadstone_runs_total", labels) or 0.0


async def _published_during_a_heartbeat(imports: Importer, day: str) -> None:
    run_id = await imports.accept(day, await imports.put(day, {"a.csv": b"id,text\n1,a\n"}))
    held = await catalog.claimed(imports.db, run_id)
    async with recorded(held, imports.io) as progress, imports.io.publishing() as tx:
        await runs.hold_fence(tx, held.run)
        while not await tx.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.001)
        await runs.finish(tx, held.run, progress.ending(RunState.SUCCEEDED, version=1))


async def test_a_target_that_changed_while_a_run_was_on_its_way_is_published_to_by_nobody(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS)
    run_id = await imports.accept(DAY, await imports.put(DAY, {"a.csv": b"id,text\n1,a\n"}))
    await imports.apply(FIELDS, load={"target": {"schema": "data", "table": "others"}})
    await ingest(run_id, imports.io)
    run = await runs.read(imports.db, run_id)
    assert (run.state, run.error_code) == ("failed", "target_unusable")
    assert "data.others" in (run.error_message or "")
    assert (await imports.deliver("2013-01-03", "id,text\n1,a\n")).state == "succeeded"
    assert await imports.rows("SELECT viewname::text FROM pg_views WHERE schemaname = 'data'") == [
        ("others",)
    ]


async def test_a_connection_that_breaks_while_an_index_is_built_is_no_defect(imports: Importer) -> None:
    await imports.apply(FIELDS, load={"indexes": [{"columns": ["id"]}]})
    run_id = await imports.accept(DAY, await imports.put(DAY, {"a.csv": b"id,text\n1,a\n"}))
    held = await catalog.claimed(imports.db, run_id)
    table, dataset = naming.staging(held.run), held.contract.document
    await imports.db.execute(ddl.create_table(table, dataset))
    async with imports.db.acquire() as db, db.transaction():
        await db.execute(f"LOCK TABLE {table.sql} IN ROW EXCLUSIVE MODE")
        building = asyncio.create_task(staging.build_indexes(imports.db, table, dataset))
        async with asyncio.timeout(20):
            while not await imports.db.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE INDEX%'"
            ):
                await asyncio.sleep(0.01)
        with pytest.raises(Exception) as raised:  # noqa: PT011 - asyncpg has several for this
            await building
    assert isinstance(failures.explain(raised.value), DatabaseUnavailable)
