"""A hold that nobody decides about ends by itself, and its version goes like one beyond retention."""

from datetime import UTC, datetime

from services.scheduler import tick
from services.scheduler.tick import Report
from shared.catalog import runs
from shared.warehouse import naming
from tests.integration.scheduler.driver import Driver
from tests.integration.scheduler.test_retire import tables
from tests.support import catalog

NOW = datetime(2013, 1, 6, 6, 0, tzinfo=UTC)


async def _tick(scheduler: Driver) -> Report:
    report = Report()
    await tick.tick(scheduler.io, NOW, report)
    assert report.failed == []
    return report


async def test_a_hold_expires_and_its_version_is_dropped(scheduler: Driver) -> None:
    await catalog.applied(scheduler.io.db)
    version = await catalog.held(scheduler.io.db, [(1, "AA")], seconds=0)
    assert (await _tick(scheduler)).did["holds expired"] == 1
    run = await runs.read(scheduler.io.db, version.run_id)
    assert (run.state, run.error_code) == ("rejected", "run_rejected")
    assert run.error_message == "publish.holdFor was over, and it was held still: few: 1 row"
    assert (await scheduler.clear_away()).did["retired"] == 1
    assert await tables(scheduler.io.db, naming.VERSIONS) == []
    assert (await _tick(scheduler)).did["holds expired"] == 0


async def test_a_hold_in_time_keeps_its_version_whatever_is_retained(scheduler: Driver) -> None:
    await catalog.applied(scheduler.io.db, retention={"versions": 2})
    version = await catalog.held(scheduler.io.db, [(1, "AA")])
    for _ in range(3):
        await catalog.published(scheduler.io.db, [(2, "AA")])
    assert (await _tick(scheduler)).did["holds expired"] == 0
    assert (await scheduler.clear_away()).did["retired"] == 1
    assert version.relation in await tables(scheduler.io.db, naming.VERSIONS)


async def test_a_run_whose_group_went_on_without_it_ends_and_one_that_waits_for_a_person_does_not(
    scheduler: Driver,
) -> None:
    db = scheduler.io.db
    for name, group in (("flights", "retail"), ("weather", None)):
        await catalog.applied(db, name)
        await catalog.held(db, [(1, "AA")], name, group=group)
    assert (await _tick(scheduler)).did["holds expired"] == 0
    for name in ("flights", "weather"):
        await catalog.published(db, [(2, "AA")], name)
    assert (await _tick(scheduler)).did["holds expired"] == 1
    [run] = [run for run in await scheduler.runs() if run.state == "rejected"]
    assert run.dataset == "flights"
    assert run.error_message == (
        "a later import of the same business date is live, and it was held still: few: 1 row"
    )
