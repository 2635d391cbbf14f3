"""Looks for the objects that waiting runs wait for, and gives up on those that never come."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct

from services.scheduler.resources import Resources
from shared.catalog import after_load, datasets, runs, waiting
from shared.catalog.datasets import DatasetRecord
from shared.catalog.waiting import Deadlines
from shared.domain import delivery, planning
from shared.domain.delivery import Complete, Missing, Taken
from shared.domain.run import Run, RunId
from shared.errors import BucketDenied, BucketUnavailable, DeliveryMissing, LoadstoneError, ManifestBroken
from shared.telemetry import logs, metrics

log = logs.logger()
CHECKS_AT_ONCE = 200
LISTINGS_AT_ONCE = 8
# A run whose check is broken off, because the scheduler died, is looked at again after this long.
HOLD = 60.0
SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
AFTER_A_FAILURE = 20.0


class Waiting(Struct, frozen=True, kw_only=True):
    """A waiting run, its dataset as it is at present, and when its wait ends."""

    run: Run
    dataset: DatasetRecord
    deadlines: Deadlines


class Discovery:
    """One look for the objects of those waiting runs whose turn it is."""

    def __init__(self, io: Resources, now: datetime) -> None:
        self.enqueued = 0
        self.given_up = 0
        self._io = io
        self._now = now
        self._turn = asyncio.Semaphore(LISTINGS_AT_ONCE)
        self._failed: dict[str, BucketUnavailable | BucketDenied] = {}

    async def look(self) -> None:
        """Decides about each run: enqueued, given up, or looked at again later."""
        found = await waiting.due_checks(self._io.db, limit=CHECKS_AT_ONCE, hold=HOLD)
        async with asyncio.TaskGroup() as tasks:
            for run_id in found:
                tasks.create_task(self._check(run_id))

    async def _check(self, run_id: RunId) -> None:
        subject = f"run {run_id}"
        async with self._turn:
            try:
                await self._decide(await self._read(run_id))
                self._io.troubles.over(subject)
            except Exception as error:  # noqa: BLE001 - what is wrong with one run must not hold up the others
                self._io.troubles.met(subject, error)

    async def _read(self, run_id: RunId) -> Waiting:
        run = await runs.read(self._io.db, run_id)
        return Waiting(
            run=run,
            dataset=await datasets.read(self._io.db, run.dataset),
            deadlines=await waiting.deadlines(self._io.db, run_id),
        )

    async def _decide(self, one: Waiting) -> None:
        judgement = await self._judge(one)
        run = one.run
        give_up_at = one.deadlines.give_up_at or planning.give_up_at(run.created_at, self._io.wait_limit)
        match judgement:
            case Complete():
                await self._enqueue(one, judgement)
            case Taken(by=by):
                if await waiting.end_loaded(self._io.db, run.id, by):
                    _tell_unchanged(run)
            case Missing(hopeless=True, reason=reason):
                await self._give_up(run, DeliveryMissing(reason))
            case ManifestBroken():
                await self._give_up(run, judgement)
            case Missing(reason=reason) if give_up_at <= self._now:
                told = f"it did not come until {give_up_at:%Y-%m-%d %H:%M} UTC: {reason}"
                await self._give_up(run, DeliveryMissing(told))
            case Missing(reason=reason):
                later = pause(self._now - run.created_at, give_up_at - self._now)
                await waiting.check_later(self._io.db, run.id, later, reason)
            case error if give_up_at <= self._now:
                await self._give_up(run, error)  # whatever dies, an accepted run reaches a final state
            case error:  # the bucket can't be read: that says nothing about the delivery
                await waiting.check_later(self._io.db, run.id, AFTER_A_FAILURE, error.message)

    async def _judge(self, one: Waiting) -> Complete | Missing | Taken | LoadstoneError:
        source, date = one.dataset.document.source, one.run.business_date
        if source.bucket in self._failed:
            return self._failed[source.bucket]
        subject = f"bucket {source.bucket}"
        forced = one.deadlines.nonce is not None
        loaded = partial(after_load.loaded, self._io.db, one.dataset.id, source, date, forced=forced)
        try:
            found = await self._io.bucket.look(source, date, self._now, loaded)
        except ManifestBroken as error:
            return error
        except (BucketUnavailable, BucketDenied) as error:
            self._failed[source.bucket] = error
            self._io.troubles.met(subject, error)
            return error
        self._io.troubles.over(subject)
        return found

    async def _enqueue(self, one: Waiting, found: Complete) -> None:
        run, version = one.run, one.dataset.contract_version
        key = delivery.delivery_key(
            run.dataset, version, run.business_date, found.objects, one.deadlines.nonce
        )
        async with self._io.db.acquire() as db:
            new = await waiting.enqueue(db, run, key, found.objects, version)
        if not new:
            _tell_unchanged(run)
            return
        self.enqueued += 1
        log.info("delivery_complete", run=run.id, dataset=run.dataset, objects=len(found.objects))

    async def _give_up(self, run: Run, error: LoadstoneError) -> None:
        if await waiting.fail(self._io.db, run.id, error):
            self.given_up += 1
            metrics.RUNS_TOTAL.labels(run.dataset, "failed").inc()
            log.error(
                "delivery_given_up", run=run.id, dataset=run.dataset, reason=error.message, hint=error.hint
            )


def _tell_unchanged(run: Run) -> None:
    metrics.RUNS_TOTAL.labels(run.dataset, "unchanged").inc()
    log.info("delivery_unchanged", run=run.id, dataset=run.dataset)


def pause(waited: timedelta, left: timedelta | None) -> float:
    """The seconds until the next look: a tenth of the time waited, within bounds, and not past the end."""
    seconds = min(max(SHORTEST_PAUSE, waited.total_seconds() / 10), LONGEST_PAUSE)
    return seconds if left is None else min(seconds, max(SHORTEST_PAUSE, left.total_seconds()))


async def mark_late(io: Resources, now: datetime) -> int:
    """Notes, once for each run, that its version was promised by now; answers how many became late."""
    found = await waiting.mark_late(io.db, now)
    for run_id in found:
        run = await runs.read(io.db, run_id)
        log.warning("run_late", run=run_id, dataset=run.dataset, business_date=run.business_date)
    return len(found)
