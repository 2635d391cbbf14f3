"""What the API holds open while it lives, and what its requests are answered with."""

from collections.abc import Callable
from datetime import datetime, timedelta

from litestar.di import NamedDependency
from msgspec import Struct

from shared.bucket import Bucket
from shared.postgres.pool import Pool
from shared.queue import Queue
from shared.settings.variables import Secret


class Resources(Struct, frozen=True, kw_only=True):
    """Everything a request needs from outside. `wait_limit` bounds the wait for an incomplete delivery."""

    db: Pool
    bucket: Bucket
    queue: Queue
    token: Secret
    wait_limit: timedelta
    now: Callable[[], datetime]


# What a route takes to get at them.
Io = NamedDependency[Resources]
