"""load.mode replacePartition: a slice for each business date, replaced as a whole when it comes again."""

from typing import Any

from tests.integration.worker import outcome
from tests.integration.worker.outcome import Place
from tests.support.imports import Importer

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]
DATED = [*FIELDS, {"name": "day", "type": "date"}]
ADDED = {"mode": "replacePartition", "partitionBy": {"column": "business_date", "from": "businessDate"}}
OWN = {"mode": "replacePartition", "partitionBy": {"column": "day", "from": "businessDate"}}


async def test_importing_a_date_again_replaces_that_date_alone(imports: Importer) -> None:
    await imports.apply(FIELDS, load=ADDED)
    for day, rows in (("2013-01-01", "1,a\n2,b\n"), ("2013-01-02", "1,c\n"), ("2013-01-01", "3,d\n")):
        await outcome.assert_published(imports, await imports.deliver(day, "id,name\n" + rows))
    found = await imports.rows("SELECT id, name, business_date::text FROM data.things ORDER BY 3")
    assert found == [(3, "d", "2013-01-01"), (1, "c", "2013-01-02")]


async def test_several_objects_of_a_date_are_one_slice(imports: Importer) -> None:
    await imports.apply(FIELDS, load=ADDED)
    await imports.deliver_files("2013-01-01", {"a": b"id,name\n1,a\n", "b": b"id,name\n2,b\n"})
    assert await imports.rows("SELECT rows, object_key FROM loadstone.slice") == [(2, None)]
    await imports.deliver_files("2013-01-01", {"b": b"id,name\n2,b\n"})
    assert await imports.rows("SELECT id FROM data.things") == [(2,)]


async def test_the_planner_reads_only_the_slice_of_the_date_that_is_asked_for(imports: Importer) -> None:
    await imports.apply(FIELDS, load=ADDED)
    for day in range(1, 5):
        await imports.deliver(f"2013-01-{day:02}", f"id,name\n{day},a\n")
    plan = await imports.rows("EXPLAIN SELECT * FROM data.things WHERE business_date = '2013-01-03'")
    scanned = [line for (line,) in plan if "Scan" in line]
    assert len(scanned) == 1
    assert "things_s3" in scanned[0]


async def test_a_record_of_another_date_is_rejected_where_the_column_is_a_field(imports: Importer) -> None:
    load = OWN | {"onError": "CONTINUE", "maxErrors": 1}
    await imports.apply(DATED, load=load)
    body = "id,name,day\n1,a,2013-01-01\n2,b,2013-01-02\n"
    run = await imports.deliver("2013-01-01", body)
    await outcome.assert_published(imports, run)
    assert await imports.rows("SELECT id, day::text FROM data.things") == [(1, "2013-01-01")]
    wanted = Place("things/2013-01-01/data.csv", 3, "day", "enum", b"2,b,2013-01-02")
    assert await outcome.quarantined(imports, run) == [wanted]


async def test_the_same_key_may_stand_in_two_dates_only_where_the_date_is_part_of_it(
    imports: Importer,
) -> None:
    await imports.apply(DATED, schema={"fields": DATED, "primaryKey": ["id", "day"]}, load=OWN)
    for day in ("2013-01-01", "2013-01-02"):
        await outcome.assert_published(imports, await imports.deliver(day, f"id,name,day\n1,a,{day}\n"))
    await imports.apply(DATED, schema={"fields": DATED, "primaryKey": ["id"]}, load=OWN)
    run = await imports.deliver("2013-01-03", "id,name,day\n1,a,2013-01-03\n")
    says = "(1) in things/2013-01-03/data.csv line 2", "the rows of 2013-01-01"
    await outcome.assert_failed(imports, run, "key_duplicated", *says)


async def test_lineage_tells_object_line_run_and_time_of_each_row(imports: Importer) -> None:
    load = {"lineage": True, "onError": "CONTINUE", "maxErrors": 1}
    await imports.apply(FIELDS, load=load)
    files = {"a": b'id,name\n1,"two\nlines"\nx,y\n2,b\n', "b": b"id,name\n\n3,c\n"}
    run = await imports.deliver_files("2013-01-01", files)
    await outcome.assert_published(imports, run)
    found = await imports.rows("SELECT id, _file, _line, _run_id FROM data.things")
    assert found == [
        (1, "things/2013-01-01/a", 2, run.id),
        (2, "things/2013-01-01/a", 5, run.id),
        (3, "things/2013-01-01/b", 3, run.id),
    ]
    [(first, last, whole)] = await imports.rows(
        """SELECT min(_loaded_at) >= r.started_at, max(_loaded_at) <= r.finished_at,
           count(DISTINCT _loaded_at) = 1
           FROM data.things, loadstone.run r GROUP BY r.id"""
    )
    assert (first, last, whole) == (True, True, True)
