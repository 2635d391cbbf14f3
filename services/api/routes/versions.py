"""Versions: what was published, and what of it is still there."""

from datetime import date, datetime

from litestar import get
from msgspec import Struct

from services.api import paging
from services.api.paging import Page
from services.api.parameters import BeforeNumber, DatasetName, Limit
from services.api.reference import refusals
from services.api.resources import Io
from shared.catalog import datasets, versions
from shared.domain.version import Version


class VersionAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The result of one run. `bytes` is its size in PostgreSQL, indexes included."""

    number: int
    business_date: date
    rows: int
    bytes: int
    run_id: int
    contract_version: int
    published_at: datetime
    retired_at: datetime | None
    live: bool
    held: bool


@get("/datasets/{name:str}/versions", operation_id="listVersions", responses=refusals(404))
async def list_versions(
    name: DatasetName, io: Io, before: BeforeNumber = versions.NO_LIMIT, limit: Limit = 50
) -> Page[VersionAnswer]:
    """The versions of a dataset, newest first, retired ones too."""
    dataset = await datasets.read(io.db, name)
    found = await versions.listing(io.db, dataset.id, before=before, limit=limit + 1)

    def show(version: Version) -> VersionAnswer:
        return VersionAnswer(
            number=version.number,
            business_date=version.business_date,
            rows=version.rows,
            bytes=version.bytes,
            run_id=version.run_id,
            contract_version=version.contract_version,
            published_at=version.published_at,
            retired_at=version.retired_at,
            live=version.number == dataset.live_version,
            held=version.held,
        )

    return paging.page(found, limit, key=lambda version: version.number, show=show)
