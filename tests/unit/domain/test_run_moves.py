from hypothesis import given
from hypothesis import strategies as st

from shared.domain import run
from shared.domain.run import FINAL_STATES, TRANSITIONS, RunState

states = st.sampled_from(RunState)


@given(st.sampled_from(sorted(FINAL_STATES)), states)
def test_a_final_state_never_changes(final: RunState, other: RunState) -> None:
    assert not run.may_become(final, other)


@given(states)
def test_every_state_can_reach_a_final_one(state: RunState) -> None:
    reached, seen = {state}, set[RunState]()
    while reached - seen:
        seen |= reached
        reached |= {following for one in seen for following in TRANSITIONS[one]}
    assert reached & FINAL_STATES


@given(states)
def test_no_state_moves_to_itself(state: RunState) -> None:
    assert not run.may_become(state, state)


@given(st.lists(states, max_size=30))
def test_whatever_is_asked_for_a_run_takes_only_drawn_moves(asked: list[RunState]) -> None:
    state, path = RunState.WAITING, [RunState.WAITING]
    for following in asked:
        if run.may_become(state, following):
            state = following
            path.append(state)
    assert not FINAL_STATES & set(path[:-1])


def test_every_state_has_its_moves_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(RunState)
    begins = {RunState.WAITING, RunState.QUEUED}
    assert begins | {state for following in TRANSITIONS.values() for state in following} == set(RunState)
