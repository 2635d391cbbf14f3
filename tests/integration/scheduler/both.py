"""A scheduler and a worker in one process, on one catalog and one bucket."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from services.scheduler.resources import gathered
from services.scheduler.settings import SchedulerSettings
from services.worker.ingest import ingest
from shared.catalog import runs
from shared.domain.run import Run
from tests.integration.scheduler.driver import Driver
from tests.support.imports import Importer, importer
from tests.support.servers import Store

FIELDS = [{"name": "id", "type": "integer"}]
DAY = "2013-01-05"
NOW = datetime(2013, 1, 6, 6, 0, tzinfo=UTC)
DUE = "UPDATE loadstone.run SET look_again_at = now() WHERE look_again_at IS NOT NULL"


class Both:
    """Puts small files, and drives them through the scheduler and the worker."""

    def __init__(self, scheduler: Driver, imports: Importer) -> None:
        self.scheduler = scheduler
        self.imports = imports
        self.db = imports.db

    async def put(self, *rows: int, name: str = "a.csv", day: str = DAY) -> None:
        await self.imports.put(day, {name: b"id\n" + b"".join(b"%d\n" % row for row in rows)})

    async def accepted(self, day: str = DAY) -> Run:
        """A run whose delivery was found complete."""
        run_id = await self.imports.expect(day)
        await self.scheduler.tick(NOW)
        return await runs.read(self.db, run_id)

    async def work(self) -> list[Run]:
        """Imports whatever is queued, tick by tick, until nothing is left to do; every run, oldest first."""
        for _ in range(9):
            await self.scheduler.tick(NOW)
            for run in await self.scheduler.runs():
                if run.state == "queued":
                    await ingest(run.id, self.imports.io)
        found = await self.scheduler.runs()
        assert not [run for run in found if run.state in ("queued", "running")]
        return found

    async def published(self, *rows: int, day: str = DAY, **sections: Any) -> Run:
        """A run that has published these rows."""
        await self.imports.apply(FIELDS, **sections)
        await self.put(*rows, day=day)
        run = await self.accepted(day)
        await ingest(run.id, self.imports.io)
        return await runs.read(self.db, run.id)

    async def look(self) -> None:
        """As if every published delivery that is looked after had its turn."""
        await self.db.execute(
            "UPDATE loadstone.run SET look_again_at = now() WHERE look_again_at IS NOT NULL"
        )
        await self.scheduler.tick(NOW)

    async def looked_after(self) -> list[int]:
        found = await self.db.fetch(
            "SELECT id FROM loadstone.run WHERE look_again_at IS NOT NULL ORDER BY id"
        )
        return [row["id"] for row in found]

    async def rows(self) -> list[int]:
        return sorted(row[0] for row in await self.imports.rows("SELECT id FROM data.things"))


@asynccontextmanager
async def both_on(settings: SchedulerSettings, dsn: str, store: Store, name: str) -> AsyncGenerator[Both]:
    async with gathered(settings) as io, importer(dsn, store, name) as imports:
        yield Both(Driver(io, name), imports)


def states(found: list[Run]) -> list[str]:
    return [str(run.state) for run in found]
