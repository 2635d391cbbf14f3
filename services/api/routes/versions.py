"""Versions: what was published, and what of it is still there."""

from datetime import date, datetime

from litestar import get
from msgspec import Struct, structs

from services.api import paging
from services.api.paging import Page
from services.api.parameters import BeforeNumber, DatasetName, Limit, VersionNumber
from services.api.reference import refusals
from services.api.resources import Io
from shared.catalog import datasets, profiles, versions
from shared.catalog.datasets import DatasetRecord
from shared.domain.profile import Profile
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


class VersionDetail(VersionAnswer, frozen=True, kw_only=True):
    """A version and what is known about the values of its columns; null where no profile was made."""

    profile: Profile | None


@get("/datasets/{name:str}/versions", operation_id="listVersions", responses=refusals(404))
async def list_versions(
    name: DatasetName, io: Io, before: BeforeNumber = versions.NO_LIMIT, limit: Limit = 50
) -> Page[VersionAnswer]:
    """The versions of a dataset, newest first, retired ones too."""
    dataset = await datasets.read(io.db, name)
    found = await versions.listing(io.db, dataset.id, before=before, limit=limit + 1)
    return paging.page(
        found, limit, key=lambda version: version.number, show=lambda version: _shown(version, dataset)
    )


@get("/datasets/{name:str}/versions/{number:int}", operation_id="readVersion", responses=refusals(404))
async def read_version(name: DatasetName, number: VersionNumber, io: Io) -> VersionDetail:
    """One version with the profile of its columns, a held or retired one too."""
    dataset = await datasets.read(io.db, name)
    version = await versions.read(io.db, dataset.id, number)
    shown = _shown(version, dataset)
    return VersionDetail(**structs.asdict(shown), profile=await profiles.of_version(io.db, version))


def _shown(version: Version, dataset: DatasetRecord) -> VersionAnswer:
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
