"""evolution.newColumns evolve: the new column of a file becomes a field, and a column of the next version."""

from datetime import date
from typing import Any

import pytest

from services.api import applying
from services.api.rollback import roll_back
from services.worker.ingest import ingest
from shared.catalog import audit, datasets, runs
from shared.domain import delivery
from shared.domain.run import RunState
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.integration.worker.test_load_modes import DEPENDENCIES
from tests.support.imports import NAME, Importer

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer"}, {"name": "name"}]
EVOLVE = {"evolution": {"newColumns": "evolve"}}
LATER = "2013-01-02"


async def _fields(imports: Importer) -> list[tuple[str, bool]]:
    document = (await datasets.read(imports.db, NAME)).document
    return [(field.name, field.evolved) for field in document.schema.fields]


async def _columns(imports: Importer) -> list[str]:
    found = await imports.db.fetch(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'data.things'::regclass ORDER BY attnum"
    )
    return [row["attname"] for row in found]


async def test_a_new_column_becomes_a_field_of_text_that_later_files_may_lack(imports: Importer) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    first = await imports.deliver(DAY, "id,name\n1,a\n")
    second = await imports.deliver(LATER, "id,extra,name\n2,x,b\n3,,c\n")
    await outcome.assert_published(imports, second)
    assert (first.contract_version, second.contract_version) == (1, 2)
    assert await _fields(imports) == [("id", False), ("name", False), ("extra", True)]
    assert (await outcome.readable(imports)).rows == [(2, "b", "x"), (3, "c", None)]
    third = await imports.deliver("2013-01-03", "id,name\n4,d\n")
    await outcome.assert_published(imports, third)
    assert (await outcome.readable(imports)).rows == [(4, "d", None)]
    assert (await datasets.read(imports.db, NAME)).contract_version == 2


async def test_the_evolution_is_in_the_audit_trail_and_its_contract_says_who_applied_it(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    run = await imports.deliver(DAY, "id,name,b,a\n1,a,,\n")
    [line] = await audit.listing(imports.db)
    assert (line.actor, line.action, line.subject) == ("evolution", "dataset.evolve", NAME)
    assert line.after == {"contractVersion": 2, "fields": ["b", "a"], "run": run.id}
    assert (await datasets.read(imports.db, NAME)).applied_by == "evolution"


@pytest.mark.parametrize("lineage", [False, True])
async def test_what_depends_on_the_view_survives_evolution_and_rollback(
    imports: Importer, lineage: bool
) -> None:
    await imports.apply(FIELDS, load={"lineage": lineage}, **EVOLVE)
    await imports.deliver(DAY, "id,name\n1,a\n")
    await imports.db.execute("CREATE VIEW data.dependent AS SELECT id, name FROM data.things")
    await imports.db.execute("GRANT SELECT ON data.things TO PUBLIC")
    before = await imports.rows(DEPENDENCIES)
    columns = await _columns(imports)
    await outcome.assert_published(imports, await imports.deliver(LATER, "id,name,extra\n2,b,x\n"))
    assert await _columns(imports) == [*columns, "extra"]
    assert await imports.rows("SELECT * FROM data.dependent") == [(2, "b")]
    assert await imports.rows(DEPENDENCIES) == before
    async with imports.db.acquire() as db:
        await roll_back(db, NAME, to=1, actor="ann")
    assert await imports.rows("SELECT id, name, extra FROM data.things") == [(1, "a", None)]
    assert await imports.rows("SELECT * FROM data.dependent") == [(1, "a")]
    assert await imports.rows("SELECT has_table_privilege('public', 'data.things', 'SELECT')") == [(True,)]


@pytest.mark.parametrize(
    "load",
    [
        {"mode": "append"},
        {"mode": "merge"},
        {"mode": "replacePartition", "partitionBy": {"column": "day", "from": "businessDate"}},
    ],
    ids=lambda load: load["mode"],
)
async def test_rows_that_were_there_before_the_column_have_null_in_it(
    imports: Importer, load: dict[str, Any]
) -> None:
    keyed = {"primaryKey": ["id"]} if load["mode"] == "merge" else {}
    await imports.apply(FIELDS, load=load, schema={"fields": FIELDS} | keyed, **EVOLVE)
    await outcome.assert_published(imports, await imports.deliver(DAY, "id,name\n1,a\n", "a.csv"))
    await outcome.assert_published(imports, await imports.deliver(LATER, "id,name,extra\n2,b,x\n", "b.csv"))
    assert await imports.rows("SELECT id, name, extra FROM data.things ORDER BY id") == [
        (1, "a", None),
        (2, "b", "x"),
    ]


async def test_the_same_delivery_under_the_evolved_contract_is_the_same(imports: Importer) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    objects = await imports.put(DAY, {"data.csv": b"id,name,extra\n1,a,x\n"})
    run_id = await imports.accept(DAY, objects)
    await ingest(run_id, imports.io)
    [(nonce, key)] = await imports.rows(f"SELECT nonce, delivery_key FROM loadstone.run WHERE id = {run_id}")
    assert key == delivery.delivery_key(NAME, 2, date.fromisoformat(DAY), objects, nonce)


async def test_a_run_gives_way_to_another_of_the_same_delivery_under_the_evolved_contract(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    objects = await imports.put(DAY, {"data.csv": b"id,name,extra\n1,a,x\n"})
    early = await imports.accept(DAY, objects)
    await outcome.assert_published(imports, await imports.deliver(LATER, "id,name,extra\n2,b,y\n"))
    imports.contract_version = 2
    late = await imports.accept(DAY, objects)
    nonce = f"UPDATE loadstone.run SET nonce = (SELECT nonce FROM loadstone.run WHERE id = {late})"
    await imports.db.execute(f"{nonce} WHERE id = {early}")  # as if neither had been forced
    await ingest(early, imports.io)
    run = await runs.read(imports.db, early)
    assert (run.state, run.error_code) == (RunState.SUPERSEDED, "delivery_superseded")
    await ingest(late, imports.io)
    await outcome.assert_published(imports, await runs.read(imports.db, late))


async def test_a_queued_run_takes_over_what_evolved_since(imports: Importer) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    queued = await imports.accept(LATER, await imports.put(LATER, {"data.csv": b"id,name\n2,b\n"}))
    await imports.deliver(DAY, "id,name,extra\n1,a,x\n")
    await ingest(queued, imports.io)
    run = await runs.read(imports.db, queued)
    await outcome.assert_published(imports, run)
    assert run.contract_version == 2
    assert (await outcome.readable(imports)).rows == [(2, "b", None)]


async def test_a_contract_that_somebody_changed_is_neither_adopted_nor_evolved(imports: Importer) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    queued = await imports.accept(DAY, await imports.put(DAY, {"data.csv": b"id,name,extra\n1,a,x\n"}))
    await imports.apply([FIELDS[0], {"name": "name", "title": "Name"}], **EVOLVE)
    await ingest(queued, imports.io)
    run = await runs.read(imports.db, queued)
    await outcome.assert_failed(imports, run, "header_broken", "column 'extra' is not in the contract")
    assert (await datasets.read(imports.db, NAME)).contract_version == 2


@pytest.mark.parametrize(
    "content", ["id,extra\n1,x\n", "id,name,xmin\n1,a,x\n", f"id,name,{'x' * 64}\n", "id,name,extra,extra\n"]
)
async def test_a_file_that_would_be_refused_all_the_same_evolves_nothing(
    imports: Importer, content: str
) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    run = await imports.deliver(DAY, content)
    await outcome.assert_failed(imports, run, "header_broken")
    assert (await datasets.read(imports.db, NAME)).contract_version == 1


async def test_a_run_that_fails_after_evolving_leaves_readers_as_they_were(imports: Importer) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    await imports.deliver(DAY, "id,name\n1,a\n")
    before = await outcome.readable(imports)
    run = await imports.deliver(LATER, "id,name,extra\nx,b,y\n")
    await outcome.assert_failed(imports, run, "record_rejected")
    assert await outcome.readable(imports) == before
    assert await _columns(imports) == ["id", "name"]


async def test_a_document_applied_again_keeps_what_evolved(imports: Importer) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    declared = (await datasets.read(imports.db, NAME)).document
    run = await imports.deliver(DAY, "id,name,extra\n1,a,x\n")
    async with imports.db.acquire() as db, db.transaction():
        applied = await applying.apply(db, declared, actor="ann", now=run.created_at)
    assert (applied.changed, applied.contract_version, applied.changes) == (False, 2, [])


async def test_every_object_of_a_delivery_may_have_columns_of_its_own(imports: Importer) -> None:
    await imports.apply(FIELDS, **EVOLVE)
    files = {"a.csv": b"id,name,p\n1,a,x\n", "b.csv": b"q,id,name\ny,2,b\n", "c.csv": b"id,name\n3,c\n"}
    await outcome.assert_published(imports, await imports.deliver_files(DAY, files))
    rows = [(1, "a", "x", None), (2, "b", None, "y"), (3, "c", None, None)]
    assert (await outcome.readable(imports)).rows == rows
