"""Decides about a held run: its version, and those that waited for it, go live in one short transaction."""

from services.api.rollback import LOCK_TIMEOUT, PATIENCE
from shared.catalog import audit, groups, holds, runs
from shared.domain import quantities, release
from shared.domain.release import Held
from shared.domain.run import Run, RunId
from shared.errors import Conflict, RunRejected
from shared.postgres import patience
from shared.postgres.pool import Connection
from shared.warehouse import tables


async def approve(db: Connection, run_id: RunId, *, force: bool, actor: str) -> Run:
    """Make the held version live, with those of its release group; the run stays held while one is missing.

    `force` does it although a newer one is live by now.

    Raises NotFound, Conflict when it is not held or must not go live any more, TargetUnusable, and
    PublishBlocked when readers hold the view for longer than PATIENCE.
    """
    async for attempt in patience.tries(PATIENCE):
        with attempt:
            async with patience.transaction(db, lock_timeout=LOCK_TIMEOUT):
                await _publish(db, run_id, force=force, actor=actor)
    return await runs.read(db, run_id)


async def reject(db: Connection, run_id: RunId, *, reason: str, actor: str) -> Run:
    """End the run; its version is dropped by the scheduler. Raises NotFound, Conflict when it is not held."""
    async with db.transaction():
        run = await runs.read(db, run_id)
        if not await holds.reject(db, run_id, RunRejected(f"{actor} rejected it: {reason}")):
            raise groups.not_held(run_id, (await runs.read(db, run_id)).state)
        after = {"run": run_id, "version": run.version, "reason": reason}
        await audit.add(db, actor=actor, action="run.reject", subject=run.dataset, after=after)
    return await runs.read(db, run_id)


async def _publish(db: Connection, run_id: RunId, *, force: bool, actor: str) -> None:
    group = await groups.lock(db, (await runs.read(db, run_id)).dataset_id)
    held = await groups.held(db, group.own, run_id)
    if found := release.obstacle(held, force=force):
        raise Conflict(found.text, hint=found.hint)
    gathered = await groups.gather(db, group, held.run.business_date)
    if gathered.reason:
        await _wait(db, held, gathered.reason)
        await groups.tell(db, gathered.waiting, gathered.reason)
    else:
        for each in (*gathered.waiting, held):
            # The present contract says who may read; the columns are those of the version itself.
            await tables.point_view(db, each.version, each.member.document)
            await groups.publish(db, each)
    await audit.add(
        db,
        actor=actor,
        action="run.approve",
        subject=held.run.dataset,
        before={"liveVersion": held.member.live_version},
        after={
            "liveVersion": held.member.live_version if gathered.reason else held.version.number,
            "run": run_id,
            "force": force,
        },
    )


async def _wait(db: Connection, held: Held, reason: str) -> None:
    """Lets an approved run wait for its group. Raises Conflict when it does so already."""
    publish = held.member.document.publish
    group, seconds = publish.release_group or "", quantities.seconds(publish.hold_for)
    if not await holds.wait_for_group(db, held.run.id, group, reason=reason, seconds=seconds):
        raise Conflict(
            f"run {held.run.id} {reason}",
            hint="It goes live with them. Import what is missing, or take a dataset out of the group.",
        )
