"""What every load mode owes its readers: one whole version at a time, what hangs on it, the way back."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest

from services.api import rollback
from services.scheduler import tick
from services.scheduler.resources import Resources
from services.scheduler.tick import Report
from services.scheduler.troubles import Troubles
from shared import queue
from shared.postgres.pool import Connection, connection
from shared.settings import Redis
from shared.settings.variables import Secret
from tests.integration.worker import outcome
from tests.support import servers
from tests.support.imports import NAME, Importer

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]
KEYED = {"fields": FIELDS, "primaryKey": ["id"]}
BY = {"column": "business_date", "from": "businessDate"}
MODES: dict[str, dict[str, Any]] = {
    "replace": {"mode": "replace"},
    "append": {"mode": "append"},
    "replacePartition": {"mode": "replacePartition", "partitionBy": BY},
    "merge": {"mode": "merge"},
}
DELIVERIES = {"2013-01-01": "1,a\n2,b\n", "2013-01-02": "3,c\n", "2013-01-03": "4,d\n5,e\n"}
READER = "loadstone_modes_reader"
every_mode = pytest.mark.parametrize("mode", MODES)


@pytest.fixture(scope="module")
async def role(postgres: str) -> None:
    await servers.execute(postgres, f"CREATE ROLE {READER}")


@pytest.fixture
async def reader(database: str) -> AsyncGenerator[Connection]:
    async with connection(database, application="reader") as db:
        yield db


async def _apply(imports: Importer, mode: str, **sections: Any) -> None:
    await imports.apply(FIELDS, schema=KEYED, load=MODES[mode], **sections)


async def _deliver(imports: Importer, day: str) -> None:
    await outcome.assert_published(imports, await imports.deliver(day, "id,name\n" + DELIVERIES[day]))


def _ids(mode: str, days: int) -> list[int]:
    """What a reader sees after so many of the deliveries."""
    contents = [[int(line[0]) for line in rows.splitlines()] for rows in DELIVERIES.values()][:days]
    return contents[-1] if mode == "replace" else [id_ for each in contents for id_ in each]


async def _seen(db: Any) -> list[int]:
    return [row["id"] for row in await db.fetch("SELECT id FROM data.things ORDER BY id")]


DEPENDENCIES = """
    SELECT d.classid::regclass::text, coalesce(w.ev_class::regclass::text, d.objid::text), d.refobjsubid,
           d.deptype::text
    FROM pg_depend d LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = 'data.things'::regclass
    ORDER BY 1, 2, 3, 4
"""
ON_THE_VIEW = """
    SELECT c.oid, c.relacl::text, c.reloptions::text, obj_description(c.oid, 'pg_class'),
           array_agg((a.attname, a.atttypid, a.attacl::text, col_description(c.oid, a.attnum))::text)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.oid = 'data.things'::regclass GROUP BY c.oid
"""


@every_mode
async def test_whatever_hangs_on_the_view_hangs_on_it_after_every_publish(
    imports: Importer, role: None, mode: str
) -> None:
    await _apply(imports, mode)
    await _deliver(imports, "2013-01-01")
    await imports.db.execute(
        f"""
        GRANT SELECT ON data.things TO {READER} WITH GRANT OPTION;
        GRANT REFERENCES (id) ON data.things TO {READER};
        COMMENT ON VIEW data.things IS 'what we sell';
        COMMENT ON COLUMN data.things.id IS 'who is who';
        ALTER VIEW data.things SET (security_barrier = true);
        CREATE VIEW above AS SELECT id, upper(name) AS loud FROM data.things;
        CREATE FUNCTION first() RETURNS data.things LANGUAGE sql BEGIN ATOMIC TABLE data.things LIMIT 1; END;
        """
    )
    before = [await imports.rows(query) for query in (DEPENDENCIES, ON_THE_VIEW)]
    assert len(before[0]) >= 3
    for day in ("2013-01-02", "2013-01-03"):
        await _deliver(imports, day)
    assert [await imports.rows(query) for query in (DEPENDENCIES, ON_THE_VIEW)] == before
    above = await imports.rows("SELECT id FROM above ORDER BY id")
    assert [id_ for (id_,) in above] == _ids(mode, 3)


@every_mode
async def test_a_snapshot_older_than_the_load_sees_one_whole_version(
    imports: Importer, reader: Connection, mode: str
) -> None:
    await _apply(imports, mode)
    await _deliver(imports, "2013-01-01")
    async with reader.transaction(isolation="repeatable_read"):
        await reader.fetchval("SELECT count(*) FROM loadstone.run")
        for day in ("2013-01-02", "2013-01-03"):
            await _deliver(imports, day)
        assert await _seen(reader) == _ids(mode, 3)


@every_mode
async def test_readers_during_publishes_see_whole_versions_only(
    imports: Importer, reader: Connection, mode: str
) -> None:
    await _apply(imports, mode)
    await _deliver(imports, "2013-01-01")
    seen: list[list[int]] = []
    done = asyncio.Event()

    async def read() -> None:
        while not done.is_set():
            seen.append(await _seen(reader))

    reading = asyncio.create_task(read())
    for day in ("2013-01-02", "2013-01-03"):
        await _deliver(imports, day)
    done.set()
    await reading
    assert seen[0] == _ids(mode, 1)
    assert all(ids in [_ids(mode, days) for days in (1, 2, 3)] for ids in seen)


@every_mode
async def test_a_rollback_shows_the_rows_of_then_and_the_next_delivery_builds_on_them(
    imports: Importer, reader: Connection, mode: str
) -> None:
    await _apply(imports, mode)
    for day in DELIVERIES:
        await _deliver(imports, day)
    await rollback.roll_back(reader, NAME, to=1, actor="test")
    assert await _seen(reader) == _ids(mode, 1)
    run = await imports.deliver("2013-01-04", "id,name\n9,z\n")
    await outcome.assert_published(imports, run)
    assert await _seen(reader) == ([9] if mode == "replace" else [*_ids(mode, 1), 9])
    await rollback.roll_back(reader, NAME, to=3, actor="test")
    assert await _seen(reader) == _ids(mode, 3)


@every_mode
async def test_retention_drops_old_versions_and_the_slices_that_none_has_any_more(
    imports: Importer, reader: Connection, redis_url: str, mode: str
) -> None:
    await _apply(imports, mode, retention={"versions": 2})
    for day in DELIVERIES:
        await _deliver(imports, day)
    for day, rows in (("2013-01-01", "1,corrected\n"), ("2013-01-04", "9,z\n")):
        await outcome.assert_published(imports, await imports.deliver(day, "id,name\n" + rows))
    seen = await imports.rows("SELECT * FROM data.things ORDER BY id")
    report = Report()
    async with queue.connect(Redis(url=Secret(redis_url))) as connected:
        io = Resources(
            db=imports.db,
            bucket=imports.store,
            queue=connected,
            troubles=Troubles(),
            wait_limit=timedelta(days=1),
            rering=timedelta(seconds=1),
        )
        await tick.clear_away(io, report)
    sliced = mode in ("append", "replacePartition")
    assert (report.did["retired"], report.did["slices"], report.failed) == (3, int(sliced), [])
    assert await _unneeded(imports) == []
    assert await imports.rows("SELECT * FROM data.things ORDER BY id") == seen
    await rollback.roll_back(reader, NAME, to=4, actor="test")
    assert 9 not in await _seen(reader)


async def _unneeded(imports: Importer) -> list[tuple[Any, ...]]:
    """Tables of versions that the catalog does not know as retained."""
    return await imports.rows(
        """
        SELECT relname FROM pg_class WHERE relnamespace = 'loadstone_versions'::regnamespace
            AND relkind IN ('r', 'v')
            AND relname NOT IN (SELECT relation FROM loadstone.version WHERE retired_at IS NULL)
            AND relname NOT IN (SELECT relation FROM loadstone.slice WHERE dropped_at IS NULL)
        """
    )
