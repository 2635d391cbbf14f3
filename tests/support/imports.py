"""Imports files in the test's own process: bucket, catalog and worker are real; the queue is left out."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import msgspec

from services.worker.ingest import ingest
from services.worker.resources import Resources
from shared import bucket
from shared.bucket import Bucket
from shared.catalog import datasets, runs, waiting
from shared.catalog.runs import Request
from shared.domain import delivery
from shared.domain.dataset import Dataset
from shared.domain.run import DatasetId, ObjectRef, Run, RunId, Trigger
from shared.postgres.pool import Pool, pool
from shared.settings import ObjectStore
from shared.settings.variables import Secret
from tests.support.servers import Store

NAME = "things"
KEY = "things/{businessDate:%Y-%m-%d}/*"


class Importer:
    """Declares one dataset, puts deliveries into its bucket, and imports them."""

    def __init__(self, io: Resources, bucket_name: str) -> None:
        self.io = io
        self.bucket_name = bucket_name
        self.dataset_id = DatasetId(0)
        self.contract_version = 0

    @property
    def db(self) -> Pool:
        return self.io.db

    @property
    def store(self) -> Bucket:
        return self.io.bucket

    async def apply(self, fields: list[Any], **overrides: Any) -> None:
        """Declares the dataset `things`, published as data.things, with sections of its document."""
        document: dict[str, Any] = {
            "apiVersion": "loadstone/v1",
            "kind": "Dataset",
            "name": NAME,
            "source": {"bucket": self.bucket_name, "key": KEY, "files": {"max": 50}},
            "schema": {"fields": fields},
            "load": {"target": {"schema": "data", "table": NAME}},
            "limits": {"backoff": {"initial": "10ms", "max": "10ms"}},
        }
        for section, values in overrides.items():
            if isinstance(values, Mapping):
                document[section] = {**document.get(section, {}), **values}
            else:
                document[section] = values
        declared = msgspec.convert(document, Dataset)
        async with self.db.acquire() as db, db.transaction():
            self.dataset_id, self.contract_version, _ = await datasets.apply(db, declared, actor="test")

    async def put(self, day: str, files: Mapping[str, bytes]) -> list[ObjectRef]:
        """Puts files into the folder of a business date."""
        return [
            await self.store.put(self.bucket_name, f"things/{day}/{n}", body) for n, body in files.items()
        ]

    async def accept(self, day: str, objects: list[ObjectRef], *, priority: int = 0) -> RunId:
        """Accepts a run for a complete delivery; a nonce makes each its own."""
        request = Request(
            dataset_id=self.dataset_id,
            contract_version=self.contract_version,
            business_date=date.fromisoformat(day),
            trigger=Trigger.MANUAL,
            requested_by="test",
            priority=priority,
            nonce=uuid4().hex,
        )
        identity = delivery.delivery_key(
            NAME, self.contract_version, request.business_date, objects, request.nonce
        )
        async with self.db.acquire() as db, db.transaction():
            run_id, _ = await runs.submit(db, request, identity, objects)
        return run_id

    async def expect(self, day: str) -> RunId:
        """Plans a run that waits for the delivery of a business date, as the schedule does."""
        request = Request(
            dataset_id=self.dataset_id,
            contract_version=self.contract_version,
            business_date=date.fromisoformat(day),
            trigger=Trigger.SCHEDULE,
            requested_by="schedule",
        )
        async with self.db.acquire() as db:
            run_id, _ = await waiting.submit(db, request, give_up_at=datetime.max.replace(tzinfo=UTC))
        assert run_id is not None
        return run_id

    async def deliver(self, day: str, content: str | bytes, name: str = "data.csv") -> Run:
        """One file of one business date, put, accepted and imported; answers with the run as it ended."""
        body = content.encode() if isinstance(content, str) else content
        return await self.deliver_files(day, {name: body})

    async def deliver_files(self, day: str, files: Mapping[str, bytes]) -> Run:
        """The same with several files."""
        run_id = await self.accept(day, await self.put(day, files))
        await ingest(run_id, self.io)
        return await runs.read(self.db, run_id)

    async def until_stage(self, stage: str) -> Run:
        """Waits until the newest run is in a stage, as its heartbeats tell."""
        async with asyncio.timeout(20):
            while True:
                newest = (await runs.history(self.db, limit=1))[0]
                if newest.stage == stage:
                    return newest
                await asyncio.sleep(0.01)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query answers, as plain tuples."""
        return [tuple(row) for row in await self.db.fetch(query)]

    async def staged(self) -> list[str]:
        """The staging tables there are."""
        found = await self.db.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'loadstone_staging' ORDER BY 1"
        )
        return [row["tablename"] for row in found]


@asynccontextmanager
async def importer(dsn: str, store: Store, bucket_name: str) -> AsyncGenerator[Importer]:
    """Imports with short leases, so that tests need not wait, and by one worker into one table."""
    settings = ObjectStore(
        endpoint_url=store.endpoint_url,
        region=store.region,
        access_key_id=store.access_key_id,
        secret_access_key=Secret(store.secret_access_key),
    )
    async with pool(dsn, size=10, application="worker") as db, bucket.connect(settings) as connected:
        io = Resources(
            name="test-worker",
            db=db,
            bucket=connected,
            lease=1.0,
            heartbeat=0.1,
            block_bytes=64 * 1024,
            max_compression_ratio=200,
            publish_timeout=30.0,
            lock_timeout=0.1,
            part_bytes=16 * 1024 * 1024,
            max_parts=1,
            check_timeout=2.0,
        )
        yield Importer(io, bucket_name)
