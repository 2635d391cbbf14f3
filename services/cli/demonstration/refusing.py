"""The steps with bad files: one is refused as a whole, of another one only the bad rows stay out."""

import asyncio
from datetime import timedelta

from services.cli.answers import RunDetail
from services.cli.demonstration.flights import LAST_DAY
from services.cli.demonstration.importing import key
from services.cli.demonstration.scene import Scene
from services.cli.demonstration.story import Step
from shared.domain.report import RejectCode
from shared.domain.run import RunState
from shared.errors import ArchiveCorrupt, RecordRejected

BAD_LINE = 1702
NEXT_DAY = LAST_DAY + timedelta(days=1)
# Line, column, what stands there instead, and the rule that it breaks.
BAD_FIELDS = (
    (12, "distance", "far away", RejectCode.TYPE_MISMATCH),
    (345, "origin", "LAX", RejectCode.ENUM),
    (678, "carrier", "", RejectCode.REQUIRED),
)


async def refuse(scene: Scene, step: Step) -> None:
    """Delivers two broken files, while readers read what is live."""
    before = {name: await scene.count(name) for name in ("planes", "flights")}
    planes = scene.flights.reference["planes"]
    bad = planes.broken(BAD_LINE, "seats", "two hundred")
    truncated = scene.flights.day(LAST_DAY).gzipped()[:-2000]
    async with scene.reading("planes") as seen_planes, scene.reading("flights") as seen_flights:
        await scene.put("reference/planes.csv", bad.content())
        rejected = await scene.imported("planes", LAST_DAY)
        await scene.put(key(LAST_DAY), truncated)
        corrupt = await scene.imported("flights", LAST_DAY)
    _tell(step, rejected)
    [found] = await asyncio.to_thread(scene.api.quarantine, rejected.id, limit=10)
    step.check(
        (rejected.state, rejected.error_code) == (RunState.FAILED, RecordRejected.code)
        and (found.object, found.line, found.column, found.code)
        == ("reference/planes.csv", BAD_LINE, "seats", RejectCode.TYPE_MISMATCH),
        f"planes with one wrong field is refused: file {found.object}, line {found.line}, "
        f"column {found.column}, rule {found.code}",
    )
    _tell(step, corrupt)
    step.check(
        (corrupt.state, corrupt.error_code) == (RunState.FAILED, ArchiveCorrupt.code)
        and key(LAST_DAY) in (corrupt.error_message or ""),
        "flights with the end of its gzip file cut off is refused too",
    )
    reads = seen_planes.total() + seen_flights.total()
    step.check(
        set(seen_planes) == {before["planes"]} and set(seen_flights) == {before["flights"]},
        f"{reads:,} reads meanwhile all saw the old versions: {_counts(seen_planes)} planes, "
        f"{_counts(seen_flights)} flights",
    )
    # What arrives again whole is a delivery that was imported already.
    await scene.put("reference/planes.csv", planes.content())
    await scene.put(key(LAST_DAY), scene.flights.day(LAST_DAY).gzipped())


async def quarantine(scene: Scene, step: Step) -> None:
    """Delivers the flights of the next day, with three of them spoilt."""
    file = scene.flights.day(NEXT_DAY)
    for line, column, value, _ in BAD_FIELDS:
        file = file.broken(line, column, value)
    await scene.put(key(NEXT_DAY), file.gzipped())
    run = await scene.imported("flights", NEXT_DAY)
    found = await asyncio.to_thread(scene.api.quarantine, run.id, limit=100)
    for each in found:
        step.tell(f"line {each.line}, {each.column}: {each.code}, {each.message}")
        step.tell(f"    {each.raw}")
    expected = [(line, column, code, file.rows[line - 2]) for line, column, _, code in BAD_FIELDS]
    step.check(
        [(each.line, each.column, each.code, each.raw) for each in found] == expected,
        "exactly the three spoilt rows are in quarantine, with line, column, rule and raw text",
    )
    by_sql = await scene.count("flights")
    step.check(
        run.state is RunState.SUCCEEDED and by_sql == run.rows_done == len(file.rows) - len(BAD_FIELDS),
        f"{by_sql:,} of {len(file.rows):,} flights of {NEXT_DAY} are live as version {run.version}",
    )


def _tell(step: Step, run: RunDetail) -> None:
    step.tell(f"run {run.id} {run.dataset}: {run.state}, {run.error_code}")
    step.tell(f"    {run.error_message}")


def _counts(seen: dict[int, int]) -> str:
    return " and ".join(f"{count:,}" for count in sorted(seen))
