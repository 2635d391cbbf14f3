"""Datasets: applied, listed, read, rolled back."""

from datetime import date, datetime
from typing import Annotated, Any

from litestar import Response, get, post, put
from litestar.openapi import ResponseSpec
from litestar.params import RawBody, RequestBody
from msgspec import Meta, Struct

from services.api import applying, paging, rollback
from services.api.applying import Applied
from services.api.auth import Actor
from services.api.paging import Page
from services.api.parameters import AfterName, DatasetName, DryRun, Limit
from services.api.reference import DocumentOperation, refusals
from services.api.resources import Io
from services.api.rollback import RolledBack
from shared.catalog import datasets
from shared.catalog.datasets import DatasetRecord
from shared.domain import document
from shared.errors import DatasetInvalid
from shared.files import convert


class DatasetSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """A dataset with what is live of it."""

    name: str
    title: str | None
    status: str
    contract_version: int
    live_version: int | None
    live_rows: int | None
    live_business_date: date | None
    live_since: datetime | None
    next_fire_at: datetime | None


class DatasetAnswer(DatasetSummary, frozen=True, kw_only=True, rename="camel"):
    """A dataset with its present document, and the one by which its live version was made."""

    created_at: datetime
    applied_at: datetime
    applied_by: str
    document: dict[str, Any]
    live_contract_version: int | None
    live_document: dict[str, Any] | None


class RollBack(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which version is to be live; without one the newest retained one below the live one.

    `alone` does it although the rest of the release group is of another business date.
    """

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    alone: bool = False


@put(
    "/datasets/{name:str}",
    operation_id="applyDataset",
    operation_class=DocumentOperation,
    status_code=200,
    responses={
        201: ResponseSpec(Applied, description="The dataset is new.", generate_examples=False),
        **refusals(409, 413, 422),
    },
)
async def apply_dataset(
    name: DatasetName, body: RawBody, io: Io, actor: Actor, dry_run: DryRun = False
) -> Response[Applied]:
    """Make a document the dataset's contract. Answers 201 when the dataset is new."""
    dataset = document.parse(body, source="the document", check_field=convert.check_field)
    if dataset.name != name:
        problem = f"name: {dataset.name!r} found, and the address says {name!r}"
        raise DatasetInvalid("the document has 1 mistake", problems=[problem])
    async with io.db.acquire() as db:
        transaction = db.transaction()
        await transaction.start()
        try:
            applied = await applying.apply(db, dataset, actor=actor, now=io.now())
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.rollback() if dry_run else transaction.commit())
    return Response(applied, status_code=201 if applied.created and not dry_run else 200)


@get("/datasets", operation_id="listDatasets", responses=refusals())
async def list_datasets(io: Io, after: AfterName = "", limit: Limit = 100) -> Page[DatasetSummary]:
    """Every dataset, in the order of names."""
    found = await datasets.listing(io.db, after=after, limit=limit + 1)
    return paging.page(found, limit, key=lambda item: item.name, show=_summary)


@get("/datasets/{name:str}", operation_id="readDataset", responses=refusals(404))
async def read_dataset(name: DatasetName, io: Io) -> DatasetAnswer:
    """One dataset with its document and what is live of it."""
    found = await datasets.read(io.db, name)
    live = await datasets.live_contract(io.db, found.id)
    return DatasetAnswer(
        **_summary_fields(found),
        created_at=found.created_at,
        applied_at=found.applied_at,
        applied_by=found.applied_by,
        document=document.dump(found.document),
        live_contract_version=live.version if live else None,
        live_document=document.dump(live.document) if live else None,
    )


@post(
    "/datasets/{name:str}/rollback",
    operation_id="rollBack",
    status_code=200,
    responses=refusals(404, 409, 410),
)
async def roll_back(name: DatasetName, data: RequestBody[RollBack], io: Io, actor: Actor) -> RolledBack:
    """Make an earlier version live again. Readers see it as soon as this answers."""
    async with io.db.acquire() as db:
        return await rollback.roll_back(db, name, to=data.version, alone=data.alone, actor=actor)


def _summary(found: DatasetRecord) -> DatasetSummary:
    return DatasetSummary(**_summary_fields(found))


def _summary_fields(found: DatasetRecord) -> dict[str, Any]:
    return {
        "name": found.name,
        "title": found.document.title,
        "status": found.document.status,
        "contract_version": found.contract_version,
        "live_version": found.live_version,
        "live_rows": found.live_rows,
        "live_business_date": found.live_business_date,
        "live_since": found.live_since,
        "next_fire_at": found.next_fire_at,
    }
