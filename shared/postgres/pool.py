"""Opens connections to PostgreSQL, all of them set up the same way."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from shared.postgres import statements
from shared.postgres.copying import CopyingConnection

if TYPE_CHECKING:
    type Pool = asyncpg.Pool[asyncpg.Record]
    type Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

SQL = statements.beside(__file__)
CONNECT_TIMEOUT = 10.0


async def _set_up(connection: Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: msgspec.json.encode(value).decode(),
            decoder=msgspec.json.decode,
        )


@asynccontextmanager
async def pool(dsn: str, *, size: int, application: str) -> AsyncGenerator[Pool]:
    """A pool of at most `size` connections, closed at the end; statements have no time limit of their own."""
    opened = await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        connection_class=CopyingConnection,
        init=_set_up,
        timeout=CONNECT_TIMEOUT,
        server_settings=_session(application),
    )
    try:
        yield opened
    finally:
        opened.terminate()


@asynccontextmanager
async def connection(dsn: str, *, application: str) -> AsyncGenerator[Connection]:
    """One connection of its own, for what must not share a pool (migrations, leadership, a rollback)."""
    opened: Any = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT, server_settings=_session(application))
    try:
        await _set_up(opened)
        yield opened
    finally:
        await opened.close(timeout=CONNECT_TIMEOUT)


async def ping(opened: Pool) -> None:
    """Raises unless PostgreSQL answers."""
    async with opened.acquire() as free:
        await free.fetchval(SQL.ping)


def _session(application: str) -> dict[str, str]:
    # A session that sits in a transaction without working would hold back vacuum and publishes for ever.
    # Pages of rows are read in the order of loading: a scan must not begin where another one happens to be.
    return {
        "application_name": f"loadstone-{application}",
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": "10min",
        "synchronize_seqscans": "off",
    }
