"""Makes the next version's table from the live one and a delivery of changes."""

from msgspec import structs

from services.worker.indexing import index_part
from services.worker.progress import Progress, Staged
from services.worker.resources import Resources
from shared.domain import slices
from shared.domain.dataset import Dataset
from shared.warehouse import composing, naming, staging


async def compose(io: Resources, progress: Progress) -> None:
    """Write the whole next version into this attempt's table, where its mode says so.

    Raises KeyDuplicated when two changes have the same key, SlicesDiffer when the live rows don't fit.
    """
    if not slices.are_composed(progress.dataset.load):
        return
    progress.enter("merge")
    [changes] = progress.staged
    await index_part(io, progress, changes, _keys_alone(progress.dataset))
    live = naming.version(progress.base.relation) if progress.base else None
    rows = await composing.merge(
        io.db, progress.table, live, changes.relation, progress.dataset, progress.run
    )
    await staging.drop(io.db, changes.relation)
    progress.staged = [Staged(relation=progress.table, objects=changes.objects, rows=rows)]


def _keys_alone(dataset: Dataset) -> Dataset:
    """What the table of changes needs: it is read once, and dropped."""
    return structs.replace(dataset, load=structs.replace(dataset.load, indexes=[]))
