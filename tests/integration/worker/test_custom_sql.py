"""What the query of a quality rule may see and do, and what it may not, whatever it tries."""

from typing import Any

import asyncpg
import pytest

from shared.postgres import migrations
from shared.postgres.pool import connection
from shared.warehouse import customsql
from shared.warehouse.naming import Relation
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.support import servers
from tests.support.imports import Importer

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer"}]


def _rule(query: str, **keys: Any) -> dict[str, Any]:
    return {"id": "ask", "type": "sql", "query": query, "mustBe": 1, **keys}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("select 1; reset role; drop table data.canary", "cannot insert multiple commands"),
        ("select 1) as a(value); drop table data.canary; select * from (select 1", "syntax error"),
        ("reset role", "syntax error"),
        ("drop table data.canary", "syntax error"),
        ("with gone as (delete from data.canary returning 1) select count(*) from gone", "permission denied"),
        ("select count(*) from data.canary", "permission denied for"),
        ("select count(*) from loadstone.run", "permission denied for"),
        ("select pg_read_file('PG_VERSION')::numeric", "permission denied for function pg_read_file"),
        ("select set_config('role', 'none', true)::numeric", 'cannot set parameter "role"'),
        ("select set_config('role', 'postgres', false)::numeric", 'cannot set parameter "role"'),
        (
            "select set_config('session_authorization', 'postgres', true)::numeric",
            'cannot set parameter "session_authorization"',
        ),
        (
            "select length(set_config('transaction_read_only', 'off', true))"
            " + nextval('loadstone.run_id_seq')",
            "",
        ),
        ("select lo_create(77777)::bigint", "read-only transaction"),
        (
            "select 1 from query_to_xml('delete from data.canary', true, true, '')",
            "permission denied for",
        ),
        ("select pg_sleep(30)::text::numeric", "it took longer than 2 s"),
        (
            "select length(set_config('statement_timeout', '0', true)) + length(pg_sleep(30)::text)",
            "it took longer than 2 s",
        ),
        ("select 1 from dblink('', 'select 1') as t(a int)", "function dblink"),
        ("select 1 where false", "it answered no row"),
        ("select generate_series(1, 2)", "it answered more than one row"),
        ("select null::int", "the query answered no number"),
        ("select 'x'", "invalid input syntax"),
        ("select 1 / 0", "division by zero"),
        ("select count(*) from nowhere.at_all", 'relation "nowhere.at_all" does not exist'),
    ],
)
async def test_a_query_can_not_leave_its_bounds(imports: Importer, query: str, says: str) -> None:
    await imports.db.execute("CREATE SCHEMA IF NOT EXISTS data; CREATE TABLE data.canary AS SELECT 1 AS id")
    await imports.apply(FIELDS, quality=[_rule(query)])
    run = await imports.deliver(DAY, b"id\n1\n")
    await outcome.assert_failed(imports, run, "expectation_failed", "ask: ", says)
    assert await imports.rows("SELECT id FROM data.canary") == [(1,)]
    assert await imports.db.fetchval("SELECT current_user = session_user")
    assert not await imports.db.fetchval("SELECT current_setting('transaction_read_only')::boolean")


async def test_a_query_sees_published_views_and_no_trace_of_the_grant_stays_on_the_version(
    imports: Importer,
) -> None:
    compare = "select count(*) from {object} n join data.things o using (id)"
    await imports.apply(FIELDS)
    await outcome.assert_published(imports, await imports.deliver(DAY, b"id\n1\n2\n"))
    await imports.apply(FIELDS, quality=[_rule(compare)])
    await outcome.assert_published(imports, await imports.deliver(DAY, b"id\n2\n3\n"))
    assert (
        await imports.rows("SELECT relname FROM pg_class WHERE relacl::text LIKE '%check%' AND relkind = 'r'")
        == []
    )


async def test_without_the_role_a_run_says_what_is_missing(imports: Importer) -> None:
    await imports.db.execute("DROP FUNCTION loadstone.ask(text)")
    await imports.apply(FIELDS, quality=[_rule("select 1")])
    run = await imports.deliver(DAY, b"id\n1\n")
    await outcome.assert_failed(imports, run, "check_role_missing")
    assert "SELECT loadstone.prepare_checks();" in (run.error_hint or "")
    await imports.db.execute("SELECT loadstone.prepare_checks()")
    await outcome.assert_published(imports, await imports.deliver(DAY, b"id\n1\n"))


async def test_a_role_that_is_no_superuser_can_migrate_and_ask(postgres: str) -> None:
    name, role = "restricted_migration", "loadstone_test_plain"
    await servers.execute(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await servers.execute(postgres, f"DROP ROLE IF EXISTS {role}")
    await servers.execute(postgres, f"CREATE ROLE {role} LOGIN PASSWORD 'plain'")
    await servers.execute(postgres, f"CREATE DATABASE {name} OWNER {role}")
    plain = servers.as_user(servers.named(postgres, name), role, "plain")
    await migrations.migrate(plain)
    async with connection(plain, application="test") as db:
        if not await customsql.is_ready(db):  # the role was there, and it may not be granted to just anybody
            async with connection(servers.named(postgres, name), application="test") as superuser:
                await superuser.execute("SELECT loadstone.prepare_checks()")
        assert await customsql.is_ready(db)
        await db.execute("CREATE TABLE loadstone_staging.t AS SELECT 7 AS id")
        relation = Relation("loadstone_staging", "t")
        answer = await customsql.ask(db, relation, "select id from {object}", limit=5)
        assert answer.value == 7
        escape = "select count(*) from query_to_xml(set_config('role', 'none', true), true, true, '')"
        refused = await customsql.ask(db, relation, escape, limit=5)
        assert 'cannot set parameter "role"' in (refused.problem or "")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute("CREATE ROLE anything")
