"""A connection whose COPY ends when the connection does.

asyncpg 0.32 pauses a COPY while the socket takes no more, and does not resume it when the connection is lost:
it would wait for ever. Where it isn't paused, it reads its whole source before it tells of the loss.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate

import asyncpg

if TYPE_CHECKING:
    type Plain = asyncpg.Connection[asyncpg.Record]
else:
    Plain = asyncpg.Connection


def _interrupted_when_lost[**P](
    copy: Callable[Concatenate[Plain, P], Awaitable[str]],
) -> Callable[Concatenate[Plain, P], Coroutine[Any, Any, str]]:
    @wraps(copy)
    async def interrupted(connection: Plain, /, *args: P.args, **options: P.kwargs) -> str:
        async with _lasting(connection):
            return await copy(connection, *args, **options)

    return interrupted


@asynccontextmanager
async def _lasting(connection: Plain) -> AsyncGenerator[None]:
    copying = True

    def interrupt(_: object) -> None:
        if copying:
            limit.reschedule(0)

    connection.add_termination_listener(interrupt)
    try:
        async with asyncio.timeout(None) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise asyncpg.ConnectionDoesNotExistError("it was closed in the middle of a COPY") from None
    finally:
        copying = False
        connection.remove_termination_listener(interrupt)
        if connection.is_closed():
            connection.terminate()  # or else asyncpg waits for a server that is gone to acknowledge a cancel


class CopyingConnection(asyncpg.Connection):
    """Raises ConnectionDoesNotExistError at once when the connection is lost in the middle of a COPY."""

    copy_to_table = _interrupted_when_lost(asyncpg.Connection.copy_to_table)
    copy_records_to_table = _interrupted_when_lost(asyncpg.Connection.copy_records_to_table)
