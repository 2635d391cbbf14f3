"""Slices: tables in loadstone_versions that versions share, united in the view of each version."""

from collections.abc import Sequence

from msgspec import Struct

from shared.domain import additions
from shared.domain.columns import Column
from shared.domain.dataset import Dataset
from shared.domain.slices import Slice
from shared.domain.version import Version
from shared.errors import SlicesDiffer
from shared.postgres import rows
from shared.postgres.pool import Connection, Pool
from shared.warehouse import ddl, naming, tables
from shared.warehouse.ddl import slices as ddl_slices
from shared.warehouse.ddl.slices import Branch, TypesDiffer
from shared.warehouse.naming import Relation

SHOWN_KEYS = 10


class SharedKey(Struct, frozen=True, kw_only=True):
    """A record, by its place among those of its table from 1 on, whose key slice number `slice` has too."""

    place: int
    key: str
    slice: int


async def unite(db: Connection, version: Version, slices: Sequence[Slice], wanted: Sequence[Column]) -> None:
    """Makes the relation of a version: a view of its slices, with these columns. Raises SlicesDiffer."""
    await _unite(db, naming.version(version.relation), [naming.version(s.relation) for s in slices], wanted)


async def gather(db: Connection, view: Relation, staged: Sequence[Relation]) -> None:
    """Makes a view of all rows of the tables that one attempt loaded, which all have the same columns."""
    await _unite(db, view, staged, await tables.columns_of(db, staged[0]))


async def _unite(
    db: Connection, view: Relation, relations: Sequence[Relation], wanted: Sequence[Column]
) -> None:
    branches = [await branch(db, relation, wanted) for relation in relations]
    await db.execute(ddl_slices.unite(view, branches))


async def branch(db: Connection | Pool, relation: Relation, wanted: Sequence[Column]) -> Branch:
    """A slice in the row type of a version. Raises SlicesDiffer when a column's values don't fit into it."""
    try:
        return ddl_slices.branch(relation, wanted, await tables.columns_of(db, relation))
    except TypesDiffer as differ:
        raise SlicesDiffer(differ.message) from None


async def drop(db: Connection, one: Slice) -> None:
    """Drops the table of a slice that no version has any more."""
    await db.execute(ddl.drop_table(naming.version(one.relation)))


async def repeat_keys(db: Connection | Pool, view: Relation, dataset: Dataset) -> bool:
    """Whether rows of a view share a unique key: one pass, which doesn't tell which rows those are."""
    found = [await db.fetchval(ddl_slices.repeats(view, key)) for key in _keys_to_compare(dataset)]
    return any(found)


async def shared_keys(
    db: Connection | Pool, new: Relation, others: Sequence[Relation], dataset: Dataset
) -> tuple[tuple[str, ...], list[SharedKey]]:
    """The first unique key that records of a new table share with other slices, and some of them."""
    wanted = {column.name: column for column in await tables.columns_of(db, new)}
    for key in _keys_to_compare(dataset):
        branches = [await branch(db, other, [wanted[column] for column in key]) for other in others]
        found = await db.fetch(ddl_slices.shared_keys(new, branches, key, SHOWN_KEYS))
        if found:
            return tuple(key), rows.structs(found, SharedKey)
    return (), []


def _keys_to_compare(dataset: Dataset) -> list[Sequence[str]]:
    """Not those with the partition's column: slices of other dates can't have the same."""
    primary = [dataset.schema.primary_key] if dataset.schema.primary_key else []
    column = additions.partition_column(dataset)
    return [key for key in [*primary, *ddl.unique_keys(dataset.schema)] if column not in key]
