"""load.mode append: each object is a slice of its own, which a corrected upload replaces."""

from typing import Any

import msgspec

from shared.catalog import datasets, slices, versions
from shared.domain.version import Version
from shared.warehouse import rows
from tests.integration.worker import outcome
from tests.support.imports import NAME, Importer

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]
KEYED = {"fields": FIELDS, "primaryKey": ["id"]}
APPEND = {"mode": "append"}
A, B, C = b"id,name\n1,a\n2,b\n", b"id,name\n3,c\n", b"id,name\n4,d\n5,e\n"


async def _live(imports: Importer) -> Version:
    record = await datasets.read(imports.db, NAME)
    assert record.live_version is not None
    return await versions.read(imports.db, record.id, record.live_version)


async def _relations(imports: Importer) -> list[str]:
    found = await imports.rows(
        """SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'loadstone_versions'::regnamespace
           AND c.relkind IN ('r', 'v') ORDER BY 1"""
    )
    return [name for (name,) in found]


async def test_deliveries_add_up_and_the_version_counts_all_of_them(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED, load=APPEND)
    await outcome.assert_published(imports, await imports.deliver_files("2013-01-01", {"a": A, "b": B}))
    await outcome.assert_published(imports, await imports.deliver_files("2013-01-02", {"c": C}))
    assert (await outcome.readable(imports)).rows == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]
    live = await _live(imports)
    assert (live.rows, live.sliced) == (5, True)
    found = await slices.of_version(imports.db, live)
    assert [(one.object_key, one.rows) for one in found] == [
        ("things/2013-01-01/a", 2),
        ("things/2013-01-01/b", 1),
        ("things/2013-01-02/c", 2),
    ]
    assert live.bytes == sum(one.bytes for one in found) > 0


async def test_a_corrected_object_replaces_what_came_from_it_and_nothing_else_is_loaded_again(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS, schema=KEYED, load=APPEND)
    await imports.deliver_files("2013-01-01", {"a": A, "b": B})
    before = {one.object_key: one for one in await slices.of_version(imports.db, await _live(imports))}
    run = await imports.deliver_files("2013-01-01", {"a": b"id,name\n1,corrected\n", "b": B})
    await outcome.assert_published(imports, run)
    assert sorted((await outcome.readable(imports)).rows) == [(1, "corrected"), (3, "c")]
    after = {one.object_key: one for one in await slices.of_version(imports.db, await _live(imports))}
    assert after["things/2013-01-01/b"] == before["things/2013-01-01/b"]
    assert after["things/2013-01-01/a"].id != before["things/2013-01-01/a"].id


async def test_a_delivery_that_the_live_version_has_ends_unchanged(imports: Importer) -> None:
    await imports.apply(FIELDS, load=APPEND)
    first = await imports.deliver_files("2013-01-01", {"a": A})
    again = await imports.deliver_files("2013-01-01", {"a": A})
    assert (again.state, again.error_code, again.version) == ("unchanged", "delivery_unchanged", None)
    assert (await _live(imports)).number == first.version
    assert await imports.staged() == []


async def test_a_key_that_an_earlier_object_has_is_named_with_both_places(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED, load=APPEND)
    await imports.deliver_files("2013-01-01", {"a": A})
    seen = await outcome.readable(imports)
    run = await imports.deliver_files("2013-01-02", {"b": B, "c": b"id,name\n9,x\n2,y\n"})
    says = ("(id)", "(2) in things/2013-01-02/c line 3", "things/2013-01-01/a")
    await outcome.assert_failed(imports, run, "key_duplicated", *says)
    assert await outcome.readable(imports) == seen


async def test_a_key_that_two_objects_of_one_delivery_have_is_named_with_both_places(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS, schema=KEYED, load=APPEND)
    run = await imports.deliver_files("2013-01-02", {"a": A, "b": b"id,name\n9,x\n2,y\n"})
    says = ("(id)", "(2) in things/2013-01-02/b line 3", "things/2013-01-02/a")
    await outcome.assert_failed(imports, run, "key_duplicated", *says)


async def test_what_was_loaded_to_replace_is_kept_when_the_mode_becomes_append(imports: Importer) -> None:
    await imports.apply(FIELDS)
    await imports.deliver_files("2013-01-01", {"a": A})
    await imports.apply(FIELDS, load=APPEND)
    await outcome.assert_published(imports, await imports.deliver_files("2013-01-02", {"b": B}))
    assert (await outcome.readable(imports)).rows == [(1, "a"), (2, "b"), (3, "c")]
    assert await _relations(imports) == ["things_s2", "things_v1", "things_v2"]


async def test_earlier_slices_take_the_columns_of_the_contract_and_lack_what_is_new(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS, load=APPEND)
    await imports.deliver_files("2013-01-01", {"a": A})
    wider = [
        {"name": "id", "type": "integer", "physicalType": "bigint"},
        {"name": "price", "type": "number", "physicalType": "numeric(9,2)"},
    ]
    await imports.apply(wider, load=APPEND)
    run = await imports.deliver_files("2013-01-02", {"b": b"id,price\n3,1.50\n"})
    await outcome.assert_published(imports, run)
    found = await imports.rows("SELECT id, price::text FROM data.things")
    assert found == [(1, None), (2, None), (3, "1.50")]
    page = await rows.page(
        imports.db, live := await _live(imports), await slices.of_version(imports.db, live), limit=9
    )
    assert [msgspec.json.decode(row) for row in page.rows] == [
        {"id": 1, "price": None},
        {"id": 2, "price": None},
        {"id": 3, "price": 1.5},
    ]


async def test_a_type_that_earlier_slices_do_not_fit_into_is_refused_by_name(imports: Importer) -> None:
    await imports.apply(FIELDS, load=APPEND)
    await imports.deliver_files("2013-01-01", {"a": A})
    seen = await outcome.readable(imports)
    await imports.apply([FIELDS[0], {"name": "name", "type": "integer"}], load=APPEND)
    run = await imports.deliver_files("2013-01-02", {"b": b"id,name\n3,4\n"})
    await outcome.assert_failed(
        imports, run, "slices_differ", "things_s1 holds name as text", "it is to be bigint"
    )
    assert await outcome.readable(imports) == seen


async def test_pages_go_on_from_slice_to_slice_whatever_their_size(imports: Importer) -> None:
    await imports.apply(FIELDS, load=APPEND)
    await imports.deliver_files("2013-01-01", {"a": A, "b": b"id,name\n", "c": C})
    live = await _live(imports)
    parts = await slices.of_version(imports.db, live)
    for limit in (1, 2, 3, 4, 5):
        seen: list[int] = []
        place: str | None = rows.START
        while place is not None:
            page = await rows.page(imports.db, live, parts, after=place, limit=limit)
            assert len(page.rows) <= limit
            seen += [msgspec.json.decode(row)["id"] for row in page.rows]
            place = page.following
        assert seen == [1, 2, 4, 5]


async def test_volume_is_compared_between_deliveries_and_not_with_all_that_is_live(imports: Importer) -> None:
    rule = {"id": "volume", "metric": "rowCountChange", "unit": "percent", "mustBeBetween": [-40, 60]}
    await imports.apply(FIELDS, load=APPEND, quality=[rule | {"severity": "error"}])
    for day in ("2013-01-01", "2013-01-02", "2013-01-03"):
        run = await imports.deliver_files(day, {"a": A})
        await outcome.assert_published(imports, run)
    refused = await imports.deliver_files("2013-01-04", {"a": b"id,name\n" + b"1,a\n" * 9})
    await outcome.assert_failed(imports, refused, "expectation_failed", "volume")
