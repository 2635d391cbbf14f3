"""Rules of the section `evolution`."""

from collections.abc import Iterator

from shared.domain.dataset import TableSchema
from shared.domain.dataset.evolution import Evolution
from shared.domain.markup import Mistake

_MAY_HAVE_OTHERS = ("subset", "partial")
_MAY_LACK_FIELDS = ("superset", "partial")


def evolution_mistakes(evolution: Evolution, schema: TableSchema) -> Iterator[Mistake]:
    """Modes that say something else than `schema.fieldsMatch`."""
    others = schema.fields_match in _MAY_HAVE_OTHERS
    if evolution.new_columns is not None and others != (evolution.new_columns == "discard_value"):
        yield _contradiction("newColumns", evolution.new_columns, schema.fields_match)
    lacking = schema.fields_match in _MAY_LACK_FIELDS
    if evolution.missing_columns is not None and lacking != (evolution.missing_columns == "evolve"):
        yield _contradiction("missingColumns", evolution.missing_columns, schema.fields_match)


def _contradiction(key: str, mode: str, match: str) -> Mistake:
    return Mistake(
        path=("evolution", key), text=f"{mode} found, which schema.fieldsMatch: {match} contradicts"
    )
