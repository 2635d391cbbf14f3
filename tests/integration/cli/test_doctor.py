"""`loadstone doctor` and `loadstone migrate`: every failure is found and comes with what to do."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result

from services.cli.main import cli
from tests.integration.cli.driver import Commands
from tests.support import servers


async def _diagnosed(commands: Commands, **environ: str) -> dict[str, dict[str, str]]:
    done = await commands.run("doctor", "--json", **environ)
    found = json.loads(done.stdout)
    assert done.exit_code == any(each["status"] == "fail" for each in found)
    return {each["subject"]: each for each in found}


async def _statuses(commands: Commands, **environ: str) -> dict[str, str]:
    return {subject: each["status"] for subject, each in (await _diagnosed(commands, **environ)).items()}


async def test_a_whole_installation_is_well(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    statuses = await _statuses(commands)
    assert set(statuses.values()) == {"ok"}
    assert statuses.keys() >= {
        "settings",
        "PostgreSQL",
        "schemas",
        "migrations",
        "Redis",
        "eviction",
        "API",
        "token",
    }
    assert f"bucket {commands.worker.bucket_name}" in statuses


async def test_every_line_is_shown_to_people_with_what_to_do(commands: Commands) -> None:
    done = await commands.run("doctor", LOADSTONE_API_TOKEN="another")
    assert done.exit_code == 1
    assert "fail  token" in done.stdout
    assert "→ Send `Authorization: Bearer" in done.stdout


async def test_servers_that_are_away_are_told_apart_from_those_that_are_well(commands: Commands) -> None:
    statuses = await _statuses(
        commands, LOADSTONE_REDIS_URL="redis://127.0.0.1:1/0", LOADSTONE_S3_ENDPOINT_URL="http://127.0.0.1:1"
    )
    assert (statuses["Redis"], statuses["object store"]) == ("fail", "fail")
    assert (statuses["PostgreSQL"], statuses["API"]) == ("ok", "ok")


async def test_wrong_settings_are_a_finding_too(commands: Commands) -> None:
    found = await _diagnosed(commands, LOADSTONE_DATABASE_URL="mysql://x")
    assert list(found) == ["settings"]
    assert "LOADSTONE_DATABASE_URL: found **** (9 characters)" in found["settings"]["message"]


async def test_a_bucket_that_a_dataset_names_and_nobody_made_is_found(commands: Commands) -> None:
    document = commands.declare()
    document.write_text(document.read_text().replace(commands.worker.bucket_name, "no-such-bucket"))
    await commands.run("apply", str(document))
    assert (await _statuses(commands))["bucket no-such-bucket"] == "fail"


async def test_tables_and_versions_that_have_lost_each_other_are_found(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.imported("id,carrier\n1,AA\n")
    await commands.imported("id,carrier\n2,UA\n", day="2013-01-06")
    await commands.worker.db.execute("CREATE TABLE loadstone_staging.flights_r99_f1 ()")
    await commands.worker.db.execute("CREATE TABLE loadstone_versions.flights_v99 ()")
    await commands.worker.db.execute("DROP TABLE loadstone_versions.flights_v1")
    done = await commands.run("doctor", "--json")
    told = {(each["subject"], each["status"]): each["message"] for each in json.loads(done.stdout)}
    assert "loadstone_staging.flights_r99_f1" in told["staging tables", "warn"]
    assert told["version tables", "warn"] == "not in the catalog: flights_v99"
    assert told["version tables", "fail"] == "gone: flights version 1"


async def test_a_schema_that_a_dump_left_out_is_found_with_the_statement_that_makes_it(
    commands: Commands,
) -> None:
    await commands.worker.db.execute("DROP SCHEMA loadstone_staging CASCADE")
    done = await commands.run("doctor", "--json")
    [failed] = [each for each in json.loads(done.stdout) if each["status"] == "fail"]
    assert (failed["subject"], failed["message"]) == ("schemas", "loadstone_staging is gone")
    assert "CREATE SCHEMA loadstone_staging;" in failed["hint"]


async def test_the_file_that_a_crash_during_a_load_leaves_is_found(commands: Commands, postgres: str) -> None:
    folder = await commands.worker.db.fetchval(
        "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database"
        " WHERE datname = current_database()"
    )
    file = Path(folder) / "4000000001"
    file.write_bytes(b"x" * 3072)
    os.utime(file, (time.time() - 200_000,) * 2)
    try:
        found = (await _diagnosed(commands))["orphaned files"]
    finally:
        file.unlink()
    assert (found["status"], found["message"]) == ("warn", "1 in the database's folder, 3.0 KiB")
    assert (await _diagnosed(commands))["orphaned files"]["message"] == "none"


async def test_a_role_that_may_not_make_tables_is_told_the_grant_that_it_lacks(
    commands: Commands, database: str, postgres: str
) -> None:
    async with _role(postgres, "weak_role") as password:
        address = database.rpartition("@")[2]
        url = f"postgresql://weak_role:{password}@{address}"
        found = json.loads((await commands.run("doctor", "--json", LOADSTONE_DATABASE_URL=url)).stdout)
    failed = [each for each in found if each["status"] == "fail" and each["subject"] in ("schemas", "tables")]
    assert any('GRANT CREATE ON DATABASE "test_' in each["hint"] for each in failed)
    assert any("GRANT CREATE, USAGE ON SCHEMA loadstone_staging" in each["hint"] for each in failed)


class _role:  # noqa: N801 - reads as a statement
    """A role that may log in and nothing else."""

    def __init__(self, dsn: str, name: str) -> None:
        self.dsn, self.name = dsn, name

    async def __aenter__(self) -> str:
        await servers.execute(self.dsn, f"CREATE ROLE {self.name} LOGIN PASSWORD 'weak'")
        return "weak"

    async def __aexit__(self, *_: object) -> None:
        await servers.execute(self.dsn, f"DROP ROLE {self.name}")


@pytest.fixture
async def empty(postgres: str) -> Any:
    async with servers.database(postgres, template="template0") as dsn:
        yield dsn


async def _run(dsn: str, *arguments: str) -> Result:
    environ = {"LOADSTONE_DATABASE_URL": dsn, "LOADSTONE_API_URL": "http://127.0.0.1:1"}
    return await asyncio.to_thread(CliRunner().invoke, cli, arguments, env=environ)


async def test_pending_migrations_are_found_and_applied_once(empty: str) -> None:
    before = json.loads((await _run(empty, "doctor", "--json")).stdout)
    first = json.loads((await _run(empty, "migrate", "--json")).stdout)
    second = await _run(empty, "migrate")
    connection = await asyncpg.connect(empty)
    applied = [
        row["name"] for row in await connection.fetch("SELECT name FROM loadstone.migration ORDER BY 1")
    ]
    await connection.close()
    [migrations] = [each for each in before if each["subject"] == "migrations"]
    assert (migrations["status"], migrations["hint"]) == ("fail", "Run `loadstone migrate`.")
    assert first["applied"] == applied
    assert "0001_pre_catalog" in applied
    assert second.stdout == "nothing to do: the catalog is up to date\n"


async def test_migrating_without_a_server_says_so(empty: str) -> None:
    done = await _run("postgresql://nobody:pw@127.0.0.1:1/none", "migrate")
    assert done.exit_code == 6
    assert "can't reach PostgreSQL" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")


async def test_a_login_that_postgresql_refuses_is_no_matter_of_a_dataset(empty: str) -> None:
    address = empty.rpartition("@")[2]
    done = await _run(f"postgresql://nobody:wrong@{address}", "migrate")
    assert done.exit_code == 6
    assert "loadstone doctor" in done.stderr
    assert "grants" not in done.stderr
