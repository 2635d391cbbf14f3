"""A version: the immutable result of one run."""

from datetime import date, datetime

from msgspec import Struct

from shared.domain.run import DatasetId, RunId


class Version(Struct, frozen=True, kw_only=True):
    """`relation` is its name in loadstone_versions: a view over slices where it is `sliced`, else a table.

    `bytes` is its size there, indexes included.
    """

    dataset_id: DatasetId
    number: int
    run_id: RunId
    contract_version: int
    business_date: date
    relation: str
    rows: int
    bytes: int
    sliced: bool = False
    published_at: datetime
    retired_at: datetime | None
