"""The tries of one publish, and what they tell the metrics."""

import time
from collections.abc import AsyncGenerator

import tenacity

from services.worker.progress import Progress
from services.worker.resources import Resources
from shared.postgres import patience
from shared.telemetry import metrics


async def tries(io: Resources, progress: Progress) -> AsyncGenerator[tenacity.AttemptManager]:
    """Try until the view can be locked. Raises PublishBlocked when readers held it all the time."""
    progress.enter("publish")
    started = time.perf_counter()
    number = 0
    try:
        async for attempt in patience.tries(io.publish_timeout):
            number = attempt.retry_state.attempt_number
            yield attempt
    finally:
        metrics.PUBLISH_TRIES.observe(number)
        metrics.PUBLISH_WAIT.observe(time.perf_counter() - started)
