"""The audit trail: who changed what, written in the same transaction, never changed afterwards."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


class AuditLine(Struct, frozen=True, kw_only=True):
    """One action of one actor."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: Any
    after: Any


async def add(
    db: Connection, *, actor: str, action: str, subject: str, before: object = None, after: object = None
) -> None:
    """Adds a line. `before` and `after` are JSON values."""
    await db.execute(SQL.add, actor, action, subject, before, after)


async def listing(db: Connection | Pool, *, before: int = 2**62, limit: int = 50) -> list[AuditLine]:
    """The newest lines with an id below `before`."""
    return rows.structs(await db.fetch(SQL.list, before, limit), AuditLine)
