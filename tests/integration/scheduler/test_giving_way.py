"""Objects that are replaced while their run waits for a worker, or runs."""

import asyncio
from datetime import UTC, datetime

import pytest

from services.worker.ingest import ingest
from shared.catalog import reuploads, runs, waiting
from shared.catalog.runs import Ending
from shared.domain.run import RunState
from tests.integration.scheduler.both import DAY, FIELDS, NOW, Both, states
from tests.support import catalog

LARGE = b"id\n" + b"".join(b"%d\n" % row for row in range(300_000))
PAUSE = """
    SELECT round(extract(epoch FROM check_at - created_at))::int FROM loadstone.run WHERE state = 'waiting'
"""


async def test_a_run_whose_object_is_replaced_while_it_is_queued_gives_way_to_one_that_reads_the_new_one(
    both: Both,
) -> None:
    await both.imports.apply(FIELDS)
    await both.put(1)
    first = await both.accepted()
    await both.db.execute(
        "UPDATE loadstone.run SET priority = 7, schedule_key = 'tick' WHERE id = $1", first.id
    )
    await both.put(2, 3)
    await ingest(first.id, both.imports.io)
    superseded, following = await both.scheduler.runs()
    assert (superseded.state, superseded.attempt, superseded.error_code) == (
        "superseded",
        1,
        "object_changed",
    )
    assert f"run {following.id} imports the new one" in (superseded.error_hint or "")
    assert (following.state, following.stage) == (
        "waiting",
        f"run {first.id} gave way: {superseded.error_message}",
    )
    assert (following.trigger, following.requested_by) == (first.trigger, first.requested_by)
    assert await both.imports.rows("SELECT priority, schedule_key FROM loadstone.run ORDER BY id") == [
        (7, "tick"),
        (7, None),
    ]
    assert states(await both.work()) == ["superseded", "succeeded"]
    assert await both.rows() == [2, 3]
    assert await both.imports.staged() == []


async def test_an_object_replaced_in_the_middle_of_a_load_leaves_nothing_of_the_old_ones(both: Both) -> None:
    await both.imports.apply(FIELDS)
    await both.imports.put(DAY, {f"{number}.csv": LARGE for number in range(4)})
    run = await both.accepted()
    importing = asyncio.create_task(ingest(run.id, both.imports.io))
    async with asyncio.timeout(20):
        while (await runs.read(both.db, run.id)).rows_done == 0:
            await asyncio.sleep(0.005)
    await both.put(-1, name="3.csv")
    await importing
    assert states(await both.work()) == ["superseded", "succeeded"]
    assert await both.imports.rows("SELECT count(*), min(id) FROM data.things") == [(900_001, -1)]


@pytest.mark.parametrize(
    ("policy", "says"), [("ignore", "only a bucket that keeps versions"), ("fail", "is fail")]
)
async def test_where_nothing_may_take_its_place_the_run_fails_at_once(
    both: Both, policy: str, says: str
) -> None:
    await both.imports.apply(FIELDS, source={"onReupload": policy})
    await both.put(1)
    await both.accepted()
    await both.put(2)
    [run] = await both.work()
    assert (run.state, run.attempt, run.error_code) == ("failed", 1, "object_changed")
    assert says in (run.error_hint or "")


@pytest.mark.parametrize(("policy", "ends"), [("supersede", [2]), ("ignore", [1])])
async def test_where_the_bucket_keeps_versions_the_pinned_ones_are_published_first(
    versioned: Both, policy: str, ends: list[int]
) -> None:
    await versioned.imports.apply(FIELDS, source={"onReupload": policy})
    await versioned.put(1)
    run = await versioned.accepted()
    await versioned.put(2)
    await ingest(run.id, versioned.imports.io)
    assert await versioned.rows() == [1]
    assert states(await versioned.work()) == ["succeeded"] * (2 if policy == "supersede" else 1)
    assert await versioned.rows() == ends


async def test_the_run_that_waits_for_the_date_already_takes_the_place(both: Both) -> None:
    await both.imports.apply(FIELDS)
    await both.put(1)
    first = await both.accepted()
    there = await both.imports.expect(DAY)
    await both.put(2)
    await ingest(first.id, both.imports.io)
    assert f"run {there} imports" in ((await runs.read(both.db, first.id)).error_hint or "")
    assert [run.id for run in await both.work()] == [first.id, there]
    assert await both.rows() == [2]


async def test_a_waiting_run_does_not_end_on_account_of_one_that_gives_way_to_it(both: Both) -> None:
    await both.imports.apply(FIELDS)
    await both.put(1)
    first = await both.accepted()
    there = await both.imports.expect(DAY)
    held = await catalog.claimed(both.db, first.id)
    key = await both.db.fetchval("SELECT delivery_key FROM loadstone.run WHERE id = $1", first.id)
    async with both.db.acquire() as db, db.transaction():
        assert await reuploads.successor(db, held.run, "replaced") == there
        ending = asyncio.create_task(both.db.fetchval(waiting.SQL.end_unchanged, there, key))
        async with asyncio.timeout(20):
            while not await both.db.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.005)
        await runs.finish(db, held.run, Ending(state=RunState.SUPERSEDED))
    assert await ending is None
    assert (await runs.read(both.db, there)).state == "waiting"


async def test_a_run_that_is_to_be_cancelled_gives_way_to_nobody(both: Both) -> None:
    await both.imports.apply(FIELDS)
    await both.put(1)
    held = await catalog.claimed(both.db, (await both.accepted()).id)
    assert await runs.cancel(both.db, held.run.id)
    async with both.db.acquire() as db, db.transaction():
        assert await reuploads.successor(db, held.run, "replaced") is None
    assert len(await both.scheduler.runs()) == 1


async def test_an_object_that_changes_all_the_time_is_looked_at_more_and_more_rarely(both: Both) -> None:
    await both.imports.apply(FIELDS)
    await both.put(0)
    await both.accepted()
    pauses = []
    for number in range(1, 5):
        await both.put(number)
        newest = (await both.scheduler.runs())[-1]
        await ingest(newest.id, both.imports.io)
        pauses += await both.imports.rows(PAUSE)
        await both.scheduler.tick(NOW)
    assert pauses == [(1,), (2,), (4,), (8,)]
    assert states(await both.scheduler.runs()) == ["superseded"] * 4 + ["queued"]


async def test_a_run_that_took_a_place_is_given_up_like_any_other_when_nothing_comes(both: Both) -> None:
    await both.imports.apply(FIELDS)
    await both.put(1)
    first = await both.accepted()
    await both.put(2)
    await ingest(first.id, both.imports.io)
    await both.imports.apply(FIELDS, source={"key": "nowhere/{businessDate}/*"})
    await both.scheduler.tick(datetime.now(UTC) + both.scheduler.io.wait_limit)
    assert (await both.scheduler.runs())[-1].error_code == "delivery_missing"
