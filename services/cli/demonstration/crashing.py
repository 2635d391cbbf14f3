"""The step with a crash: a worker is killed in the middle of a load, and another one finishes the run."""

import asyncio
import time
from datetime import date

from msgspec import structs

from services.cli.demonstration.scene import Scene
from services.cli.demonstration.story import Step
from services.local.stack import Service
from shared.domain.dataset import Dataset, FileCount
from shared.domain.run import FINAL_STATES, RunState
from shared.errors import WorkerLost
from shared.postgres import statements

SQL = statements.beside(__file__)
DATASET = "flights_year"
KEY = "year/2013/flights.csv"
LAST_OF_YEAR = date(2013, 12, 31)
# Far enough to be in the middle, and early enough that the rest takes longer than a signal.
ROWS_BEFORE_THE_KILL = 30_000
LOOK = 0.005


def year_of(flights: Dataset) -> Dataset:
    """The dataset of a whole year in one file: what the daily one is, without schedule and row count."""
    target = structs.replace(flights.load.target, table=DATASET)
    return structs.replace(
        flights,
        name=DATASET,
        title="Departures of a whole year",
        description=None,
        source=structs.replace(flights.source, key="year/{businessDate:%Y}/*.csv", files=FileCount()),
        format=structs.replace(flights.format, compression="none"),
        load=structs.replace(flights.load, target=target),
        quality=[],
        schedule=None,
        sla=[],
    )


async def crash(scene: Scene, worker: Service, step: Step) -> None:
    """Kills the worker while PostgreSQL takes its rows, starts another, and waits for the run."""
    file = scene.flights.year
    scene.datasets[DATASET] = year_of(scene.datasets["flights"])
    await asyncio.to_thread(scene.api.apply, scene.datasets[DATASET], dry_run=False)
    await scene.put(KEY, file.content())
    run = await scene.start(DATASET, LAST_OF_YEAR)
    copied = await _in_the_middle(scene, run.id)
    victim = scene.stack.children[worker.name]
    victim.kill()
    killed = time.monotonic()
    status = await victim.ended()
    after = await asyncio.to_thread(scene.api.run, run.id)
    step.check(
        copied > 0 and status == -9 and after.state is RunState.RUNNING,
        f"the worker (pid {victim.pid}) got SIGKILL when {copied:,} of {len(file.rows):,} rows were copied; "
        f"run {run.id} is {after.state} without it",
    )
    successor = await scene.stack.start(worker)
    step.tell(f"another worker (pid {successor.pid}) is up {time.monotonic() - killed:.1f} s after the kill")
    ended = await scene.ended(run.id, within=60)
    took = time.monotonic() - killed
    outcomes = [each.error_code or each.outcome for each in ended.attempts]
    step.check(
        ended.state is RunState.SUCCEEDED and outcomes == [WorkerLost.code, RunState.SUCCEEDED],
        f"run {run.id} {ended.state} {took:.1f} s after the kill; "
        f"its attempts: {', '.join(map(str, outcomes))}",
    )
    versions = await asyncio.to_thread(scene.api.versions, DATASET, limit=10)
    by_sql, staged = await scene.count(DATASET), await scene.db.fetchval(SQL.staged)
    step.check(
        len(versions) == 1 and by_sql == len(file.rows) and staged == 0,
        f"published exactly once: {len(versions)} version, {by_sql:,} rows by SQL, "
        f"{len(file.rows):,} in the file, {staged} staging tables left",
    )


async def _in_the_middle(scene: Scene, run_id: int) -> int:
    """How many rows PostgreSQL has taken, as soon as they are enough; 0 when the run ended before that."""

    async def enough() -> int | None:
        copied: int = await scene.db.fetchval(SQL.copied)
        if copied >= ROWS_BEFORE_THE_KILL:
            return copied
        is_over = not copied and (await asyncio.to_thread(scene.api.run, run_id)).state in FINAL_STATES
        return 0 if is_over else None

    return await scene.until(enough, f"the middle of run {run_id}", within=60, every=LOOK)
