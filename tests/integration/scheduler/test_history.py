"""Finished runs are forgotten after the days that their dataset keeps them, unless something needs them."""

from datetime import date

import pytest

from services.scheduler import tick
from services.scheduler.tick import Report
from shared.catalog import audit, corrections, runs, versions
from shared.domain.report import Reject, RejectCode
from shared.domain.run import RunId
from shared.domain.version import Version
from shared.errors import NotFound
from shared.postgres.pool import Pool
from tests.integration.scheduler.driver import Driver
from tests.support import catalog

REJECT = Reject(line=2, code=RejectCode.TYPE_MISMATCH, message="not an integer", raw=b"x,AA")


async def _forgotten(scheduler: Driver) -> int:
    report = Report()
    await tick.purge(scheduler.io, report)
    assert report.failed == []
    return report.did["runs forgotten"]


async def _declared(scheduler: Driver, name: str = "flights") -> None:
    await catalog.applied(scheduler.io.db, name, retention={"versions": 2, "historyDays": 60})


async def _versions(scheduler: Driver, count: int) -> list[Version]:
    """So many versions, of which two are retained, as are their tables."""
    made = [
        await catalog.published(scheduler.io.db, [(day, "AA")], business_date=date(2013, 1, day + 1))
        for day in range(count)
    ]
    assert (await scheduler.clear_away()).did["retired"] == count - 2
    return made


async def _ended(db: Pool, *, days_ago: int) -> None:
    """All finished runs ended so long ago."""
    await db.execute(
        "UPDATE loadstone.run SET finished_at = now() - make_interval(days => $1)"
        " WHERE finished_at IS NOT NULL",
        days_ago,
    )


async def _there(db: Pool) -> set[RunId]:
    return {run.id for run in await runs.history(db)}


async def test_runs_past_their_time_go_with_all_that_is_known_of_them_and_those_of_retained_versions_stay(
    scheduler: Driver,
) -> None:
    db = scheduler.io.db
    await _declared(scheduler)
    made = await _versions(scheduler, 4)
    cancelled = await catalog.queued(db, etag="c")
    await runs.cancel(db, cancelled)
    async with db.acquire() as connection:
        await audit.add(connection, actor="ann", action="run.start", subject="flights")
    await _ended(db, days_ago=59)
    assert await _forgotten(scheduler) == 0
    await _ended(db, days_ago=61)
    assert await _forgotten(scheduler) == 3
    assert await _there(db) == {version.run_id for version in made[2:]}
    assert set(await catalog.retained(db)) == {3, 4}
    for table in ("attempt", "run_object"):
        left = await db.fetch(f"SELECT DISTINCT run_id FROM loadstone.{table}")
        assert {row["run_id"] for row in left} == await _there(db)
    assert len(await audit.listing(db)) == 1
    assert await _forgotten(scheduler) == 0


async def test_runs_of_a_dataset_that_does_not_say_how_long_are_kept_for_ever(scheduler: Driver) -> None:
    db = scheduler.io.db
    await catalog.applied(db)
    run_id = await catalog.queued(db)
    await runs.cancel(db, run_id)
    await _ended(db, days_ago=9999)
    assert await _forgotten(scheduler) == 0


async def test_a_run_that_is_not_finished_or_held_stays_whatever_its_age(scheduler: Driver) -> None:
    db = scheduler.io.db
    await _declared(scheduler)
    held = await catalog.held(db, [(1, "AA")])
    queued = await catalog.queued(db, etag="q")
    await db.execute("UPDATE loadstone.run SET created_at = now() - interval '99 days'")
    assert await _forgotten(scheduler) == 0
    assert await _there(db) == {held.run_id, queued}


async def test_the_number_of_a_retired_version_is_never_given_away_again(scheduler: Driver) -> None:
    db = scheduler.io.db
    await _declared(scheduler)
    held = await catalog.held(db, [(1, "AA")], seconds=0)
    await db.execute("UPDATE loadstone.run SET held_until = NULL, state = 'rejected', finished_at = now()")
    assert (await scheduler.clear_away()).did["retired"] == 1
    await _ended(db, days_ago=61)
    assert await _forgotten(scheduler) == 0
    assert (await catalog.published(db, [(1, "AA")])).number == held.number + 1
    await _ended(db, days_ago=61)
    assert await _forgotten(scheduler) == 1


async def test_a_run_stays_with_the_slice_that_it_loaded(scheduler: Driver) -> None:
    db = scheduler.io.db
    await _declared(scheduler)
    made = await _versions(scheduler, 3)
    await db.execute(
        "INSERT INTO loadstone.slice (dataset_id, run_id, relation, business_date, rows, bytes)"
        " SELECT dataset_id, run_id, 'flights_s1', business_date, 1, 1"
        " FROM loadstone.version WHERE number = 1"
    )
    await _ended(db, days_ago=61)
    assert await _forgotten(scheduler) == 0
    await db.execute("UPDATE loadstone.slice SET dropped_at = now()")
    assert await _forgotten(scheduler) == 1
    with pytest.raises(NotFound):
        await runs.read(db, made[0].run_id)


async def test_a_run_stays_for_the_run_that_read_its_corrected_records_and_goes_after_it(
    scheduler: Driver,
) -> None:
    db = scheduler.io.db
    await _declared(scheduler)
    made = await _versions(scheduler, 4)
    first, second = made[0].run_id, made[1].run_id
    async with db.acquire() as connection:
        item = corrections.reference(first, b"id\n1\n")
        await corrections.add(connection, item, b"id\n1\n", corrects=first, run_id=second)
    await _ended(db, days_ago=61)
    assert await _forgotten(scheduler) == 1
    assert first in await _there(db)
    assert await _forgotten(scheduler) == 1
    assert await _there(db) == {version.run_id for version in made[2:]}


async def test_rejected_records_go_with_their_run(scheduler: Driver) -> None:
    db = scheduler.io.db
    await _declared(scheduler)
    run_id = await catalog.queued(db)
    await catalog.rejected(db, run_id, [REJECT])
    await db.execute(
        "UPDATE loadstone.run SET state = 'cancelled', lease_until = NULL,"
        " finished_at = now() - interval '61 days'"
    )
    assert await _forgotten(scheduler) == 1
    assert await db.fetchval("SELECT count(*) FROM loadstone.quarantine") == 0
    assert await versions.retirable(db, kept=7, limit=9) == []
