"""What readers rely on survives a publish: the view, its grants and comments, and the views on top of it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import pytest

from shared.catalog import datasets
from shared.postgres.pool import Connection, connection
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.support import servers
from tests.support.imports import NAME, Importer

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]
MORE = [*FIELDS, {"name": "price", "type": "number"}]
RETYPED = [FIELDS[0], {"name": "name", "type": "integer"}]
RENAMED = [FIELDS[0], {"name": "title", "type": "string"}]
SHORTER = FIELDS[:1]
REORDERED = FIELDS[::-1]
FILES = {2: b"id,name\n1,one\n2,two\n", 3: b"id,name,price\n1,one,1.5\n"}
READER, WRITER, ODD = "loadstone_test_reader", "loadstone_test_writer", 'Odd "role"; é'


@pytest.fixture(scope="module")
async def roles(postgres: str) -> None:
    for role in (READER, WRITER, ODD):
        await servers.execute(postgres, f"CREATE ROLE {_quoted(role)}")


@pytest.fixture
async def reader(database: str, roles: None) -> AsyncGenerator[Connection]:
    """A connection that may read what the role of readers may."""
    async with connection(database, application="reader") as db:
        await db.execute("SET ROLE loadstone_test_reader")
        yield db


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _deliver(imports: Importer, body: bytes) -> None:
    await outcome.assert_published(imports, await imports.deliver(DAY, body))


async def _decorate(imports: Importer) -> None:
    """What operators put on a published view."""
    await imports.db.execute(
        f"""
        GRANT USAGE ON SCHEMA data TO {READER}, {WRITER};
        GRANT SELECT ON data.things TO {READER} WITH GRANT OPTION;
        GRANT SELECT (id), REFERENCES (id) ON data.things TO {WRITER};
        GRANT SELECT ON data.things TO PUBLIC;
        COMMENT ON VIEW data.things IS 'It''s \\ what we sell: "things"';
        COMMENT ON COLUMN data.things.id IS 'who''s who';
        ALTER VIEW data.things SET (security_barrier = true)
        """
    )


async def _decorations(imports: Importer) -> list[tuple[Any, ...]]:
    return await imports.rows(
        """
        SELECT c.relacl::text[], array_agg((a.attname, a.attacl::text) ORDER BY a.attname COLLATE "C")
                   FILTER (WHERE a.attacl IS NOT NULL),
               obj_description(c.oid, 'pg_class'), col_description(c.oid, 1), c.reloptions
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.oid = 'data.things'::regclass GROUP BY c.oid
        """
    )


async def test_grants_comments_and_dependent_views_survive_publishes_and_a_new_column(
    imports: Importer, roles: None
) -> None:
    await imports.apply(FIELDS)
    await _deliver(imports, FILES[2])
    await _decorate(imports)
    before = await _decorations(imports)
    await imports.db.execute(
        "CREATE VIEW data.counted AS SELECT count(*) AS n, max(name) AS last FROM data.things"
    )
    await imports.db.execute("CREATE VIEW data.doubled AS SELECT n * 2 AS n FROM data.counted")
    for count in range(1, 4):
        await _deliver(imports, b"id,name\n" + b"1,x\n" * count)
        assert await imports.rows("SELECT * FROM data.counted") == [(count, "x")]
        assert await imports.rows("SELECT * FROM data.doubled") == [(count * 2,)]
    await imports.apply(MORE)
    await _deliver(imports, FILES[3])
    assert await imports.rows("SELECT id, name, price::text FROM data.things") == [(1, "one", "1.500000000")]
    assert await imports.rows("SELECT * FROM data.counted") == [(1, "one")]
    assert await _decorations(imports) == before


@pytest.mark.parametrize(
    ("fields", "body", "rows"),
    [
        (RETYPED, b"id,name\n1,7\n", [(1, 7)]),
        (RENAMED, b"id,title\n1,one\n", [(1, "one")]),
        (SHORTER, b"id\n1\n", [(1,)]),
    ],
    ids=["retyped", "renamed", "removed"],
)
async def test_columns_that_change_keep_grants_and_comments_where_nothing_depends_on_them(
    imports: Importer, roles: None, fields: list[Any], body: bytes, rows: list[tuple[Any, ...]]
) -> None:
    await imports.apply(FIELDS)
    await _deliver(imports, FILES[2])
    await _decorate(imports)
    before = await _decorations(imports)
    await imports.apply(fields)
    await _deliver(imports, body)
    assert await imports.rows("SELECT * FROM data.things") == rows
    assert await _decorations(imports) == before


async def test_grants_and_comments_follow_their_columns_to_other_places(
    imports: Importer, roles: None
) -> None:
    await imports.apply(FIELDS)
    await _deliver(imports, FILES[2])
    await _decorate(imports)
    await imports.apply(REORDERED)
    await _deliver(imports, b"name,id\none,1\n")
    assert await imports.rows(
        "SELECT col_description('data.things'::regclass, 1), col_description('data.things'::regclass, 2)"
    ) == [(None, "who's who")]


@pytest.mark.parametrize("fields", [RETYPED, RENAMED, SHORTER, REORDERED])
async def test_a_changed_column_that_a_view_depends_on_is_refused_and_nothing_changes(
    imports: Importer, fields: list[dict[str, Any]]
) -> None:
    await imports.apply(FIELDS)
    await _deliver(imports, FILES[2])
    await imports.db.execute("CREATE VIEW data.longest AS SELECT max(name) AS name FROM data.things")
    before = await outcome.readable(imports)
    tables = await imports.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'loadstone_versions'")
    await imports.apply(fields)
    names = ",".join(field["name"] for field in fields)
    run = await imports.deliver(DAY, f"{names}\n{','.join(['1'] * len(fields))}\n")
    await outcome.assert_failed(imports, run, "target_unusable", "data.things", "data.longest")
    assert "dependent views" in (run.error_hint or "")
    assert await outcome.readable(imports) == before
    assert await imports.rows("SELECT * FROM data.longest") == [("two",)]
    assert tables == await imports.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'loadstone_versions'"
    )
    await imports.apply(FIELDS)
    await _deliver(imports, b"id,name\n3,three\n")
    assert await imports.rows("SELECT * FROM data.longest") == [("three",)]


async def test_roles_of_access_read_may_read_the_view_and_nothing_else(
    imports: Importer, reader: Connection
) -> None:
    await imports.apply(FIELDS, access={"read": [READER, ODD]})
    for _ in range(2):
        await _deliver(imports, FILES[2])
        assert await reader.fetchval("SELECT count(*) FROM data.things") == 2
    [(granted,)] = await imports.rows(f"SELECT has_table_privilege('{ODD}', 'data.things', 'SELECT')")
    assert granted
    for statement in (
        "SELECT * FROM loadstone_versions.things_v1",
        "DELETE FROM data.things",
        "SELECT * FROM loadstone.run",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute(statement)


async def test_a_role_that_does_not_exist_keeps_the_old_version(imports: Importer) -> None:
    await imports.apply(FIELDS)
    await _deliver(imports, FILES[2])
    before = await outcome.readable(imports)
    await imports.apply(FIELDS, access={"read": ["nobody_at_all"]})
    run = await imports.deliver(DAY, FILES[2])
    await outcome.assert_failed(imports, run, "target_unusable", '"nobody_at_all"')
    assert await outcome.readable(imports) == before


async def test_datasets_that_share_a_schema_and_readers_publish_at_the_same_time(
    imports: Importer, roles: None
) -> None:
    together = [Importer(imports.io, imports.bucket_name) for _ in range(4)]
    for number, each in enumerate(together):
        target = {"schema": "data", "table": f"things_{number}"}
        readers = {"read": [READER, WRITER]}
        await each.apply(FIELDS, name=f"things_{number}", load={"target": target}, access=readers)
    for _ in range(5):
        ended = await asyncio.gather(
            *(each.deliver(DAY, FILES[2], f"{number}.csv") for number, each in enumerate(together))
        )
        assert [(run.state, run.error_message) for run in ended] == [("succeeded", None)] * 4


FOREIGN = {
    "table": "CREATE TABLE data.things AS SELECT 'theirs' AS id",
    "empty table": "CREATE TABLE data.things ()",
    "view": "CREATE VIEW data.things AS SELECT 'theirs' AS id",
    "materialized view": "CREATE MATERIALIZED VIEW data.things AS SELECT 'theirs' AS id",
    "view on the catalog": "CREATE VIEW data.things AS SELECT name FROM loadstone.dataset",
    "sequence": "CREATE SEQUENCE data.things",
    "composite type": "CREATE TYPE data.things AS (id integer)",
    "domain": "CREATE DOMAIN data.things AS integer",
    "index": "CREATE TABLE data.other (id integer); CREATE INDEX things ON data.other (id)",
}


@pytest.mark.parametrize("kind", FOREIGN)
async def test_what_was_not_made_by_loadstone_is_never_replaced(imports: Importer, kind: str) -> None:
    await imports.db.execute(f"CREATE SCHEMA data; {FOREIGN[kind]}")
    known = """
        SELECT relname::text, relkind::text, oid FROM pg_class WHERE relnamespace = 'data'::regnamespace
        UNION ALL SELECT typname, typtype::text, oid FROM pg_type WHERE typnamespace = 'data'::regnamespace
        ORDER BY oid
    """
    before = await imports.rows(known)
    await imports.apply(FIELDS)
    run = await imports.deliver(DAY, FILES[2])
    await outcome.assert_failed(imports, run, "target_unusable", "data.things exists already")
    assert await imports.rows(known) == before
    assert (await datasets.read(imports.db, NAME)).live_version is None


async def test_a_view_that_somebody_made_on_a_version_of_another_dataset_is_theirs(imports: Importer) -> None:
    other = Importer(imports.io, imports.bucket_name)
    await other.apply(FIELDS, name="other", load={"target": {"schema": "data", "table": "other"}})
    await other.deliver(DAY, FILES[2])
    await imports.db.execute("CREATE VIEW data.things AS SELECT name FROM loadstone_versions.other_v1")
    await imports.apply(FIELDS)
    run = await imports.deliver(DAY, FILES[2])
    await outcome.assert_failed(imports, run, "target_unusable", "data.things exists already")
    assert await imports.rows("SELECT * FROM data.things") == [("one",), ("two",)]
