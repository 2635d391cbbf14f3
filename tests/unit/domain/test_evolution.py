import pytest

from shared.domain.dataset.evolution import Evolution
from shared.domain.rules.evolution import evolution_mistakes
from tests.support.datasets import dataset

MATCHES = ("exact", "equal", "subset", "superset", "partial")


@pytest.mark.parametrize(
    ("modes", "allowed"),
    [
        ({"new_columns": "freeze"}, {"exact", "equal", "superset"}),
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
