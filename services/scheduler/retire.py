"""Clears away what nobody needs any more: old versions, leftover staging tables, quarantine, past runs."""

import asyncpg

from services.scheduler.resources import Resources
from shared.catalog import datasets, history, runs, slices, versions
from shared.domain.dataset import Retention
from shared.domain.slices import Slice
from shared.domain.version import Version
from shared.postgres import patience
from shared.telemetry import logs
from shared.warehouse import naming, quarantine, staging, tables
from shared.warehouse import slices as warehouse_slices

log = logs.logger()
# Whoever reads a table keeps it, and whoever comes after its reader waits no longer than this.
LOCK_TIMEOUT = 0.1
VERSIONS_AT_ONCE = 50
TABLES_AT_ONCE = 50
SLICES_AT_ONCE = 200
RECORDS_AT_ONCE = 10_000
RUNS_AT_ONCE = 500
IN_USE = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


async def retire_versions(io: Resources) -> int:
    """Drops the relations of versions beyond retention, never a live one; answers how many."""
    beyond = await versions.retirable(io.db, kept=Retention().versions, limit=VERSIONS_AT_ONCE)
    return sum([await _retire(io, version) for version in beyond])


async def _retire(io: Resources, version: Version) -> bool:
    """Whether the version is gone. What is being read, or what somebody's view needs, stays until later."""
    try:
        async with io.db.acquire() as db, patience.transaction(db, lock_timeout=LOCK_TIMEOUT):
            await datasets.lock(db, version.dataset_id)  # nobody rolls back to it from here on
            if not await versions.retire(db, version):
                return False
            if version.sliced or not await slices.of_version(db, version):
                await tables.drop(db, version)
            await slices.forget(db, version)
    except IN_USE:
        return False
    except asyncpg.DependentObjectsStillExistError as error:
        io.troubles.met(f"table {version.relation}", error)
        return False
    log.info("version_retired", relation=version.relation, rows=version.rows)
    return True


async def drop_slices(io: Resources) -> int:
    """Drops the slices that no retained version has any more; answers how many."""
    return sum([await _drop_slice(io, one) for one in await slices.unneeded(io.db, SLICES_AT_ONCE)])


async def _drop_slice(io: Resources, one: Slice) -> bool:
    try:
        async with io.db.acquire() as db, patience.transaction(db, lock_timeout=LOCK_TIMEOUT):
            if not await slices.mark_dropped(db, one):
                return False
            await warehouse_slices.drop(db, one)
    except IN_USE:
        return False
    except asyncpg.DependentObjectsStillExistError as error:
        io.troubles.met(f"table {one.relation}", error)
        return False
    log.info("slice_dropped", relation=one.relation, rows=one.rows)
    return True


async def drop_leftovers(io: Resources) -> int:
    """Drops staging tables and views whose attempt is over; answers how many.

    A table becomes visible when its load commits. Its run is looked at after that, never before: so a load
    that commits at this moment is either not in the list, or held by its worker.
    """
    found = {table: naming.attempt_of(table.name) for table in await staging.leftovers(io.db)}
    attempts = {table: attempt for table, attempt in found.items() if attempt is not None}
    held = await runs.held_fences(io.db, [run_id for run_id, _ in attempts.values()])
    dropped = 0
    for table in [table for table, attempt in attempts.items() if attempt not in held][:TABLES_AT_ONCE]:
        try:
            async with io.db.acquire() as db, patience.transaction(db, lock_timeout=LOCK_TIMEOUT):
                await staging.drop(db, table)
        except (*IN_USE, asyncpg.DependentObjectsStillExistError):  # such as a view that is being read
            continue
        dropped += 1
        log.info("leftover_dropped", table=table.name)
    return dropped


async def purge_quarantine(io: Resources) -> int:
    """Deletes rejected records that are older than their dataset keeps them; answers how many."""
    return await quarantine.purge(io.db, kept_days=Retention().quarantine_days, limit=RECORDS_AT_ONCE)


async def purge_history(io: Resources) -> int:
    """Deletes finished runs that are older than their dataset keeps them; answers how many."""
    async with io.db.acquire() as db, db.transaction():
        found = await history.past(db, RUNS_AT_ONCE)
        await history.forget(db, found)
    return len(found)
