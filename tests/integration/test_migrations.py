"""Migrations are applied once, by one at a time, and never edited afterwards."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from shared.errors import Conflict
from shared.postgres import migrations
from shared.postgres.pool import connection
from tests.support import servers


@pytest.fixture
async def empty(postgres: str) -> str:
    name = "migrations_empty"
    await servers.execute(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await servers.execute(postgres, f"CREATE DATABASE {name}")
    return servers.named(postgres, name)


async def test_a_second_migration_finds_nothing_to_do(empty: str) -> None:
    first = await migrations.migrate(empty)
    assert first[0].startswith("0001_")
    assert await migrations.migrate(empty) == []
    async with connection(empty, application="test") as db:
        assert await migrations.pending(db) == []


async def test_two_migrations_at_once_apply_each_file_once(empty: str) -> None:
    both = await asyncio.gather(migrations.migrate(empty), migrations.migrate(empty))
    assert sorted(map(len, both)) == [0, len(list(migrations.FOLDER.glob("*.sql")))]


async def test_an_edited_migration_is_refused(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "0001_pre_first.sql"
    file.write_text("SELECT 1")
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)
    await migrations.migrate(empty)
    file.write_text("SELECT 2")
    with pytest.raises(Conflict, match="0001_pre_first"):
        await migrations.migrate(empty)


async def test_a_failing_migration_leaves_nothing_behind(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0001_pre_bad.sql").write_text("CREATE TABLE half (); SELECT 1/0")
    monkeypatch.setattr(migrations, "FOLDER", tmp_path)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrations.migrate(empty)
    async with connection(empty, application="test") as db:
        assert await db.fetchval("SELECT to_regclass('half')") is None
        assert await migrations.pending(db) == ["0001_pre_bad"]


async def test_the_database_refuses_moves_that_the_state_machine_does_not_have(database: str) -> None:
    async with connection(database, application="test") as db:
        await db.execute("""
            BEGIN;
            INSERT INTO loadstone.dataset (name, contract_version) VALUES ('d', 1);
            INSERT INTO loadstone.contract (dataset_id, version, document, digest, applied_by)
                SELECT id, 1, '{}', '', 'test' FROM loadstone.dataset;
            COMMIT;
            INSERT INTO loadstone.run
                (dataset_id, contract_version, business_date, state, trigger, requested_by)
                SELECT id, 1, '2013-01-01', 'queued', 'manual', 'test' FROM loadstone.dataset;
        """)
        with pytest.raises(asyncpg.CheckViolationError, match="from queued to failed"):
            await db.execute(
                "UPDATE loadstone.run SET state = 'failed', finished_at = now(), error_code = 'x'"
            )


async def test_the_audit_trail_can_only_grow(database: str) -> None:
    async with connection(database, application="test") as db:
        await db.execute("INSERT INTO loadstone.audit (actor, action, subject) VALUES ('a', 'b', 'c')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute("DELETE FROM loadstone.audit")
