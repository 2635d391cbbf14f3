import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import quantities, retry
from shared.domain.dataset import Backoff
from shared.domain.retry import Fail, Retry
from shared.errors import BucketDenied, BucketUnavailable, TooManyErrors

STEADY = Backoff(initial="30s", max="5m", jitter=False)


def _decide(error: BaseException, attempt: int = 1, crashes: int = 0) -> Retry | Fail:
    return retry.decide(error, attempt, 3, crashes, STEADY, lambda: 0.5)


@pytest.mark.parametrize("error", [BucketDenied("no"), TooManyErrors("too many")])
def test_a_permanent_error_ends_a_run_at_its_first_attempt(error: Exception) -> None:
    assert _decide(error) == Fail(reason=f"{error.code}: trying again can't help")  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [BucketUnavailable("gone"), ZeroDivisionError(), asyncio.CancelledError()])
def test_a_transient_or_unforeseen_error_is_tried_again(error: BaseException) -> None:
    assert _decide(error) == Retry(delay=timedelta(seconds=30))


def test_the_last_attempt_is_not_followed_by_another() -> None:
    assert isinstance(_decide(BucketUnavailable("gone"), attempt=2), Retry)
    assert _decide(BucketUnavailable("gone"), attempt=3) == Fail(reason="attempt 3 of 3 failed")


def test_a_run_that_kills_its_workers_is_ended() -> None:
    assert isinstance(_decide(BucketUnavailable("gone"), crashes=retry.MAX_CRASHES - 1), Retry)
    assert _decide(BucketUnavailable("gone"), crashes=retry.MAX_CRASHES) == Fail(
        reason="its worker died 5 times"
    )


def test_the_wait_doubles_up_to_its_limit() -> None:
    waits = [retry.delay(attempt, STEADY, lambda: 0.5).total_seconds() for attempt in range(1, 7)]
    assert waits == [30, 60, 120, 240, 300, 300]


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_jitter_keeps_the_wait_between_half_and_all_of_it(attempt: int, chance: float) -> None:
    jittered = Backoff(initial="30s", max="5m")
    full = retry.delay(attempt, STEADY, lambda: chance)
    assert full / 2 <= retry.delay(attempt, jittered, lambda: chance) <= full


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("30s", 30), ("15m", 900), ("2h", 7200), ("1d", 86_400), ("0s", 0)]
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert quantities.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "size"), [("7B", 7), ("64KiB", 65_536), ("4MiB", 4_194_304), ("20GiB", 21_474_836_480)]
)
def test_sizes_are_bytes(text: str, size: int) -> None:
    assert quantities.size(text) == size
