"""What the API answers, as the commands read it. What a newer API adds is ignored."""

from datetime import date, datetime
from typing import Any

from msgspec import Raw, Struct

from shared.domain.profile import Profile
from shared.domain.run import RunState


class Answer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A mapping in an answer."""


class Problem(Answer, frozen=True, kw_only=True):
    """Why a request was refused (RFC 9457)."""

    title: str = ""
    detail: str = ""
    code: str = ""
    hint: str = ""
    problems: list[str] = []


class Page[Item](Answer, frozen=True, kw_only=True):
    """Some items, and where the next ones begin; None at the end."""

    items: list[Item]
    next: str | int | None = None


class Change(Answer, frozen=True, kw_only=True):
    """One difference between the document that holds and another."""

    path: str
    kind: str
    before: Any = None
    after: Any = None


class Applied(Answer, frozen=True, kw_only=True):
    """What applying a document did, or would do."""

    name: str
    contract_version: int
    changed: bool
    created: bool
    changes: list[Change] = []


class DatasetSummary(Answer, frozen=True, kw_only=True):
    """A dataset in a list."""

    name: str
    title: str | None = None
    status: str
    contract_version: int
    live_version: int | None = None
    live_rows: int | None = None
    live_business_date: date | None = None
    live_since: datetime | None = None
    next_fire_at: datetime | None = None


class DatasetAnswer(DatasetSummary, frozen=True, kw_only=True):
    """A dataset with the document that holds, and the one by which its live version was made."""

    document: dict[str, Any]
    live_contract_version: int | None = None
    live_document: dict[str, Any] | None = None


class RunAnswer(Answer, frozen=True, kw_only=True):
    """A run in a list."""

    id: int
    dataset: str
    business_date: date
    state: RunState
    trigger: str
    attempt: int
    max_attempts: int
    stage: str | None = None
    rows_done: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    version: int | None = None
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
    contract_version: int
    worker: str | None = None


class Attempt(Answer, frozen=True, kw_only=True):
    """One execution of a run."""

    number: int
    worker: str
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class RunObject(Answer, frozen=True, kw_only=True):
    """One object of a run, with its counts once the run has succeeded."""

    key: str
    size: int
    etag: str
    records_read: int | None = None
    rows_loaded: int | None = None
    rows_quarantined: int | None = None
    blank_lines: int | None = None
    after_load: str | None = None
    after_load_outcome: str | None = None
    after_load_message: str | None = None


class RunDetail(RunAnswer, frozen=True, kw_only=True):
    """A run with its attempts, its objects, and what it found."""

    attempts: list[Attempt] = []
    objects: list[RunObject] = []
    report: dict[str, Any] | None = None


class Quarantined(Answer, frozen=True, kw_only=True):
    """A rejected record."""

    id: int
    object: str
    line: int
    column: str | None = None
    code: str
    message: str
    raw: str
    at: datetime


class VersionAnswer(Answer, frozen=True, kw_only=True):
    """A version in a list."""

    number: int
    business_date: date
    rows: int
    bytes: int
    run_id: int
    contract_version: int
    published_at: datetime
    retired_at: datetime | None = None
    live: bool
    held: bool = False


class VersionDetail(VersionAnswer, frozen=True, kw_only=True):
    """A version and what is known about the values of its columns."""

    profile: Profile | None = None


class RolledBack(Answer, frozen=True, kw_only=True):
    """The version that is live again."""

    version: int
    run_id: int
    milliseconds: float


class RowPage(Answer, frozen=True, kw_only=True):
    """Some rows of one version, each as JSON."""

    version: int
    business_date: date
    items: list[Raw]
    next: str | None = None


class ChangedRow(Answer, frozen=True, kw_only=True):
    """A row that two versions have, with its changed values."""

    key: dict[str, Raw]
    before: dict[str, Raw]
    after: dict[str, Raw]


class DifferenceAnswer(Answer, frozen=True, kw_only=True):
    """What changed from one version to another."""

    dataset: str
    old_version: int
    new_version: int
    added: int
    removed: int
    changed: int
    columns: dict[str, int]
    added_columns: list[str]
    removed_columns: list[str]
    added_rows: list[Raw]
    removed_rows: list[Raw]
    changed_rows: list[ChangedRow]
