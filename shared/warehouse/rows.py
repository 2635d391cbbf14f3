"""Reads rows of one version straight from its tables, so that paging never sees another version."""

import re
from collections.abc import Sequence

import asyncpg
from msgspec import Raw, Struct

from shared.domain.slices import Slice
from shared.domain.version import Version
from shared.errors import RequestInvalid, VersionRetired
from shared.postgres.pool import Connection, Pool
from shared.warehouse import ddl, naming, slices, tables
from shared.warehouse.ddl import slices as ddl_slices
from shared.warehouse.naming import Relation

FIRST_ROW = "(0,0)"
START = FIRST_ROW
# A place in a version that consists of slices: the number of the slice, from 1, and the place in it.
_PLACE = re.compile(r"(?:(\d{1,9}):)?(\(\d+,\d+\))")


class Page(Struct, frozen=True, kw_only=True):
    """Some rows as JSON objects written by PostgreSQL, and where the next page starts (None: the end)."""

    rows: list[Raw]
    following: str | None


async def page(
    db: Connection | Pool, version: Version, parts: Sequence[Slice], *, after: str = START, limit: int
) -> Page:
    """At most `limit` rows after a place; `parts` are the slices of a version that has some.

    Raises VersionRetired when it is gone, RequestInvalid.
    """
    try:
        if version.sliced:
            found = await _sliced(db, version, parts, after, limit + 1)
        else:
            rows = await db.fetch(ddl.page(naming.version(version.relation)), after, limit + 1)
            found = [(row["place"], row["row"]) for row in rows]
    except asyncpg.UndefinedTableError:
        raise VersionRetired(f"version {version.number} is no longer retained") from None
    except asyncpg.InvalidTextRepresentationError:
        raise _no_place(after) from None
    shown = found[:limit]
    following = shown[-1][0] if len(found) > limit else None
    return Page(rows=[Raw(row.encode()) for _, row in shown], following=following)


async def _sliced(
    db: Connection | Pool, version: Version, parts: Sequence[Slice], after: str, wanted: int
) -> list[tuple[str, str]]:
    """Rows with their places, slice after slice, until there are as many as wanted."""
    columns = await tables.columns_of(db, naming.version(version.relation))
    if not columns:
        raise VersionRetired(f"version {version.number} is no longer retained")
    parsed = _PLACE.fullmatch(after)
    if parsed is None:
        raise _no_place(after)
    first, place = int(parsed[1] or 1), parsed[2]
    found: list[tuple[str, str]] = []
    for number, part in enumerate(parts[first - 1 :], start=first):
        shown = await slices.branch(db, naming.version(part.relation), columns)
        rows = await db.fetch(ddl_slices.page(shown), place, wanted - len(found))
        found += [(f"{number}:{row['place']}", row["row"]) for row in rows]
        if len(found) >= wanted:
            break
        place = FIRST_ROW
    return found


def _no_place(after: str) -> RequestInvalid:
    return RequestInvalid(f"{after!r} is no place in a version", hint="Begin at the start.")


async def count(db: Connection | Pool, relation: Relation) -> int:
    """How many rows a reader of a table or a view sees."""
    counted: int = await db.fetchval(ddl.count(relation))
    return counted
