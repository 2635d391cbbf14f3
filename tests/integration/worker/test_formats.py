"""NDJSON and Parquet, from the bucket to a live version, with what could not be loaded in quarantine."""

from decimal import Decimal
from typing import Any

import pyarrow as pa

from shared.domain.run import RunState
from shared.warehouse import quarantine
from tests.support.imports import Importer
from tests.unit.files.texts import NAUGHTY
from tests.unit.files.written import FORMATS, of_table, written

DAY = "2013-01-05"
FIELDS: list[Any] = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "city", "path": "/address/city"},
    {"name": "price", "type": "number", "physicalType": "numeric(20,4)"},
    {"name": "tags", "type": "array"},
]
TOLERANT = {"onError": "CONTINUE", "maxErrors": 50}


async def rejected(imports: Importer, run_id: Any) -> list[tuple[int, str | None, str, str]]:
    found = await quarantine.page(imports.db, run_id)
    return [(each.line, each.column, each.code, each.text) for each in found]


async def test_ndjson_is_imported_with_nested_values_and_exact_numbers(imports: Importer) -> None:
    schema = {"fieldsMatch": "subset", "fields": FIELDS}
    await imports.apply(FIELDS, schema=schema, format={"type": "ndjson"}, load=TOLERANT)
    lines = [
        '{"id": 1, "address": {"city": "Köln"}, "price": 1234567890123456.7890, "tags": ["a", 1.10]}',
        "",
        '{"id": 2, "price": 0.00001}',
        '{"id": 3, "address": null, "tags": [], "other": {"deep": [1, {"x": null}]}}',
        '{"id": 4, "tags": "none"}',
        "not json",
        '{"address": {"city": "Bonn"}}',
        '{"id": 5, "address": {"city": "cut',
    ]
    run = await imports.deliver(DAY, "\r\n".join(lines), name="data.ndjson")
    assert (run.state, run.error_message) == (RunState.SUCCEEDED, None)
    assert await imports.rows("SELECT id, city, price, tags::text FROM data.things ORDER BY id") == [
        (1, "Köln", Decimal("1234567890123456.7890"), '["a", 1.10]'),
        (3, None, None, "[]"),
    ]
    assert await rejected(imports, run.id) == [
        (3, "price", "out_of_range", lines[2]),
        (5, "tags", "type_mismatch", lines[4]),
        (6, None, "invalid_json", lines[5]),
        (7, "id", "required", lines[6]),
        (8, None, "invalid_json", lines[7]),
    ]


async def test_parquet_is_imported_with_its_types_checked_against_the_contract(imports: Importer) -> None:
    fields = [
        {"name": "id", "type": "integer", "physicalType": "smallint"},
        {"name": "price", "type": "number", "physicalType": "numeric(6,2)"},
        {"name": "at", "type": "datetime"},
        {"name": "more", "type": "object"},
        {"name": "kind", "constraints": {"enum": ["a", "b"]}},
    ]
    await imports.apply(fields, format={"type": "parquet"}, load=TOLERANT)
    table = pa.table(
        {
            "id": pa.array([1, 40_000, 3, 4], pa.int64()),
            "price": pa.array([Decimal("1.500"), None, Decimal("0.001"), None]),
            "at": pa.array([0, 1, 2, 3]).cast(pa.timestamp("ms", "Europe/Berlin")),
            "more": pa.array([{"x": 1, "y": [Decimal("1.10")]}, None, None, None]),
            "kind": pa.array(["a", "a", "b", "c"]).dictionary_encode(),
        }
    )
    run = await imports.deliver(DAY, of_table(table, row_group_size=3), name="data.parquet")
    assert (run.state, run.error_message) == (RunState.SUCCEEDED, None)
    assert await imports.rows(
        "SELECT id, price, extract(epoch FROM at), more::text, kind FROM data.things"
    ) == [(1, Decimal("1.50"), Decimal(0), '{"x": 1, "y": [1.10]}', "a")]
    found = await rejected(imports, run.id)
    assert [(line, column, code) for line, column, code, _ in found] == [
        (2, "id", "out_of_range"),
        (3, "price", "out_of_range"),
        (4, "kind", "enum"),
    ]
    assert found[0][3].startswith('{"id": 40000, "price": null, "at": "1970-01-01T01:00:00.001000+01:00"')


async def test_a_parquet_column_that_can_never_fit_refuses_the_file(imports: Importer) -> None:
    await imports.apply([{"name": "id", "type": "integer"}], format={"type": "parquet"}, load=TOLERANT)
    run = await imports.deliver(DAY, of_table(pa.table({"id": [True]})), name="data.parquet")
    assert (run.state, run.error_code) == (RunState.FAILED, "header_broken")
    assert "column 'id' is bool, which no integer is read from" in (run.error_message or "")


async def test_strings_of_every_format_come_back_from_postgresql_as_they_were(imports: Importer) -> None:
    fields: list[Any] = [{"name": "no", "type": "integer"}, {"name": "text"}]
    records = [[str(place), text] for place, text in enumerate(NAUGHTY)]
    for format_ in FORMATS:
        await imports.apply(fields, format={"type": format_})
        run = await imports.deliver(DAY, written(format_, ["no", "text"], records), name=f"data.{format_}")
        assert (format_, run.state, run.error_message) == (format_, RunState.SUCCEEDED, None)
        found = await imports.rows("SELECT text FROM data.things ORDER BY no")
        assert [text for (text,) in found] == NAUGHTY
