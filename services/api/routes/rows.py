"""Rows of the live version; a page's cursor stays on the version that the first page showed."""

import hashlib
from datetime import date
from typing import Any

from litestar import Response, get
from litestar.openapi import ResponseSpec
from msgspec import Struct

from services.api import paging
from services.api.paging import Cursor
from services.api.parameters import AtVersion, CursorText, DatasetName, IfNoneMatch, Limit
from services.api.reference import refusals
from services.api.resources import Io
from shared.catalog import datasets, slices, versions
from shared.catalog.datasets import DatasetRecord
from shared.errors import NotFound, VersionRetired
from shared.warehouse import rows


class RowPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """Rows of one version, in the order in which they were loaded."""

    version: int
    business_date: date
    items: list[Any]  # objects, encoded by PostgreSQL
    next: str | None


@get(
    "/datasets/{name:str}/rows",
    operation_id="readRows",
    responses={
        304: ResponseSpec(
            None, description="The page is the one that If-None-Match names.", generate_examples=False
        ),
        **refusals(404, 410),
    },
)
async def read_rows(
    name: DatasetName,
    io: Io,
    cursor: CursorText = None,
    at_version: AtVersion = None,
    limit: Limit = 100,
    if_none_match: IfNoneMatch = None,
) -> Response[RowPage | None]:
    """Rows of the live version, or of the one that is asked for; 410 once that one is retired.

    A cursor names its version itself.
    """
    dataset = await datasets.read(io.db, name)
    place = paging.read(cursor, dataset.id) if cursor is not None else _beginning(dataset, at_version)
    version = await versions.read(io.db, dataset.id, place.version)
    if version.retired_at is not None:
        raise VersionRetired(f"version {version.number} of {name} is no longer retained")
    tag = _tag(place, limit)
    headers = {"X-Dataset-Version": str(version.number), "ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and tag in if_none_match:
        return Response(None, status_code=304, headers=headers)
    parts = await slices.of_version(io.db, version) if version.sliced else []
    page = await rows.page(io.db, version, parts, after=place.place, limit=limit)
    following = None
    if page.following is not None:
        following = paging.written(
            Cursor(dataset_id=dataset.id, version=version.number, place=page.following)
        )
    answer = RowPage(
        version=version.number, business_date=version.business_date, items=page.rows, next=following
    )
    return Response(answer, headers=headers)


def _beginning(dataset: DatasetRecord, version: int | None) -> Cursor:
    if version is not None:
        return Cursor(dataset_id=dataset.id, version=version, place=rows.START)
    if dataset.live_version is None:
        raise NotFound(
            f"dataset {dataset.name} has no live version yet", hint="Import a delivery: `loadstone import`."
        )
    return Cursor(dataset_id=dataset.id, version=dataset.live_version, place=rows.START)


def _tag(place: Cursor, limit: int) -> str:
    """A strong ETag: a version never changes, so that the same place always holds the same rows."""
    return f'"{hashlib.sha256(f"{paging.written(place)} {limit}".encode()).hexdigest()[:32]}"'
