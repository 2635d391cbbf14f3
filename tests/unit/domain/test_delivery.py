from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from shared.domain import delivery, disposal
from shared.domain.dataset import Source
from shared.domain.delivery import Complete, ListedObject, Loaded, Missing, Taken
from shared.domain.run import ObjectRef, RunId
from shared.errors import ManifestBroken

DAY = date(2013, 1, 31)
NOW = datetime(2013, 2, 1, 12, tzinfo=UTC)


def _source(key: str = "f/{businessDate:%Y/%m/%d}/*.csv", **rest: Any) -> Source:
    return msgspec.convert({"bucket": "landing", "key": key, **rest}, Source)


def test_an_object_s_version_is_part_of_a_delivery_s_identity_where_there_is_one() -> None:
    keys = [
        delivery.delivery_key("f", 1, DAY, [ObjectRef(key="a", etag="e", size=1, version_id=version)])
        for version in (None, "v1", "v2")
    ]
    assert len(set(keys)) == 3


def _listed(*keys: str, age: int = 3600) -> list[ListedObject]:
    return [
        ListedObject(key=key, etag=f"e{key}", size=1, last_modified=NOW - timedelta(seconds=age))
        for key in keys
    ]


@pytest.mark.parametrize(
    ("key", "marker", "prefix"),
    [
        ("f/{businessDate:%Y/%m/%d}/*.csv", None, "f/2013/01/31/"),
        ("f/{businessDate:%y%j}/orders_?.csv", None, "f/13031/orders_"),
        ("f/{businessDate}.csv", None, "f/2013-01-31.csv"),
        ("*.csv", None, ""),
        ("f/orders_*.csv", "_SUCCESS", "f/"),
        ("f/a.csv", "_SUCCESS", "f/"),
        ("orders_*.csv", "_SUCCESS", ""),
    ],
)
def test_the_prefix_to_list_is_the_longest_that_holds_objects_and_marker(
    key: str, marker: str | None, prefix: str
) -> None:
    assert delivery.key_prefix(_source(key, complete={"marker": marker}), DAY) == prefix


@pytest.mark.parametrize(
    ("pattern", "key", "belongs"),
    [
        ("f/*.csv", "f/a.csv", True),
        ("f/*.csv", "f/.csv", True),
        ("f/*.csv", "f/a/b.csv", False),
        ("f/*.csv", "f/a.csv.gz", False),
        ("f/*.csv", "xf/a.csv", False),
        ("f/?.csv", "f/a.csv", True),
        ("f/?.csv", "f/ab.csv", False),
        ("f/?.csv", "f//.csv", False),
        ("f/a.csv", "f/aXcsv", False),
        ("f/[a-z].csv", "f/[a-z].csv", True),
        ("f/[a-z].csv", "f/b.csv", False),
        ("*/{businessDate}/x", "eu/2013-01-31/x", True),
        ("*/{businessDate}/x", "eu/2013-01-30/x", False),
        ("f/*", "f/", False),
        ("f/*", "f/line\nbreak", True),
        ("f/*", "f/_SUCCESS", False),
    ],
)
def test_wildcards_stay_within_a_segment_and_everything_else_is_literal(
    pattern: str, key: str, belongs: bool
) -> None:
    source = _source(pattern, complete={"marker": "_SUCCESS"})
    assert delivery.matches(source, DAY, key) is belongs


_segments = st.text("ab*?.[", min_size=1, max_size=4)
_keys = st.text("ab*?.[/", max_size=12)


@given(st.lists(_segments, min_size=1, max_size=3).map("/".join), st.lists(_keys, max_size=20))
def test_everything_that_belongs_to_a_delivery_is_found_below_its_prefix(
    pattern: str, keys: list[str]
) -> None:
    source = _source(pattern)
    chosen = delivery.select(source, DAY, _listed(*keys))
    assert all(found.key.startswith(delivery.key_prefix(source, DAY)) for found in chosen)
    assert [found.key for found in chosen] == sorted(found.key for found in chosen)


def test_a_delivery_is_complete_when_its_objects_are_there() -> None:
    listed = _listed("f/2013/01/31/b.csv", "f/2013/01/31/a.csv", "f/2013/01/30/a.csv")
    state = delivery.completeness(_source(files={"min": 2, "max": 2}), DAY, listed, NOW)
    assert isinstance(state, Complete)
    assert [found.key for found in state.objects] == ["f/2013/01/31/a.csv", "f/2013/01/31/b.csv"]


def test_too_few_objects_are_waited_for() -> None:
    state = delivery.completeness(_source(), DAY, [], NOW)
    assert state == Missing(reason="no objects match f/2013/01/31/*.csv, at least 1 expected")


def test_too_many_objects_never_heal() -> None:
    state = delivery.completeness(_source(), DAY, _listed("f/2013/01/31/a.csv", "f/2013/01/31/b.csv"), NOW)
    assert isinstance(state, Missing)
    assert state.hopeless
    assert state.reason.startswith("2 objects match f/2013/01/31/*.csv, and source.files.max is 1: waiting")


def test_the_marker_is_waited_for() -> None:
    source = _source(complete={"marker": "_SUCCESS"})
    listed = _listed("f/2013/01/31/a.csv")
    state = delivery.completeness(source, DAY, listed, NOW)
    assert state == Missing(reason="the marker f/2013/01/31/_SUCCESS is not there yet")
    complete = delivery.completeness(source, DAY, listed + _listed("f/2013/01/31/_SUCCESS"), NOW)
    assert isinstance(complete, Complete)
    assert [found.key for found in complete.objects] == ["f/2013/01/31/a.csv"]


def test_an_object_that_changed_just_now_must_rest() -> None:
    source = _source(complete={"stableFor": "2m"})
    state = delivery.completeness(source, DAY, _listed("f/2013/01/31/a.csv", age=119), NOW)
    assert state == Missing(reason="f/2013/01/31/a.csv changed 119 s ago, and must stay unchanged for 2m")
    rested = delivery.completeness(source, DAY, _listed("f/2013/01/31/a.csv", age=120), NOW)
    assert isinstance(rested, Complete)


_objects = st.lists(
    st.builds(ObjectRef, key=st.text(max_size=5), etag=st.text(max_size=5), size=st.integers(0, 9)),
    max_size=5,
)


@given(_objects.flatmap(lambda objects: st.tuples(st.just(objects), st.permutations(objects))))
def test_the_order_of_objects_does_not_make_another_delivery(
    orders: tuple[list[ObjectRef], list[ObjectRef]],
) -> None:
    one, other = orders
    assert delivery.delivery_key("f", 1, DAY, one) == delivery.delivery_key("f", 1, DAY, other)


@given(_objects, _objects)
def test_other_objects_make_another_delivery(one: list[ObjectRef], other: list[ObjectRef]) -> None:
    identities = [{(found.key, found.etag, found.size) for found in objects} for objects in (one, other)]
    keys = [delivery.delivery_key("f", 1, DAY, objects) for objects in (one, other)]
    assert (keys[0] == keys[1]) is (identities[0] == identities[1])


def test_dataset_contract_date_and_nonce_make_another_delivery() -> None:
    objects = _listed("a")
    keys = {
        delivery.delivery_key("f", 1, DAY, objects),
        delivery.delivery_key("g", 1, DAY, objects),
        delivery.delivery_key("f", 2, DAY, objects),
        delivery.delivery_key("f", 1, date(2013, 1, 30), objects),
        delivery.delivery_key("f", 1, DAY, objects, nonce="again"),
    }
    assert len(keys) == 5


def test_a_listed_object_and_its_reference_are_the_same_delivery() -> None:
    listed = _listed("a")
    pinned = [ObjectRef(key=found.key, etag=found.etag, size=found.size) for found in listed]
    assert delivery.delivery_key("f", 1, DAY, listed) == delivery.delivery_key("f", 1, DAY, pinned)


PROMISED: dict[str, Any] = {"files": {"max": 3}, "complete": {"manifest": "list.json"}}


def _promised(*listed: ListedObject, manifest: bytes | None) -> Complete | Missing | Taken:
    return delivery.completeness(_source(**PROMISED), DAY, listed, NOW, manifest)


def test_a_manifest_names_exactly_the_delivery_s_objects() -> None:
    manifest = b'[{"key": "b.csv", "size": 1}, {"key": "a.csv", "crc32c": "01020304"}]'
    folder = "f/2013/01/31/"
    listed = _listed(*(folder + name for name in ("a.csv", "b.csv", "left_over.csv", "list.json")))
    found = _promised(*listed, manifest=manifest)
    assert isinstance(found, Complete)
    told = [(item.key, item.checksum) for item in found.objects]
    assert told == [(folder + "a.csv", "crc32c:01020304"), (folder + "b.csv", None)]


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, "the manifest f/2013/01/31/list.json is not there yet"),
        (b"a.csv\nb.csv", "names f/2013/01/31/b.csv, which is not there yet"),
        (b'[{"key": "a.csv", "size": 7}]', "has 1 bytes, and the manifest says 7"),
    ],
)
def test_a_delivery_is_waited_for_until_it_is_as_its_manifest_says(manifest: bytes | None, said: str) -> None:
    found = _promised(*_listed("f/2013/01/31/a.csv"), manifest=manifest)
    assert isinstance(found, Missing)
    assert said in found.reason
    assert not found.hopeless


def test_a_manifest_that_names_what_the_key_pattern_does_not_mean_is_broken() -> None:
    with pytest.raises(ManifestBroken, match=r"list\.json: it names other/x\.csv, which does not match"):
        _promised(manifest=b"other/x.csv")


def test_an_object_that_is_not_mandatory_may_be_missing() -> None:
    manifest = b'[{"key": "a.csv"}, {"key": "b.csv", "mandatory": false}]'
    found = _promised(*_listed("f/2013/01/31/a.csv"), manifest=manifest)
    assert isinstance(found, Complete)
    assert len(found.objects) == 1


ALL = Loaded(objects=_listed("f/2013/01/31/a.csv", "f/2013/01/31/b.csv"), by=RunId(7))


@pytest.mark.parametrize("names", [(), ("a.csv",), ("b.csv",), ("a.csv", "b.csv"), ("a.csv", "_SUCCESS")])
def test_however_much_was_taken_away_of_what_is_loaded_nothing_is_left_to_import(
    names: tuple[str, ...],
) -> None:
    listed = _listed(*(f"f/2013/01/31/{name}" for name in names))
    assert delivery.completeness(_source(), DAY, listed, NOW, loaded=ALL) == Taken(by=RunId(7))


def test_what_is_only_about_to_be_taken_away_is_missing() -> None:
    found = delivery.completeness(
        _source(), DAY, _listed("f/2013/01/31/a.csv"), NOW, loaded=structs.replace(ALL, by=None)
    )
    assert isinstance(found, Missing)


def test_an_object_that_came_after_the_load_is_a_delivery_without_those_before_it() -> None:
    replaced = structs.replace(_listed("f/2013/01/31/b.csv")[0], etag="another")
    listed = [*_listed("f/2013/01/31/a.csv"), replaced]
    assert delivery.completeness(_source(), DAY, listed, NOW, loaded=ALL) == Complete(objects=(replaced,))


@given(
    st.from_regex(r"[a-z*?/.]{1,12}", fullmatch=True),
    st.from_regex(r"[a-z./]{0,6}/", fullmatch=True),
    st.data(),
)
def test_what_was_moved_matches_the_pattern_no_more(pattern: str, to: str, data: st.DataObject) -> None:
    key = "".join(data.draw(st.text("ab.", max_size=3)) if char == "*" else char for char in pattern)
    item = ObjectRef(key=key.replace("?", "x"), etag="e", size=1)
    assume(delivery.matches(_source(pattern), DAY, item.key))
    for moved in (disposal.archived(to, item.key), disposal.archived_apart(to, item)):
        assert not delivery.matches(_source(pattern), DAY, moved)
