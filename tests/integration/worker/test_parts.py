"""A large delivery of many objects is spread over the workers, and published once, as one version."""

import asyncio
from typing import Any

import msgspec

from services.worker import parts as work
from services.worker.ingest import ingest
from services.worker.resources import Resources
from shared.catalog import objects, parts, runs
from shared.domain.run import Run, RunId, RunState
from tests.integration.worker.outcome import DAY, assert_failed, assert_published, quarantined
from tests.support.imports import Importer

FIELDS = [{"name": "id", "type": "integer"}, {"name": "text", "type": "string"}]
KEYED: dict[str, Any] = {"schema": {"primaryKey": ["id"]}}
TOLERANT: dict[str, Any] = {"load": {"onError": "CONTINUE", "maxErrors": 3}}
OBJECTS, ROWS = 8, 500


def files(**changed: bytes) -> dict[str, bytes]:
    """Eight objects with ids of their own; some may be changed."""
    found = {}
    for number in range(OBJECTS):
        ids = range(number * ROWS, (number + 1) * ROWS)
        found[f"f{number}.csv"] = b"id,text\n" + b"".join(b"%d,some text\n" % row for row in ids)
    return found | {f"{name}.csv": body for name, body in changed.items()}


def spreading(imports: Importer, name: str) -> Resources:
    """A worker for which this delivery is a large one: each part is worth two objects."""
    return msgspec.structs.replace(imports.io, name=name, part_bytes=2 * 64 * 1024, max_parts=4)


async def planned(imports: Importer, run_id: RunId) -> Run:
    """Waits until there are parts to be claimed."""
    while not await imports.rows(f"SELECT 1 FROM loadstone.run_part WHERE run_id = {run_id}"):
        await asyncio.sleep(0.001)
    return await runs.read(imports.db, run_id)


async def spread(imports: Importer, run_id: RunId) -> Run:
    """The run as two workers leave it, of which one helps."""
    first, second = spreading(imports, "first"), spreading(imports, "second")

    async def help_out() -> None:
        await planned(imports, run_id)
        await work.help_with(run_id, second)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        helping = group.create_task(help_out())
        await ingest(run_id, first)
        helping.cancel()
    return await runs.read(imports.db, run_id)


async def delivered(imports: Importer, **changed: bytes) -> Run:
    return await spread(imports, await imports.accept(DAY, await imports.put(DAY, files(**changed))))


async def test_a_delivery_in_parts_becomes_one_version(imports: Importer) -> None:
    await imports.apply(FIELDS, **KEYED, load={"indexes": [{"columns": ["text"]}]})
    run = await delivered(imports)
    await assert_published(imports, run)
    assert run.rows_done == OBJECTS * ROWS
    assert await imports.rows("SELECT count(*), count(DISTINCT id), sum(id) FROM data.things") == [
        (OBJECTS * ROWS, OBJECTS * ROWS, sum(range(OBJECTS * ROWS)))
    ]
    assert await imports.rows("SELECT number, rows, sliced FROM loadstone.version") == [
        (1, OBJECTS * ROWS, True)
    ]
    assert await imports.rows("SELECT state, count(*) FROM loadstone.run_part GROUP BY 1") == [("loaded", 4)]
    told = await runs.report(imports.db, run.id)
    assert told is not None
    assert [part["number"] for part in told["parts"]] == [1, 2, 3, 4]
    counted = await objects.listing(imports.db, run.id)
    assert [item.rows_loaded for item in counted] == [ROWS] * OBJECTS


async def test_both_workers_load_parts(imports: Importer) -> None:
    await imports.apply(FIELDS)
    run_id = await imports.accept(DAY, await imports.put(DAY, files()))

    async def help_out() -> None:
        run = await planned(imports, run_id)
        # As long as the first one is busy with a part, it takes no other.
        await parts.claim(imports.db, run, worker="first", lease=1.0)
        await work.help_with(run_id, spreading(imports, "second"))

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(help_out())
        await ingest(run_id, spreading(imports, "first"))
    told = await runs.report(imports.db, run_id)
    assert told is not None
    assert {part["worker"] for part in told["parts"]} == {"first", "second"}


async def test_a_small_delivery_is_loaded_into_one_table(imports: Importer) -> None:
    await imports.apply(FIELDS)
    run = await imports.deliver_files(DAY, files())
    await assert_published(imports, run)
    assert await imports.rows("SELECT sliced FROM loadstone.version") == [(False,)]


async def test_the_error_budget_is_that_of_all_parts_together(imports: Importer) -> None:
    await imports.apply(FIELDS, **TOLERANT)
    bad = b"id,text\n1,a\nx,b\n"
    tolerated = await delivered(imports, f0=bad, f3=bad, f7=bad)
    await assert_published(imports, tolerated)
    found = {(place.object[-6:], place.line) for place in await quarantined(imports, tolerated)}
    assert found == {("f0.csv", 3), ("f3.csv", 3), ("f7.csv", 3)}
    await assert_failed(
        imports, await delivered(imports, f0=bad, f1=bad, f3=bad, f7=bad), "too_many_errors", "4 "
    )


async def test_values_of_another_type_are_counted_over_all_parts(imports: Importer) -> None:
    fields = [FIELDS[0], {"name": "text", "type": "integer"}]
    await imports.apply(fields, evolution={"typeMismatch": "discard_value"})
    run = await delivered(imports)
    await assert_published(imports, run)
    [misfits] = (await runs.report(imports.db, run.id) or {})["misfits"]
    assert (misfits["values"], misfits["discarded"], misfits["wider"]) == (OBJECTS * ROWS,) * 2 + ("text",)
    assert [place["line"] for place in misfits["places"]] == [2, 3, 4, 5, 6]


async def test_a_part_that_is_broken_fails_the_run_with_its_own_error(imports: Importer) -> None:
    await imports.apply(FIELDS)
    run = await delivered(imports, f5=b"id,other\n1,a\n")
    await assert_failed(imports, run, "header_broken", "f5.csv")


async def test_a_key_that_two_parts_share_is_told_with_both(imports: Importer) -> None:
    await imports.apply(FIELDS, **KEYED)
    run = await delivered(imports, f6=b"id,text\n7,again\n")
    assert (run.state, run.error_code) == (RunState.FAILED, "key_duplicated")
    assert "(id)" in (run.error_message or "")
    assert await imports.staged() == []


async def test_a_part_whose_worker_fell_silent_is_loaded_by_another(imports: Importer) -> None:
    await imports.apply(FIELDS, **TOLERANT)
    run_id = await imports.accept(DAY, await imports.put(DAY, files(f0=b"id,text\nx,b\n1,a\n")))

    async def claim_and_die() -> None:
        run = await planned(imports, run_id)
        assert await parts.claim(imports.db, run, worker="silent", lease=0.3)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(claim_and_die())
        await ingest(run_id, spreading(imports, "first"))
    run = await runs.read(imports.db, run_id)
    await assert_published(imports, run)
    assert await imports.rows("SELECT count(*) FROM data.things") == [((OBJECTS - 1) * ROWS + 1,)]
    assert len(await quarantined(imports, run)) == 1


async def test_a_cancellation_reaches_everybody_who_loads_a_part(imports: Importer) -> None:
    await imports.apply(FIELDS)
    run_id = await imports.accept(DAY, await imports.put(DAY, files()))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(ingest(run_id, spreading(imports, "first")))
        run = await planned(imports, run_id)
        group.create_task(work.help_with(run_id, spreading(imports, "second")))
        assert await parts.claim(imports.db, run, worker="holds it up", lease=30)
        await runs.cancel(imports.db, run_id)
    assert (await runs.read(imports.db, run_id)).state is RunState.CANCELLED
    assert await imports.rows("SELECT count(*) FROM loadstone.version") == [(0,)]
    assert await imports.staged() == []
