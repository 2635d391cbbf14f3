"""Invariant 1: readers see exactly one complete version, whatever the age of their snapshot."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

import asyncpg
import pytest

from services.local import postgres as embedded
from shared.catalog import versions
from shared.postgres.pool import connection
from shared.warehouse import tables
from tests.support import servers
from tests.support.imports import Importer

PROGRAMS = embedded.programs()
PUBLISHES = 200
ROWS = 40


def _file(number: int) -> str:
    """A delivery whose rows all carry its number, so that a torn version shows."""
    return "id,batch\n" + "".join(f"{row},{number}\n" for row in range(ROWS))


FIELDS = [
    {"name": "id", "type": "integer"},
    {"name": "batch", "type": "integer"},
]
TALE = "SELECT count(*), count(DISTINCT batch), min(batch) FROM data.things"


async def test_readers_and_dumps_older_than_the_load_see_a_whole_version_in_200_publishes(
    imports: Importer, database: str, tmp_path: Path
) -> None:
    await imports.apply(fields=FIELDS)
    assert (await imports.deliver("2013-01-01", _file(0))).state == "succeeded"
    seen, dumped = [], []
    async with connection(database, application="reader") as reader:
        for number in range(1, PUBLISHES + 1):
            async with reader.transaction(isolation="repeatable_read"):
                snapshot = await reader.fetchval("SELECT pg_export_snapshot()")
                run = await imports.deliver("2013-01-01", _file(number))
                assert run.state == "succeeded", run.error_message
                dumped.append(_told(await _pg_dump(database, tmp_path, "--snapshot", snapshot)))
                seen.append(tuple(await reader.fetchrow(TALE) or ()))
            await _retire_all_but(imports, kept=2)
    assert seen == [(ROWS, 1, number) for number in range(1, PUBLISHES + 1)]
    assert dumped == [(ROWS, {str(number)}) for number in range(PUBLISHES)]


async def _retire_all_but(imports: Importer, kept: int) -> None:
    for version in await versions.retirable(imports.db, kept=kept, limit=10):
        async with imports.db.acquire() as db, db.transaction():
            await tables.drop(db, version)
            await versions.retire(db, version)


def _told(dump: Path) -> tuple[int, set[str]]:
    """How many rows a dump holds of the version that its view is on, and the batches that they are of."""
    text = dump.read_text()
    table = re.findall(r"CREATE VIEW data\.things AS.*?FROM (loadstone_versions\.things_v\d+)", text, re.S)[0]
    rows = re.findall(rf"COPY {re.escape(table)} \(.*?\) FROM stdin;\n(.*?)\\\.", text, re.S)[0].splitlines()
    return len(rows), {row.split("\t")[1] for row in rows}


async def test_what_a_transaction_has_seen_it_sees_again_while_a_publish_waits(
    imports: Importer, database: str
) -> None:
    await imports.apply(fields=FIELDS)
    await imports.deliver("2013-01-01", _file(1))
    async with connection(database, application="reader") as reader:
        async with reader.transaction(isolation="repeatable_read"):
            before = await reader.fetchrow(TALE)
            publishing = asyncio.create_task(imports.deliver("2013-01-01", _file(2)))
            await imports.until_stage("publish")
            assert await reader.fetchrow(TALE) == before
            assert not publishing.done()
        assert (await publishing).state == "succeeded"
        assert await reader.fetchval(TALE, column=2) == 2


async def test_readers_at_read_committed_never_see_an_empty_or_torn_version(
    imports: Importer, database: str
) -> None:
    await imports.apply(fields=FIELDS)
    await imports.deliver("2013-01-01", _file(0))
    tales: set[tuple[int, int]] = set()
    done = asyncio.Event()

    async def read() -> None:
        async with connection(database, application="reader") as reader:
            while not done.is_set():
                row = await reader.fetchrow(TALE)
                assert row is not None
                tales.add((row[0], row[1]))

    readers = [asyncio.create_task(read()) for _ in range(4)]
    for number in range(1, 31):
        assert (await imports.deliver("2013-01-01", _file(number))).state == "succeeded"
    done.set()
    await asyncio.gather(*readers)
    assert tales == {(ROWS, 1)}


async def test_pg_dump_with_a_snapshot_older_than_the_load_holds_a_whole_version(
    imports: Importer, database: str, postgres: str, tmp_path: Path
) -> None:
    await imports.apply(fields=FIELDS, retention={"versions": 300})
    await imports.deliver("2013-01-01", _file(1))
    async with (
        connection(database, application="exporter") as exporter,
        exporter.transaction(isolation="repeatable_read"),
    ):
        snapshot = await exporter.fetchval("SELECT pg_export_snapshot()")
        await imports.deliver("2013-01-01", _file(2))
        await imports.deliver("2013-01-01", _file(3))
        dump = await _pg_dump(database, tmp_path, "--snapshot", snapshot)
    restored = await _restore(postgres, dump)
    async with connection(restored, application="reader") as reader:
        assert tuple(await reader.fetchrow(TALE) or ()) == (ROWS, 1, 1)


async def test_every_pg_dump_during_publishes_restores_to_a_whole_version(
    imports: Importer, database: str, postgres: str, tmp_path: Path
) -> None:
    await imports.apply(fields=FIELDS, retention={"versions": 300})
    await imports.deliver("2013-01-01", _file(0))
    done = asyncio.Event()

    async def publish_on() -> None:
        number = 1
        while not done.is_set():
            assert (await imports.deliver("2013-01-01", _file(number))).state == "succeeded"
            number += 1

    publishing = asyncio.create_task(publish_on())
    dumps = [await _pg_dump(database, tmp_path / str(turn)) for turn in range(6)]
    done.set()
    await publishing
    for dump in dumps:
        restored = await _restore(postgres, dump)
        async with connection(restored, application="reader") as reader:
            count, batches, _ = await reader.fetchrow(TALE) or (0, 0, 0)
            assert (count, batches) == (ROWS, 1)


async def _pg_dump(dsn: str, folder: Path, *options: str) -> Path:
    folder.mkdir(exist_ok=True)
    dump = folder / "dump.sql"
    staging = "--exclude-schema=loadstone_staging"
    command = [f"{PROGRAMS}/pg_dump", "--no-owner", staging, *options, "--file", str(dump), dsn]
    await _run(command)
    return dump


async def _restore(postgres: str, dump: Path) -> str:
    name = f"restored_{dump.parent.name.replace('-', '_')}"[:50].lower()
    await servers.execute(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await servers.execute(postgres, f"CREATE DATABASE {name}")
    dsn = servers.named(postgres, name)
    await _run([f"{PROGRAMS}/psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", str(dump), dsn])
    return dsn


async def _run(command: list[str]) -> None:
    libraries = str(PROGRAMS.parent / "lib")
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        env={**os.environ, "LD_LIBRARY_PATH": libraries},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


async def test_without_freezing_the_same_reader_would_see_nothing(database: str) -> None:
    """What the rest of this file guards against, shown with PostgreSQL alone."""
    async with (
        connection(database, application="t") as writer,
        connection(database, application="r") as reader,
    ):
        await writer.execute("CREATE TABLE plain_1 AS SELECT 1 AS a; CREATE VIEW plain AS TABLE plain_1")
        async with reader.transaction(isolation="repeatable_read"):
            await reader.fetchval("SELECT 1")
            await reader.fetchval("SELECT count(*) FROM pg_class")
            await writer.execute("CREATE TABLE plain_2 AS SELECT 2 AS a")
            await writer.execute("CREATE OR REPLACE VIEW plain AS TABLE plain_2")
            assert await reader.fetchval("SELECT count(*) FROM plain") == 0
        with pytest.raises(asyncpg.UndefinedTableError):
            await reader.fetchval("SELECT count(*) FROM plain_3")
