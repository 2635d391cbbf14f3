"""Compares what was published with the bucket for a while, and acts when a delivery was replaced."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from services.scheduler.resources import Resources
from shared.catalog import after_load, datasets, objects, reuploads
from shared.catalog.datasets import DatasetRecord
from shared.catalog.reuploads import Published
from shared.domain import delivery, reupload
from shared.domain.delivery import Complete
from shared.domain.run import RunState
from shared.errors import BucketDenied, BucketUnavailable, DeliveryReplaced
from shared.postgres.pool import Connection
from shared.telemetry import logs, metrics

log = logs.logger()
# Together they bound what a tick lists; whatever is left over has its turn at the next one.
LOOKS_AT_ONCE = 50
LISTINGS_AT_ONCE = 8
# A look that is broken off, or finds no bucket, is repeated after this many seconds.
HOLD = 60.0


class Looks:
    """One look at those published deliveries whose turn it is."""

    def __init__(self, io: Resources, now: datetime) -> None:
        self.replaced = 0
        self._io = io
        self._now = now
        self._turn = asyncio.Semaphore(LISTINGS_AT_ONCE)
        self._unreadable: set[str] = set()

    async def look(self) -> None:
        """Decides about each delivery: looked at again later, imported again, refused, or let go."""
        found = await reuploads.due(self._io.db, limit=LOOKS_AT_ONCE, hold=HOLD)
        async with asyncio.TaskGroup() as tasks:
            for one in found:
                tasks.create_task(self._check(one))

    async def _check(self, one: Published) -> None:
        subject = f"published run {one.id}"
        async with self._turn:
            try:
                await self._compare(one)
                self._io.troubles.over(subject)
            except Exception as error:  # noqa: BLE001 - what is wrong with one delivery must not hold up others
                self._io.troubles.met(subject, error)

    async def _compare(self, one: Published) -> None:
        dataset, age = await datasets.read(self._io.db, one.dataset), timedelta(seconds=one.age)
        accepted = await datasets.contract(self._io.db, one.dataset_id, one.contract_version)
        if not reupload.is_looked_after(
            dataset.document,
            accepted.document,
            one.business_date,
            live_business_date=dataset.live_business_date,
            is_newest=one.is_newest,
            age=age,
        ):
            await reuploads.look_later(self._io.db, one.id, None)
            return
        if not await self._look(one, dataset):
            return
        await reuploads.look_later(self._io.db, one.id, reupload.next_look(age))

    async def _look(self, one: Published, dataset: DatasetRecord) -> bool:
        """Acts where the delivery was replaced; False where the bucket can't be read."""
        source = dataset.document.source
        if source.bucket in self._unreadable:
            return False
        subject = f"bucket {source.bucket}"
        date = one.business_date
        loaded = partial(after_load.loaded, self._io.db, dataset.id, source, date, forced=False)
        try:
            found = await self._io.bucket.look(source, date, self._now, loaded)
        except (BucketUnavailable, BucketDenied) as error:
            self._unreadable.add(source.bucket)
            self._io.troubles.met(subject, error)
            return False
        self._io.troubles.over(subject)
        if isinstance(found, Complete):
            imported = await objects.pinned(self._io.db, one.id)
            keys = reupload.replaced(dataset.document, imported, found.objects)
            if keys:
                await self._act(one, dataset, found, keys)
        return True

    async def _act(self, one: Published, dataset: DatasetRecord, found: Complete, keys: list[str]) -> None:
        """Once for each delivery: what a run was about already, however it ended, is left alone."""
        key = delivery.delivery_key(one.dataset, dataset.contract_version, one.business_date, found.objects)
        others = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
        what = f"{keys[0]}{others} replaced what run {one.id} had imported"
        async with self._io.db.acquire() as db, db.transaction():
            if await reuploads.is_known(db, one, key):
                return
            if dataset.document.source.on_reupload == "fail":
                await _refuse(db, one, key, DeliveryReplaced(f"{what}, and source.onReupload is fail"))
            elif not await _follow(db, one, what):
                return
        self.replaced += 1


async def _follow(db: Connection, one: Published, what: str) -> bool:
    run_id = await reuploads.follow(db, one, what)
    if run_id is None:
        return False
    log.info("delivery_replaced", run=run_id, dataset=one.dataset, replaces=one.id, reason=what)
    return True


async def _refuse(db: Connection, one: Published, key: str, error: DeliveryReplaced) -> None:
    run_id = await reuploads.refuse(db, one, key, error)
    metrics.RUNS_TOTAL.labels(one.dataset, RunState.FAILED).inc()
    log.error(
        "delivery_replaced",
        run=run_id,
        dataset=one.dataset,
        replaces=one.id,
        reason=error.message,
        hint=error.hint,
    )
