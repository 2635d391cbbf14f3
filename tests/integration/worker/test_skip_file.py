"""load.onError SKIP_FILE: an object with any error is left out as a whole, and the others are published."""

from typing import Any

import pytest

from shared.catalog import runs
from shared.domain.run import Run
from tests.integration.worker import outcome
from tests.integration.worker.outcome import Place
from tests.support.imports import Importer

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]
SKIP = {"onError": "SKIP_FILE"}
GOOD, BAD, BROKEN = b"id,name\n1,a\n", b"id,name\n2,b\nx,c\n", b'id,name\n3,"d\n'


async def _skipped(imports: Importer, run: Run) -> dict[str, str]:
    report = await runs.report(imports.db, run.id)
    assert report is not None
    skipped: dict[str, str] = report["skipped"]
    return skipped


@pytest.mark.parametrize("mode", ["replace", "append"])
async def test_the_objects_without_errors_are_published_and_the_others_named(
    imports: Importer, mode: str
) -> None:
    await imports.apply(FIELDS, load=SKIP | {"mode": mode})
    run = await imports.deliver_files(outcome.DAY, {"a": BAD, "b": GOOD, "c": BROKEN})
    await outcome.assert_published(imports, run)
    assert (await outcome.readable(imports)).rows == [(1, "a")]
    skipped = await _skipped(imports, run)
    assert sorted(skipped) == [outcome.key("a"), outcome.key("c")]
    assert "line 3" in skipped[outcome.key("a")]
    assert await outcome.quarantined(imports, run) == [
        Place(outcome.key("a"), 3, "id", "type_mismatch", b"x,c")
    ]
    assert run.rows_done == 1


async def test_what_is_live_of_a_skipped_object_stays_live(imports: Importer) -> None:
    await imports.apply(FIELDS, load=SKIP | {"mode": "append"})
    await imports.deliver_files(outcome.DAY, {"a": GOOD})
    run = await imports.deliver_files(outcome.DAY, {"a": BAD, "b": b"id,name\n4,e\n"})
    await outcome.assert_published(imports, run)
    assert (await outcome.readable(imports)).rows == [(1, "a"), (4, "e")]
    mended = await imports.deliver_files(outcome.DAY, {"a": b"id,name\n2,b\n"})
    await outcome.assert_published(imports, mended)
    assert (await outcome.readable(imports)).rows == [(4, "e"), (2, "b")]


async def test_a_delivery_of_which_nothing_can_be_loaded_fails(imports: Importer) -> None:
    await imports.apply(FIELDS, load=SKIP)
    run = await imports.deliver_files(outcome.DAY, {"a": BAD, "c": BROKEN})
    await outcome.assert_failed(imports, run, "record_rejected", outcome.key("a"), "line 3")
