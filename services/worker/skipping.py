"""Leaves out objects that can't be loaded whole, where the contract says so, and loads the others."""

from collections.abc import Awaitable, Callable

from services.worker.progress import Progress, Staged
from shared.domain import slices
from shared.errors import FileRefused, RecordRejected
from shared.telemetry import logs

log = logs.logger()


async def load_some(progress: Progress, load_part: Callable[[Staged], Awaitable[Staged]]) -> list[Staged]:
    """The tables of the objects that could be loaded; the others are kept with their reason, and not counted.

    With append, what is live of a skipped object stays live. Raises the first error when all were skipped.
    """
    loaded: list[Staged] = []
    first: FileRefused | RecordRejected | None = None
    for part in progress.staged:
        before = progress.rows_done, progress.records_read, progress.rejected, progress.misfits
        try:
            loaded.append(await load_part(part))
        except (FileRefused, RecordRejected) as refused:
            progress.rows_done, progress.records_read, progress.rejected, progress.misfits = before
            progress.first_reject = None
            progress.skipped[part.objects[0].key] = refused.message
            log.warning("object_skipped", key=part.objects[0].key, code=refused.code, reason=refused.message)
            first = first or refused
    if not loaded and first is not None:
        raise first
    objects = [item for part in loaded for item in part.objects]
    load, run = progress.dataset.load, progress.run
    progress.kept = slices.kept(load, run.trigger, progress.live, run.business_date, objects)
    return loaded
