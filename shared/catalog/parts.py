"""The parts of an attempt whose delivery is spread over the workers: planned, claimed, kept, loaded.

A part has a lease and a fence of its own. It can be claimed, kept and finished only while the attempt that
planned it holds the run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from shared.domain.misfits import Misfits
from shared.domain.profile import Profile
from shared.domain.report import ObjectCounts
from shared.domain.run import Run, RunId
from shared.errors import LeaseLost, LoadstoneError
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


class Part(Struct, frozen=True, kw_only=True):
    """A part that this worker holds; `objects` are the keys of its objects."""

    run_id: RunId
    run_fence: int
    number: int
    fence: int
    objects: list[str]
    failures: int

    @property
    def place(self) -> tuple[int, int, int, int]:
        """What finds the part, as long as nobody else has claimed it."""
        return self.run_id, self.run_fence, self.number, self.fence


class Result(Struct, frozen=True, kw_only=True):
    """What was loaded of a part, and what was found on the way."""

    rows: int
    bytes: int
    records_read: int
    rejected: int
    first_reject: str | None
    objects: list[ObjectCounts]
    read: dict[str, Mapping[str, Any]]
    misfits: list[Misfits] = []
    seconds: dict[str, float]
    profile: Profile | None = None  # a worker of an earlier release makes none


class LoadedPart(Struct, frozen=True, kw_only=True):
    """A loaded part; number and fence name its table."""

    number: int
    fence: int
    worker: str
    result: Result


class Standing(Struct, frozen=True, kw_only=True):
    """How many parts are not loaded yet, how far they are, and why one of them can't be loaded.

    `held` says whether the attempt still has the run, `cancel` whether the run is to be cancelled.
    """

    left: int
    rows_done: int
    bytes_done: int
    error_code: str | None
    error_message: str | None
    error_hint: str | None
    held: bool
    cancel: bool


async def plan(db: Connection, run: Run, planned: Sequence[tuple[Sequence[str], int]]) -> None:
    """Keeps the parts of an attempt, each by the keys of its objects and its weight; earlier ones go."""
    await db.execute(SQL.forget, run.id)
    values = [(run.id, run.fence, place, [*keys], w) for place, (keys, w) in enumerate(planned, start=1)]
    await db.executemany(SQL.plan, values)


async def claim(db: Pool, run: Run, *, worker: str, lease: float) -> Part | None:
    """Takes a part that nobody works on for `lease` seconds; None when there is none (yet)."""
    row = await db.fetchrow(SQL.claim, run.id, run.fence, worker, lease)
    return None if row is None else rows.struct(row, Part)


async def beat(db: Pool, part: Part, *, lease: float, rows_done: int, bytes_done: int) -> bool:
    """Extends the lease; answers whether the run is to be cancelled. Raises LeaseLost."""
    cancel = await db.fetchval(SQL.beat, *part.place, lease, rows_done, bytes_done)
    if cancel is None:
        raise _lost(part)
    return bool(cancel)


async def finish(db: Pool, part: Part, result: Result, *, bytes_done: int) -> None:
    """Keeps what was loaded. Raises LeaseLost, and then nobody will use the part's table."""
    values = (*part.place, result.rows, bytes_done, msgspec.to_builtins(result))
    if await db.fetchval(SQL.finish, *values) is None:
        raise _lost(part)


async def is_loaded(db: Pool, part: Part) -> bool:
    """Whether the part was finished under this fence: the answer to that may have been lost."""
    return bool(await db.fetchval(SQL.is_loaded, *part.place))


async def give_back(db: Pool, part: Part, *, failed: bool) -> None:
    """Lets another worker have the part, unless it has it already."""
    await db.execute(SQL.give_back, *part.place, int(failed))


async def fail(db: Pool, part: Part, error: LoadstoneError) -> None:
    """Says that the part can't be loaded, and why, unless somebody else works on it."""
    await db.execute(SQL.fail, *part.place, error.code, error.message, error.hint)


async def standing(db: Pool, run: Run) -> Standing:
    """How far the parts of an attempt are."""
    return rows.struct(await db.fetchrow(SQL.standing, run.id, run.fence), Standing)


async def results(db: Pool, run: Run) -> list[LoadedPart]:
    """What was loaded of each part."""
    return rows.structs(await db.fetch(SQL.results, run.id, run.fence), LoadedPart)


def _lost(part: Part) -> LeaseLost:
    return LeaseLost(f"part {part.number} of run {part.run_id} is no longer held under fence {part.fence}")
