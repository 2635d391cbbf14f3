"""Asks a query of a dataset's author: read-only, for a limited time, as a role that sees hardly anything.

The role is `loadstone_check`. Its function `loadstone.ask` runs the query (SECURITY DEFINER), because
PostgreSQL lets nobody change roles inside such a function: `SET LOCAL ROLE` alone can be undone by the query
itself, with set_config. The role may read the relation at hand, by a grant that is rolled back with the
transaction, and the published views that the query names.
"""

import asyncpg
from msgspec import Struct

from shared.errors import CheckRoleMissing
from shared.postgres import statements
from shared.postgres.pool import Connection
from shared.warehouse import ddl
from shared.warehouse.naming import Relation, quote

SQL = statements.beside(__file__)
ROLE = "loadstone_check"


class Answer(Struct, frozen=True, kw_only=True):
    """The number that a query answered with, or why there is none."""

    value: float | None = None
    problem: str | None = None


async def is_ready(db: Connection) -> bool:
    """Whether the role and its function are there."""
    return bool(await db.fetchval(SQL.is_ready))


async def refuse_unless_ready(db: Connection) -> None:
    """Raises CheckRoleMissing when the role or its function is not there."""
    if not await is_ready(db):
        raise CheckRoleMissing(
            f"custom SQL needs the database role {ROLE} and its function loadstone.ask", hint=remedy()
        )


def remedy() -> str:
    """What a superuser has to do where a migration was not allowed to."""
    return (
        f"As a superuser, in Loadstone's database: CREATE ROLE {ROLE} NOLOGIN; "
        "SELECT loadstone.prepare_checks();"
    )


async def let_see(db: Connection, query: str) -> None:
    """Lets the role read the published views that a query names, from now on."""
    for row in await db.fetch(SQL.unseen, query, ROLE):
        view = Relation(row["schema"], row["name"])
        if not row["schema_is_open"]:
            await db.execute(ddl.grant("USAGE", "SCHEMA", quote(view.schema), ROLE))
        await db.execute(ddl.grant("SELECT", "TABLE", view.sql, ROLE))


async def ask(db: Connection, relation: Relation, query: str, *, limit: float) -> Answer:
    """What a query answers about a relation, which it calls {object} or ${object}, within `limit` seconds.

    Whatever it tried is rolled back.
    """
    text = query.strip().rstrip(";").rstrip()
    for name in ("${object}", "{object}"):
        text = text.replace(name, relation.sql)
    transaction = db.transaction()
    await transaction.start()
    try:
        await db.execute(ddl.grant("SELECT", "TABLE", relation.sql, ROLE))
        await db.execute(SQL.restrict, f"{limit * 1000:.0f}ms")
        await db.prepare(text)  # one statement, and not the end of the one around it
        return Answer(value=await db.fetchval(SQL.ask, text))
    except asyncpg.QueryCanceledError:
        return Answer(problem=f"it took longer than {limit:g} s")
    except asyncpg.NoDataFoundError:
        return Answer(problem="it answered no row")
    except asyncpg.TooManyRowsError:
        return Answer(problem="it answered more than one row")
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "").startswith(("08", "40", "53", "57", "XX")):
            raise
        return Answer(problem=str(error))
    finally:
        await transaction.rollback()
