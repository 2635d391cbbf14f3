"""When a held version may go live, and when readers would see two business dates in a release group."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.domain import release
from shared.domain.release import Held, Member
from shared.domain.run import DatasetId, Run, RunId, RunState, Trigger
from shared.domain.version import Version
from tests.support.datasets import dataset

FIRST, SECOND = date(2013, 1, 1), date(2013, 1, 2)
NOW = datetime(2013, 1, 3, tzinfo=UTC)


def _member(live: int | None = None, day: date | None = None, name: str = "flights", **load: Any) -> Member:
    return Member(
        id=DatasetId(1),
        name=name,
        live_version=live,
        live_business_date=day,
        document=dataset(name=name, load=load),
    )


def _version(number: int = 2, day: date = SECOND, base: int | None = None) -> Version:
    return Version(
        dataset_id=DatasetId(1),
        number=number,
        run_id=RunId(7),
        contract_version=1,
        business_date=day,
        relation="flights_v2",
        rows=1,
        bytes=1,
        held=True,
        base=base,
        published_at=NOW,
        retired_at=None,
    )


def _held(member: Member, version: Version, trigger: Trigger = Trigger.SCHEDULE, **load: Any) -> Held:
    run = Run(
        id=RunId(7),
        dataset_id=DatasetId(1),
        dataset="flights",
        contract_version=1,
        business_date=version.business_date,
        state=RunState.HELD,
        trigger=trigger,
        fence=1,
        attempt=1,
        max_attempts=3,
        crashes=0,
        created_at=NOW,
        run_at=NOW,
    )
    return Held(member=member, run=run, version=version, accepted=dataset(load=load).load)


@pytest.mark.parametrize(
    ("live", "day"), [(None, None), (1, FIRST), (1, SECOND)], ids=["nothing", "older", "earlier import"]
)
def test_a_version_may_go_live_over_nothing_or_something_older(live: int | None, day: date | None) -> None:
    assert release.obstacle(_held(_member(live, day), _version())) is None


def test_a_newer_live_version_is_an_obstacle_that_can_be_overlooked() -> None:
    held = _held(_member(3, SECOND), _version())
    found = release.obstacle(held)
    assert found is not None
    assert found.text == "version 3 of 2013-01-02 is live, and newer than the held one of 2013-01-02"
    assert release.obstacle(held, force=True) is None


@pytest.mark.parametrize("base", [None, 1, 3])
def test_what_was_made_from_the_live_version_needs_just_that_one(base: int | None) -> None:
    held = _held(_member(1, SECOND), _version(day=FIRST, base=base), mode="append")
    assert (release.obstacle(held, force=True) is None) is (base == 1)


def test_corrected_records_are_added_to_the_version_that_they_were_added_to() -> None:
    held = _held(_member(2, FIRST), _version(base=1), Trigger.REQUEUE)
    assert release.obstacle(held) is not None


def test_another_target_is_an_obstacle_whatever_is_live() -> None:
    held = _held(_member(target={"schema": "public", "table": "others"}), _version())
    found = release.obstacle(held, force=True)
    assert found is not None
    assert "load.target is public.others now" in found.text


@pytest.mark.parametrize(
    ("own", "to", "others", "parted"),
    [
        (SECOND, FIRST, [SECOND, FIRST, None], ["b0 (2013-01-02)"]),
        (SECOND, SECOND, [FIRST], []),
        (FIRST, SECOND, [SECOND, SECOND], []),
        (SECOND, FIRST, [], []),
    ],
)
def test_a_rollback_parts_a_group_where_another_date_is_live(
    own: date, to: date, others: list[date | None], parted: list[str]
) -> None:
    members = [_member(1, day, f"b{place}") for place, day in enumerate(others)]
    assert release.parted_from(_version(day=to), _member(3, own), members) == parted
