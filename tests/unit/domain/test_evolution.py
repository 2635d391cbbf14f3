import pytest

from shared.domain import evolving
from shared.domain.dataset import Dataset
from shared.domain.dataset.evolution import Evolution
from shared.domain.rules.evolution import evolution_mistakes, header_mistakes
from tests.support.datasets import dataset, with_fields

MATCHES = ("exact", "equal", "subset", "superset", "partial")


@pytest.mark.parametrize(
    ("modes", "allowed"),
    [
        ({"new_columns": "freeze"}, {"exact", "equal", "superset"}),
        ({"new_columns": "evolve"}, {"exact", "equal", "superset"}),
        ({"new_columns": "discard_value"}, {"subset", "partial"}),
        ({"missing_columns": "freeze"}, {"exact", "equal", "subset"}),
        ({"missing_columns": "evolve"}, {"superset", "partial"}),
        ({}, set(MATCHES)),
    ],
)
def test_what_fields_match_contradicts_is_refused(modes: dict[str, str], allowed: set[str]) -> None:
    for match in MATCHES:
        schema = dataset(schema={"fieldsMatch": match}).schema
        found = list(evolution_mistakes(Evolution(**modes), schema))  # type: ignore[arg-type]
        assert (not found) == (match in allowed)
        assert all(f"schema.fieldsMatch: {match} contradicts" in mistake.text for mistake in found)


@pytest.mark.parametrize(
    ("format_", "says"),
    [
        ({"type": "csv"}, None),
        ({"type": "tsv"}, None),
        ({"type": "ndjson"}, "ndjson has no header"),
        ({"type": "parquet"}, "parquet has no header"),
        ({"type": "csv", "dialect": {"header": False}}, "without a header"),
    ],
)
def test_columns_evolve_only_where_a_header_names_them(format_: dict[str, object], says: str | None) -> None:
    found = [*header_mistakes(Evolution(new_columns="evolve"), dataset(format=format_).format)]
    assert [says in mistake.text for mistake in found if says] == [True] * bool(says)
    assert len(found) == bool(says)
    assert not [*header_mistakes(Evolution(), dataset(format=format_).format)]


EVOLVE = {"evolution": {"newColumns": "evolve"}}


def _names(of: Dataset) -> list[str]:
    return [field.name for field in of.schema.fields]


def test_a_contract_differs_by_evolution_alone_where_nothing_but_evolved_fields_was_added() -> None:
    declared = dataset(**EVOLVE)
    later = evolving.extended(evolving.extended(declared, ["a"]), ["b"])
    assert evolving.differ_by_evolution(declared, declared)
    assert evolving.differ_by_evolution(declared, later)
    assert not evolving.differ_by_evolution(later, declared)
    assert not evolving.differ_by_evolution(declared, dataset(title="Other", **EVOLVE))
    assert not evolving.differ_by_evolution(declared, with_fields({"name": "id"}, {"name": "b"}, **EVOLVE))


def test_a_document_applied_again_takes_along_what_evolved_and_what_it_does_not_name() -> None:
    declared = dataset(**EVOLVE)
    before = evolving.extended(declared, ["a", "b", "c"])
    own = with_fields({"name": "id", "aliases": ["a"]}, {"name": "b", "type": "integer"}, **EVOLVE)
    assert evolving.carried(before, declared) == before
    assert _names(evolving.carried(before, own)) == ["id", "b", "c"]
    assert evolving.carried(before, dataset()) == dataset()
