"""Compares versions of a dataset: which two, and by which key."""

import asyncpg
from msgspec import Struct

from shared.catalog import datasets, versions
from shared.catalog.datasets import DatasetRecord
from shared.domain.version import Version
from shared.errors import Conflict, VersionRetired
from shared.postgres.pool import Connection
from shared.warehouse import differences, naming
from shared.warehouse.differences import Difference
from shared.warehouse.naming import Relation


class Compared(Struct, frozen=True, kw_only=True):
    """Two versions and what changed from the old one to the new one."""

    old: Version
    new: Version
    difference: Difference


async def versions_of(
    db: Connection, dataset: DatasetRecord, number: int, against: int | None, *, samples: int
) -> Compared:
    """What changed from version `against`, or the newest retained one below, to version `number`.

    Raises NotFound or VersionRetired where one of them is not there, Conflict where no key tells rows apart.
    """
    new = await versions.read(db, dataset.id, number)
    if against is None:
        old = await versions.previous(db, dataset.id, number)
    else:
        old = await versions.read(db, dataset.id, against)
    for version in (old, new):
        if version.retired_at is not None:
            raise VersionRetired(f"version {version.number} of {dataset.name} is no longer retained")
    key = await shared_key(db, dataset, old.contract_version, new.contract_version)
    try:
        found = await differences.compare(db, _table(old), _table(new), key, samples=samples)
    except asyncpg.UndefinedTableError:  # dropped since it was looked up
        raise VersionRetired(f"a version of {dataset.name} was retired just now") from None
    return Compared(old=old, new=new, difference=found)


async def shared_key(db: Connection, dataset: DatasetRecord, old: int, new: int) -> list[str]:
    """The primary key that two contract versions agree on. Raises Conflict when there is none."""
    before = await datasets.contract(db, dataset.id, old)
    after = await datasets.contract(db, dataset.id, new)
    key, former = after.document.schema.primary_key, before.document.schema.primary_key
    if not key:
        raise Conflict(
            f"{dataset.name} has no primary key, by which rows could be compared",
            hint="Declare schema.primaryKey; versions that are imported from then on can be compared.",
        )
    if set(former) != set(key):
        raise Conflict(
            f"the primary key of {dataset.name} changed from ({', '.join(former)}) "
            f"to ({', '.join(key)}) between these versions",
            hint="Compare versions of the same key.",
        )
    return list(key)


def _table(version: Version) -> Relation:
    return naming.version(version.relation)
