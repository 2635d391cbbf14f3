"""What each load mode asks of a document."""

from typing import Any

import msgspec
import pytest

from shared.domain import document
from shared.errors import DatasetInvalid
from tests.support import catalog

BY = {"column": "business_date", "from": "businessDate"}
MARKER = {"column": "carrier", "value": "D"}


def problems(load: dict[str, Any], fields: list[dict[str, Any]] | None = None, **schema: Any) -> list[str]:
    """The mistakes of a document with such a section `load`."""
    declared = catalog.declared()
    declared["load"] |= load
    declared["schema"] = {**declared["schema"], **({"fields": fields} if fields else {}), **schema}
    try:
        document.parse(msgspec.json.encode(declared))
    except DatasetInvalid as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize(
    "load",
    [
        {"mode": "append"},
        {"mode": "replacePartition", "partitionBy": BY},
        {"mode": "merge"},
        {"mode": "merge", "deleteMarker": MARKER},
        {"lineage": True, "analyze": False},
    ],
)
def test_each_mode_is_accepted_with_what_it_needs(load: dict[str, Any]) -> None:
    assert problems(load) == []


@pytest.mark.parametrize(
    ("load", "told"),
    [
        ({"mode": "replacePartition"}, "load.partitionBy: nothing found"),
        ({"mode": "append", "partitionBy": BY}, "load.partitionBy: found with mode append"),
        ({"mode": "replacePartition", "partitionBy": BY | {"column": "id"}}, "type date expected"),
        ({"mode": "replacePartition", "partitionBy": BY | {"column": "_line"}}, "load.lineage keeps"),
        ({"mode": "replace", "deleteMarker": MARKER}, "load.deleteMarker: found with mode replace"),
        ({"mode": "merge", "deleteMarker": MARKER | {"column": "op"}}, "'op' found, the name of a field"),
    ],
)
def test_what_a_mode_cannot_do_with_is_told_with_its_path(load: dict[str, Any], told: str) -> None:
    assert any(told in problem for problem in problems(load)), problems(load)


def test_a_merge_needs_a_primary_key() -> None:
    [problem] = problems({"mode": "merge"}, primaryKey=[])
    assert problem.startswith("load.mode: merge found, which tells rows by schema.primaryKey")


def test_a_field_may_not_have_the_name_of_a_lineage_column() -> None:
    fields = [{"name": "id", "type": "integer"}, {"name": "_line", "type": "integer"}]
    assert problems({}, fields) == []
    [problem] = problems({"lineage": True}, fields)
    assert problem == "load.lineage: true found, which adds the column _line, and a field is called so"
