"""Slices: the tables that versions share, and which version consists of which."""

from collections.abc import Iterable

from shared.domain.run import ObjectRef, Run
from shared.domain.slices import Slice
from shared.domain.version import Version
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


async def add(db: Connection, run: Run, *, item: ObjectRef | None, row_count: int, byte_count: int) -> Slice:
    """A new slice, of one object where `item` is given. Its table is to be named as its `relation`."""
    values = (
        run.dataset_id,
        run.id,
        run.dataset,
        run.business_date,
        item.key if item else None,
        item.etag if item else None,
        row_count,
        byte_count,
    )
    return rows.struct(await db.fetchrow(SQL.add, *values), Slice)


async def of_live(db: Connection, version: Version) -> list[Slice]:
    """The slices of a live version, in the caller's transaction. A version of one table becomes a slice."""
    if (adopted := await db.fetchval(SQL.adopt, version.dataset_id, version.number)) is not None:
        await db.execute(SQL.compose, version.dataset_id, version.number, [adopted])
    return await of_version(db, version)


async def of_version(db: Connection | Pool, version: Version) -> list[Slice]:
    """The slices of a version in their order; none where it is one table that no other version shares."""
    return rows.structs(await db.fetch(SQL.of_version, version.dataset_id, version.number), Slice)


async def compose(db: Connection, version: Version, slices: Iterable[Slice]) -> None:
    """Keeps what a version consists of."""
    await db.execute(SQL.compose, version.dataset_id, version.number, [one.id for one in slices])


async def forget(db: Connection, version: Version) -> None:
    """Lets go of a retired version's slices; `unneeded` finds those that no other version has."""
    await db.execute(SQL.forget, version.dataset_id, version.number)


async def unneeded(db: Connection | Pool, limit: int) -> list[Slice]:
    """Slices that no retained version has. None of them is ever needed again: only live slices are kept."""
    return rows.structs(await db.fetch(SQL.unneeded, limit), Slice)


async def mark_dropped(db: Connection, one: Slice) -> bool:
    """Remembers that a slice's table is gone; False when somebody else did it."""
    return await db.fetchval(SQL.mark_dropped, one.id) is not None
