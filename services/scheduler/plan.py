"""Turns what schedules owe into waiting runs, each firing exactly once."""

from datetime import datetime

from services.scheduler.resources import Resources
from shared.catalog import datasets, waiting
from shared.catalog.datasets import DueDataset
from shared.catalog.runs import Request
from shared.domain import planning
from shared.domain.planning import Due
from shared.domain.run import Trigger
from shared.postgres.pool import Connection
from shared.telemetry import logs

log = logs.logger()
# Together they bound one transaction; what is left over is due again at the next tick.
DATASETS_AT_ONCE = 100
FIRINGS_AT_ONCE = 40


async def plan(io: Resources, now: datetime) -> int:
    """Accepts a waiting run for what fired up to `now`, oldest first; answers how many there are.

    A run and the memory of how far its schedule was planned are one transaction. The datasets are locked
    meanwhile, and another scheduler passes over them.
    """
    planned = 0
    async with io.db.acquire() as db, db.transaction():
        for dataset in await datasets.due(db, now, DATASETS_AT_ONCE):
            try:
                async with db.transaction():
                    planned += await _plan_dataset(io, db, dataset, now)
                io.troubles.over(f"schedule of {dataset.name}")
            except (ValueError, KeyError) as error:  # a time zone that this machine lacks: the others go on
                io.troubles.met(f"schedule of {dataset.name}", error)
    return planned


async def _plan_dataset(io: Resources, db: Connection, dataset: DueDataset, now: datetime) -> int:
    schedule = dataset.document.schedule
    if schedule is None or not planning.starts_by_itself(dataset.document):
        await datasets.plan(db, dataset.id, next_fire_at=None, planned_until=dataset.planned_until)
        return 0
    found = planning.due(schedule, dataset.planned_until, now, FIRINGS_AT_ONCE)
    accepted = [await _accept(io, db, dataset, firing, now) for firing in found]
    reached = found[-1].fire_at if found else dataset.planned_until
    await datasets.plan(
        db,
        dataset.id,
        next_fire_at=planning.next_fire(schedule, reached or now),
        planned_until=reached,
    )
    return sum(accepted)


async def _accept(io: Resources, db: Connection, dataset: DueDataset, firing: Due, now: datetime) -> bool:
    """Whether this is a new run, and not one that was planned or asked for already."""
    document = dataset.document
    promised = planning.late_at(document.sla, document.schedule, firing)
    request = Request(
        dataset_id=dataset.id,
        contract_version=dataset.contract_version,
        business_date=firing.business_date,
        trigger=Trigger.SCHEDULE,
        requested_by="schedule",
        max_attempts=document.limits.retries,
    )
    run_id, new = await waiting.submit(
        db,
        request,
        give_up_at=planning.give_up_at(now, io.wait_limit),
        # Nothing was promised for a time before the dataset was declared.
        expected_at=promised if promised and promised >= dataset.created_at else None,
        schedule_key=firing.fire_at.isoformat(),
    )
    if new:
        log.info("run_planned", run=run_id, dataset=dataset.name, business_date=firing.business_date)
    return new
