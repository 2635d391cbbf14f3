"""How a contract evolves: fields that came with new columns of files, behind those that somebody declared."""

from collections.abc import Iterable

from msgspec import structs

from shared.domain import document
from shared.domain.dataset import Dataset, Field


def extended(dataset: Dataset, names: Iterable[str]) -> Dataset:
    """The contract with a field of text for each of these new columns."""
    return _with(dataset, [Field(name=name, evolved=True) for name in names])


def carried(before: Dataset, dataset: Dataset) -> Dataset:
    """The contract with those evolved fields of the one before that it does not name itself.

    Whoever applies a document again does not know of them, and means not to drop them, unless columns are
    not to evolve any more.
    """
    if dataset.evolution.new_columns != "evolve":
        return dataset
    named = {name for field in dataset.schema.fields for name in (field.name, *field.aliases)}
    return _with(dataset, [f for f in before.schema.fields if f.evolved and f.name not in named])


def differ_by_evolution(old: Dataset, new: Dataset) -> bool:
    """Whether the new contract is the old one, but for fields that evolved since, if any."""
    known = {field.name for field in old.schema.fields}
    fields = [field for field in new.schema.fields if field.name in known or not field.evolved]
    return document.digest(_of(new, fields)) == document.digest(old)


def _with(dataset: Dataset, fields: list[Field]) -> Dataset:
    return _of(dataset, [*dataset.schema.fields, *fields]) if fields else dataset


def _of(dataset: Dataset, fields: list[Field]) -> Dataset:
    return structs.replace(dataset, schema=structs.replace(dataset.schema, fields=fields))
