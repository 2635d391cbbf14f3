"""Reads rows of one version straight from its table, so that paging never sees another version."""

import asyncpg
from msgspec import Raw, Struct

from shared.domain.version import Version
from shared.errors import RequestInvalid, VersionRetired
from shared.postgres.pool import Connection, Pool
from shared.warehouse import ddl, naming
from shared.warehouse.naming import Relation

START = "(0,0)"


class Page(Struct, frozen=True, kw_only=True):
    """Some rows as JSON objects written by PostgreSQL, and where the next page starts (None: the end)."""

    rows: list[Raw]
    following: str | None


async def page(db: Connection | Pool, version: Version, *, after: str = START, limit: int) -> Page:
    """At most `limit` rows after a place. Raises VersionRetired when it is gone, RequestInvalid."""
    try:
        found = await db.fetch(ddl.page(naming.version(version.relation)), after, limit + 1)
    except asyncpg.UndefinedTableError:
        raise VersionRetired(f"version {version.number} is no longer retained") from None
    except asyncpg.InvalidTextRepresentationError:
        raise RequestInvalid(f"{after!r} is no place in a version", hint="Begin at the start.") from None
    shown = found[:limit]
    following = shown[-1]["place"] if len(found) > limit else None
    return Page(rows=[Raw(row["row"].encode()) for row in shown], following=following)


async def count(db: Connection | Pool, relation: Relation) -> int:
    """How many rows a reader of a table or a view sees."""
    counted: int = await db.fetchval(ddl.count(relation))
    return counted
