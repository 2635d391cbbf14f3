"""Imports an object through a worker's process, again and again."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from bench.measured import Measured, cpu_seconds, forget_peak, peak_mb
from services.local import stack
from services.local.servers import Options, Outside
from services.local.stack import Stack
from shared import bucket, queue, settings
from shared.bucket import Bucket
from shared.catalog import datasets, runs
from shared.catalog.runs import Request
from shared.domain import delivery
from shared.domain.dataset import Dataset
from shared.domain.run import FINAL_STATES, DatasetId, ObjectRef, RunId, RunState, Trigger
from shared.postgres.pool import Pool, pool
from shared.settings import ObjectStore, Redis
from shared.settings.variables import Secret

BUCKET = "bench"
DAY = date(2026, 1, 31)


class Bench:
    """The servers and one worker. `prepared` makes a dataset of a document and an object."""

    def __init__(self, up: Stack, db: Pool, store: Bucket) -> None:
        self.database_url = up.endpoints.database_url
        self.worker = up.children["worker"].pid
        self._redis = Redis(url=Secret(up.endpoints.redis_url))
        self._db = db
        self._store = store

    async def prepared(self, document: dict[str, object], file: Path) -> "Importing":
        """A dataset with its object in the bucket, ready to be imported."""
        declared = msgspec.convert(document, Dataset)
        async with self._db.acquire() as connection, connection.transaction():
            await datasets.apply(connection, declared, actor="bench")
        number = await self._db.fetchval("SELECT id FROM loadstone.dataset WHERE name = $1", declared.name)
        suffix = declared.source.key.rpartition("*")[2]
        key = f"{declared.name}/{DAY}/orders{suffix}"
        item = await self._store.put(BUCKET, key, file.read_bytes())
        return Importing(self._db, self._redis, self.worker, DatasetId(number), item)


@asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[Bench]:
    """Yields servers and a worker of the benchmark's own, whatever the environment names."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}
    outside = settings.read(own, form=Outside)
    worker = [service for service in stack.loadstone(workers=1, api_port=None) if service.name == "worker"]
    async with (
        stack.running(Options(data=folder), outside, worker, lambda _name, _line: None) as up,
        pool(up.endpoints.database_url, size=3, application="bench") as db,
        bucket.connect(_store(up)) as store,
    ):
        await store.create(BUCKET)
        yield Bench(up, db, store)


class Importing:
    """Imports one object, and drops what came of it."""

    def __init__(self, db: Pool, redis: Redis, worker: int, dataset: DatasetId, item: ObjectRef) -> None:
        self._db = db
        self._redis = redis
        self._worker = worker
        self._dataset = dataset
        self._item = item

    async def measure(self) -> Measured:
        """From the moment in which the run is accepted to the one in which its version is live."""
        async with queue.connect(self._redis) as doorbell:
            await queue.ping(doorbell)
            forget_peak(self._worker)
            cpu, started = cpu_seconds(self._worker), time.perf_counter()
            run_id = await self._accept()
            await queue.ring(doorbell, run_id, 0)
            # Another process ends the run, so there is nothing to wait on but the catalog.
            while (run := await runs.read(self._db, run_id)).state not in FINAL_STATES:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            total = time.perf_counter() - started
        if run.state is not RunState.SUCCEEDED:
            raise SystemExit(f"the import failed: {run.error_message}")
        report: dict[str, Any] = await runs.report(self._db, run_id) or {}
        measured = Measured(
            total=total,
            load=report["stages"]["load"],
            cpu=cpu_seconds(self._worker) - cpu,
            peak_mb=peak_mb(self._worker),
            stages=report["stages"],
        )
        await self._drop_version()
        return measured

    async def _accept(self) -> RunId:
        nonce = uuid4().hex
        request = Request(
            dataset_id=self._dataset,
            contract_version=1,
            business_date=DAY,
            trigger=Trigger.MANUAL,
            requested_by="bench",
            nonce=nonce,
        )
        identity = delivery.delivery_key("orders", 1, DAY, [self._item], nonce)
        async with self._db.acquire() as connection, connection.transaction():
            run_id, _ = await runs.submit(connection, request, identity, [self._item])
        return run_id

    async def _drop_version(self) -> None:
        """Gives the disk back between rounds, as psql's round does."""
        await self._db.execute("DROP SCHEMA bench CASCADE")
        for row in await self._db.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'loadstone_versions'"
        ):
            await self._db.execute(f'DROP TABLE loadstone_versions."{row["tablename"]}" CASCADE')
        await self._db.execute("CHECKPOINT")


def _store(up: Stack) -> ObjectStore:
    return ObjectStore(
        endpoint_url=up.endpoints.s3_endpoint_url,
        region=up.endpoints.s3_region,
        access_key_id=up.endpoints.s3_access_key_id,
        secret_access_key=Secret(up.endpoints.s3_secret_access_key or ""),
    )
