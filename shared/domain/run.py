"""The life of a run: its states, and the only moves between them.

The same table is a constraint in the database (`loadstone.run_transition`) and a drawing in
docs/concepts/run-states.md; a test compares the three.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from msgspec import Struct

RunId = NewType("RunId", int)
DatasetId = NewType("DatasetId", int)


class RunState(StrEnum):
    """Where a run is. `waiting` means that its delivery is incomplete."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    HELD = "held"
    REJECTED = "rejected"


class Trigger(StrEnum):
    """What asked for a run."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    ROLLBACK = "rollback"
    REQUEUE = "requeue"


TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.WAITING: frozenset(
        {RunState.QUEUED, RunState.FAILED, RunState.CANCELLED, RunState.UNCHANGED, RunState.SUPERSEDED}
    ),
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.SUPERSEDED}),
    RunState.RUNNING: frozenset(
        {
            RunState.QUEUED,
            RunState.SUCCEEDED,
            RunState.FAILED,
            RunState.CANCELLED,
            RunState.UNCHANGED,
            RunState.SUPERSEDED,
            RunState.HELD,
        }
    ),
    RunState.HELD: frozenset({RunState.SUCCEEDED, RunState.REJECTED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
    RunState.UNCHANGED: frozenset(),
    RunState.SUPERSEDED: frozenset(),
    RunState.REJECTED: frozenset(),
}

FINAL_STATES = frozenset(state for state, following in TRANSITIONS.items() if not following)


def may_become(state: RunState, following: RunState) -> bool:
    """Whether a run in `state` may move to `following`. A state never moves to itself."""
    return following in TRANSITIONS[state]


class ObjectRef(Struct, frozen=True, kw_only=True):
    """One object of a delivery, with `size` in bytes as the bucket lists it.

    Key, ETag, size and, where the bucket is versioned, the version are its identity. `checksum` is what a
    manifest promises of its bytes, as `algorithm:hex`.
    """

    key: str
    etag: str
    size: int
    version_id: str | None = None
    checksum: str | None = None


class Run(Struct, frozen=True, kw_only=True):
    """The work of importing one delivery, as the catalog knows it.

    While it is held, it waits for the rest of its `release_group`, or without one for a person.
    """

    id: RunId
    dataset_id: DatasetId
    dataset: str
    contract_version: int
    business_date: date
    state: RunState
    trigger: Trigger
    fence: int
    attempt: int
    max_attempts: int
    crashes: int
    stage: str | None = None
    worker: str | None = None
    version: int | None = None
    rows_done: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    error_code: str | None = None
    error_message: str | None = None
    error_hint: str | None = None
    requested_by: str | None = None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    late_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    release_group: str | None = None
