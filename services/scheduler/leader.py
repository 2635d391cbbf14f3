"""One scheduler leads, any number stand by: a session advisory lock on a connection of its own."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from services.scheduler import gauges
from shared.postgres import statements
from shared.postgres.pool import Connection, connection
from shared.telemetry import logs, metrics

log = logs.logger()
SQL = statements.beside(__file__)
# Any fixed number serves, as long as it is not the one of the migrations.
LOCK = 7_309_441_227
ANSWER_LIMIT = 5.0
UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)  # TimeoutError included


async def follow(dsn: str, pause: float, work: Callable[[], Awaitable[None]]) -> None:
    """Does `work` again and again while this process leads; stands by while another one does. Never returns.

    When the connection that holds the leadership breaks, the work is interrupted at once.
    """
    while True:
        try:
            async with connection(dsn, application="scheduler-leader") as seat:
                await _sit(seat, pause, work)
        except UNREACHABLE as error:
            log.warning("leadership_lost", reason=str(error) or type(error).__name__)
        finally:
            gauges.hide()
        await asyncio.sleep(pause)


async def _sit(seat: Connection, pause: float, work: Callable[[], Awaitable[None]]) -> None:
    """Raises TimeoutError as soon as the connection is gone."""
    leads = False
    async with asyncio.timeout(None) as seated:

        def interrupt(_gone: object) -> None:
            seated.reschedule(0)

        seat.add_termination_listener(interrupt)
        try:
            while True:
                led, leads = leads, await seat.fetchval(SQL.lead, LOCK, timeout=ANSWER_LIMIT)
                if leads != led:
                    log.info("leading")
                metrics.SCHEDULER_LEADER.set(int(leads))
                if leads:
                    await work()
                await asyncio.sleep(pause)
        finally:
            seat.remove_termination_listener(interrupt)
