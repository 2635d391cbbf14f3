"""Which texts mean that there is no value: those that do in every field, and those of single fields."""

from shared.domain.dataset import Field, TableSchema


def of(field: Field, schema: TableSchema) -> frozenset[str]:
    """The texts that are no value in a field: its own, or the schema's where it has none."""
    return frozenset(schema.missing_values if field.missing_values is None else field.missing_values)


def shared(schema: TableSchema) -> frozenset[str]:
    """The texts that are no value in any field, which a reader of columns can leave out at once."""
    return frozenset.intersection(*(of(field, schema) for field in schema.fields))
