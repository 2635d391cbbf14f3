"""Makes a loaded table ready for readers, and names the lines whose key occurs twice."""

from collections.abc import Sequence
from contextlib import aclosing

from msgspec import structs

from services.worker.progress import Progress, Staged
from services.worker.reading import Meter, batches
from services.worker.resources import Resources
from shared.domain import slices
from shared.domain.dataset import Dataset
from shared.errors import KeyDuplicated
from shared.files.batch import Batch
from shared.warehouse import naming, staging
from shared.warehouse import slices as warehouse_slices
from shared.warehouse.staging import DuplicatesFound


async def index(io: Resources, progress: Progress) -> None:
    """Build keys and indexes and gather statistics. Raises KeyDuplicated with the lines of the duplicates."""
    progress.enter("index")
    for place, part in enumerate(progress.staged):
        if slices.are_composed(progress.dataset.load):
            progress.staged[place] = await _index_composed(io, progress, part)
        elif not part.indexed:
            progress.staged[place] = await index_part(io, progress, part, progress.dataset)
    if progress.sliced:
        repeat = await warehouse_slices.repeat_keys(io.db, progress.table, progress.dataset)
        for place, part in enumerate(progress.staged):
            await _compare_keys(io, progress, part, progress.staged[:place] if repeat else ())


async def _compare_keys(io: Resources, progress: Progress, part: Staged, earlier: Sequence[Staged]) -> None:
    """Each table's keys are unique by now; what is left to show is that no other slice has them."""
    others = {
        naming.version(one.relation): one.object_key or f"the rows of {one.business_date}"
        for one in progress.kept
    } | {one.relation: one.objects[0].key for one in earlier}
    if not others:
        return
    columns, found = await warehouse_slices.shared_keys(io.db, part.relation, [*others], progress.dataset)
    if found:
        names = [*others.values()]
        lines = await _locate(io, progress, part, [one.place for one in found])
        told = "; ".join(f"{one.key} in {lines[one.place]} and in {names[one.slice - 1]}" for one in found)
        raise KeyDuplicated(f"more than one record has the same ({', '.join(columns)}): {told}")


async def _index_composed(io: Resources, progress: Progress, part: Staged) -> Staged:
    """The primary key told its rows apart; of another key, a changed row and a live one may have the same."""
    try:
        await staging.build_indexes(io.db, part.relation, progress.dataset)
    except DuplicatesFound as found:
        keys = {duplicate.key: None for duplicate in found.duplicates}
        raise KeyDuplicated(f"{found.message} after the merge: {'; '.join(keys)}") from None
    return structs.replace(part, bytes=await staging.size(io.db, part.relation), indexed=True)


async def index_part(io: Resources, progress: Progress, part: Staged, dataset: Dataset) -> Staged:
    """Build keys and indexes of one loaded table. Raises KeyDuplicated with the lines of the duplicates."""
    try:
        await staging.build_indexes(io.db, part.relation, dataset)
    except DuplicatesFound as found:
        places = [duplicate.place for duplicate in found.duplicates]
        lines = await _locate(io, progress, part, places)
        told = [
            f"{duplicate.key} in {lines.get(duplicate.place, 'an unknown line')}"
            for duplicate in found.duplicates
        ]
        raise KeyDuplicated(f"{found.message}: {'; '.join(told)}") from None
    return structs.replace(part, bytes=await staging.size(io.db, part.relation), indexed=True)


async def _locate(io: Resources, progress: Progress, part: Staged, places: Sequence[int]) -> dict[int, str]:
    """Where the records are that a part has at these places, counted from 1: they are read once more."""
    located: dict[int, str] = {}
    loaded = 0
    for item in part.objects:
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
