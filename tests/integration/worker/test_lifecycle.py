"""How an attempt ends when not the file decides: cancellations, lost leases, lost connections."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec

from services.worker.ingest import ingest
from shared.catalog import attempts, runs, waiting
from shared.domain.run import Run, RunId
from shared.postgres.pool import connection
from tests.support.fleet import fleet
from tests.support.imports import Importer
from tests.support.servers import Store

FIELDS = [{"name": "id", "type": "integer"}, {"name": "text", "type": "string"}]
SMALL = "id,text\n1,one\n2,two\n"
LARGE = b"id,text\n" + b"".join(b"%d,a text of some length %d\n" % (row, row) for row in range(400_000))
HUGE = {f"{number}.csv": LARGE for number in range(5)}
DAY = "2013-01-02"
END_LOAD = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND query LIKE 'COPY%things_r%' AND state = 'active'"
)


@asynccontextmanager
async def in_the_load(imports: Importer) -> AsyncGenerator[tuple[RunId, asyncio.Task[None]]]:
    """An import in the middle of its load."""
    await imports.apply(FIELDS)
    run_id = await imports.accept(DAY, await imports.put(DAY, HUGE))
    importing = asyncio.create_task(ingest(run_id, imports.io))
    await _until_rows_were_read(imports, run_id)
    try:
        yield run_id, importing
    finally:
        importing.cancel()
        await asyncio.wait([importing])


async def _until_rows_were_read(imports: Importer, run_id: RunId) -> None:
    async with asyncio.timeout(20):
        while (await runs.read(imports.db, run_id)).rows_done == 0:
            await asyncio.sleep(0.005)


async def _end_the_backend_that_loads(imports: Importer) -> None:
    async with asyncio.timeout(20):
        while not await imports.rows(END_LOAD):
            await asyncio.sleep(0.001)


async def _times_loaded(imports: Importer) -> list[tuple[int, int, int]]:
    """How many ids there are, and how often the rarest and the most frequent one of them is there."""
    return await imports.rows(
        "SELECT count(*), min(times), max(times)"
        " FROM (SELECT count(*) AS times FROM data.things GROUP BY id) AS counted"
    )


async def test_a_cancellation_reaches_a_running_load_and_leaves_nothing(imports: Importer) -> None:
    async with in_the_load(imports) as (run_id, importing):
        assert await runs.cancel(imports.db, run_id)
        async with asyncio.timeout(2):
            await importing
        assert (await runs.read(imports.db, run_id)).state == "cancelled"
    assert await imports.staged() == []
    assert await imports.rows("SELECT * FROM loadstone.version") == []


async def test_a_worker_whose_run_was_given_to_another_publishes_nothing(imports: Importer) -> None:
    async with in_the_load(imports) as (run_id, importing):
        await imports.db.execute("UPDATE loadstone.run SET fence = fence + 1 WHERE id = $1", run_id)
        await importing
        run = await runs.read(imports.db, run_id)
    assert (run.state, run.fence) == ("running", 2)
    assert await imports.rows("SELECT * FROM loadstone.version") == []


async def test_a_lost_connection_costs_an_attempt_and_the_next_one_succeeds(imports: Importer) -> None:
    async with in_the_load(imports) as (run_id, importing):
        await _end_the_backend_that_loads(imports)
        async with asyncio.timeout(20):
            await importing
        run = await runs.read(imports.db, run_id)
        assert (run.state, run.attempt, run.error_code) == ("queued", 1, "database_unavailable")
        assert await imports.staged() == []
        await _until_due(imports, run_id)
        await ingest(run_id, imports.io)
    run = await runs.read(imports.db, run_id)
    assert (run.state, run.attempt, run.version, run.error_code) == ("succeeded", 2, 1, None)
    assert await _times_loaded(imports) == [(400_000, 5, 5)]
    assert [a.outcome for a in await attempts.listing(imports.db, run_id)] == ["retry", "succeeded"]


async def test_a_connection_lost_in_one_of_many_parts_costs_only_a_try_of_that_part(
    imports: Importer,
) -> None:
    imports.io = msgspec.structs.replace(imports.io, max_parts=8)
    async with in_the_load(imports) as (run_id, importing):
        await _end_the_backend_that_loads(imports)
        async with asyncio.timeout(60):
            await importing
    run = await runs.read(imports.db, run_id)
    assert (run.state, run.attempt, run.version, run.error_code) == ("succeeded", 1, 1, None)
    assert await _times_loaded(imports) == [(400_000, 5, 5)]
    report = await runs.report(imports.db, run_id)
    assert report is not None
    assert sorted(part["tries"] for part in report["parts"]) == [1, 1, 1, 2]
    assert await imports.staged() == []
    assert [a.outcome for a in await attempts.listing(imports.db, run_id)] == ["succeeded"]


async def test_a_connection_lost_in_every_try_of_a_part_costs_an_attempt(imports: Importer) -> None:
    imports.io = msgspec.structs.replace(imports.io, max_parts=8)
    async with in_the_load(imports) as (run_id, importing):
        async with asyncio.timeout(30):
            while not importing.done():
                await imports.rows(END_LOAD)
                await asyncio.sleep(0.001)
    run = await runs.read(imports.db, run_id)
    assert (run.state, run.attempt, run.error_code) == ("queued", 1, "database_unavailable")
    assert await imports.staged() == []
    assert await imports.rows("SELECT max(failures) FROM loadstone.run_part") == [(2,)]


async def _until_due(imports: Importer, run_id: RunId) -> None:
    async with asyncio.timeout(20):
        while not await imports.rows(f"SELECT 1 FROM loadstone.run WHERE id = {run_id} AND run_at <= now()"):
            await asyncio.sleep(0.005)


async def test_attempts_end_when_the_contract_allows_no_more(imports: Importer, database: str) -> None:
    await imports.apply(FIELDS, limits={"backoff": {"initial": "1ms", "max": "1ms"}})
    assert (await imports.deliver(DAY, SMALL)).state == "succeeded"
    run_id = await imports.accept(DAY, await imports.put(DAY, {"data.csv": SMALL.encode()}))
    await imports.db.execute("UPDATE loadstone.run SET max_attempts = 2 WHERE id = $1", run_id)
    imports.io = msgspec.structs.replace(imports.io, publish_timeout=0.3, lock_timeout=0.05)
    async with connection(database, application="reader") as reader, reader.transaction():
        await reader.fetch("SELECT * FROM data.things")
        await ingest(run_id, imports.io)
        run = await runs.read(imports.db, run_id)
        assert (run.state, run.error_code) == ("queued", "publish_blocked")
        await _until_due(imports, run_id)
        await ingest(run_id, imports.io)
    run = await runs.read(imports.db, run_id)
    assert (run.state, run.attempt, run.error_code) == ("failed", 2, "publish_blocked")


async def test_an_import_that_takes_too_long_fails(imports: Importer) -> None:
    await imports.apply(FIELDS, limits={"timeout": "200ms"})
    run = await imports.deliver_files(DAY, HUGE)
    assert (run.state, run.error_code) == ("failed", "time_limit_exceeded")
    assert await imports.staged() == []


async def test_a_run_is_claimed_once_however_often_its_job_is_delivered(imports: Importer) -> None:
    await imports.apply(FIELDS)
    run_id = await imports.accept(DAY, await imports.put(DAY, {"data.csv": SMALL.encode()}))
    await asyncio.gather(*(ingest(run_id, imports.io) for _ in range(8)))
    assert await imports.rows("SELECT number, rows FROM loadstone.version") == [(1, 2)]
    assert len(await attempts.listing(imports.db, run_id)) == 1


async def test_two_runs_of_a_dataset_never_work_at_once(imports: Importer) -> None:
    async with in_the_load(imports) as (_, importing):
        second = await imports.accept(
            "2013-01-03", await imports.put("2013-01-03", {"a.csv": SMALL.encode()})
        )
        await ingest(second, imports.io)
        assert (await runs.read(imports.db, second)).state == "queued"
        await importing
    await ingest(second, imports.io)
    assert (await runs.read(imports.db, second)).state == "succeeded"


async def test_readers_who_hold_the_view_for_too_long_cost_an_attempt(
    imports: Importer, database: str
) -> None:
    await imports.apply(FIELDS)
    assert (await imports.deliver(DAY, SMALL)).state == "succeeded"
    imports.io = msgspec.structs.replace(imports.io, publish_timeout=0.3, lock_timeout=0.05)
    async with connection(database, application="reader") as reader, reader.transaction():
        await reader.fetch("SELECT * FROM data.things")
        run = await imports.deliver("2013-01-03", SMALL)
    assert (run.state, run.error_code) == ("queued", "publish_blocked")
    assert await imports.staged() == []


async def test_the_schedule_never_puts_an_older_day_in_the_place_of_a_newer_one(imports: Importer) -> None:
    await imports.apply(FIELDS)
    assert (await imports.deliver("2013-01-05", SMALL)).version == 1
    older = await imports.accept("2013-01-04", await imports.put("2013-01-04", {"a.csv": SMALL.encode()}))
    await imports.db.execute("UPDATE loadstone.run SET trigger = 'schedule' WHERE id = $1", older)
    await ingest(older, imports.io)
    run = await runs.read(imports.db, older)
    assert (run.state, run.version) == ("superseded", None)
    assert await imports.staged() == []
    assert (await imports.deliver("2013-01-04", SMALL)).version == 2, "what a person asks for is done"


async def test_a_newer_day_waits_until_the_older_one_has_been_looked_for(imports: Importer) -> None:
    await imports.apply(FIELDS)
    objects = await imports.put("2013-01-05", {"a.csv": SMALL.encode()})
    older, newer = [await imports.expect(day) for day in ("2013-01-04", "2013-01-05")]
    async with imports.db.acquire() as db:
        run = await runs.read(db, newer)
        await waiting.enqueue(db, run, "its identity", objects, imports.contract_version)
        assert await runs.ready(db, rering=30, limit=10) == []
        await waiting.check_later(db, older, 60, "no object matches")
        assert [ready.id for ready in await runs.ready(db, rering=30, limit=10)] == [newer]


async def test_a_worker_that_is_told_to_stop_gives_its_run_back_without_using_an_attempt(
    imports: Importer, database: str, redis_url: str, s3: Store
) -> None:
    await imports.apply(FIELDS)
    run_id = await imports.accept(DAY, await imports.put(DAY, HUGE))
    haste = {"LEASE": "600ms", "DRAIN": "100ms", "SCHEDULER_TICK": "100ms"}
    async with fleet(database, redis_url, s3, **haste) as processes:
        worker = await processes.worker()
        await processes.scheduler()
        await _until_rows_were_read(imports, run_id)
        await worker.stop()
        assert await worker.ended() == 0
        run = await runs.read(imports.db, run_id)
        assert (run.state, run.attempt) == ("queued", 0)
        await processes.worker()
        run = await _final(imports, run_id)
    assert (run.state, run.attempt, run.version) == ("succeeded", 1, 1)
    outcomes = [attempt.outcome for attempt in await attempts.listing(imports.db, run_id)]
    assert outcomes == ["released", "succeeded"]


async def _final(imports: Importer, run_id: RunId) -> Run:
    async with asyncio.timeout(30):
        while (run := await runs.read(imports.db, run_id)).finished_at is None:
            await asyncio.sleep(0.02)
    return run
