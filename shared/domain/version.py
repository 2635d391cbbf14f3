"""A version: the immutable result of one run."""

from datetime import date, datetime

from msgspec import Struct

from shared.domain.run import DatasetId, RunId


class Version(Struct, frozen=True, kw_only=True):
    """`relation` is its name in loadstone_versions: a view over slices where it is `sliced`, else a table.

    `bytes` is its size there, indexes included. While it is `held` it waits, for a person or its group, and
    was never live; `base` is the version that it was made from, where it was made from the live one.
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
    held: bool = False
    base: int | None = None
    published_at: datetime
    retired_at: datetime | None
