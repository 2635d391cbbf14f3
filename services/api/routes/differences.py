"""Differences: which rows a version added, removed and changed."""

from typing import Any

from litestar import get
from msgspec import Struct

from services.api import comparing
from services.api.parameters import Against, DatasetName, Samples, VersionNumber
from services.api.reference import refusals
from services.api.resources import Io
from shared.catalog import datasets
from shared.warehouse.differences import Difference


class ChangedRowAnswer(Struct, frozen=True, kw_only=True):
    """A row that both versions have: its key, and its changed values before and after."""

    key: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]


class DifferenceAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """What changed from one version to another. `columns` counts the changed values of each column."""

    dataset: str
    old_version: int
    new_version: int
    added: int
    removed: int
    changed: int
    columns: dict[str, int]
    added_columns: list[str]
    removed_columns: list[str]
    added_rows: list[Any]  # objects, encoded by PostgreSQL
    removed_rows: list[Any]
    changed_rows: list[ChangedRowAnswer]


@get(
    "/datasets/{name:str}/versions/{number:int}/diff",
    operation_id="compareVersions",
    responses=refusals(404, 409, 410),
)
async def compare_versions(
    name: DatasetName, number: VersionNumber, io: Io, against: Against = None, samples: Samples = 5
) -> DifferenceAnswer:
    """What a version changed against the one below it, or another one, told by primary key."""
    dataset = await datasets.read(io.db, name)
    async with io.db.acquire() as db:
        compared = await comparing.versions_of(db, dataset, number, against, samples=samples)
    return answer(name, compared.old.number, compared.new.number, compared.difference)


def answer(name: str, old: int, new: int, found: Difference) -> DifferenceAnswer:
    """A difference, as the API tells it."""
    return DifferenceAnswer(
        dataset=name,
        old_version=old,
        new_version=new,
        added=found.added,
        removed=found.removed,
        changed=found.changed,
        columns=found.columns,
        added_columns=list(found.added_columns),
        removed_columns=list(found.removed_columns),
        added_rows=list(found.added_rows),
        removed_rows=list(found.removed_rows),
        changed_rows=[
            ChangedRowAnswer(key=row.key, before=row.before, after=row.after) for row in found.changed_rows
        ],
    )
