"""What a user sees of an import: the run, the published rows, the quarantine, and what is left behind."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from shared.catalog import datasets, objects, versions
from shared.catalog.objects import ObjectRecord
from shared.domain.run import Run
from shared.warehouse import quarantine
from tests.support.imports import NAME, Importer

DAY = "2013-01-01"


class Place(NamedTuple):
    """Where and why a record was quarantined, and the record."""

    object: str
    line: int
    column: str | None
    code: str
    raw: bytes


class Readable(NamedTuple):
    """All that a reader of a dataset can see."""

    live_version: int | None
    versions: int
    rows: list[tuple[Any, ...]]


def key(name: str = "data.csv") -> str:
    """An object's whole key."""
    return f"things/{DAY}/{name}"


def written(names: Sequence[str], records: Iterable[Sequence[str]], *, quoting: int = csv.QUOTE_ALL) -> bytes:
    """A CSV file as Python writes it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerow(names)
    writer.writerows(records)
    return text.getvalue().encode()


async def readable(imports: Importer) -> Readable:
    """What a reader sees now, row by row in the order of loading."""
    record = await datasets.read(imports.db, NAME)
    made = await versions.listing(imports.db, record.id)
    return Readable(record.live_version, len(made), await imports.rows("SELECT * FROM data.things"))


async def quarantined(imports: Importer, run: Run) -> list[Place]:
    """The run's quarantine in order."""
    found = await quarantine.page(imports.db, run.id, limit=1000)
    return [Place(q.object, q.line, q.column, q.code, q.raw) for q in found]


async def messages(imports: Importer, run: Run) -> list[str]:
    """What the quarantine says about each record."""
    return [found.message for found in await quarantine.page(imports.db, run.id, limit=1000)]


async def counted(imports: Importer, run: Run) -> list[ObjectRecord]:
    """What was read of each object; each was read whole."""
    found = await objects.listing(imports.db, run.id)
    assert all(item.bytes_read == item.size for item in found)
    return found


async def assert_failed(imports: Importer, run: Run, code: str, *says: str) -> None:
    """The run failed at its first attempt with this code, says all of this, and left no table behind."""
    assert (run.state, run.error_code) == ("failed", code), run.error_message
    for part in says:
        assert part in (run.error_message or "")
    assert run.error_hint
    assert (run.attempt, run.version) == (1, None)
    assert await imports.staged() == []


async def assert_published(imports: Importer, run: Run) -> None:
    """The run succeeded, its version is live, and no staging table is left."""
    assert run.state == "succeeded", f"{run.error_code}: {run.error_message}"
    assert (await datasets.read(imports.db, NAME)).live_version == run.version
    assert await imports.staged() == []
