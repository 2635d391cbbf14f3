"""Deliveries that are replaced after they were published."""

import asyncio

from services.scheduler.reuploads import Looks
from services.worker.ingest import ingest
from shared.catalog import datasets, reuploads
from shared.errors import DeliveryReplaced
from shared.postgres.pool import Connection
from shared.telemetry import metrics
from tests.integration.scheduler.both import DAY, DUE, FIELDS, NOW, Both, states
from tests.integration.scheduler.driver import Driver
from tests.support import catalog, servers
from tests.support.imports import NAME
from tests.support.servers import Store


async def test_a_published_delivery_that_is_replaced_is_imported_again_and_once(both: Both) -> None:
    await both.published(1)
    await both.look()
    assert len(await both.scheduler.runs()) == 1, "nothing was replaced"
    await both.put(2)
    await both.db.execute(DUE)
    await asyncio.gather(*(Looks(both.scheduler.io, NOW).look() for _ in range(4)))
    assert await both.rows() == [1], "what is live stays until the new version is"
    found = await both.work()
    assert [(run.state, run.version) for run in found] == [("succeeded", 1), ("succeeded", 2)]
    assert (found[1].trigger, found[1].requested_by) == ("schedule", "onReupload")
    assert await both.rows() == [2]
    await both.look()
    assert await both.looked_after() == [found[1].id], "the first is not the newest any more"
    assert len(await both.work()) == 2


async def test_what_is_replaced_during_the_publish_is_seen_by_the_tick_that_follows(both: Both) -> None:
    await both.imports.apply(FIELDS)
    await both.put(1)
    held = await catalog.claimed(both.db, (await both.accepted()).id)
    await both.put(2)
    await catalog.succeeded(both.db, held, [(1,)])
    await both.scheduler.tick(NOW)
    assert states(await both.work()) == ["succeeded", "succeeded"]
    assert await both.rows() == [2]


async def test_a_manual_run_of_what_replaced_a_delivery_leaves_the_scheduler_nothing_to_do(
    both: Both,
) -> None:
    await both.published(1)
    await both.put(2)
    await both.imports.expect(DAY)
    await both.look()
    await both.look()
    assert states(await both.work()) == ["succeeded", "succeeded"]
    assert await both.imports.rows("SELECT count(*) FROM loadstone.version") == [(2,)]


async def test_where_it_must_not_be_replaced_a_run_fails_once_and_what_is_live_stays(both: Both) -> None:
    await both.published(1, source={"onReupload": "fail"})
    await both.put(2)
    before = _failed()
    for _ in range(3):
        await both.look()
    found = await both.work()
    assert [(run.state, run.error_code) for run in found] == [
        ("succeeded", None),
        ("failed", "delivery_replaced"),
    ]
    assert f"{DAY}/a.csv replaced what run {found[0].id} had imported" in (found[1].error_message or "")
    assert _failed() - before == 1
    assert await both.rows() == [1]
    await both.imports.expect(DAY)
    assert states(await both.work()) == ["succeeded", "failed", "succeeded"], "a person may import it"
    assert await both.rows() == [2]


async def test_two_schedulers_that_found_the_same_replacement_decide_about_it_once(both: Both) -> None:
    await both.published(1)
    await both.db.execute(DUE)
    [one] = await reuploads.due(both.db, limit=9, hold=60)

    async def decide(db: Connection) -> None:
        if not await reuploads.is_known(db, one, "its key"):
            await reuploads.refuse(db, one, "its key", DeliveryReplaced("a.csv was replaced"))

    async def decide_too() -> None:
        async with both.db.acquire() as other, other.transaction():
            await decide(other)

    async with both.db.acquire() as db, db.transaction():
        await decide(db)
        deciding = asyncio.create_task(decide_too())
        async with asyncio.timeout(20):
            while not await both.db.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                assert not deciding.done(), "the second did not wait for the first"
                await asyncio.sleep(0.005)
    await deciding
    assert states(await both.scheduler.runs()) == ["succeeded", "failed"]


def _failed() -> float:
    labels = {"dataset": NAME, "outcome": "failed"}
    return metrics.REGISTRY.get_sample_value("loadstone_runs_total", labels) or 0.0


async def test_where_reuploads_are_ignored_nothing_is_looked_at(both: Both) -> None:
    run = await both.published(1, source={"onReupload": "ignore"})
    assert await both.looked_after() == [run.id]
    await both.put(2)
    await both.look()
    assert await both.looked_after() == []
    assert states(await both.work()) == ["succeeded"]


async def test_a_replacement_that_can_t_be_imported_is_tried_once(both: Both) -> None:
    await both.published(1)
    await both.imports.put(DAY, {"a.csv": b"id\nnot a number\n"})
    for _ in range(3):
        await both.look()
        await both.work()
    assert states(await both.scheduler.runs()) == ["succeeded", "failed"]
    await both.put(3)
    await both.look()
    assert states(await both.work()) == ["succeeded", "failed", "succeeded"]


async def test_objects_that_are_taken_away_replace_nothing(both: Both, s3: Store) -> None:
    await both.imports.apply(FIELDS)
    for name in ("a.csv", "b.csv"):
        await both.put(1, name=name)
    run = await both.accepted()
    await ingest(run.id, both.imports.io)
    async with servers.client(s3) as client:
        await client.delete_object(Bucket=both.imports.bucket_name, Key=f"things/{DAY}/b.csv")
    await both.put(2)
    await both.look()
    assert states(await both.work()) == ["succeeded"]


async def test_a_delivery_is_let_go_after_a_day_or_when_a_newer_one_is_live(both: Both) -> None:
    old = await both.published(1)
    await both.db.execute("UPDATE loadstone.run SET finished_at = now() - interval '25 hours'")
    await both.look()
    assert await both.looked_after() == []
    await both.published(2, day="2013-01-06")
    newest = await both.published(3, day="2013-01-07")
    await both.look()
    assert await both.looked_after() == [newest.id]
    assert old.id < newest.id


async def test_a_corrected_object_of_an_append_supersedes_its_own_slice(both: Both) -> None:
    await both.imports.apply(FIELDS, load={"mode": "append"})
    for name, row in (("a.csv", 1), ("b.csv", 2)):
        await both.put(row, name=name)
    run = await both.accepted()
    await ingest(run.id, both.imports.io)
    await both.put(10, name="a.csv")
    await both.look()
    assert states(await both.work()) == ["succeeded", "succeeded"]
    assert await both.rows() == [2, 10]


async def test_a_bucket_that_can_t_be_read_ends_no_look(both: Both) -> None:
    run = await both.published(1)
    lost = """jsonb_set(document, '{source,bucket}', '"no-such-bucket"')"""
    await both.db.execute(f"UPDATE loadstone.contract SET document = {lost}")
    await both.look()
    assert await both.looked_after() == [run.id]


async def test_without_the_trigger_the_schedule_plans_nothing(scheduler: Driver) -> None:
    await scheduler.declare(due_at=NOW, source=scheduler.source(triggers=["manual"]))
    await scheduler.tick(NOW)
    assert await scheduler.runs() == []
    assert (await datasets.read(scheduler.io.db, "flights")).next_fire_at is None
