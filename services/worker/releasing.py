"""Publishes the waiting versions of a release group together with the one that completes it."""

from shared.catalog import groups
from shared.catalog.groups import Gathered, Group
from shared.domain import release
from shared.domain.run import Run
from shared.errors import Conflict, TargetUnusable
from shared.postgres.pool import Connection
from shared.telemetry import logs
from shared.warehouse import tables

log = logs.logger()


async def publish_others(tx: Connection, group: Group, run: Run) -> str | None:
    """Make the waiting versions of the run's group live, all of them or none.

    Answers why the run has to wait with them, in words; None where it may go live itself.
    """
    gathered = await groups.gather(tx, group, run.business_date)
    reason = gathered.reason or await _publish(tx, group, gathered, run)
    if reason:
        await groups.tell(tx, gathered.waiting, reason)
    return reason


async def _publish(tx: Connection, group: Group, gathered: Gathered, run: Run) -> str | None:
    try:
        async with tx.transaction():  # what another dataset's view refuses is no failure of this run
            for held in gathered.waiting:
                await tables.point_view(tx, held.version, held.member.document)
                await groups.publish(tx, held)
    except (Conflict, TargetUnusable) as refused:
        name = group.own.document.publish.release_group or ""
        return release.reason_to_wait(name, [f"{held.member.name} ({refused.message})"], run.business_date)
    if gathered.waiting:
        log.info("group_published", runs=[held.run.id for held in gathered.waiting])
    return None
