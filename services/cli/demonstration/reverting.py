"""The last step: an earlier version is live again at once, and then the newer one."""

import asyncio
from collections import Counter

from services.cli.demonstration.scene import Scene
from services.cli.demonstration.story import Step

MOMENT = 100.0  # milliseconds


async def revert(scene: Scene, step: Step) -> None:
    """Rolls flights back by a version and forward again, while a reader reads."""
    newest, earlier, *_ = await asyncio.to_thread(scene.api.versions, "flights", limit=2)
    async with scene.reading("flights") as seen:
        back = await asyncio.to_thread(scene.api.rollback, "flights", None)
        after_back = await scene.count("flights"), await _live(scene)
        await _met(scene, seen, earlier.rows)
        forward = await asyncio.to_thread(scene.api.rollback, "flights", newest.number)
        after_forward = await scene.count("flights"), await _live(scene)
        await _met(scene, seen, newest.rows)
    step.check(
        newest.live and after_back == (earlier.rows, earlier.number) and back.milliseconds < MOMENT,
        f"back to version {back.version} in {back.milliseconds} ms: "
        f"readers see its {after_back[0]:,} flights of {earlier.business_date}",
    )
    step.check(
        after_forward == (newest.rows, newest.number) and forward.milliseconds < MOMENT,
        f"forward to version {forward.version} in {forward.milliseconds} ms: "
        f"readers see its {after_forward[0]:,} flights of {newest.business_date}",
    )
    step.check(
        set(seen) == {earlier.rows, newest.rows},
        f"{seen.total():,} reads meanwhile saw one whole version or the other, and none an error",
    )


async def _live(scene: Scene) -> int | None:
    return (await asyncio.to_thread(scene.api.dataset, "flights")).live_version


async def _met(scene: Scene, seen: Counter[int], count: int) -> None:
    """Waits until the reader, too, has been shown this many rows."""

    async def shown() -> int | None:
        return seen[count] or None

    await scene.until(shown, f"a reader that sees {count} rows", within=5)
