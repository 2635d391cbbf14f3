"""A held version is complete and can be looked at, and goes live exactly once, or never."""

import asyncio
from typing import Any

import pytest

from services.api import approval
from services.api.rollback import roll_back
from shared.catalog import audit, datasets, holds, runs, versions
from shared.domain.run import Run, RunId
from shared.errors import Conflict, LoadstoneError, RunRejected
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.support.imports import NAME, Importer

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer"}]
FEW = {"id": "few", "metric": "rowCount", "mustBeGreaterThan": 1, "severity": "warning"}


async def _held(imports: Importer, day: str = DAY, **overrides: Any) -> Run:
    await imports.apply(FIELDS, quality=[FEW], publish={"gate": "on_warning"}, **overrides)
    run = await imports.deliver(day, b"id\n7\n")
    assert (run.state, run.error_code) == ("held", None), run.error_message
    return run


async def _approve(imports: Importer, run: Run, *, force: bool = False) -> Run:
    async with imports.db.acquire() as db:
        return await approval.approve(db, run.id, force=force, actor="ann")


async def _reject(imports: Importer, run: Run) -> Run:
    async with imports.db.acquire() as db:
        return await approval.reject(db, run.id, reason="too few", actor="ann")


async def test_a_warning_holds_the_version_and_readers_see_nothing_of_it(imports: Importer) -> None:
    await imports.apply(FIELDS, quality=[FEW], publish={"gate": "on_warning"})
    await outcome.assert_published(imports, await imports.deliver("2012-12-31", b"id\n1\n2\n"))
    before = await outcome.readable(imports)
    run = await _held(imports)
    assert (run.version, run.stage) == (2, "few: 1 rows loaded, more than 1 expected")
    assert (await outcome.readable(imports))[0] == before.live_version
    assert (await outcome.readable(imports)).rows == before.rows
    assert await imports.rows("SELECT * FROM loadstone_versions.things_v2") == [(7,)]
    assert await imports.staged() == []


async def test_approving_makes_the_version_live_and_is_told_in_the_audit_trail(imports: Importer) -> None:
    run = await _approve(imports, await _held(imports))
    assert (run.state, run.version, run.stage) == ("succeeded", 1, None)
    await outcome.assert_published(imports, run)
    assert await imports.rows("SELECT * FROM data.things") == [(7,)]
    [line] = await audit.listing(imports.db)
    assert (line.actor, line.action, line.after["liveVersion"]) == ("ann", "run.approve", 1)


async def test_the_gate_always_holds_a_load_that_breaks_nothing(imports: Importer) -> None:
    await imports.apply(FIELDS, publish={"gate": "always"})
    run = await imports.deliver(DAY, b"id\n1\n")
    assert (run.state, run.stage) == ("held", "publish.gate is always")


async def test_an_error_refuses_the_load_whatever_the_gate(imports: Importer) -> None:
    await imports.apply(FIELDS, quality=[{**FEW, "severity": "error"}], publish={"gate": "always"})
    await outcome.assert_failed(imports, await imports.deliver(DAY, b"id\n1\n"), "expectation_failed", "few")


async def test_rejecting_ends_the_run_and_the_version_is_dropped_like_a_retired_one(
    imports: Importer,
) -> None:
    held = await _held(imports)
    assert await versions.retirable(imports.db, kept=7, limit=10) == []
    run = await _reject(imports, held)
    assert (run.state, run.error_code) == ("rejected", "run_rejected")
    assert run.error_message == "ann rejected it: too few"
    assert [one.number for one in await versions.retirable(imports.db, kept=7, limit=10)] == [1]
    with pytest.raises(Conflict, match="is rejected, not held"):
        await _approve(imports, held)


async def test_of_two_decisions_at_once_exactly_one_counts(imports: Importer) -> None:
    for day in range(1, 6):
        held = await _held(imports, f"2013-01-0{day}")
        asked = (_approve(imports, held), _approve(imports, held), _reject(imports, held))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        decided = [answer for answer in answers if isinstance(answer, Run)]
        refused = [answer for answer in answers if isinstance(answer, Conflict)]
        assert (len(decided), len(refused)) == (1, 2)
        run = await runs.read(imports.db, held.id)
        live = (await datasets.read(imports.db, NAME)).live_version
        assert (live == held.version) is (run.state == "succeeded")


async def test_a_hold_that_expires_can_not_be_approved_any_more(imports: Importer) -> None:
    run = await _held(imports)
    async with imports.db.acquire() as db, db.transaction():
        assert await holds.expired(db, 10) == []
        await db.execute("UPDATE loadstone.run SET held_until = now()")
        assert await holds.expired(db, 10) == [run.id]
        assert await holds.reject(db, run.id, RunRejected("late"))
    with pytest.raises(Conflict):
        await _approve(imports, run)


async def test_a_newer_delivery_publishes_meanwhile_and_the_older_one_is_then_refused_unless_forced(
    imports: Importer,
) -> None:
    held = await _held(imports)
    newer = await imports.deliver("2013-01-02", b"id\n1\n2\n")
    await outcome.assert_published(imports, newer)
    with pytest.raises(Conflict, match="version 2 of 2013-01-02 is live"):
        await _approve(imports, held)
    assert (await runs.read(imports.db, held.id)).state == "held"
    assert (await _approve(imports, held, force=True)).state == "succeeded"
    assert await imports.rows("SELECT * FROM data.things") == [(7,)]


async def test_a_later_import_of_the_same_day_supersedes_a_held_one(imports: Importer) -> None:
    held = await _held(imports)
    await outcome.assert_published(imports, await imports.deliver(DAY, b"id\n1\n2\n"))
    with pytest.raises(Conflict, match="newer than the held one"):
        await _approve(imports, held)


async def test_a_dataset_that_publishes_elsewhere_refuses_what_was_held_before(imports: Importer) -> None:
    held = await _held(imports)
    await imports.apply(FIELDS, load={"target": {"schema": "data", "table": "others"}})
    with pytest.raises(Conflict, match=r"load.target is data.others now"):
        await _approve(imports, held)


async def test_a_version_made_from_another_live_one_is_refused(imports: Importer) -> None:
    await imports.apply(FIELDS, load={"mode": "append"})
    await outcome.assert_published(imports, await imports.deliver(DAY, b"id\n1\n"))
    held = await _held(imports, "2013-01-02", load={"mode": "append"})
    await outcome.assert_published(imports, await imports.deliver("2013-01-03", b"id\n3\n4\n"))
    with pytest.raises(Conflict, match="version 3 became live after the held one was made from version 1"):
        await _approve(imports, held, force=True)


async def test_a_held_append_goes_live_with_what_it_was_made_from(imports: Importer) -> None:
    await imports.apply(FIELDS, load={"mode": "append"})
    await outcome.assert_published(imports, await imports.deliver(DAY, b"id\n1\n"))
    await _approve(imports, await _held(imports, "2013-01-02", load={"mode": "append"}))
    assert await imports.rows("SELECT * FROM data.things ORDER BY 1") == [(1,), (7,)]


async def test_no_rollback_goes_to_a_held_version(imports: Importer) -> None:
    held = await _held(imports)
    await outcome.assert_published(imports, await imports.deliver("2013-01-02", b"id\n1\n2\n"))
    async with imports.db.acquire() as db:
        with pytest.raises(Conflict, match="no retained version is older"):
            await roll_back(db, NAME, to=None, actor="ann")
        with pytest.raises(Conflict, match="version 1 of things is held"):
            await roll_back(db, NAME, to=held.version, actor="ann")


async def test_only_a_held_run_can_be_decided_about(imports: Importer) -> None:
    await imports.apply(FIELDS)
    run = await imports.deliver(DAY, b"id\n1\n")
    for decide in (_approve, _reject):
        with pytest.raises(Conflict, match="is succeeded, not held"):
            await decide(imports, run)
    with pytest.raises(LoadstoneError):
        async with imports.db.acquire() as db:
            await approval.approve(db, RunId(99), force=False, actor="ann")
