"""The table of a version: its columns under their own names, its keys, indexes and statistics."""

import random
from typing import Any

from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.support.imports import Importer

NAMES = [
    "select",
    "Mixed Case",
    'with "quotes"',
    "it's",
    "a,b",
    "línea ü 中",
    "$1 %s {x} :y",
    "back\\slash",
    "two\nlines",
    " ",
    "-- comment",
    "n" * 63,
]


async def _publish(imports: Importer, body: bytes) -> None:
    await outcome.assert_published(imports, await imports.deliver(DAY, body))


async def test_names_are_taken_letter_for_letter_whatever_they_mean_in_sql(imports: Importer) -> None:
    fields = [{"name": name, "type": "integer"} for name in NAMES]
    await imports.apply(
        fields,
        schema={
            "fields": fields,
            "primaryKey": [NAMES[2], NAMES[0]],
            "uniqueKeys": [[name] for name in NAMES[3:]],
        },
        load={
            "target": {"schema": 'Odd "schema" é', "table": 'select; -- "t"'},
            "indexes": [{"columns": NAMES}, {"columns": [NAMES[4]], "method": "hash"}],
        },
    )
    record = [str(number) for number in range(len(NAMES))]
    target = '"Odd ""schema"" é"."select; -- ""t"""'
    await _publish(imports, outcome.written(NAMES, [record]))
    found = await imports.db.fetch(f"SELECT * FROM {target}")
    assert [dict(row) for row in found] == [{name: number for number, name in enumerate(NAMES)}]
    again = await imports.deliver(DAY, outcome.written(NAMES, [record, record]))
    await outcome.assert_failed(imports, again, "key_duplicated", "line 3", "line 4")
    await _publish(imports, outcome.written(NAMES, [record]))


async def test_a_version_has_its_keys_and_indexes_and_its_statistics(imports: Importer) -> None:
    fields: list[dict[str, Any]] = [
        {"name": "id", "type": "integer"},
        {"name": "name", "type": "string", "constraints": {"unique": True, "required": True}},
        {"name": "day", "type": "date"},
        {"name": "more", "type": "object"},
    ]
    indexes = [
        {"columns": ["day", "name"]},
        {"columns": ["name"], "method": "hash"},
        {"columns": ["more"], "method": "gin"},
        {"columns": ["day"], "method": "brin"},
    ]
    schema = {"fields": fields, "primaryKey": ["id"], "uniqueKeys": [["day", "id"]]}
    await imports.apply(fields, schema=schema, load={"indexes": indexes})
    for version in (1, 2):
        await _publish(imports, b"id,name,day,more\n" + b"".join(b"%d,n%d,,\n" % (n, n) for n in range(100)))
        table = f"loadstone_versions.things_v{version}"
        built = await imports.rows(
            f"""
            SELECT regexp_replace(pg_get_indexdef(indexrelid), '^.*USING ', ''), indisunique, indisprimary,
                   indisvalid
            FROM pg_index WHERE indrelid = '{table}'::regclass ORDER BY 1, 2
            """
        )
        assert built == [
            ("brin (day)", False, False, True),
            ("btree (day, id)", True, False, True),
            ("btree (day, name)", False, False, True),
            ("btree (id)", True, True, True),
            ("btree (name)", True, False, True),
            ("gin (more)", False, False, True),
            ("hash (name)", False, False, True),
        ]
        assert await imports.rows(
            f"SELECT contype::text, pg_get_constraintdef(oid) FROM pg_constraint "
            f"WHERE conrelid = '{table}'::regclass AND contype = 'p'"
        ) == [("p", "PRIMARY KEY (id)")]
        assert await imports.rows(
            f"SELECT attname::text, attnotnull FROM pg_attribute "
            f"WHERE attrelid = '{table}'::regclass AND attnum > 0 ORDER BY attnum"
        ) == [("id", True), ("name", True), ("day", False), ("more", False)]
        assert await imports.rows(
            f"SELECT reltuples, relpersistence::text FROM pg_class WHERE oid = '{table}'::regclass"
        ) == [(100, "p")]


async def test_rows_lie_in_the_order_of_the_file_whatever_their_sizes(imports: Importer) -> None:
    """Pages of rows and the lines of duplicate keys are found by place."""
    fields: list[dict[str, Any]] = [{"name": "id", "type": "integer"}, {"name": "text"}]
    await imports.apply(fields, schema={"fields": fields, "primaryKey": ["id"]})
    chance = random.Random(3)
    records = [[str(n), chance.randbytes(chance.choice([0, 9, 900, 1900, 3900])).hex()] for n in range(4000)]
    await _publish(imports, outcome.written(["id", "text"], records))
    found = await imports.rows("SELECT id FROM loadstone_versions.things_v1 ORDER BY ctid")
    assert found == [(number,) for number in range(4000)]
    records[3333][0] = "1234"
    run = await imports.deliver(DAY, outcome.written(["id", "text"], records))
    await outcome.assert_failed(imports, run, "key_duplicated", "line 1236;", "line 3335")


async def test_a_row_that_postgresql_cant_hold_refuses_the_delivery(imports: Importer) -> None:
    names = [f"c{number}" for number in range(1200)]
    await imports.apply([{"name": name, "type": "integer"} for name in names])
    run = await imports.deliver(DAY, outcome.written(names, [["1"] * 1200]))
    await outcome.assert_failed(imports, run, "target_unusable", "row is too big")
    assert "columns" in (run.error_hint or "")


async def test_many_keys_of_a_long_name_after_millions_of_runs_each_get_their_index(
    imports: Importer,
) -> None:
    """Staging names hold a run's number, and PostgreSQL cuts names off after 63 bytes."""
    await imports.db.execute("SELECT setval(pg_get_serial_sequence('loadstone.run', 'id'), 12345678901)")
    fields: list[dict[str, Any]] = [
        {"name": f"c{n}", "type": "integer", "constraints": {"unique": True}} for n in range(12)
    ]
    await imports.apply(fields, name="n" * 48, schema={"fields": fields, "primaryKey": ["c0"]})
    run = await imports.deliver(DAY, outcome.written([f"c{n}" for n in range(12)], [["1"] * 12]))
    assert run.state == "succeeded", run.error_message
    assert await imports.staged() == []
    [(indexes,)] = await imports.rows(
        "SELECT count(*) FROM pg_indexes WHERE schemaname = 'loadstone_versions'"
    )
    assert indexes == 13
