"""Contracts: the numbered versions of a dataset's document, and what changes from one to the next."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from shared.domain import document
from shared.domain.dataset import Dataset
from shared.domain.run import DatasetId


class Contract(Struct, frozen=True, kw_only=True):
    """What a dataset promised from the moment this version was applied. Never changes."""

    dataset_id: DatasetId
    version: int
    document: Dataset


class ChangeKind(StrEnum):
    """What happens to a value of the document."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(Struct, frozen=True, kw_only=True):
    """One value that differs. Fields and quality rules are named in the path: `schema.fields[carrier].type`.

    `before` and `after` are as documents hold them; None where there is nothing.
    """

    path: str
    kind: ChangeKind
    before: Any = None
    after: Any = None


# Lists whose items have an identity of their own: an insertion in front changes none of the others.
_IDENTITIES = {"schema.fields": "name", "quality": "id"}


def changes(old: Dataset | None, new: Dataset) -> list[Change]:
    """What `new` changes, in the document's order; everything is added where there is no `old`."""
    return list(_compare(document.dump(old) if old else {}, document.dump(new), ""))


def _compare(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    for key in [*after, *(key for key in before if key not in after)]:
        inner = f"{path}.{key}" if path else key
        yield from _compare_values(before.get(key), after.get(key), inner)


def _compare_values(before: Any, after: Any, path: str) -> Iterator[Change]:  # noqa: ANN401
    if before == after:
        return
    if path in _IDENTITIES:
        yield from _compare_items(before or [], after or [], path)
    elif isinstance(before or after, dict) and isinstance(after or before, dict):
        yield from _compare(before or {}, after or {}, path)
    else:
        yield _change(before, after, path)


def _compare_items(before: list[dict[str, Any]], after: list[dict[str, Any]], path: str) -> Iterator[Change]:
    identity = _IDENTITIES[path]
    old = {item[identity]: item for item in before}
    new = {item[identity]: item for item in after}
    for name in [*new, *(name for name in old if name not in new)]:
        if name in old and name in new:
            yield from _compare(old[name], new[name], f"{path}[{name}]")
        else:
            yield _change(old.get(name), new.get(name), f"{path}[{name}]")
    order_before = [name for name in old if name in new]
    order_after = [name for name in new if name in old]
    if order_before != order_after:
        yield _change(order_before, order_after, f"{path} (order)")


def _change(before: object, after: object, path: str) -> Change:
    if before is None:
        return Change(path=path, kind=ChangeKind.ADDED, after=after)
    if after is None:
        return Change(path=path, kind=ChangeKind.REMOVED, before=before)
    return Change(path=path, kind=ChangeKind.CHANGED, before=before, after=after)
