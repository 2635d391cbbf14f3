"""The story of the demonstration claims only what was seen, and its status says whether all of that held."""

import io

import pytest
from rich.console import Console

from services.cli import demo
from services.cli.demonstration.story import Act, Step, Story
from services.cli.exits import Exit
from shared.errors import BucketUnavailable


async def holds(step: Step) -> None:
    step.check(1 + 1 == 2, "one and one are two")


async def is_wrong(step: Step) -> None:
    step.check(1 + 1 == 2, "one and one are two")
    step.check(1 + 1 == 3, "one and one are three")


async def claims_nothing(step: Step) -> None:
    step.tell("something was seen")


async def fails(_step: Step) -> None:
    raise BucketUnavailable("the bucket is away")


async def has_a_defect(step: Step) -> None:
    [_found] = list[str]()
    step.check(True, "never reached")


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def story(printed: io.StringIO) -> Story:
    return Story(Console(file=printed, width=200))


async def test_a_story_whose_steps_hold_ends_with_0(story: Story, printed: io.StringIO) -> None:
    await story.tell("The first", holds)
    await story.tell("The second", holds)
    story.end()
    assert demo.status(story) == Exit.OK
    assert "1. The first" in printed.getvalue()
    assert "All 2 steps held" in printed.getvalue()


@pytest.mark.parametrize("act", [is_wrong, claims_nothing, fails, has_a_defect])
async def test_a_step_that_does_not_hold_is_named_and_ends_with_1(
    story: Story, printed: io.StringIO, act: Act
) -> None:
    await story.tell("The first", holds)
    await story.tell("The second", act)
    await story.tell("The third", holds)
    story.end()
    assert demo.status(story) == Exit.FAILURE
    assert printed.getvalue().endswith("1 of 3 steps did not hold:\n  2. The second\n")


async def test_what_was_not_seen_is_printed_as_such(story: Story, printed: io.StringIO) -> None:
    await story.tell("The first", is_wrong)
    assert "✓ one and one are two" in printed.getvalue()
    assert "✗ NOT SO: one and one are three" in printed.getvalue()


async def test_what_broke_a_step_off_is_printed(story: Story, printed: io.StringIO) -> None:
    await story.tell("The first", fails)
    assert "broken off by bucket_unavailable: the bucket is away" in printed.getvalue()


async def test_a_story_that_was_interrupted_ends_as_ctrl_c_does(story: Story) -> None:
    await story.tell("The first", holds)
    assert demo.status(story) == Exit.INTERRUPTED


async def test_nothing_is_coloured_where_nobody_looks(story: Story, printed: io.StringIO) -> None:
    await story.tell("The first", is_wrong)
    story.end()
    assert "\x1b" not in printed.getvalue()
