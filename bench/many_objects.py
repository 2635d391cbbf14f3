"""Measures one delivery of many small objects, spread over two workers, against one object of the records.

Both hold the same records and end as one version of the same dataset. They take turns; the medians are
compared: `python -m bench.many_objects`.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct

from bench import orders
from services.local import stack
from services.local.servers import Options, Outside
from services.local.stack import Stack
from shared import bucket, queue, settings
from shared.bucket import Bucket
from shared.catalog import datasets, runs
from shared.catalog.runs import Request
from shared.domain import delivery
from shared.domain.dataset import Dataset
from shared.domain.run import FINAL_STATES, DatasetId, ObjectRef, Run, RunState, Trigger
from shared.postgres.pool import Pool, pool
from shared.queue import Queue
from shared.settings import ObjectStore, Redis
from shared.settings.variables import Secret

RESULTS = Path(__file__).with_name("results") / "many_objects.json"
BUCKET = "bench"
DAY = date(2026, 1, 31)
UPLOADS_AT_ONCE = 8


class Results(Struct, frozen=True, kw_only=True):
    """Medians in seconds, and how many times as long the many objects take."""

    ratio: float
    many_seconds: float
    one_seconds: float
    objects: int
    rows: int
    parts: int
    helpers: int
    stages: dict[str, float]
    rounds: int


class Measured(Struct, frozen=True, kw_only=True):
    """One import: its seconds, and what the run's report says."""

    seconds: float
    report: dict[str, Any]


class Importing:
    """Imports deliveries again and again through two workers' processes."""

    def __init__(self, db: Pool, doorbell: Queue) -> None:
        self._db = db
        self._doorbell = doorbell

    async def measure(self, items: Sequence[ObjectRef], rows: int) -> Measured:
        """From the moment in which the run is accepted to the one in which its version is live."""
        started = time.perf_counter()
        run = await self._imported(items)
        seconds = time.perf_counter() - started
        if run.state is not RunState.SUCCEEDED or run.rows_done != rows:
            raise SystemExit(f"the import failed: {run.state}, {run.rows_done} rows: {run.error_message}")
        report = await runs.report(self._db, run.id) or {}
        await self._drop_version()
        return Measured(seconds=seconds, report=report)

    async def _imported(self, items: Sequence[ObjectRef]) -> Run:
        nonce = uuid4().hex
        request = Request(
            dataset_id=DatasetId(1),
            contract_version=1,
            business_date=DAY,
            trigger=Trigger.MANUAL,
            requested_by="bench",
            nonce=nonce,
        )
        identity = delivery.delivery_key("orders", 1, DAY, items, nonce)
        async with self._db.acquire() as connection, connection.transaction():
            run_id, _ = await runs.submit(connection, request, identity, items)
        await queue.ring(self._doorbell, run_id, 0)
        # Another process ends the run, so there is nothing to wait on but the catalog.
        while (run := await runs.read(self._db, run_id)).state not in FINAL_STATES:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return run

    async def _drop_version(self) -> None:
        """Gives the disk back between rounds."""
        await self._db.execute("DROP SCHEMA bench CASCADE; DROP SCHEMA loadstone_versions CASCADE")
        await self._db.execute("CREATE SCHEMA loadstone_versions; CHECKPOINT")


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1000, help="rows in each object")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loadstone-bench-") as folder:
        Path(folder).chmod(0o711)
        results = asyncio.run(compare(Path(folder), chosen.objects, chosen.rows, chosen.rounds))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    print(f"\n{results.objects:,} objects   {results.many_seconds:.2f} s in {results.parts} parts")
    print(f"one object     {results.one_seconds:.2f} s")
    print(f"ratio          {results.ratio:.2f}; other workers loaded {results.helpers} parts")
    print("stages         " + ", ".join(f"{name} {took:.2f} s" for name, took in results.stages.items()))


async def compare(folder: Path, count: int, rows: int, rounds: int) -> Results:
    """Take turns, each on the same servers and workers."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}
    outside = settings.read(own, form=Outside)
    workers = [s for s in stack.loadstone(workers=2, api_port=None) if s.name.startswith("worker")]
    async with (
        stack.running(Options(data=folder / "data"), outside, workers, lambda _name, _line: None) as up,
        pool(up.endpoints.database_url, size=3, application="bench") as db,
        bucket.connect(_store(up)) as store,
        queue.connect(Redis(url=Secret(up.endpoints.redis_url))) as doorbell,
    ):
        one, many = await _prepare(db, store, count, rows)
        importing = Importing(db, doorbell)
        alone, spread = [], []
        for turn in range(rounds + 1):  # the first warms up, and doesn't count
            alone.append(await importing.measure(one, count * rows))
            spread.append(await importing.measure(many, count * rows))
            print(f"round {turn}: one {alone[-1].seconds:.2f} s, many {spread[-1].seconds:.2f} s", flush=True)
    return _results(alone[1:], spread[1:], count, count * rows)


def _results(alone: list[Measured], spread: list[Measured], count: int, rows: int) -> Results:
    one = statistics.median(measured.seconds for measured in alone)
    many = statistics.median(measured.seconds for measured in spread)
    parts = spread[-1].report["parts"]
    workers = [part["worker"] for part in parts]
    return Results(
        ratio=round(many / one, 3),
        many_seconds=round(many, 3),
        one_seconds=round(one, 3),
        objects=count,
        rows=rows,
        parts=len(parts),
        helpers=min(workers.count(name) for name in {*workers}) if len({*workers}) > 1 else 0,
        stages=spread[-1].report["stages"],
        rounds=len(alone),
    )


async def _prepare(db: Pool, store: Bucket, count: int, rows: int) -> tuple[list[ObjectRef], list[ObjectRef]]:
    """The same records in one object and in many, in the bucket; and the dataset."""
    print(f"making {count:,} objects of {rows:,} records ...", flush=True)
    await store.create(BUCKET)
    declared = msgspec.convert(orders.document(BUCKET), Dataset)
    async with db.acquire() as connection, connection.transaction():
        await datasets.apply(connection, declared, actor="bench")
    chance = random.Random(orders.SEED)
    bodies = [
        "".join(orders.record(number, chance) for number in range(start, start + rows)).encode()
        for start in range(0, count * rows, rows)
    ]
    header = orders.HEADER.encode()
    one = await store.put(BUCKET, f"orders/{DAY}/all.csv", header + b"".join(bodies))
    turn = asyncio.Semaphore(UPLOADS_AT_ONCE)

    async def put(place: int, body: bytes) -> ObjectRef:
        async with turn:
            return await store.put(BUCKET, f"orders/{DAY}/part-{place:05}.csv", header + body)

    return [one], list(await asyncio.gather(*(put(place, body) for place, body in enumerate(bodies))))


def _store(up: Stack) -> ObjectStore:
    return ObjectStore(
        endpoint_url=up.endpoints.s3_endpoint_url,
        region=up.endpoints.s3_region,
        access_key_id=up.endpoints.s3_access_key_id,
        secret_access_key=Secret(up.endpoints.s3_secret_access_key or ""),
    )


if __name__ == "__main__":
    main()
