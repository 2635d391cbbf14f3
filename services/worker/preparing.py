"""Decides what of a delivery has to be loaded, into which tables, and on top of what."""

from services.worker.progress import Progress, Staged
from services.worker.resources import Resources
from shared.catalog import corrections, datasets, versions
from shared.catalog import slices as catalog_slices
from shared.domain import slices
from shared.domain.run import Run
from shared.domain.slices import Slice
from shared.errors import Conflict, DeliveryUnchanged
from shared.postgres.pool import Connection
from shared.warehouse import naming


async def prepare(io: Resources, progress: Progress) -> None:
    """Lay out this attempt's staging tables. Raises DeliveryUnchanged when nothing is left to load."""
    load, run = progress.dataset.load, progress.run
    live = await _look_at_live(io, progress) if slices.builds_on_live(load, run.trigger) else []
    progress.live = live
    objects = slices.missing(load, progress.objects, live)
    if not objects:
        raise DeliveryUnchanged("the live version has every object of the delivery, at the same ETag")
    progress.kept = slices.kept(load, run.trigger, live, run.business_date, objects)
    parts = slices.parts(load, objects, at_most=io.max_parts, part_bytes=io.part_bytes)
    progress.sliced = bool(slices.are_made(load) or progress.kept or len(parts) > 1)
    in_parts = progress.sliced or slices.are_composed(load)
    progress.staged = [
        Staged(relation=naming.staging(progress.run, place) if in_parts else progress.table, objects=part)
        for place, part in enumerate(parts, start=1)
    ]


async def _look_at_live(io: Resources, progress: Progress) -> list[Slice]:
    async with io.db.acquire() as db, db.transaction():
        await _refuse_if_not_of_live(db, progress.run)
        number = await datasets.lock(db, progress.run.dataset_id)
        if number is None:
            return []
        progress.base = await versions.read(db, progress.run.dataset_id, number)
        if slices.are_composed(progress.dataset.load):
            return []
        return await catalog_slices.of_live(db, progress.base)


async def _refuse_if_not_of_live(db: Connection, run: Run) -> None:
    """Raises Conflict where a run brings corrections of what the live version does not have any more."""
    corrects = await corrections.corrected_by(db, run.id)
    if corrects is not None and not await corrections.are_of_live(db, corrects, run.dataset_id):
        raise Conflict(
            f"the live version of {run.dataset} does not have what run {corrects} loaded any more",
            hint="Requeue the records of the run that made the live version.",
        )
