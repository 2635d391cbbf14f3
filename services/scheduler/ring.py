"""Rings for the runs that no worker has claimed: new ones, rescued ones, those whose job was lost."""

from services.scheduler.resources import Resources
from shared import queue
from shared.catalog import runs

RINGS_AT_ONCE = 500


async def ring(io: Resources) -> int:
    """Puts a job on the queue for the next run of each dataset; answers for how many.

    Raises QueueUnavailable; the runs that had no job then have none, and their turn comes again.
    """
    rung = 0
    for ready in await runs.ready(io.db, rering=io.rering.total_seconds(), limit=RINGS_AT_ONCE):
        await queue.ring(io.queue, ready.id, ready.fence)
        await runs.rang(io.db, ready.id)
        rung += 1
    return rung
