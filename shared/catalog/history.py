"""History: finished runs that nothing needs any more, and their end. The audit trail stays."""

from shared.domain.run import RunId
from shared.postgres import statements
from shared.postgres.pool import Connection

SQL = statements.beside(__file__)


async def past(db: Connection, limit: int) -> list[RunId]:
    """Runs older than their dataset keeps them; the locks last as long as the transaction.

    Not among them is a run whose version or slice is there, or whose records another run has corrected.
    """
    return [RunId(row["id"]) for row in await db.fetch(SQL.past, limit)]


async def forget(db: Connection, run_ids: list[RunId]) -> None:
    """Deletes runs with everything that was kept of them, inside the caller's transaction."""
    for statement in (SQL.forget_corrections, SQL.forget_versions, SQL.forget_slices, SQL.forget):
        await db.execute(statement, run_ids)
