"""Columns that Loadstone adds to those of a contract, and what a run makes of the contract's own."""

from collections.abc import Iterator
from datetime import date

from msgspec import structs

from shared.domain.dataset import Dataset, Field

# Where a row comes from: the object's key, its physical line, the run, and when the run loaded it.
LINEAGE = ("_file", "_line", "_run_id", "_loaded_at")


def partition_column(dataset: Dataset) -> str | None:
    """The column whose value tells a version's slices apart, where there is one."""
    by = dataset.load.partition_by
    return by.column if by else None


def added(dataset: Dataset) -> Iterator[str]:
    """The names of the columns that follow those of the contract, in their order."""
    column = partition_column(dataset)
    if column and column not in _names(dataset):
        yield column
    if dataset.load.lineage:
        yield from LINEAGE


def for_date(dataset: Dataset, business_date: date) -> Dataset:
    """The contract of one business date: a partition's column that is a field holds just that date."""
    column = partition_column(dataset)
    if column not in _names(dataset):
        return dataset
    fields = [_pinned(f, business_date) if f.name == column else f for f in dataset.schema.fields]
    return structs.replace(dataset, schema=structs.replace(dataset.schema, fields=fields))


def _pinned(field: Field, business_date: date) -> Field:
    written = business_date.strftime(field.format) if "%" in field.format else business_date.isoformat()
    constraints = structs.replace(field.constraints, required=True, enum=[written])
    return structs.replace(field, constraints=constraints)


def _names(dataset: Dataset) -> list[str]:
    return [field.name for field in dataset.schema.fields]
