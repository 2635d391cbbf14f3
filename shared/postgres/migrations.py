"""Brings a database's schema up to date: numbered SQL files, applied forward only, each exactly once.

`NNNN_pre_…` files are safe before the new code is deployed, `NNNN_post_…` files only after it.
"""

import hashlib
from pathlib import Path

from shared.errors import Conflict
from shared.postgres import statements
from shared.postgres.pool import Connection, connection

SQL = statements.beside(__file__)
FOLDER = Path(__file__).with_name("schema")
# Any fixed number serves: it keeps two migrations of one database from running at once.
LOCK = 7_309_441_226


async def migrate(dsn: str) -> list[str]:
    """Applies what is missing and returns its names; two callers at once wait for each other.

    Raises Conflict when an applied file was edited afterwards.
    """
    async with connection(dsn, application="migrate") as db:
        await db.execute(SQL.lock, LOCK)
        await db.execute(SQL.prepare)
        applied = {row["name"]: row["digest"] for row in await db.fetch(SQL.applied)}
        return [path.stem for path in _files() if await _apply(db, path, applied)]


async def pending(db: Connection) -> list[str]:
    """The names of the migrations that this database still lacks."""
    if not await db.fetchval(SQL.prepared):
        return [path.stem for path in _files()]
    applied = {row["name"] for row in await db.fetch(SQL.applied)}
    return [path.stem for path in _files() if path.stem not in applied]


def _files() -> list[Path]:
    return sorted(FOLDER.glob("[0-9]*.sql"))


async def _apply(db: Connection, path: Path, applied: dict[str, str]) -> bool:
    text = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if path.stem in applied:
        if applied[path.stem] != digest:
            raise Conflict(
                f"migration {path.stem} was edited after it had been applied to this database",
                hint="Restore the file as it was, and put the change into a new migration.",
            )
        return False
    async with db.transaction():
        await db.execute(text)
        await db.execute(SQL.record, path.stem, digest)
    return True
