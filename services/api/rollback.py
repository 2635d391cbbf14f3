"""Makes an earlier version live again, in one short transaction; also without the API, in an emergency."""

import time

from msgspec import Struct

from shared.catalog import audit, datasets, groups, runs, versions
from shared.catalog.datasets import DatasetRecord
from shared.catalog.groups import Group
from shared.catalog.runs import Request
from shared.domain import release
from shared.domain.run import RunId, Trigger
from shared.domain.version import Version
from shared.errors import Conflict, VersionRetired
from shared.postgres import patience
from shared.postgres.pool import Connection
from shared.warehouse import tables

LOCK_TIMEOUT = 0.1
PATIENCE = 10.0


class RolledBack(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is live now, the run that recorded it, and how long readers could have noticed anything."""

    version: int
    run_id: RunId
    milliseconds: float


async def roll_back(
    db: Connection, name: str, *, to: int | None, actor: str, alone: bool = False
) -> RolledBack:
    """Make version `to` live, or without one the newest retained version below the live one.

    `alone` does it although readers then see another business date than in the rest of the release group.

    Raises NotFound, Conflict, VersionRetired, TargetUnusable, and PublishBlocked when readers hold the view
    for longer than PATIENCE.
    """
    started = time.perf_counter()
    async for attempt in patience.tries(PATIENCE):
        with attempt:
            async with patience.transaction(db, lock_timeout=LOCK_TIMEOUT):
                version, run_id = await _repoint(db, name, to, actor, alone)
    return RolledBack(
        version=version.number,
        run_id=run_id,
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )


async def _repoint(
    db: Connection, name: str, to: int | None, actor: str, alone: bool
) -> tuple[Version, RunId]:
    group = await groups.lock(db, (await datasets.read(db, name)).id)
    present = await datasets.read(db, name)
    version = await _wanted(db, present, to)
    if not alone:
        _refuse_to_part(version, group)
    # The present contract says who may read; the columns are those of the version's own table.
    await tables.point_view(db, version, present.document)
    await datasets.point(db, present.id, version.number)
    request = Request(
        dataset_id=present.id,
        contract_version=version.contract_version,
        business_date=version.business_date,
        trigger=Trigger.ROLLBACK,
        requested_by=actor,
    )
    run_id = await runs.record_rollback(db, request, version.number)
    await audit.add(
        db,
        actor=actor,
        action="dataset.rollback",
        subject=name,
        before={"liveVersion": present.live_version},
        after={"liveVersion": version.number, "run": run_id},
    )
    return version, run_id


async def _wanted(db: Connection, present: DatasetRecord, to: int | None) -> Version:
    if present.live_version is None:
        raise Conflict(
            f"dataset {present.name} has no live version", hint="Import a delivery: `loadstone import`."
        )
    if to is None:
        return await versions.previous(db, present.id, present.live_version)
    version = await versions.read(db, present.id, to)
    if version.retired_at is not None:
        raise VersionRetired(
            f"version {to} of {present.name} was retired at {version.retired_at:%Y-%m-%d %H:%M} UTC",
            hint="`loadstone versions` lists what is retained; retention.versions says how many are kept.",
        )
    if version.held:
        raise Conflict(
            f"version {to} of {present.name} is held and was never live",
            hint=f"`loadstone approve {version.run_id}` makes it live.",
        )
    if to == present.live_version:
        raise Conflict(
            f"version {to} of {present.name} is live already",
            hint="Nothing is left to do; `loadstone versions` lists the others.",
        )
    return version


def _refuse_to_part(version: Version, group: Group) -> None:
    """Raises Conflict where readers would see two business dates in one release group."""
    others = release.parted_from(version, group.own, group.others)
    if others:
        raise Conflict(
            f"version {version.number} is of {version.business_date}, and others of its release group are "
            f"not: {', '.join(others)}",
            hint="Roll back with --alone, and then the others, if readers may see two business dates.",
        )
