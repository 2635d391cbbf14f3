"""Compares the foreign keys of a loaded relation with the relations that they point at."""

import asyncpg
from msgspec import Struct

from shared.domain.dataset import ForeignKey
from shared.postgres.pool import Connection
from shared.warehouse.ddl import measures as sql
from shared.warehouse.naming import Relation

SHOWN = 5


class Strays(Struct, frozen=True, kw_only=True):
    """How many rows point at nothing, with the first of their values; or why that can't be told."""

    rows: int = 0
    values: tuple[str, ...] = ()
    problem: str | None = None


async def strays(db: Connection, relation: Relation, key: ForeignKey, target: Relation) -> Strays:
    """The rows whose key is not in the target. A key with a null in it points at nothing, and may."""
    try:
        found = await db.fetch(sql.strays(relation, key, target, SHOWN))
    except (
        asyncpg.UndefinedTableError,
        asyncpg.UndefinedColumnError,
        asyncpg.UndefinedFunctionError,  # no equality between the two types
    ) as error:
        return Strays(problem=str(error))
    if not found:
        return Strays()
    return Strays(rows=found[0]["total"], values=tuple(row["value"] for row in found))
