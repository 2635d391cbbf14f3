"""Says of a loaded delivery what is known about its values, from what was counted and what ANALYZE found."""

from msgspec import structs

from services.worker.progress import Progress
from services.worker.resources import Resources
from shared.catalog import profiles
from shared.domain import profile, sampling
from shared.domain.dataset import Field
from shared.warehouse import statistics


async def describe(io: Resources, progress: Progress) -> None:
    """Profile each loaded table, and the version that is to be made of them and of what it keeps."""
    progress.enter("profile")
    fields = progress.dataset.schema.fields
    async with io.db.acquire() as db:
        relations = [part.relation for part in progress.staged]
        found = await statistics.of_tables(db, relations, _to_sample(progress))
        for place, part in enumerate(progress.staged):
            sampled = found.get(part.relation.name, {})
            told = (
                sampling.completed(part.profile, sampled)
                if part.profile
                else sampling.estimated(part.rows, fields, sampled)
            )
            progress.staged[place] = structs.replace(part, profile=told)
        kept = await profiles.of_slices(db, progress.kept)
    tables = [*kept, *(part.profile for part in progress.staged)]
    known = [each for each in tables if each is not None]
    if len(known) == len(tables):
        progress.profile = profile.discreet(profile.merged(known), fields)


def _to_sample(progress: Progress) -> list[Field]:
    """The fields whose bounds nobody has found: texts, and after a merge, which counts nothing, all."""
    counted = all(part.profile for part in progress.staged)
    return [
        field
        for field in progress.dataset.schema.fields
        if profile.samples_bounds(field) or (not counted and profile.counts_bounds(field))
    ]
