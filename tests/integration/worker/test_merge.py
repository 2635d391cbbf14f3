"""load.mode merge: a delivery of changes, told by primary key."""

import asyncio
import os
import signal
from typing import Any

import pytest

from services.worker.ingest import ingest
from shared.catalog import runs
from shared.domain.run import RunId
from tests.integration.worker import outcome
from tests.support.imports import Importer

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer"},
    {"name": "name", "type": "string"},
    {"name": "op", "type": "string"},
]
KEYED = {"fields": FIELDS, "primaryKey": ["id"]}
MERGE = {"mode": "merge", "deleteMarker": {"column": "op", "value": "D'\\"}}
FIRST = "id,name,op\n1,a,I\n2,b,I\n3,c,I\n"


async def test_changes_update_insert_and_delete_and_leave_every_other_row(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED, load=MERGE | {"lineage": True})
    first = await imports.deliver("2013-01-01", FIRST)
    await outcome.assert_published(imports, first)
    second = await imports.deliver("2013-01-02", "id,name,op\n2,changed,U\n3,c,D'\\\n4,new,I\n9,x,D'\\\n")
    await outcome.assert_published(imports, second)
    found = await imports.rows("SELECT id, name, _file, _line, _run_id FROM data.things")
    changes = "things/2013-01-02/data.csv"
    assert found == [
        (1, "a", "things/2013-01-01/data.csv", 2, first.id),
        (2, "changed", changes, 2, second.id),
        (4, "new", changes, 4, second.id),
    ]
    [(rows, sliced)] = await imports.rows("SELECT rows, sliced FROM loadstone.version WHERE number = 2")
    assert (rows, sliced) == (3, False)
    assert [(o.records_read, o.rows_loaded) for o in await outcome.counted(imports, second)] == [(4, 4)]


async def test_two_changes_of_one_key_are_refused_with_their_lines(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED, load=MERGE)
    await imports.deliver("2013-01-01", FIRST)
    seen = await outcome.readable(imports)
    run = await imports.deliver("2013-01-02", "id,name,op\n2,x,U\n2,y,D'\\\n")
    await outcome.assert_failed(imports, run, "key_duplicated", "(2)", "line 2", "line 3")
    assert await outcome.readable(imports) == seen


async def test_another_key_that_a_live_row_has_is_refused(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED | {"uniqueKeys": [["name"]]}, load=MERGE)
    await imports.deliver("2013-01-01", FIRST)
    run = await imports.deliver("2013-01-02", "id,name,op\n2,c,U\n")
    await outcome.assert_failed(imports, run, "key_duplicated", "(name)", "(c)", "after the merge")
    await outcome.assert_published(imports, await imports.deliver("2013-01-02", "id,name,op\n1,b,U\n2,a,U\n"))


async def test_what_slices_hold_can_be_merged_with(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED, load={"mode": "append"})
    await imports.deliver("2013-01-01", FIRST)
    await imports.deliver("2013-01-02", "id,name,op\n4,d,I\n")
    wider = [*FIELDS, {"name": "price", "type": "number", "physicalType": "numeric(9,2)"}]
    await imports.apply(wider, schema={"fields": wider, "primaryKey": ["id"]}, load=MERGE)
    run = await imports.deliver("2013-01-03", "id,name,op,price\n4,changed,U,1.50\n")
    await outcome.assert_published(imports, run)
    found = await imports.rows("SELECT id, name, price::text FROM data.things")
    assert found == [(1, "a", None), (2, "b", None), (3, "c", None), (4, "changed", "1.50")]


async def test_live_rows_without_the_key_are_refused(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED, load=MERGE)
    await imports.deliver("2013-01-01", FIRST)
    other = [{"name": "code", "type": "string"}, FIELDS[2]]
    await imports.apply(other, schema={"fields": other, "primaryKey": ["code"]}, load=MERGE)
    run = await imports.deliver("2013-01-02", "code,op\nx,I\n")
    await outcome.assert_failed(imports, run, "slices_differ", "things_v1 has no column code")


async def test_a_rollback_during_a_merge_makes_the_attempt_begin_anew(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED, load=MERGE)
    await imports.deliver("2013-01-01", FIRST)
    await imports.deliver("2013-01-02", "id,name,op\n1,second,U\n")
    run_id = await imports.accept(
        "2013-01-03", await imports.put("2013-01-03", {"x": b"id,name,op\n3,third,U\n"})
    )
    async with imports.db.acquire() as db, db.transaction():
        await db.execute("SELECT * FROM data.things")
        merging = asyncio.create_task(ingest(run_id, imports.io))
        await imports.until_stage("publish")
        await imports.db.execute("UPDATE loadstone.dataset SET live_version = 1")
    await merging
    run = await runs.read(imports.db, run_id)
    assert (run.state, run.error_code) == ("queued", "live_version_moved")
    assert await imports.staged() == []
    async with asyncio.timeout(20):
        while not await imports.rows(
            "SELECT 1 FROM loadstone.run WHERE state = 'queued' AND run_at <= now()"
        ):
            await asyncio.sleep(0.005)
    await ingest(run_id, imports.io)
    assert await imports.rows("SELECT id, name FROM data.things") == [(1, "a"), (2, "b"), (3, "third")]


async def merging_many(imports: Importer, rows: int = 200_000) -> tuple[RunId, asyncio.Task[None]]:
    """A merge that takes a while: every one of many rows changes."""
    await imports.apply(FIELDS, schema=KEYED, load=MERGE)
    lines = "".join(f"{number},name {number:0150},I\n" for number in range(rows))
    await imports.deliver("2013-01-01", "id,name,op\n" + lines)
    changed = "id,name,op\n" + lines.replace("name", "changed")
    objects = await imports.put("2013-01-02", {"data.csv": changed.encode()})
    run_id = await imports.accept("2013-01-02", objects)
    return run_id, asyncio.create_task(ingest(run_id, imports.io))


async def test_a_cancelled_merge_leaves_nothing_behind(imports: Importer) -> None:
    run_id, merging = await merging_many(imports)
    await imports.until_stage("merge")
    assert await runs.cancel(imports.db, run_id)
    await merging
    assert (await runs.read(imports.db, run_id)).state == "cancelled"
    assert await imports.staged() == []
    assert await imports.rows("SELECT count(*) FROM data.things WHERE name LIKE 'name%'") == [(200_000,)]


async def copying(imports: Importer, direction: str) -> tuple[int, int]:
    """The process that copies from the live version, or into the next, and how many rows it has copied."""
    async with asyncio.timeout(20):
        while not (
            found := await imports.rows(
                "SELECT pid, tuples_processed FROM pg_stat_progress_copy JOIN pg_stat_activity USING (pid)"
                f" WHERE query LIKE 'COPY (%' = ('{direction}' = 'COPY TO')"
                f" AND command = '{direction}' AND tuples_processed > 0 AND query LIKE '%things_%'"
            )
        ):
            await asyncio.sleep(0.001)
    return found[0]


@pytest.mark.parametrize("lost", ["COPY TO", "COPY FROM"])
async def test_a_merge_that_loses_a_connection_while_it_is_far_ahead_costs_an_attempt(
    imports: Importer, lost: str
) -> None:
    run_id, merging = await merging_many(imports, rows=600_000)  # enough to be stopped in the middle of it
    await copying(imports, "COPY TO")
    writer, _ = await copying(imports, "COPY FROM")
    os.kill(writer, signal.SIGSTOP)
    try:
        seen = -1
        while seen != (seen := (await copying(imports, "COPY TO"))[1]):
            await asyncio.sleep(0.2)  # until the one that reads has to wait for the one that writes
        victim, _ = await copying(imports, lost)
        await imports.rows(f"SELECT pg_terminate_backend({victim})")
    finally:
        os.kill(writer, signal.SIGCONT)
    async with asyncio.timeout(20):
        await merging
    run = await runs.read(imports.db, run_id)
    assert (run.state, run.error_code) == ("queued", "database_unavailable")
    assert await imports.staged() == []
    assert await imports.rows("SELECT count(*) FROM data.things WHERE name LIKE 'name%'") == [(600_000,)]
