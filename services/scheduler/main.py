"""The scheduler's process: `python -m services.scheduler.main`, or with `--once` a single tick."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from services.scheduler import leader, tick
from services.scheduler.resources import Resources, gathered
from services.scheduler.settings import SchedulerSettings
from services.scheduler.tick import Report
from shared import queue
from shared import settings as environment
from shared.errors import SettingsInvalid
from shared.telemetry import logs, metrics, ops

log = logs.logger()
CLEAR_AWAY_EVERY = 10.0
AFTER_LOAD_EVERY = 5.0
PURGE_EVERY = 600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until SIGTERM or SIGINT, or for one tick; answers with the exit status."""
    parser = argparse.ArgumentParser(prog="python -m services.scheduler.main", description=__doc__)
    parser.add_argument("--once", action="store_true", help="do one full tick and exit (for a CronJob)")
    once = parser.parse_args(arguments).once
    try:
        settings = environment.read(os.environ, form=SchedulerSettings, dotenv=Path(".env"))
    except SettingsInvalid as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 2
    logs.configure(settings.log, service="scheduler")
    try:
        return asyncio.run(_tick_once(settings) if once else _serve(settings))
    except leader.UNREACHABLE as error:
        log.error("database_unreachable", reason=str(error) or type(error).__name__)
        return 1


async def _tick_once(settings: SchedulerSettings) -> int:
    """One tick with everything in it, whoever leads: each step is safe beside another scheduler's."""
    report = Report()
    async with gathered(settings) as io:
        await tick.tick(io, await tick.clock(io), report)
        await tick.clear_away(io, report)
        await tick.after_load(io, report)
        await tick.purge(io, report)
    sys.stdout.write(f"{report}\n")
    return 1 if report.failed else 0


async def _serve(settings: SchedulerSettings) -> int:
    """Ticks while this process leads, until a signal; then stops within a second."""
    serving = asyncio.current_task()
    assert serving is not None  # noqa: S101 - asyncio.run made this task
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    own = settings.scheduler
    try:
        async with gathered(settings) as io:
            rounds = Rounds(io)
            checks = {"database": lambda: tick.clock(io), "queue": lambda: queue.ping(io.queue)}
            registries = (metrics.REGISTRY, metrics.FLEET)
            async with ops.serve(own.ops_host, own.ops_port, checks=checks, registries=registries):
                log.info("scheduler_started")
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(_dispose(io))
                    await leader.follow(settings.database.url.reveal(), own.tick.total_seconds(), rounds.work)
    except asyncio.CancelledError:
        log.info("scheduler_stopped")
    return 0


async def _dispose(io: Resources) -> None:
    """Acts on loaded objects again and again, whoever leads: schedulers share them out. Never returns."""
    while True:
        await tick.after_load(io, Report())
        await asyncio.sleep(AFTER_LOAD_EVERY)


class Rounds:
    """The leader's work, round after round, each part at its own pace; the first round does all of it."""

    def __init__(self, io: Resources) -> None:
        self._io = io
        self._clear_away_at = self._purge_at = time.monotonic()

    async def work(self) -> None:
        """Does one round."""
        started, report = time.monotonic(), Report()
        with metrics.SCHEDULER_TICK.time():
            await tick.tick(self._io, await tick.clock(self._io), report)
        if started >= self._clear_away_at:
            self._clear_away_at = started + CLEAR_AWAY_EVERY
            await tick.clear_away(self._io, report)
        if started >= self._purge_at:
            self._purge_at = started + PURGE_EVERY
            await tick.purge(self._io, report)
        metrics.SCHEDULER_LAST_TICK.set_to_current_time()


if __name__ == "__main__":
    sys.exit(main())
