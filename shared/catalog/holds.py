"""Holds: runs whose version is complete and waits for a person or its group, and how that ends, exactly once.

The scheduler drops the version of a rejected run, as it does with versions beyond retention.
"""

from shared.catalog.runs import Ending
from shared.domain.run import Run, RunId
from shared.errors import LeaseLost, LoadstoneError
from shared.postgres import statements
from shared.postgres.pool import Connection

SQL = statements.beside(__file__)


async def hold(
    db: Connection, run: Run, ending: Ending, *, reason: str, seconds: float, group: str | None = None
) -> None:
    """Ends an attempt with a version that waits for so long: for its `group`, or without one for a person.

    Raises LeaseLost when the run was taken.
    """
    values = (
        run.id,
        run.fence,
        ending.version,
        ending.report,
        reason,
        seconds,
        ending.rows_done,
        ending.bytes_done,
        group,
    )
    if await db.fetchval(SQL.hold, *values) is None:
        raise LeaseLost(f"run {run.id} is no longer held under fence {run.fence}")


async def approve(db: Connection, run_id: RunId) -> bool:
    """Ends the run as succeeded; False when it is not held, or not any more."""
    return await db.fetchval(SQL.approve, run_id) is not None


async def wait_for_group(db: Connection, run_id: RunId, group: str, *, reason: str, seconds: float) -> bool:
    """Lets an approved run wait for its group for so long; False when it does so already, or isn't held."""
    return await db.fetchval(SQL.wait_for_group, run_id, group, reason, seconds) is not None


async def reject(db: Connection, run_id: RunId, error: LoadstoneError) -> bool:
    """Ends the run as rejected; False when it is not held, or not any more."""
    return await db.fetchval(SQL.reject, run_id, error.code, error.message, error.hint) is not None


async def expired(db: Connection, limit: int) -> list[RunId]:
    """Runs that nobody decided about in time; the locks last as long as the transaction."""
    return [RunId(row["id"]) for row in await db.fetch(SQL.expired, limit)]


async def outdated(db: Connection, limit: int) -> list[RunId]:
    """Runs that no group will publish any more: a later import of their business date is live."""
    return [RunId(row["id"]) for row in await db.fetch(SQL.outdated, limit)]
