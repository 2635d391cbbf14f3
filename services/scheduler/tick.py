"""The story of one tick: plan, discover, rescue, ring; and, less often, clear away.

Every step can be repeated, by this scheduler or by another one at the same time, and is bounded. A step that
fails is told, and the others go on.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from services.scheduler import discover, dispose, gauges, holds, plan, rescue, retire, ring
from services.scheduler.discover import Discovery
from services.scheduler.resources import Resources
from services.scheduler.reuploads import Looks
from shared.postgres import statements
from shared.telemetry import metrics

SQL = statements.beside(__file__)
STEP_LIMIT = 30.0


class Report:
    """What a tick did: how many by what, and which steps failed."""

    def __init__(self) -> None:
        self.did: dict[str, int] = {}
        self.failed: list[str] = []

    def __str__(self) -> str:
        counts = ", ".join(f"{what} {count}" for what, count in self.did.items())
        return f"{counts}; {'failed: ' + ', '.join(self.failed) if self.failed else 'nothing failed'}"

    @asynccontextmanager
    async def step(self, io: Resources, name: str, limit: float = STEP_LIMIT) -> AsyncGenerator[None]:
        """Bounds a step, and keeps its failure from the steps that follow."""
        try:
            async with asyncio.timeout(limit):
                yield
        except Exception as error:  # noqa: BLE001 - whatever stopped this step, the others must go on
            self.failed.append(name)
            metrics.SCHEDULER_FAILURES_TOTAL.labels(name).inc()
            io.troubles.met(f"step {name}", error)
        else:
            io.troubles.over(f"step {name}")


async def clock(io: Resources) -> datetime:
    """The time on the database's clock."""
    async with asyncio.timeout(STEP_LIMIT):
        now: datetime = await io.db.fetchval(SQL.clock)
    return now


async def tick(io: Resources, now: datetime, report: Report) -> None:
    """One round of what must not wait: everything that is due at `now` gets one step further."""
    async with report.step(io, "rescue"):
        report.did["rescued"] = await rescue.rescue(io)
    async with report.step(io, "plan"):
        report.did["planned"] = await plan.plan(io, now)
    async with report.step(io, "discover"):
        discovery = Discovery(io, now)
        await discovery.look()
        report.did |= {"enqueued": discovery.enqueued, "given up": discovery.given_up}
    async with report.step(io, "look again"):
        looks = Looks(io, now)
        await looks.look()
        report.did["replaced"] = looks.replaced
    async with report.step(io, "mark late"):
        report.did["late"] = await discover.mark_late(io, now)
    async with report.step(io, "expire holds"):
        report.did["holds expired"] = await holds.expire(io)
    async with report.step(io, "ring"):
        report.did["rung"] = await ring.ring(io)
    async with report.step(io, "show"):
        await gauges.show_runs(io)


async def clear_away(io: Resources, report: Report) -> None:
    """What can wait for some seconds: old versions, leftovers, and the gauges of each dataset."""
    async with report.step(io, "retire"):
        report.did["retired"] = await retire.retire_versions(io)
    async with report.step(io, "slices"):
        report.did["slices"] = await retire.drop_slices(io)
    async with report.step(io, "leftovers"):
        report.did["leftovers"] = await retire.drop_leftovers(io)
    async with report.step(io, "show datasets"):
        await gauges.show_datasets(io)


async def after_load(io: Resources, report: Report) -> None:
    """What lasts as long as it lasts, such as moving large objects: to be done beside the rounds."""
    async with report.step(io, "after load", limit=dispose.LIMIT):
        report.did["objects disposed of"] = await dispose.dispose(io)


async def purge(io: Resources, report: Report) -> None:
    """What can wait for minutes, because it reads much: quarantined records and runs past their time."""
    async with report.step(io, "purge"):
        report.did["purged"] = await retire.purge_quarantine(io)
    async with report.step(io, "history"):
        report.did["runs forgotten"] = await retire.purge_history(io)
