"""A version: the immutable result of one run."""

from datetime import date, datetime

from msgspec import Struct

from shared.domain.run import DatasetId, RunId


class Version(Struct, frozen=True, kw_only=True):
    """`relation` is its table's name in loadstone_versions; `bytes` its size there, indexes included."""

    dataset_id: DatasetId
    number: int
    run_id: RunId
    contract_version: int
    business_date: date
    relation: str
    rows: int
    bytes: int
    published_at: datetime
    retired_at: datetime | None
