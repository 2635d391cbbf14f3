"""What is known about the values of a version, whichever way it was loaded."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.worker.ingest import ingest
from shared.catalog import datasets, profiles, runs, versions
from shared.domain.profile import ColumnProfile, Profile
from tests.integration.worker import outcome
from tests.integration.worker.test_parts import OBJECTS, ROWS, files, spreading
from tests.support.imports import NAME, Importer

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer"},
    {"name": "name", "type": "string"},
    {"name": "price", "type": "number", "physicalType": "numeric(12,2)"},
    {"name": "day", "type": "date"},
    {"name": "at", "type": "datetime"},
    {"name": "mail", "type": "string", "mask": "sha256"},
    {"name": "salary", "type": "integer", "classification": "confidential"},
]
HEADER = "id,name,price,day,at,mail,salary\n"
FIRST = HEADER + (
    "9,b,10.00,2013-01-02,2013-01-01T00:00:00.5Z,x@y.z,1\n"
    "10,a,9.50,,2013-01-01T02:00:00+02:00,x@y.z,2\n"
    "-3,,-0.05,2012-12-31,,,2\n"
)
SECOND = HEADER + "11,zz,9.99,2014-01-01,2013-01-01T00:00:00Z,v@w.x,3\n"
KEYED = {"fields": FIELDS, "primaryKey": ["id"]}


async def known(imports: Importer) -> Profile:
    """The profile of the live version."""
    record = await datasets.read(imports.db, NAME)
    assert record.live_version is not None
    version = await versions.read(imports.db, record.id, record.live_version)
    found = await profiles.of_version(imports.db, version)
    assert found is not None
    assert found.rows == version.rows
    return found


def column(found: Profile, name: str) -> ColumnProfile:
    return next(each for each in found.columns if each.name == name)


def nulls_and_bounds(found: Profile) -> Sequence[tuple[Any, ...]]:
    return [(each.name, each.nulls, each.minimum, each.maximum) for each in found.columns]


async def test_a_version_has_the_nulls_and_bounds_of_its_columns_but_not_of_confidential_ones(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS)
    await outcome.assert_published(imports, await imports.deliver("2013-01-01", FIRST))
    found = await known(imports)
    assert nulls_and_bounds(found) == [
        ("id", 0, "-3", "10"),
        ("name", 1, "a", "b"),
        ("price", 0, "-0.05", "10.00"),
        ("day", 1, "2012-12-31", "2013-01-02"),
        ("at", 1, "2013-01-01T00:00:00+00:00", "2013-01-01T00:00:00.500000+00:00"),
        ("mail", 1, None, None),
        ("salary", 0, None, None),
    ]
    assert not any(each.nulls_estimated or each.bounds_estimated for each in found.columns)
    assert [each.distinct_at_least for each in found.columns] == [3, 2, 3, 2, 2, 1, 2]
    assert [each.distinct_at_most for each in found.columns] == [3, 2, 3, 2, 2, 1, 2]
    assert (column(found, "id").width, column(found, "day").width) == (8, 4)


async def test_rejected_records_are_not_in_the_profile(imports: Importer) -> None:
    await imports.apply(FIELDS, load={"onError": "CONTINUE", "maxErrors": 5})
    await imports.deliver("2013-01-01", FIRST + "999,c,wrong,2013-01-02,,,\n")
    assert column(await known(imports), "id").maximum == "10"


async def test_an_appended_version_has_the_profile_of_all_of_its_slices(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED, load={"mode": "append"})
    await imports.deliver_files("2013-01-01", {"a": FIRST.encode()})
    await imports.deliver_files("2013-01-02", {"b": SECOND.encode()})
    found = await known(imports)
    assert nulls_and_bounds(found) == [
        ("id", 0, "-3", "11"),
        ("name", 1, "a", "zz"),
        ("price", 0, "-0.05", "10.00"),
        ("day", 1, "2012-12-31", "2014-01-01"),
        ("at", 1, "2013-01-01T00:00:00+00:00", "2013-01-01T00:00:00.500000+00:00"),
        ("mail", 1, None, None),
        ("salary", 0, None, None),
    ]
    name = column(found, "name")
    assert (name.distinct_at_least, name.distinct_at_most) == (2, 3)
    corrected = HEADER + "1,q,1.00,2013-01-01,2013-01-01T00:00:00Z,,1\n"
    await imports.deliver_files("2013-01-01", {"a": corrected.encode()})
    found = await known(imports)
    assert (found.rows, column(found, "id").bounds, column(found, "name").bounds) == (
        2,
        ("1", "11"),
        ("q", "zz"),
    )


async def test_a_field_that_is_masked_from_now_on_has_no_bounds_of_earlier_slices(imports: Importer) -> None:
    fields = [{"name": "id", "type": "integer"}, {"name": "age", "type": "integer"}]
    await imports.apply(fields, load={"mode": "append"})
    await imports.deliver_files("2013-01-01", {"a": b"id,age\n1,30\n"})
    await imports.apply([fields[0], fields[1] | {"mask": "null"}], load={"mode": "append"})
    await imports.deliver_files("2013-01-02", {"b": b"id,age\n2,40\n"})
    assert nulls_and_bounds(await known(imports)) == [("id", 0, "1", "2"), ("age", 1, None, None)]


async def test_a_version_that_became_a_slice_is_still_known(imports: Importer) -> None:
    fields = [field for field in FIELDS if field["name"] in ("id", "name")]
    await imports.apply(fields)
    await imports.deliver("2013-01-01", "id,name\n1,a\n2,b\n")
    await imports.apply(fields, load={"mode": "append"})
    await imports.deliver_files("2013-01-02", {"b": b"id,name\n3,\n"})
    assert nulls_and_bounds(await known(imports)) == [("id", 0, "1", "3"), ("name", 1, "a", "b")]


async def test_the_workers_that_load_parts_tell_what_they_saw(imports: Importer) -> None:
    await imports.apply([{"name": "id", "type": "integer"}, {"name": "text", "type": "string"}])
    run_id = await imports.accept("2013-01-05", await imports.put("2013-01-05", files()))
    await ingest(run_id, spreading(imports, "first"))
    await outcome.assert_published(imports, await runs.read(imports.db, run_id))
    found = await known(imports)
    assert await imports.rows("SELECT count(*) FROM loadstone.run_part WHERE state = 'loaded'") == [(4,)]
    assert (found.rows, nulls_and_bounds(found)) == (
        OBJECTS * ROWS,
        [("id", 0, "0", str(OBJECTS * ROWS - 1)), ("text", 0, "some text", "some text")],
    )
    ids, text = found.columns
    assert (ids.bounds_estimated, text.bounds_estimated) == (False, True)
    assert (ids.distinct_at_least, ids.distinct_at_most) == (2 * ROWS, OBJECTS * ROWS)
    assert (text.distinct_at_least, text.distinct_at_most) == (1, 4)


async def test_texts_of_many_rows_have_the_bounds_that_analyze_kept_however_they_are_written(
    imports: Importer,
) -> None:
    await imports.apply([{"name": "id", "type": "integer"}, {"name": "text", "type": "string"}])
    texts = ['"",{NULL}\\', *(f"t{place}" for place in range(500)), "é{,}"]
    lines = "".join(f'{place},"{text}"\n' for place, text in enumerate(texts))
    await imports.deliver("2013-01-01", "id,text\n" + lines)
    found = column(await known(imports), "text")
    assert (found.minimum, found.maximum, found.bounds_estimated) == ('",{NULL}\\', "é{,}", True)


async def test_after_a_merge_everything_is_estimated_from_a_sample(imports: Importer) -> None:
    await imports.apply(FIELDS, schema=KEYED, load={"mode": "merge"})
    await imports.deliver("2013-01-01", FIRST)
    await imports.deliver("2013-01-02", SECOND)
    found = await known(imports)
    assert nulls_and_bounds(found)[:2] == [("id", 0, "-3", "11"), ("name", 1, "a", "zz")]
    assert all(each.nulls_estimated for each in found.columns)
    assert [each.name for each in found.columns if each.bounds] == ["id", "name", "price", "day", "at"]
    assert (column(found, "at").minimum, column(found, "at").bounds_estimated) == (
        "2013-01-01T00:00:00+00:00",
        True,
    )
    assert date.fromisoformat(column(found, "day").maximum or "") == date(2014, 1, 1)


async def test_without_analyze_nulls_and_bounds_are_known_all_the_same(imports: Importer) -> None:
    await imports.apply(FIELDS, load={"analyze": False})
    await imports.deliver("2013-01-01", FIRST)
    found = await known(imports)
    assert (column(found, "id").bounds, column(found, "name").nulls) == (("-3", "10"), 1)
    assert (column(found, "id").distinct_at_least, column(found, "id").width) == (None, None)
