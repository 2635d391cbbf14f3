"""Lets a run whose objects were replaced give way to one that imports what is in the bucket now."""

from services.worker.progress import Progress
from services.worker.resources import Resources
from shared.catalog import reuploads, runs
from shared.domain import reupload
from shared.domain.run import RunState
from shared.errors import LoadstoneError, ObjectChanged


def advised(progress: Progress, error: LoadstoneError) -> LoadstoneError:
    """The error; that of a replaced object says what the dataset's source.onReupload means for it."""
    if not isinstance(error, ObjectChanged):
        return error
    return ObjectChanged(error.message, hint=reupload.HINTS[progress.dataset.source.on_reupload])


async def give_way(io: Resources, progress: Progress, error: LoadstoneError) -> LoadstoneError | None:
    """Supersede the run where an object was replaced and the contract says so: why it ended, else None.

    Its end and the run that waits in its place are one transaction. Raises LeaseLost.
    """
    if not isinstance(error, ObjectChanged) or progress.dataset.source.on_reupload != "supersede":
        return None
    run = progress.run
    async with io.db.acquire() as db, db.transaction():
        following = await reuploads.successor(db, run, f"run {run.id} gave way: {error.message}")
        if following is None:
            return None
        ended = ObjectChanged(error.message, hint=f"Nothing to do: run {following} imports the new one.")
        await runs.finish(db, run, progress.ending(RunState.SUPERSEDED, error=ended))
    return ended
