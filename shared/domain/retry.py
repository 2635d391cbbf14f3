"""Whether a failed attempt is followed by another one, and when."""

from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from shared.domain import quantities
from shared.domain.dataset import Backoff
from shared.errors import Permanent

# A run whose worker died this often is what kills workers.
MAX_CRASHES = 5


class Retry(Struct, frozen=True, kw_only=True):
    """The run goes back to queued, for an attempt after `delay`."""

    delay: timedelta


class Fail(Struct, frozen=True, kw_only=True):
    """The run fails, for this reason."""

    reason: str


def decide(
    error: BaseException,
    attempt: int,
    max_attempts: int,
    crashes: int,
    backoff: Backoff,
    random: Callable[[], float],
) -> Retry | Fail:
    """What follows when `attempt`, counted from 1, ended with `error`. `random` gives numbers from [0, 1).

    Only a Permanent error ends a run at once. One that nobody foresaw counts as transient: a defect costs two
    more attempts, a network's new way to fail would cost a night.
    """
    if isinstance(error, Permanent):
        return Fail(reason=f"{error.code}: trying again can't help")
    if crashes >= MAX_CRASHES:
        return Fail(reason=f"its worker died {crashes} times")
    if attempt >= max_attempts:
        return Fail(reason=f"attempt {attempt} of {max_attempts} failed")
    return Retry(delay=delay(attempt, backoff, random))


def delay(attempt: int, backoff: Backoff, random: Callable[[], float]) -> timedelta:
    """The wait after `attempt`: doubling up to `max`; with jitter, between half of that and all of it."""
    longest = quantities.seconds(backoff.max)
    doublings = min(attempt - 1, 64)
    full = min(longest, quantities.seconds(backoff.initial) * 2**doublings)
    return timedelta(seconds=full * (0.5 + random() / 2) if backoff.jitter else full)
