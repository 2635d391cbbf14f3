"""Decides what of a delivery has to be loaded, into which tables, and on top of what."""

from services.worker.progress import Progress, Staged
from services.worker.resources import Resources
from shared.catalog import datasets, versions
from shared.catalog import slices as catalog_slices
from shared.domain import slices
from shared.domain.slices import Slice
from shared.errors import DeliveryUnchanged
from shared.warehouse import naming


async def prepare(io: Resources, progress: Progress) -> None:
    """Lay out this attempt's staging tables. Raises DeliveryUnchanged when nothing is left to load."""
    load = progress.dataset.load
    live = await _look_at_live(io, progress) if slices.builds_on_live(load) else []
    progress.live = live
    objects = slices.missing(load, progress.objects, live)
    if not objects:
        raise DeliveryUnchanged("the live version has every object of the delivery, at the same ETag")
    progress.kept = slices.kept(load, live, progress.run.business_date, objects)
    parts = slices.parts(load, objects, at_most=io.max_parts, part_bytes=io.part_bytes)
    progress.sliced = slices.are_made(load) or len(parts) > 1
    in_parts = progress.sliced or slices.are_composed(load)
    progress.staged = [
        Staged(relation=naming.staging(progress.run, place) if in_parts else progress.table, objects=part)
        for place, part in enumerate(parts, start=1)
    ]


async def _look_at_live(io: Resources, progress: Progress) -> list[Slice]:
    async with io.db.acquire() as db, db.transaction():
        number = (await datasets.lock(db, progress.run.dataset_id)).live_version
        if number is None:
            return []
        progress.base = await versions.read(db, progress.run.dataset_id, number)
        if not slices.are_made(progress.dataset.load):
            return []
        return await catalog_slices.of_live(db, progress.base)
