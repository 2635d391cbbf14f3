"""Pages: keyset, never by offset, so that what is added meanwhile neither repeats nor hides anything."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from msgspec import Struct

from shared.domain.run import DatasetId
from shared.errors import RequestInvalid

type Key = str | int


class Page[Item](Struct, frozen=True, kw_only=True):
    """Some items, and what to ask for to get those that follow (null: the end)."""

    items: list[Item]
    next: str | int | None


def page[Found, Item](
    found: Sequence[Found], limit: int, *, key: Callable[[Found], Key], show: Callable[[Found], Item]
) -> Page[Item]:
    """A page of the first `limit` of what was found; there is a next one where one more was found."""
    shown = found[:limit]
    following = key(shown[-1]) if len(found) > limit else None
    return Page(items=[show(item) for item in shown], next=following)


class Cursor(Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """A place among the rows of one version: whoever pages on stays on that version."""

    dataset_id: DatasetId
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    place: str


def written(cursor: Cursor) -> str:
    """The cursor as text that means nothing to anybody else."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read(text: str, dataset_id: DatasetId) -> Cursor:
    """The cursor that was written so, for the same dataset. Raises RequestInvalid."""
    try:
        cursor = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Cursor)
    except (binascii.Error, ValueError):  # msgspec's errors are ValueErrors
        cursor = None
    if cursor is None or cursor.dataset_id != dataset_id:
        raise RequestInvalid(
            "the cursor is none that this dataset's rows were answered with",
            hint="Take `next` of the page before as it is, or begin without a cursor.",
        )
    return cursor
