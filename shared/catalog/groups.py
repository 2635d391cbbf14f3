"""Release groups: which datasets go live together, and whose version of a business date is there."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from shared.catalog import after_load, datasets, holds, runs, versions
from shared.domain import release
from shared.domain.release import Held, Member
from shared.domain.run import DatasetId, RunId
from shared.errors import Conflict
from shared.postgres import rows, statements
from shared.postgres.pool import Connection

SQL = statements.beside(__file__)


class Group(Struct, frozen=True, kw_only=True):
    """A dataset that is about to publish, and the others of its release group; none where it has no group."""

    own: Member
    others: Sequence[Member]


class Gathered(Struct, frozen=True, kw_only=True):
    """The versions of a group that wait for one business date, and why they can't go live yet, in words."""

    waiting: Sequence[Held]
    reason: str | None


async def lock(db: Connection, dataset_id: DatasetId) -> Group:
    """Serialises applying, publishing and rolling back of a dataset and those that are published with it.

    All are locked in the order of their ids, so that no two transactions wait for each other, and nobody
    joins or leaves the group until the transaction ends.
    """
    await db.execute(SQL.keep_members)
    ids = [row["id"] for row in await db.fetch(SQL.members, dataset_id)]
    await db.fetch(SQL.lock, ids)
    members = rows.structs(await db.fetch(SQL.locked, ids), Member)
    [own] = [member for member in members if member.id == dataset_id]
    return Group(own=own, others=[member for member in members if member.id != dataset_id])


async def gather(db: Connection, group: Group, business_date: date) -> Gathered:
    """What of the other members waits for a business date. One that has it live already is not waited for."""
    waiting, missing = [], []
    for member in group.others:
        held = await _waiting(db, member, business_date)
        found = release.obstacle(held) if held else None
        if held and not found:
            waiting.append(held)
        elif member.live_business_date != business_date:
            missing.append(f"{member.name} ({found.text})" if found else member.name)
    name = group.own.document.publish.release_group
    reason = release.reason_to_wait(name, missing, business_date) if name and missing else None
    return Gathered(waiting=waiting, reason=reason)


async def _waiting(db: Connection, member: Member, business_date: date) -> Held | None:
    """The newest version of a member that waits, unless a newer one of the same date is live."""
    run_id = await db.fetchval(SQL.waiting, member.id, business_date)
    return None if run_id is None else await held(db, member, run_id)


async def held(db: Connection, member: Member, run_id: RunId) -> Held:
    """A held run with what decides whether its version may go live. Raises Conflict when it isn't held."""
    run = await runs.read(db, run_id)
    if run.version is None or run.finished_at is not None:
        raise not_held(run_id, run.state)
    version = await versions.read(db, member.id, run.version)
    accepted = (await datasets.contract(db, member.id, run.contract_version)).document.load
    return Held(member=member, run=run, version=version, accepted=accepted)


async def publish(db: Connection, held: Held) -> None:
    """Ends a hold with a version that is live, in the transaction that repoints its view. Raises Conflict."""
    if not await holds.approve(db, held.run.id) or not await versions.let_go(db, held.version):
        raise not_held(held.run.id, (await runs.read(db, held.run.id)).state)
    await datasets.point(db, held.member.id, held.version.number)
    await after_load.plan(db, held.run.id)


async def tell(db: Connection, waiting: Sequence[Held], reason: str) -> None:
    """Says of runs that wait whom they wait for by now."""
    await db.execute(SQL.tell, [held.run.id for held in waiting], reason)


def not_held(run_id: RunId, state: str) -> Conflict:
    """The refusal to decide about a run that is not held."""
    return Conflict(f"run {run_id} is {state}, not held", hint=f"`loadstone run {run_id}` shows it.")
