"""How often an object that can't be acted on is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.disposal import GIVE_UP_AFTER, LONGEST_PAUSE, SHORTEST_PAUSE, pause


@given(st.floats(0, GIVE_UP_AFTER, exclude_max=True))
def test_the_pause_grows_with_the_wait_within_its_bounds(waited: float) -> None:
    seconds = pause(waited)
    assert seconds is not None
    assert SHORTEST_PAUSE <= seconds <= LONGEST_PAUSE
    assert seconds <= max(SHORTEST_PAUSE, waited / 10)


def test_it_is_given_up_after_three_days() -> None:
    assert pause(3 * 86400 - 1) is not None
    assert pause(3 * 86400) is None
