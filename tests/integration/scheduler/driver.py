"""Drives one scheduler tick by tick, at times that the test chooses."""

from datetime import date, datetime
from typing import Any

from services.scheduler import tick
from services.scheduler.resources import Resources
from services.scheduler.tick import Report
from shared.catalog import datasets, runs
from shared.catalog.datasets import DatasetRecord
from shared.domain.run import Run, RunState
from tests.support import catalog

DAILY = {"cron": "0 6 * * *", "timezone": "UTC", "businessDate": "yesterday"}


class Driver:
    """One scheduler, and a bucket for what it looks for."""

    def __init__(self, io: Resources, bucket_name: str) -> None:
        self.io = io
        self.bucket_name = bucket_name

    async def declare(self, name: str = "flights", *, due_at: datetime, **sections: Any) -> DatasetRecord:
        """A dataset whose schedule has its first firing at `due_at`, and which is as old as that."""
        sections = {"schedule": DAILY, "source": self.source(name), **sections}
        record = await catalog.applied(self.io.db, name, **sections)
        async with self.io.db.acquire() as db:
            await datasets.plan(db, record.id, next_fire_at=due_at, planned_until=None)
            await db.execute("UPDATE loadstone.dataset SET created_at = $2 WHERE id = $1", record.id, due_at)
        return await datasets.read(self.io.db, name)

    def source(self, name: str = "flights", **more: Any) -> dict[str, Any]:
        return {"bucket": self.bucket_name, "key": name + "/{businessDate:%Y-%m-%d}/*.csv", **more}

    async def put(self, key: str, body: bytes = b"id,carrier\n1,AA\n") -> None:
        await self.io.bucket.put(self.bucket_name, key, body)

    async def tick(self, now: datetime) -> Report:
        """One tick at `now`, with every waiting run looked at again; nothing in it may fail."""
        await self.io.db.execute("UPDATE loadstone.run SET check_at = now() WHERE state = 'waiting'")
        report = Report()
        await tick.tick(self.io, now, report)
        assert report.failed == []
        return report

    async def clear_away(self) -> Report:
        report = Report()
        await tick.clear_away(self.io, report)
        assert report.failed == []
        return report

    async def runs(self) -> list[Run]:
        """Every run, oldest first."""
        return (await runs.history(self.io.db, limit=1000))[::-1]

    async def dates(self, state: RunState | None = None) -> list[date]:
        """The business dates of the runs in a state, or of all, in the order in which they were accepted."""
        return [run.business_date for run in await self.runs() if state in (None, run.state)]
