from typing import Any

import msgspec
from hypothesis import given

from shared.domain import contract, document
from shared.domain.contract import Change, ChangeKind
from tests.unit.domain.documents import dataset, documents

FIELDS = [{"name": "id", "type": "integer"}, {"name": "note"}]


@given(documents)
def test_the_same_document_changes_nothing(content: dict[str, Any]) -> None:
    read = document.parse(msgspec.json.encode(content))
    assert contract.changes(read, read) == []


@given(documents, documents)
def test_two_documents_differ_exactly_where_their_digests_do(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    old, new = (document.parse(msgspec.json.encode(content)) for content in (one, other))
    assert (contract.changes(old, new) == []) is (document.digest(old) == document.digest(new))


def test_everything_is_added_where_there_was_nothing() -> None:
    found = contract.changes(None, dataset())
    assert {change.kind for change in found} == {ChangeKind.ADDED}
    assert Change(path="name", kind=ChangeKind.ADDED, after="flights") in found
    assert Change(path="schema.fields[note]", kind=ChangeKind.ADDED, after={"name": "note"}) in found


def test_a_changed_value_is_named_with_before_and_after() -> None:
    assert contract.changes(dataset({"retention.versions": 8}), dataset({"retention.versions": 9})) == [
        Change(path="retention.versions", kind=ChangeKind.CHANGED, before=8, after=9)
    ]


def test_a_default_that_is_left_is_added() -> None:
    assert contract.changes(dataset(), dataset({"title": "Departures"})) == [
        Change(path="title", kind=ChangeKind.ADDED, after="Departures")
    ]


def test_a_field_put_in_front_changes_no_other_field() -> None:
    found = contract.changes(dataset(), dataset({"schema.fields": [{"name": "new"}, *FIELDS]}))
    assert found == [Change(path="schema.fields[new]", kind=ChangeKind.ADDED, after={"name": "new"})]


def test_a_removed_field_is_shown_as_it_was() -> None:
    found = contract.changes(dataset(), dataset({"schema.fields": FIELDS[:1]}))
    assert found == [Change(path="schema.fields[note]", kind=ChangeKind.REMOVED, before={"name": "note"})]


def test_a_field_is_compared_with_the_one_of_its_name() -> None:
    (found,) = contract.changes(dataset(), dataset({"schema.fields.0.type": "number"}))
    assert (found.path, found.before, found.after) == ("schema.fields[id].type", "integer", "number")


def test_another_order_of_fields_is_a_change() -> None:
    found = contract.changes(dataset(), dataset({"schema.fields": FIELDS[::-1]}))
    assert found == [
        Change(
            path="schema.fields (order)", kind=ChangeKind.CHANGED, before=["id", "note"], after=["note", "id"]
        )
    ]
