"""Makes a document a dataset's present contract, or says what that would change."""

from datetime import datetime

from msgspec import Struct

from shared.catalog import audit, datasets
from shared.domain import contract, evolving, planning
from shared.domain.contract import Change
from shared.domain.dataset import Dataset, Schedule
from shared.postgres.pool import Connection
from shared.warehouse import tables


class Applied(Struct, frozen=True, kw_only=True, rename="camel"):
    """The dataset after it was applied. Where `changed` is false, the contract was this one already."""

    name: str
    contract_version: int
    changed: bool
    created: bool
    changes: list[Change]


async def apply(db: Connection, dataset: Dataset, *, actor: str, now: datetime) -> Applied:
    """Apply a dataset inside the caller's transaction, audit line included; a dry run rolls that back.

    Raises DatasetInvalid, TargetUnusable, or Conflict when a live version's readers would lose its view.
    """
    before = await datasets.present(db, dataset.name)
    if before is not None:
        dataset = evolving.carried(before.document, dataset)
    await tables.check_target(db, dataset)
    dataset_id, version, changed = await datasets.apply(db, dataset, actor=actor)
    if changed:
        planned = before.planned_until if before else None
        await datasets.plan(
            db, dataset_id, next_fire_at=_next(dataset.schedule, planned, now), planned_until=planned
        )
        await audit.add(
            db,
            actor=actor,
            action="dataset.apply",
            subject=dataset.name,
            before={"contractVersion": before.contract_version} if before else None,
            after={"contractVersion": version},
        )
    return Applied(
        name=dataset.name,
        contract_version=version,
        changed=changed,
        created=before is None,
        changes=contract.changes(before.document if before else None, dataset),
    )


def _next(schedule: Schedule | None, planned_until: datetime | None, now: datetime) -> datetime | None:
    """The first tick that is still to be planned: in the past where there is something to catch up with."""
    if schedule is None:
        return None
    owed = planning.due(schedule, planned_until, now, limit=1)
    return owed[0].fire_at if owed else planning.next_fire(schedule, now)
