"""Judges a loaded table before anybody may see it."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from services.worker.judging import judge
from services.worker.loading import Loaded
from services.worker.progress import Progress
from services.worker.resources import Resources
from shared.domain import expectations, misfits, slices
from shared.domain.dataset import Load, Publish, Target
from shared.domain.expectations import Finding
from shared.domain.report import ObjectCounts
from shared.domain.run import Run, Trigger
from shared.domain.version import Version
from shared.errors import (
    CountsDiffer,
    DeliverySuperseded,
    ExpectationFailed,
    LiveVersionMoved,
    TargetUnusable,
)


class Report(Struct, frozen=True, kw_only=True):
    """What was loaded, and which promises it breaks."""

    rows: int
    objects: Sequence[ObjectCounts]
    findings: Sequence[Finding] = ()

    def reason_to_hold(self, publish: Publish) -> str | None:
        """Why the version waits for a person; None where it goes live by itself."""
        return expectations.reason_to_hold(publish.gate, self.findings)

    def raise_if_broken(self) -> None:
        """Raises ExpectationFailed with every finding of severity error."""
        broken = [finding.message for finding in self.findings if finding.severity == "error"]
        if broken:
            raise ExpectationFailed("; ".join(broken))


def raise_if_superseded(run: Run, load: Load, live_business_date: date | None) -> None:
    """Raises DeliverySuperseded when the schedule would put an older day in the place of a newer one.

    What a person asked for is done: they may want the older day. Slices of an older day have their place.
    """
    if load.mode in ("append", "replacePartition"):
        return
    if run.trigger is Trigger.SCHEDULE and live_business_date and run.business_date < live_business_date:
        raise DeliverySuperseded(f"{live_business_date} is live, and this delivery is of {run.business_date}")


def raise_if_moved(accepted: Target, present: Target) -> None:
    """Raises TargetUnusable when the dataset publishes elsewhere since the run was accepted.

    Two views would be live, and the one that was left would never change again.
    """
    if accepted != present:
        raise TargetUnusable(
            f"load.target was {accepted.schema}.{accepted.table} when this run was accepted, "
            f"and is {present.schema}.{present.table} now",
            hint="Start the import again.",
        )


def raise_if_live_moved(run: Run, load: Load, base: Version | None, live_version: int | None) -> None:
    """Raises LiveVersionMoved when another version is live than the one that the next one is made from."""
    made_from = base.number if base else None
    if slices.builds_on_live(load, run.trigger) and made_from != live_version:
        raise LiveVersionMoved(
            f"version {live_version} became live while the next one was made from version {made_from}"
        )


async def check(io: Resources, progress: Progress, loaded: Loaded) -> Report:
    """The report on a load. Raises CountsDiffer when reader and server counted differently."""
    _compare_counts(loaded)
    discarded = misfits.findings(progress.misfits, progress.records_read)
    progress.findings = [*discarded, *await judge(io, progress, loaded.rows + loaded.beside)]
    return Report(rows=loaded.rows, objects=loaded.objects, findings=progress.findings)


def _compare_counts(loaded: Loaded) -> None:
    sent = sum(counts.rows_loaded for counts in loaded.objects)
    if sent != loaded.rows:
        raise CountsDiffer(f"{sent} rows were sent and PostgreSQL counted {loaded.rows}")
    for counts in loaded.objects:
        if counts.records_read != counts.rows_loaded + counts.rows_quarantined:
            raise CountsDiffer(
                f"{counts.key}: {counts.records_read} records were read, {counts.rows_loaded} loaded and "
                f"{counts.rows_quarantined} quarantined"
            )
