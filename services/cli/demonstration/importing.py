"""The first steps: a month of files is imported, and what readers see is what the files hold."""

import asyncio
import statistics
import time
from collections.abc import Iterable

import msgspec

from services.cli.answers import RunAnswer, VersionAnswer
from services.cli.demonstration import flights
from services.cli.demonstration.flights import LAST_DAY, REFERENCE
from services.cli.demonstration.scene import Scene
from services.cli.demonstration.story import Step
from services.cli.runs import seconds
from shared.domain.run import Trigger

EVERYTHING = 1_000_000
# The file and the API write it differently: `2013-01-31T10:00:00Z` and `2013-01-31T10:00:00+00:00`.
ELSEWHERE = {"time_hour"}


async def deliver(scene: Scene) -> None:
    """Puts the month's files into the bucket, as an upstream system would have."""
    await scene.bucket.create("landing")
    for day in flights.days():
        await scene.put(key(day), scene.flights.day(day).gzipped())
    for name in REFERENCE:
        await scene.put(f"reference/{name}.csv", scene.flights.reference[name].content())


def key(day: object) -> str:
    """Where a day's file lands."""
    return f"flights/{day:%Y/%m/%d}/flights.csv.gz"


async def publish(scene: Scene, step: Step) -> None:
    """Applies the documents; the scheduler plans the month, and the worker imports it."""
    started = time.monotonic()
    for dataset in scene.datasets.values():
        await asyncio.to_thread(scene.api.apply, dataset, dry_run=False)
    step.tell(f"applied the documents of {', '.join(scene.datasets)}")
    references = [await scene.imported(name, LAST_DAY) for name in REFERENCE]
    expected = len(flights.days())

    async def all_days() -> list[VersionAnswer] | None:
        found = await asyncio.to_thread(scene.api.versions, "flights", limit=100)
        return found if len(found) >= expected else None

    versions = await scene.until(all_days, f"the {expected} versions of flights", within=90)
    took = time.monotonic() - started
    days = sorted(version.business_date for version in versions)
    runs = await asyncio.to_thread(scene.api.runs, dataset="flights", limit=100)
    step.check(
        days == flights.days() and all(run.trigger == Trigger.SCHEDULE for run in runs),
        f"flights has {len(versions)} versions, one for each day of January 2013, planned by the scheduler",
    )
    step.check(
        [run.version for run in references] == [1] * len(REFERENCE),
        f"{', '.join(REFERENCE)} have one version each, asked for through the API",
    )
    step.tell(f"{took:.1f} s for all of them; an import took {_durations([*runs, *references])}")


def _durations(runs: Iterable[RunAnswer]) -> str:
    taken = [took for run in runs if (took := seconds(run)) is not None]
    return f"{statistics.median(taken):.2f} s in the median, {max(taken):.2f} s at the longest"


async def compare(scene: Scene, step: Step) -> None:
    """Reads every dataset in both ways, and compares with the files."""
    for name in ("flights", *REFERENCE):
        file = scene.flights.day(LAST_DAY) if name == "flights" else scene.flights.reference[name]
        target = scene.datasets[name].load.target
        by_sql = await scene.count(name)
        page = await asyncio.to_thread(scene.api.rows, name, limit=EVERYTHING)
        step.check(
            by_sql == len(page.items) == len(file.rows),
            f"{target.schema}.{target.table}: {by_sql:,} rows by SQL, {len(page.items):,} by the API, "
            f"{len(file.rows):,} in the file",
        )
        if name == "flights":
            read = [msgspec.json.decode(item, type=dict[str, object]) for item in page.items]
            wanted = file.records()
            step.check(
                [_spelled(row) for row in read] == [_without(row) for row in wanted],
                f"the {len(read):,} flights of {page.business_date} (version {page.version}) "
                "equal the file's, field by field",
            )


def _spelled(row: dict[str, object]) -> dict[str, str]:
    return _without({name: "NA" if value is None else str(value) for name, value in row.items()})


def _without(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name not in ELSEWHERE}
