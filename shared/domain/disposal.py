"""What becomes of a delivery's objects once a version has their rows: decisions of `source.afterLoad`."""

from enum import StrEnum

from msgspec import Struct

from shared.domain.run import ObjectRef

SHORTEST_PAUSE = 10.0
LONGEST_PAUSE = 3600.0
# Somebody may have to come back from a long weekend to grant a permission.
GIVE_UP_AFTER = 3 * 86400.0


class Outcome(StrEnum):
    """How it ended for an object. `changed` and `gone` mean that it was no longer the one that was loaded."""

    PENDING = "pending"
    DONE = "done"
    CHANGED = "changed"
    GONE = "gone"
    FAILED = "failed"


class Disposed(Struct, frozen=True, kw_only=True):
    """The end of one object's way, and in words where it is now, or what went wrong."""

    outcome: Outcome
    message: str | None = None


def archived(to: str, key: str) -> str:
    """The key below the folder `to`. With more segments, it matches no pattern that `key` matches."""
    return f"{to}{key}"


def archived_apart(to: str, item: ObjectRef) -> str:
    """The same for content of which another kind has taken that key already: nothing is ever overwritten."""
    return f"{to}{item.key}.{item.etag}"


def pause(waited: float) -> float | None:
    """The seconds until the next try, a tenth of those since the version went live; None: give up."""
    if waited >= GIVE_UP_AFTER:
        return None
    return min(max(SHORTEST_PAUSE, waited / 10), LONGEST_PAUSE)
