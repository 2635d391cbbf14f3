"""How long, and how often, a publish tries to get its locks.

Each try waits for at most LOADSTONE_LOCK_TIMEOUT, so that one long reader delays the publish and never other
readers; in between it backs off with jitter.
"""

import asyncpg
import tenacity

from services.worker.progress import Progress
from services.worker.resources import Resources
from shared.errors import PublishBlocked
from shared.telemetry import metrics

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0


def tries(io: Resources, progress: Progress) -> tenacity.AsyncRetrying:
    """The tries of one publish. Raises PublishBlocked when readers held the view for all of them."""
    progress.enter("publish")

    def give_up(state: tenacity.RetryCallState) -> None:
        metrics.PUBLISH_TRIES.observe(state.attempt_number)
        raise PublishBlocked(
            f"the publish tried {state.attempt_number} times in {io.publish_timeout:.0f} s to lock the view, "
            "and readers held it each time"
        )

    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(
            (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
        ),
        wait=tenacity.wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
        stop=tenacity.stop_after_delay(io.publish_timeout),
        retry_error_callback=give_up,
    )
