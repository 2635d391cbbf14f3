"""Datasets of one release group go live together, or not at all."""

import asyncio

import pytest
from msgspec import structs

from services.api import approval
from services.api.rollback import roll_back
from shared.catalog import audit, versions
from shared.domain.run import RunState
from shared.errors import Conflict
from shared.postgres.pool import connection
from tests.integration.worker.releases import Releases
from tests.support.imports import Importer

FIRST, SECOND, THIRD = "2013-01-01", "2013-01-02", "2013-01-03"
FEW = {"id": "few", "metric": "rowCount", "mustBeGreaterThan": 1, "severity": "warning"}
GATED = {"publish": {"releaseGroup": "retail", "gate": "on_warning"}, "quality": [FEW]}


@pytest.fixture
async def group(imports: Importer) -> Releases:
    """The datasets `orders` and `stores`, of one group, with nothing live."""
    releases = Releases(imports)
    await releases.declare("orders", "stores")
    return releases


async def _both(group: Releases, day: str) -> None:
    for name in ("orders", "stores"):
        await group.deliver(name, day)
    assert await group.seen("orders", "stores") == [day, day]


async def test_a_version_waits_until_the_last_of_its_group_is_there_and_then_all_go_live(
    group: Releases,
) -> None:
    orders = await group.deliver("orders", FIRST)
    assert (orders.state, orders.version, orders.release_group) == ("held", 1, "retail")
    assert orders.stage == f"waits for its release group retail: stores of {FIRST}"
    assert await group.seen("orders", "stores") == [None, None]
    stores = await group.deliver("stores", FIRST)
    assert (stores.state, stores.version) == ("succeeded", 1)
    orders = await group.run(orders.id)
    assert (orders.state, orders.stage, orders.release_group) == ("succeeded", None, None)
    assert await group.seen("orders", "stores") == [FIRST, FIRST]


async def test_who_is_still_missing_is_said_of_every_run_that_waits(group: Releases) -> None:
    await group.declare("returns")
    orders = await group.deliver("orders", FIRST)
    assert orders.stage == f"waits for its release group retail: stores, returns of {FIRST}"
    await group.deliver("stores", FIRST)
    assert (await group.run(orders.id)).stage == f"waits for its release group retail: returns of {FIRST}"
    await group.deliver("returns", FIRST)
    assert await group.seen("orders", "stores", "returns") == [FIRST] * 3


async def test_another_business_date_completes_nothing(group: Releases) -> None:
    await _both(group, FIRST)
    assert (await group.deliver("orders", SECOND)).state == "held"
    assert (await group.deliver("stores", THIRD)).state == "held"
    assert await group.seen("orders", "stores") == [FIRST, FIRST]
    assert (await group.deliver("stores", SECOND)).state == "succeeded"
    assert await group.seen("orders", "stores") == [SECOND, SECOND]
    assert (await group.deliver("orders", THIRD)).state == "succeeded"
    assert await group.seen("orders", "stores") == [THIRD, THIRD]


async def test_a_date_that_is_live_in_the_whole_group_is_imported_again_at_once(group: Releases) -> None:
    await _both(group, FIRST)
    again = await group.deliver("orders", FIRST, f"id,day\n1,{FIRST}\n2,{FIRST}\n")
    assert (again.state, again.version) == ("succeeded", 2)
    await _both(group, SECOND)


async def test_the_newest_of_two_imports_that_wait_goes_live(group: Releases) -> None:
    older = await group.deliver("orders", FIRST)
    newer = await group.deliver("orders", FIRST, f"id,day\n7,{FIRST}\n")
    assert (await group.deliver("stores", FIRST)).state == "succeeded"
    assert (await group.run(newer.id)).state == "succeeded"
    assert (await group.run(older.id)).state == "held"
    assert await group.db.fetchval("SELECT id FROM data.orders") == 7
    await group.deliver("stores", FIRST)
    assert await group.db.fetchval("SELECT id FROM data.orders") == 7, "an older import never follows"


async def test_a_dataset_alone_in_its_group_behaves_like_one_without(imports: Importer) -> None:
    releases = Releases(imports)
    await releases.declare("orders")
    await releases.declare("stores", status="draft")
    assert (await releases.deliver("orders", FIRST)).state == "succeeded"
    assert (await releases.deliver("stores", SECOND)).state == "succeeded"


async def test_a_member_that_fails_keeps_the_others_waiting_until_it_is_imported(group: Releases) -> None:
    await _both(group, FIRST)
    orders = await group.deliver("orders", SECOND)
    assert (await group.deliver("stores", SECOND, "id,day\nx,\n")).state == "failed"
    assert (await group.run(orders.id)).state == "held"
    assert await group.seen("orders", "stores") == [FIRST, FIRST]
    assert (await group.deliver("stores", SECOND)).state == "succeeded"
    assert await group.seen("orders", "stores") == [SECOND, SECOND]


async def test_approving_the_last_missing_member_publishes_the_group(group: Releases) -> None:
    await group.declare("stores", **GATED)
    orders = await group.deliver("orders", FIRST)
    stores = await group.deliver("stores", FIRST)
    assert (stores.state, stores.release_group) == ("held", None)
    assert await group.seen("orders", "stores") == [None, None]
    assert (await group.approve(stores)).state == "succeeded"
    assert (await group.run(orders.id)).state == "succeeded"
    assert await group.seen("orders", "stores") == [FIRST, FIRST]


async def test_an_approved_member_waits_for_the_others_and_says_so(group: Releases) -> None:
    await group.declare("stores", **GATED)
    held = await group.deliver("stores", FIRST)
    stores = await group.approve(held)
    assert (stores.state, stores.release_group) == ("held", "retail")
    assert stores.stage == f"waits for its release group retail: orders of {FIRST}"
    [line] = await audit.listing(group.db)
    assert (line.action, line.after["liveVersion"]) == ("run.approve", None)
    with pytest.raises(Conflict, match="waits for its release group retail: orders"):
        await group.approve(stores)
    assert (await group.deliver("orders", FIRST)).state == "succeeded"
    assert await group.seen("orders", "stores") == [FIRST, FIRST]


async def test_a_rejected_member_leaves_the_others_waiting(group: Releases) -> None:
    orders = await group.deliver("orders", FIRST)
    async with group.db.acquire() as db:
        await approval.reject(db, orders.id, reason="wrong", actor="ann")
    assert (await group.deliver("stores", FIRST)).state == "held"
    assert await group.seen("orders", "stores") == [None, None]


async def test_who_leaves_the_group_is_waited_for_no_more(group: Releases) -> None:
    orders = await group.deliver("orders", FIRST)
    await group.declare("stores", publish={})
    assert (await group.approve(orders)).state == "succeeded"
    assert (await group.deliver("stores", SECOND)).state == "succeeded"


async def test_a_version_made_from_another_live_one_is_waited_for_until_it_is_imported_again(
    group: Releases,
) -> None:
    await group.declare("orders", load={"target": {"schema": "data", "table": "orders"}, "mode": "append"})
    await _both(group, FIRST)
    await group.deliver("orders", SECOND)
    stale = await group.deliver("orders", THIRD)
    assert (await group.deliver("stores", SECOND)).state == "succeeded"
    stores = await group.deliver("stores", THIRD)
    assert stores.state == "held"
    assert "orders (version 2 became live after the held one was made from version 1)" in (stores.stage or "")
    assert (await group.deliver("orders", THIRD)).state == "succeeded"
    assert (await group.run(stale.id)).state == "held"
    assert await group.seen("orders", "stores") == [THIRD, THIRD]
    assert await group.db.fetchval("SELECT count(*) FROM data.orders") == 3


async def test_what_anothers_view_refuses_is_no_failure_of_the_last_to_come(group: Releases) -> None:
    await group.deliver("orders", FIRST)
    await group.db.execute("CREATE SCHEMA data CREATE TABLE orders (mine integer)")
    stores = await group.deliver("stores", FIRST)
    assert stores.state == "held", stores.error_message
    assert "orders (data.orders exists already and was not made by Loadstone)" in (stores.stage or "")
    await group.db.execute("DROP TABLE data.orders")
    assert (await group.approve(stores)).state == "succeeded"
    assert await group.seen("orders", "stores") == [FIRST, FIRST]


async def test_a_rollback_that_parts_the_group_is_refused_unless_it_is_wanted(group: Releases) -> None:
    await _both(group, FIRST)
    await _both(group, SECOND)
    await group.deliver("orders", SECOND)
    async with group.db.acquire() as db:
        assert (await roll_back(db, "orders", to=2, actor="ann")).version == 2
        with pytest.raises(Conflict, match=r"version 1 is of 2013-01-01.*stores \(2013-01-02\)"):
            await roll_back(db, "orders", to=1, actor="ann")
        await roll_back(db, "orders", to=1, actor="ann", alone=True)
        await roll_back(db, "stores", to=1, actor="ann")
    assert await group.seen("orders", "stores") == [FIRST, FIRST]


async def test_two_workers_that_finish_at_the_same_moment_publish_exactly_once(
    group: Releases, imports: Importer
) -> None:
    other = structs.replace(imports.io, name="another-worker")
    for day in range(1, 16):
        date = f"2013-01-{day:02}"
        async with asyncio.timeout(30):
            ended = await asyncio.gather(
                group.deliver("orders", date), group.deliver("stores", date, io=other)
            )
        assert RunState.SUCCEEDED in [run.state for run in ended]
        assert [(await group.run(run.id)).state for run in ended] == ["succeeded"] * 2
        assert [(await group.run(run.id)).attempt for run in ended] == [1, 1]
        assert await group.seen("orders", "stores") == [date, date]
    for run in ended:
        made = await versions.listing(group.db, run.dataset_id)
        assert [version.number for version in made] == list(range(15, 0, -1))


async def test_readers_of_both_tables_see_one_business_date_while_groups_are_published(
    group: Releases, database: str
) -> None:
    await _both(group, FIRST)
    joined = "SELECT o.day::text, s.day::text FROM data.orders o CROSS JOIN data.stores s"
    seen: set[tuple[str, str]] = set()
    done = asyncio.Event()

    async def read_in_one_transaction() -> None:
        async with connection(database, application="reader") as reader:
            while not done.is_set():
                async with reader.transaction(isolation="repeatable_read"):
                    first = await reader.fetchval("SELECT day::text FROM data.orders")
                    await asyncio.sleep(0)
                    seen.add((first, await reader.fetchval("SELECT day::text FROM data.stores")))
                await asyncio.sleep(0.005)

    async def read_in_one_statement() -> None:
        async with connection(database, application="reader") as reader:
            while not done.is_set():
                [row] = await reader.fetch(joined)
                seen.add((row[0], row[1]))
                await asyncio.sleep(0.005)

    async with asyncio.timeout(60), asyncio.TaskGroup() as readers:
        for read in (read_in_one_transaction, read_in_one_transaction, read_in_one_statement):
            readers.create_task(read())
        for day in range(2, 22):
            await _both(group, f"2013-01-{day:02}")
        done.set()
    assert {first for first, second in seen if first != second} == set()
    assert len(seen) > 5


async def test_a_snapshot_older_than_the_group_reads_both_tables_of_one_date(
    group: Releases, database: str
) -> None:
    await _both(group, FIRST)
    async with (
        connection(database, application="reader") as reader,
        reader.transaction(isolation="repeatable_read"),
    ):
        await reader.fetchval("SELECT pg_export_snapshot()")
        await _both(group, SECOND)
        days = [await reader.fetchval(f"SELECT day::text FROM data.{name}") for name in ("orders", "stores")]
        assert days == [SECOND, SECOND]
