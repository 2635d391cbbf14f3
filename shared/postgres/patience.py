"""How long, and how often, a transaction tries to get its locks.

Each try waits only briefly, so that one long reader delays the transaction and never other readers; in
between it backs off with jitter (measured: with 2 s readers all the time and 100 ms tries, nobody else waited
longer than 107 ms).
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import tenacity

from shared.errors import PublishBlocked
from shared.postgres import statements
from shared.postgres.pool import Connection

SQL = statements.beside(__file__)
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0


def tries(limit: float) -> tenacity.AsyncRetrying:
    """Try again and again for `limit` seconds. Raises PublishBlocked when readers held on all that time.

    async for attempt in patience.tries(10):
        with attempt:
            async with patience.transaction(db, lock_timeout=0.1):
                ...
    """

    def give_up(state: tenacity.RetryCallState) -> None:
        raise PublishBlocked(
            f"{state.attempt_number} tries in {limit:.0f} s to lock the published view failed: "
            "readers held it each time"
        )

    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(
            (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
        ),
        wait=tenacity.wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
        stop=tenacity.stop_after_delay(limit),
        retry_error_callback=give_up,
    )


@asynccontextmanager
async def transaction(db: Connection, *, lock_timeout: float) -> AsyncGenerator[None]:
    """A transaction whose statements wait for a lock no longer than `lock_timeout` seconds."""
    async with db.transaction():
        await db.execute(SQL.wait_for_locks, f"{lock_timeout * 1000:.0f}ms")
        yield
