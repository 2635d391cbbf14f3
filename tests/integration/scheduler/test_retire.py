"""What nobody needs any more is cleared away, and nothing else."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from services.scheduler import retire, tick
from services.scheduler.tick import Report
from shared.catalog import datasets, runs
from shared.domain.report import Reject, RejectCode
from shared.domain.version import Version
from shared.postgres.pool import Pool
from shared.warehouse import ddl, naming
from tests.integration.scheduler.driver import Driver
from tests.support import catalog

NOW = datetime(2013, 1, 6, 6, 0, tzinfo=UTC)


async def published(scheduler: Driver, count: int) -> list[Version]:
    """So many versions, of which two are retained."""
    await catalog.applied(scheduler.io.db, retention={"versions": 2})
    return [
        await catalog.published(scheduler.io.db, [(day, "AA")], business_date=date(2013, 1, day + 1))
        for day in range(count)
    ]


async def tables(db: Pool, schema: str) -> list[str]:
    found = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1", schema)
    return [row["tablename"] for row in found]


async def staged(scheduler: Driver, fence: int) -> str:
    """A table as a load under this fence of a run leaves it; the run is held under fence 1."""
    held = await catalog.claimed(scheduler.io.db, await catalog.queued(scheduler.io.db))
    relation = naming.Relation(naming.STAGING, f"flights_r{held.run.id}_f{fence}")
    await scheduler.io.db.execute(ddl.create_table(relation, held.contract.document))
    return relation.name


async def test_versions_beyond_retention_lose_their_tables_and_the_live_one_never_does(
    scheduler: Driver,
) -> None:
    versions = await published(scheduler, 4)
    async with scheduler.io.db.acquire() as db:  # an early version was made live again
        await datasets.point(db, versions[0].dataset_id, 1)
    assert (await scheduler.clear_away()).did["retired"] == 1
    kept = [versions[number].relation for number in (0, 2, 3)]
    assert await tables(scheduler.io.db, naming.VERSIONS) == kept
    assert (await scheduler.clear_away()).did["retired"] == 0


async def test_versions_are_retired_by_age_too_but_for_the_live_one_and_the_one_below_it(
    scheduler: Driver,
) -> None:
    await catalog.applied(scheduler.io.db, retention={"versions": 9, "days": 30})
    versions = [
        await catalog.published(scheduler.io.db, [(day, "AA")], business_date=date(2013, 1, day + 1))
        for day in range(5)
    ]
    age = "UPDATE loadstone.version SET published_at = now() - make_interval(days => $1) WHERE number <= $2"
    await scheduler.io.db.execute(age, 29, 5)
    assert (await scheduler.clear_away()).did["retired"] == 0
    await scheduler.io.db.execute(age, 31, 5)
    assert (await scheduler.clear_away()).did["retired"] == 3
    assert await tables(scheduler.io.db, naming.VERSIONS) == [version.relation for version in versions[3:]]


async def test_a_version_that_is_being_read_stays_until_its_reader_is_done(scheduler: Driver) -> None:
    versions = await published(scheduler, 3)
    reading = f"SELECT count(*) FROM {naming.version(versions[0].relation).sql}"
    async with scheduler.io.db.acquire() as reader:
        async with reader.transaction():
            assert await reader.fetchval(reading) == 1
            assert (await scheduler.clear_away()).did["retired"] == 0
            assert await reader.fetchval(reading) == 1
        assert (await scheduler.clear_away()).did["retired"] == 1
    assert await tables(scheduler.io.db, naming.VERSIONS) == [v.relation for v in versions[1:]]


async def test_a_version_that_somebodys_view_needs_stays_and_the_others_go(scheduler: Driver) -> None:
    versions = await published(scheduler, 4)
    await scheduler.io.db.execute(
        f"CREATE VIEW mine AS SELECT * FROM {naming.version(versions[0].relation).sql}"
    )
    assert (await scheduler.clear_away()).did["retired"] == 1
    assert await tables(scheduler.io.db, naming.VERSIONS) == [
        versions[number].relation for number in (0, 2, 3)
    ]


async def test_leftovers_of_ended_attempts_are_dropped_and_tables_in_work_are_not(scheduler: Driver) -> None:
    await catalog.applied(scheduler.io.db)
    in_work = await staged(scheduler, fence=1)
    run_id = (await scheduler.runs())[0].id
    earlier = naming.Relation(naming.STAGING, f"flights_r{run_id}_f0")
    nobodys = naming.Relation(naming.STAGING, "flights_r4711_f1")
    foreign = naming.Relation(naming.STAGING, "made_by_hand")
    for relation in (earlier, nobodys, foreign):
        await scheduler.io.db.execute(ddl.create_table(relation, catalog.dataset()))
    assert (await scheduler.clear_away()).did["leftovers"] == 2
    assert await tables(scheduler.io.db, naming.STAGING) == [in_work, "made_by_hand"]


async def test_a_load_that_commits_at_any_moment_keeps_its_table(scheduler: Driver) -> None:
    await catalog.applied(scheduler.io.db)
    done = asyncio.Event()

    async def clear_away_all_the_time() -> None:
        while not done.is_set():
            await retire.drop_leftovers(scheduler.io)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(clear_away_all_the_time())
        lost = []
        for number in range(60):
            run_id = await catalog.queued(scheduler.io.db, etag=f"e{number}")
            table = naming.Relation(naming.STAGING, f"flights_r{run_id}_f1")
            async with scheduler.io.db.acquire() as db, db.transaction():  # so close to its claim as can be
                await db.execute(runs.SQL.claim, run_id, "test", 60.0)
                await db.execute(ddl.create_table(table, catalog.dataset()))
            await retire.drop_leftovers(scheduler.io)
            if table.name not in await tables(scheduler.io.db, naming.STAGING):
                lost.append(table)
            await scheduler.io.db.execute(
                """UPDATE loadstone.run SET state = 'cancelled', lease_until = NULL, finished_at = now()
                   WHERE state = 'running'"""
            )
        done.set()
    assert lost == []
    await scheduler.clear_away()
    assert await tables(scheduler.io.db, naming.STAGING) == []


async def test_the_table_of_a_rescued_run_is_a_leftover(scheduler: Driver) -> None:
    await catalog.applied(scheduler.io.db)
    await staged(scheduler, fence=1)
    await scheduler.io.db.execute("UPDATE loadstone.run SET lease_until = now() - interval '1 second'")
    await scheduler.tick(NOW)
    assert (await scheduler.clear_away()).did["leftovers"] == 1
    assert await tables(scheduler.io.db, naming.STAGING) == []


async def test_quarantine_is_purged_after_the_days_that_its_dataset_keeps_it(scheduler: Driver) -> None:
    reject = Reject(line=2, code=RejectCode.TYPE_MISMATCH, message="not an integer", raw=b"x,AA")
    for name, days in (("flights", 7), ("weather", 30)):
        await catalog.applied(scheduler.io.db, name, retention={"quarantineDays": days})
        await catalog.rejected(scheduler.io.db, await catalog.queued(scheduler.io.db, name), [reject] * 2)
    await scheduler.io.db.execute(
        "UPDATE loadstone.quarantine SET at = now() - $1::interval", timedelta(days=8)
    )
    report = Report()
    await tick.purge(scheduler.io, report)
    assert report.did["purged"] == 2
    left = await scheduler.io.db.fetch("SELECT run_id FROM loadstone.quarantine")
    assert {(await runs.read(scheduler.io.db, row["run_id"])).dataset for row in left} == {"weather"}
