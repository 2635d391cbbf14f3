"""Rules of the section `evolution`."""

from collections.abc import Iterator

from shared.domain.dataset import Format, TableSchema
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


def header_mistakes(evolution: Evolution, format_: Format) -> Iterator[Mistake]:
    """New columns can be known before anything is loaded only where a header names them."""
    if evolution.new_columns != "evolve":
        return
    if format_.type not in ("csv", "tsv"):
        text = f"evolve found, and {format_.type} has no header from which new columns are known: csv or tsv"
        yield Mistake(path=("evolution", "newColumns"), text=text + " expected")
    elif not format_.dialect.header:
        text = "evolve found, and without a header (format.dialect.header) no column has a name"
        yield Mistake(path=("evolution", "newColumns"), text=text)


def _contradiction(key: str, mode: str, match: str) -> Mistake:
    return Mistake(
        path=("evolution", key), text=f"{mode} found, which schema.fieldsMatch: {match} contradicts"
    )
