"""Which texts mean that there is no value: those that do in every field, and those of single fields."""

import pyarrow.compute as pc

from shared.domain.dataset import Field, TableSchema
from shared.files import texts
from shared.files.texts import AnyArray, TextArray


def of(field: Field, schema: TableSchema) -> frozenset[str]:
    """The texts that are no value in a field: its own, or the schema's where it has none."""
    return frozenset(schema.missing_values if field.missing_values is None else field.missing_values)


def shared(schema: TableSchema) -> frozenset[str]:
    """The texts that are no value in any field, which a reader of columns can leave out at once."""
    return frozenset.intersection(*(of(field, schema) for field in schema.fields))


def values(field: Field, schema: TableSchema) -> TextArray:
    """The texts that are no value in a field, as `left_out` takes them."""
    return texts.of(*sorted(of(field, schema)))


def left_out(column: AnyArray, none: TextArray) -> AnyArray:
    """The column with null in place of these texts; a column that is not of text stays as it is."""
    if column.type != none.type or not len(none):
        return column
    known: AnyArray = pc.if_else(pc.is_in(column, value_set=none), texts.of(None)[0], column)
    return known
