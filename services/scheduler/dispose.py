"""Tags, moves or deletes the objects whose rows are live, as `source.afterLoad` says; no run fails of it."""

import asyncio

from services.scheduler.resources import Resources
from shared.bucket import disposing
from shared.catalog import after_load
from shared.catalog.after_load import DueObject
from shared.domain import disposal
from shared.domain.disposal import Disposed, Outcome
from shared.errors import BucketUnavailable, LoadstoneError
from shared.telemetry import logs, metrics

log = logs.logger()
OBJECTS_AT_ONCE = 500
REQUESTS_AT_ONCE = 16
LIMIT = 540.0
# An object with which a scheduler died is another one's after this long.
HOLD = 600.0


async def dispose(io: Resources) -> int:
    """Acts on objects whose turn it is; answers for how many nothing is left to do."""
    async with io.db.acquire() as db:
        found = await after_load.take(db, limit=OBJECTS_AT_ONCE, hold=HOLD)
    one_round = Round(io)
    async with asyncio.TaskGroup() as tasks:
        for item in found:
            tasks.create_task(one_round.act(item))
    for name in {item.dataset for item in found}:
        if error := one_round.troubles.get(name):
            io.troubles.met(f"afterLoad of {name}", error)
        else:
            io.troubles.over(f"afterLoad of {name}")
    return one_round.ended


class Round:
    """One go at some objects. What a bucket does not answer to once is not asked again in it."""

    def __init__(self, io: Resources) -> None:
        self.ended = 0
        self.troubles: dict[str, LoadstoneError] = {}
        self._io = io
        self._turn = asyncio.Semaphore(REQUESTS_AT_ONCE)
        # By action too: a store that can't tag may well be able to move.
        self._failed: dict[tuple[str, str], BucketUnavailable] = {}

    async def act(self, item: DueObject) -> None:
        """Act on one object, and write down how that went."""
        async with self._turn:
            tried = await self._try(item)
            end = await self._after(item, tried) if isinstance(tried, LoadstoneError) else tried
            if end is not None and await after_load.finish(self._io.db, item, end):
                self.ended += 1
                _tell(item, end)

    async def _try(self, item: DueObject) -> Disposed | LoadstoneError:
        bucket, wish = item.source.bucket, item.source.after_load
        asked = bucket, wish.action
        if asked in self._failed:
            return self._failed[asked]
        try:
            return await disposing.dispose(self._io.bucket, bucket, item, wish)
        except BucketUnavailable as error:
            self._failed[asked] = error
            return error
        except LoadstoneError as error:
            return error

    async def _after(self, item: DueObject, error: LoadstoneError) -> Disposed | None:
        """Put the object off, or give it up when its time is over."""
        self.troubles[item.dataset] = error
        seconds = disposal.pause(item.waited)
        if seconds is None:
            return Disposed(outcome=Outcome.FAILED, message=error.message)
        await after_load.put_off(self._io.db, item, seconds, error.message)
        metrics.AFTER_LOAD_TOTAL.labels(item.dataset, "retry").inc()
        return None


def _tell(item: DueObject, end: Disposed) -> None:
    metrics.AFTER_LOAD_TOTAL.labels(item.dataset, end.outcome).inc()
    tell = log.debug if end.outcome is Outcome.DONE else log.warning
    tell(
        "object_disposed_of",
        run=item.run_id,
        dataset=item.dataset,
        key=item.key,
        action=item.source.after_load.action,
        outcome=end.outcome,
        reason=end.message,
    )
