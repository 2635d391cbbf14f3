"""Drives the datasets of one release group: each has an importer, whose files carry the business date."""

from datetime import date
from typing import Any
from uuid import uuid4

import msgspec

from services.api import approval
from services.worker.ingest import ingest
from services.worker.resources import Resources
from shared.catalog import datasets, runs
from shared.catalog.runs import Request
from shared.domain import delivery
from shared.domain.dataset import Dataset
from shared.domain.run import Run, RunId, Trigger
from tests.support.imports import Importer

FIELDS = [{"name": "id", "type": "integer"}, {"name": "day", "type": "date"}]


class Releases:
    """Declares datasets, imports days of them, and tells which day readers see of each."""

    def __init__(self, imports: Importer) -> None:
        self._imports = imports
        self.db = imports.db

    async def declare(self, *names: str, **overrides: Any) -> None:
        """Datasets of the release group `retail`; `overrides` replace sections."""
        for name in names:
            document: dict[str, Any] = {
                "apiVersion": "loadstone/v1",
                "kind": "Dataset",
                "name": name,
                "source": {"bucket": self._imports.bucket_name, "key": name + "/{businessDate:%Y-%m-%d}.csv"},
                "schema": {"fields": FIELDS},
                "load": {"target": {"schema": "data", "table": name}},
                "publish": {"releaseGroup": "retail"},
                "limits": {"backoff": {"initial": "10ms", "max": "10ms"}},
                **overrides,
            }
            async with self.db.acquire() as db, db.transaction():
                await datasets.apply(db, msgspec.convert(document, Dataset), actor="test")

    async def accept(self, name: str, day: str, body: str | None = None) -> RunId:
        """A run whose delivery is complete, with a row of that day, or this body."""
        dataset = await datasets.read(self.db, name)
        content = (body or f"id,day\n1,{day}\n").encode()
        item = await self._imports.store.put(self._imports.bucket_name, f"{name}/{day}.csv", content)
        request = Request(
            dataset_id=dataset.id,
            contract_version=dataset.contract_version,
            business_date=msgspec.convert(day, type=date),
            trigger=Trigger.MANUAL,
            requested_by="test",
            nonce=uuid4().hex,
        )
        key = delivery.delivery_key(
            name, dataset.contract_version, request.business_date, [item], request.nonce
        )
        async with self.db.acquire() as db, db.transaction():
            run_id, _ = await runs.submit(db, request, key, [item])
        return run_id

    async def deliver(self, name: str, day: str, body: str | None = None, io: Resources | None = None) -> Run:
        """The delivery of a day, imported; the run as it is afterwards."""
        run_id = await self.accept(name, day, body)
        await ingest(run_id, io or self._imports.io)
        return await self.run(run_id)

    async def run(self, run_id: RunId) -> Run:
        return await runs.read(self.db, run_id)

    async def approve(self, run: Run, *, force: bool = False) -> Run:
        async with self.db.acquire() as db:
            return await approval.approve(db, run.id, force=force, actor="ann")

    async def seen(self, *names: str) -> list[str | None]:
        """The day that readers see of each dataset; None of one that was never published."""
        found: list[str | None] = []
        for name in names:
            there = await self.db.fetchval("SELECT to_regclass($1) IS NOT NULL", f"data.{name}")
            found.append(await self.db.fetchval(f"SELECT max(day)::text FROM data.{name}") if there else None)
        return found
