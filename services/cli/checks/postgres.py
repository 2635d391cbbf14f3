"""PostgreSQL: reachable, new enough, migrated, ours to write, and with nothing left lying about."""

from collections.abc import AsyncIterator

from services.cli import database
from services.cli.checks.finding import Finding, fail, ok, warn
from services.cli.output import byte_count
from shared.catalog import runs
from shared.errors import LoadstoneError
from shared.postgres import migrations, statements
from shared.postgres.pool import Connection, connection
from shared.settings import Database
from shared.warehouse import customsql, naming, staging

SQL = statements.beside(__file__)
SUBJECT = "PostgreSQL"
OLDEST = 150_000
SHOWN = 5


async def check(settings: Database) -> list[Finding]:
    """What is to say about PostgreSQL."""
    found: list[Finding] = []
    try:
        with database.explained():
            async with connection(settings.url.reveal(), application="doctor") as db:
                found += [finding async for finding in _server(db)]
                if await _is_migrated(db, found):
                    found += [finding async for finding in _missing_schemas(db)]
                    found += [finding async for finding in _leftovers(db)]
                    found.append(await _rules_in_sql(db))
                found.append(await _files(db))
    except LoadstoneError as error:
        hint = "Is it up, and is LOADSTONE_DATABASE_URL right? `loadstone up` runs one here."
        found.append(fail(SUBJECT, error.message, hint))
    return found


async def buckets(settings: Database) -> list[str]:
    """The buckets that datasets read from; none where the catalog can't be read."""
    try:
        with database.explained():
            async with connection(settings.url.reveal(), application="doctor") as db:
                return [row["name"] for row in await db.fetch(SQL.buckets)]
    except LoadstoneError:  # said by `check` already
        return []


async def _server(db: Connection) -> AsyncIterator[Finding]:
    server = await db.fetchrow(SQL.server)
    assert server is not None  # noqa: S101 - a SELECT without FROM has one row
    if server["number"] < OLDEST:
        yield fail(SUBJECT, f"version {server['version']}", "Loadstone needs PostgreSQL 15 or newer.")
    else:
        yield ok(SUBJECT, f"version {server['version']}, wal_level {server['wal_level']}")
    if server["may_create_schemas"]:
        yield ok("schemas", f"{server['role']} may create them")
    else:
        grant = (
            f"GRANT CREATE ON DATABASE {naming.quote(server['database'])} TO {naming.quote(server['role'])};"
        )
        yield fail(
            "schemas", f"{server['role']} may not create schemas in this database", f"As its owner: {grant}"
        )
    for row in await db.fetch(SQL.closed_schemas):
        grant = f"GRANT CREATE, USAGE ON SCHEMA {row['name']} TO {naming.quote(server['role'])};"
        yield fail(
            "tables", f"{server['role']} may not create tables in {row['name']}", f"As its owner: {grant}"
        )


async def _is_migrated(db: Connection, found: list[Finding]) -> bool:
    missing = await migrations.pending(db)
    if missing:
        found.append(fail("migrations", f"not applied: {', '.join(missing)}", "Run `loadstone migrate`."))
    else:
        found.append(ok("migrations", "all applied"))
    return not missing


async def _missing_schemas(db: Connection) -> AsyncIterator[Finding]:
    for row in await db.fetch(SQL.missing_schemas):
        hint = f"Was it left out of a dump? As the role that imports: CREATE SCHEMA {row['name']};"
        yield fail("schemas", f"{row['name']} is gone", hint)


async def _leftovers(db: Connection) -> AsyncIterator[Finding]:
    """Tables that nothing needs, and versions without their table."""
    tables = {table: naming.attempt_of(table.name) for table in await staging.leftovers(db)}
    held = await runs.held_fences(db, [attempt[0] for attempt in tables.values() if attempt])
    staged = [str(table) for table, attempt in tables.items() if attempt not in held]
    if staged:
        yield warn(
            "staging tables",
            f"{_some(staged)}: no run works on {'it' if len(staged) == 1 else 'them'}",
            "The scheduler drops them in its next rounds; is it running?",
        )
    else:
        yield ok("staging tables", "none left over")
    unknown = [row["name"] for row in await db.fetch(SQL.unknown_tables)]
    if unknown:
        hint = "Nothing reads them: drop them by hand when you know what they were."
        yield warn("version tables", f"not in the catalog: {_some(unknown)}", hint)
    lost = [row["name"] for row in await db.fetch(SQL.lost_versions)]
    if lost:
        hint = "Somebody dropped their tables: restore them from a backup, or import the delivery again."
        yield fail("version tables", f"gone: {_some(lost)}", hint)
    if not unknown and not lost:
        yield ok("version tables", "each belongs to a version of the catalog, and the other way round")


async def _rules_in_sql(db: Connection) -> Finding:
    """Whether quality rules may ask queries."""
    if await customsql.is_ready(db):
        return ok("rules in SQL", f"asked as the role {customsql.ROLE}")
    return warn("rules in SQL", f"there is no role {customsql.ROLE} to ask them as", customsql.remedy())


async def _files(db: Connection) -> Finding:
    """A server that crashes while rows are loaded leaves a file that belongs to no table."""
    if not await db.fetchval(SQL.may_list_files):
        return ok("orphaned files", "not looked for: only a superuser may list the server's files")
    row = await db.fetchrow(SQL.orphaned_files)
    if row is None or not row["files"]:
        return ok("orphaned files", "none")
    return warn(
        "orphaned files",
        f"{row['files']} in the database's folder, {byte_count(row['bytes'])}",
        "A server that crashed during a load leaves them. They do no harm; dump and restore frees the space.",
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
