"""The story of one import: claim, load, check, index, publish or hold."""

from services.worker.check import Report, check, raise_if_live_moved, raise_if_moved, raise_if_superseded
from services.worker.evolving import evolve
from services.worker.indexing import index
from services.worker.merging import compose
from services.worker.parts import load
from services.worker.preparing import prepare
from services.worker.profiling import describe
from services.worker.progress import Progress
from services.worker.publishing import hold, make_version, tries
from services.worker.record import recorded
from services.worker.releasing import publish_others
from services.worker.resources import Resources
from shared.catalog import after_load, datasets, groups, objects, runs
from shared.domain.run import RunId, RunState
from shared.telemetry import metrics
from shared.warehouse import tables


async def ingest(run_id: RunId, io: Resources) -> None:
    """Import one delivery as a new version. The live version changes in the last step, or not at all."""
    claimed = await runs.claim(io.db, run_id, worker=io.name, lease=io.lease)
    if claimed is None:  # finished, cancelled, or held by another worker: the queue delivers at least once
        metrics.STALE_JOBS_TOTAL.inc()
        return
    async with recorded(claimed, io) as progress:
        await evolve(io, progress)
        await prepare(io, progress)
        loaded = await load(io, progress)
        await compose(io, progress)
        report = await check(io, progress, loaded)
        report.raise_if_broken()
        await index(io, progress)
        await describe(io, progress)
        await publish(report, io, progress)


async def publish(report: Report, io: Resources, progress: Progress) -> None:
    """Make the loaded table live, or hold it, in one short transaction, guarded by the run's fence."""
    run, dataset = progress.run, progress.dataset
    async for attempt in tries(io, progress):  # again and again while a reader holds the view
        with attempt:
            async with io.publishing() as tx:
                group = await groups.lock(tx, run.dataset_id)
                now = group.own
                await runs.hold_fence(tx, run)
                raise_if_superseded(run, dataset.load, now.live_business_date)
                raise_if_moved(dataset.load.target, now.document.load.target)
                raise_if_live_moved(run, dataset.load, progress.base, now.live_version)
                version = await make_version(tx, progress)
                await objects.count(tx, run.id, report.objects)
                if reason := report.reason_to_hold(dataset.publish):
                    await hold(tx, version, progress, reason, group=None)
                elif reason := await publish_others(tx, group, run):
                    await hold(tx, version, progress, reason, group=now.document.publish.release_group)
                else:
                    await tables.point_view(tx, version, dataset)
                    await datasets.point(tx, run.dataset_id, version.number)
                    await runs.finish(tx, run, progress.ending(RunState.SUCCEEDED, version=version.number))
                    await after_load.plan(tx, run.id)
