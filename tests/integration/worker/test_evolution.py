"""Values of another type: told with their lines and with a type that would hold them, or discarded."""

from typing import Any

import pytest

from shared.catalog import runs
from shared.domain.run import Run
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY, Place
from tests.support.imports import Importer

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "qty", "type": "integer"},
]
DISCARD = {"typeMismatch": "discard_value"}
DATA = "id,qty\n1,1\n2,2.5\n3,\n4,0.125\n5,5\n"
SUGGESTED = "numeric(22,3) would hold all of them and text everything"


async def _report(imports: Importer, run: Run) -> dict[str, Any]:
    report = await runs.report(imports.db, run.id)
    assert report is not None
    return report


async def test_a_type_that_would_hold_what_was_rejected_is_suggested(imports: Importer) -> None:
    await imports.apply(FIELDS, load={"onError": "CONTINUE", "maxErrors": 9}, publish={"gate": "on_warning"})
    run = await imports.deliver(DAY, DATA)
    await outcome.assert_published(imports, run)
    report = await _report(imports, run)
    assert report["findings"] == []
    assert report["misfits"] == [
        {
            "column": "qty",
            "values": 2,
            "discarded": 0,
            "places": [{"object": outcome.key(), "line": 3}, {"object": outcome.key(), "line": 5}],
            "type": "bigint",
            "wider": "numeric(22,3)",
            "message": f'"qty": 2 of 5 values did not fit bigint ({outcome.key()} lines 3, 5), {SUGGESTED}',
        }
    ]


@pytest.mark.parametrize(
    ("load", "evolution", "code"),
    [
        ({"onError": "ABORT_STATEMENT"}, {}, "record_rejected"),
        ({"onError": "CONTINUE", "maxErrors": 9}, {"typeMismatch": "freeze"}, "record_rejected"),
        ({"onError": "CONTINUE", "maxErrors": 1}, {}, "too_many_errors"),
    ],
)
async def test_the_error_that_ends_a_run_suggests_it_too(
    imports: Importer, load: dict[str, Any], evolution: dict[str, Any], code: str
) -> None:
    await imports.apply(FIELDS, load=load, evolution=evolution)
    run = await imports.deliver(DAY, DATA)
    await outcome.assert_failed(imports, run, code, "line 3", "lines 3, 5", SUGGESTED)


async def test_a_suggested_type_loads_what_was_rejected(imports: Importer) -> None:
    wider = [FIELDS[0], {"name": "qty", "type": "number", "physicalType": "numeric(22,3)"}]
    await imports.apply(wider)
    await outcome.assert_published(imports, await imports.deliver(DAY, DATA))


async def test_a_discarded_value_is_null_and_counted_and_a_required_one_rejects(imports: Importer) -> None:
    await imports.apply(FIELDS, load={"onError": "CONTINUE", "maxErrors": 1}, evolution=DISCARD)
    run = await imports.deliver(DAY, DATA + "x,6\n7,x\n")
    await outcome.assert_published(imports, run)
    rows = [(1, 1), (2, None), (3, None), (4, None), (5, 5), (7, None)]
    assert (await outcome.readable(imports)).rows == rows
    assert await outcome.quarantined(imports, run) == [Place(outcome.key(), 7, "id", "type_mismatch", b"x,6")]
    report = await _report(imports, run)
    assert {each["column"]: each["discarded"] for each in report["misfits"]} == {"id": 0, "qty": 3}
    [finding] = report["findings"]
    assert (finding["severity"], finding["found"]) == ("warning", 3)
    assert "3 of 7 values did not fit bigint and became NULL" in finding["message"]


async def test_discarded_values_hold_a_version_whose_gate_is_closed_by_warnings(imports: Importer) -> None:
    await imports.apply(FIELDS, evolution=DISCARD, publish={"gate": "on_warning"})
    run = await imports.deliver(DAY, DATA)
    assert run.state == "held"
    assert '"qty": 2 of 5 values' in (run.stage or "")


async def test_what_is_wrong_in_an_object_that_is_skipped_is_not_told_of_the_others(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS, load={"onError": "SKIP_FILE"})
    run = await imports.deliver_files(DAY, {"a": DATA.encode(), "b": b"id,qty\n1,1\n"})
    await outcome.assert_published(imports, run)
    report = await _report(imports, run)
    assert "misfits" not in report
    assert SUGGESTED in report["skipped"][outcome.key("a")]
