"""How long, and how often, a publish tries to get its locks.

Each try waits for at most LOADSTONE_LOCK_TIMEOUT, so that one long reader delays the publish and never other
readers; in between it backs off with jitter.
"""

import time
from collections.abc import AsyncGenerator

import asyncpg
import tenacity

from services.worker.progress import Progress
from services.worker.resources import Resources
from shared.errors import PublishBlocked
from shared.telemetry import metrics

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0
IN_THE_WAY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


async def tries(io: Resources, progress: Progress) -> AsyncGenerator[tenacity.AttemptManager]:
    """The tries of one publish. Raises PublishBlocked when readers held the view during all of them."""
    progress.enter("publish")
    started = time.perf_counter()
    number = 0
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(IN_THE_WAY),
        wait=tenacity.wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
        stop=tenacity.stop_after_delay(io.publish_timeout),
        retry_error_callback=_give_up,
    )
    async for attempt in retrying:
        number = attempt.retry_state.attempt_number
        yield attempt
    metrics.PUBLISH_TRIES.observe(number)
    metrics.PUBLISH_WAIT.observe(time.perf_counter() - started)


def _give_up(state: tenacity.RetryCallState) -> None:
    metrics.PUBLISH_TRIES.observe(state.attempt_number)
    raise PublishBlocked(
        f"the publish tried {state.attempt_number} times to lock the view, and readers held it each time"
    )
