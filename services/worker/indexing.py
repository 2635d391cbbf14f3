"""Makes a loaded table ready for readers, and names the lines whose key occurs twice."""

from collections.abc import Sequence
from contextlib import aclosing

from services.worker.progress import Progress
from services.worker.reading import Meter, batches
from services.worker.resources import Resources
from shared.errors import KeyDuplicated
from shared.files.batch import Batch
from shared.warehouse import staging
from shared.warehouse.staging import DuplicatesFound


async def index(io: Resources, progress: Progress) -> None:
    """Build keys and indexes and gather statistics. Raises KeyDuplicated with the lines of the duplicates."""
    progress.enter("index")
    try:
        await staging.build_indexes(io.db, progress.table, progress.dataset)
    except DuplicatesFound as found:
        places = [duplicate.place for duplicate in found.duplicates]
        lines = await _locate(io, progress, places)
        told = [
            f"{duplicate.key} in {lines.get(duplicate.place, 'an unknown line')}"
            for duplicate in found.duplicates
        ]
        raise KeyDuplicated(f"{found.message}: {'; '.join(told)}") from None
    progress.table_bytes = await staging.size(io.db, progress.table)


async def _locate(io: Resources, progress: Progress, places: Sequence[int]) -> dict[int, str]:
    """Where the records are that were loaded at these places, counted from 1: they are read once more."""
    located: dict[int, str] = {}
    loaded = 0
    for item in progress.objects:
        async with aclosing(
            batches(io, progress.dataset, item, _itself, meter=Meter(), keep_lines=True)
        ) as found:
            async for batch in found:
                for place in places:
                    if loaded < place <= loaded + batch.rows.num_rows:
                        located[place] = f"{item.key} line {batch.lines[place - loaded - 1]}"
                loaded += batch.rows.num_rows
    return located


def _itself(batch: Batch) -> Batch:
    return batch
