"""What is a re-upload, how long it is looked for, and how often."""

from datetime import date, timedelta
from itertools import pairwise, takewhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import reupload
from shared.domain.run import ObjectRef
from tests.unit.domain import documents

DAY = date(2013, 1, 5)
DATASET = documents.dataset()
APPENDED = documents.dataset({"load.mode": "append"})

deliveries = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(st.sampled_from("xyz"), st.integers(0, 2)), min_size=1
).map(lambda found: [ObjectRef(key=key, etag=etag, size=size) for key, (etag, size) in found.items()])


@given(deliveries, st.randoms())
def test_the_same_objects_are_no_reupload_whatever_their_order_and_version(
    objects: list[ObjectRef], random: Any
) -> None:
    listed = [ObjectRef(key=o.key, etag=o.etag, size=o.size, version_id="v2") for o in objects]
    random.shuffle(listed)
    for dataset in (DATASET, APPENDED):
        assert reupload.replaced(dataset, objects, listed) == []


@given(deliveries, deliveries)
def test_a_reupload_has_something_new_and_where_rows_would_be_lost_everything_old(
    imported: list[ObjectRef], found: list[ObjectRef]
) -> None:
    new = sorted(o.key for o in found if o not in imported)
    gone = {o.key for o in imported} - {o.key for o in found}
    assert reupload.replaced(APPENDED, imported, found) == new
    assert reupload.replaced(DATASET, imported, found) == ([] if gone else new)


@given(st.integers(0, 10_000))
def test_the_more_often_a_delivery_was_replaced_the_longer_it_is_left_alone(times: int) -> None:
    assert timedelta(seconds=1) <= reupload.pause(times) <= reupload.pause(times + 1) <= timedelta(minutes=10)


def test_a_delivery_is_looked_at_some_fifty_times_and_at_least_hourly() -> None:
    def ages() -> Any:
        age = timedelta()
        while True:
            yield age
            age += reupload.next_look(age)

    looks = list(takewhile(lambda age: age < reupload.LOOKED_AFTER, ages()))
    assert 40 <= len(looks) <= 60
    assert max(b - a for a, b in pairwise(looks)) == timedelta(hours=1)


def looked_after(changes: dict[str, Any] | None = None, accepted: Any = DATASET, **facts: Any) -> bool:
    dataset = documents.dataset(changes or {})
    told = {"live_business_date": DAY, "is_newest": True, "age": timedelta(hours=23), **facts}
    return reupload.is_looked_after(dataset, accepted, DAY, **told)


def test_the_newest_delivery_is_looked_after_for_a_day() -> None:
    assert looked_after()
    assert not looked_after(age=timedelta(hours=24))
    assert not looked_after(is_newest=False)


def test_a_delivery_that_is_not_live_any_more_is_let_go_unless_it_has_a_place_of_its_own() -> None:
    for mode in ("replace", "append"):
        changes = {"load.mode": mode}
        assert looked_after(changes, live_business_date=DAY - timedelta(days=1)) == (mode == "append")


@pytest.mark.parametrize(
    "changes",
    [
        {"source.onReupload": "ignore"},
        {"source.triggers": ["manual"]},
        {"status": "retired"},
        {"source.bucket": "elsewhere"},
        {"source.complete.manifest": "list.json"},
    ],
)
def test_what_the_present_document_does_not_want_is_not_looked_for(changes: dict[str, Any]) -> None:
    assert not looked_after(changes)


def test_a_change_of_the_document_elsewhere_does_not_end_the_looking() -> None:
    assert looked_after({"title": "Departures", "source.onReupload": "fail", "source.files.max": 3})


@pytest.mark.parametrize(
    ("key", "apart"), [("all.csv", False), ("{businessDate:%Y}.csv", False), ("{businessDate}", True)]
)
def test_what_replaces_an_object_that_every_day_shares_is_the_next_day_s(key: str, apart: bool) -> None:
    changes = {"source.key": key}
    assert looked_after(changes, documents.dataset(changes)) == apart
