"""Makes a version of what was loaded, and tries to publish it until readers let it through."""

import time
from collections.abc import AsyncGenerator

import tenacity

from services.worker.progress import Progress, Staged
from services.worker.resources import Resources
from shared.catalog import holds, profiles, versions
from shared.catalog import slices as catalog_slices
from shared.domain import quantities, slices
from shared.domain.run import RunState
from shared.domain.slices import Slice
from shared.domain.version import Version
from shared.postgres import patience
from shared.postgres.pool import Connection
from shared.telemetry import metrics
from shared.warehouse import slices as warehouse_slices
from shared.warehouse import staging, tables


async def tries(io: Resources, progress: Progress) -> AsyncGenerator[tenacity.AttemptManager]:
    """Try until the view can be locked. Raises PublishBlocked when readers held it all the time."""
    progress.enter("publish")
    started = time.perf_counter()
    number = 0
    try:
        async for attempt in patience.tries(io.publish_timeout):
            number = attempt.retry_state.attempt_number
            yield attempt
    finally:
        metrics.PUBLISH_TRIES.observe(number)
        metrics.PUBLISH_WAIT.observe(time.perf_counter() - started)


async def hold(tx: Connection, version: Version, progress: Progress, reason: str, group: str | None) -> None:
    """Leave what is live as it is: the version waits for its group, or without one for a person."""
    base = progress.base.number if progress.base else None
    await versions.withhold(tx, version, base=base)
    seconds = quantities.seconds(progress.dataset.publish.hold_for)
    ending = progress.ending(RunState.HELD, version=version.number)
    await holds.hold(tx, progress.run, ending, reason=reason, seconds=seconds, group=group)


async def make_version(tx: Connection, progress: Progress) -> Version:
    """Take what was loaded out of staging, as the next version of the dataset. Raises SlicesDiffer."""
    version = await (_unite(tx, progress) if progress.sliced else _take_whole(tx, progress))
    await profiles.keep(tx, version, progress.profile)
    return version


async def _take_whole(tx: Connection, progress: Progress) -> Version:
    [staged] = progress.staged
    version = await versions.add(tx, progress.run, row_count=staged.rows, byte_count=staged.bytes)
    await tables.take(tx, staged.relation, version.relation)
    return version


async def _unite(tx: Connection, progress: Progress) -> Version:
    """The slices that stay, and then those that were loaded, in one view."""
    columns = await tables.columns_of(tx, progress.table)
    await staging.drop(tx, progress.table)
    added = [await _take(tx, progress, staged) for staged in progress.staged]
    profiled = zip(added, progress.staged, strict=True)
    await profiles.keep_slices(tx, {one.id: staged.profile for one, staged in profiled if staged.profile})
    composed = [*progress.kept, *added]
    version = await versions.add(
        tx,
        progress.run,
        row_count=sum(one.rows for one in composed),
        byte_count=sum(one.bytes for one in composed),
        sliced=True,
    )
    await catalog_slices.compose(tx, version, composed)
    await warehouse_slices.unite(tx, version, composed, columns)
    return version


async def _take(tx: Connection, progress: Progress, staged: Staged) -> Slice:
    item = staged.objects[0] if slices.per_object(progress.dataset.load) else None
    added = await catalog_slices.add(
        tx, progress.run, item=item, row_count=staged.rows, byte_count=staged.bytes
    )
    await tables.take(tx, staged.relation, added.relation)
    return added
