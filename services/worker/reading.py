"""Reads a delivery's objects from the bucket, cut and parsed in two threads."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any

from services.worker.overlap import ahead
from services.worker.resources import Resources
from shared.catalog import corrections
from shared.domain import quantities
from shared.domain.dataset import Dataset
from shared.domain.run import ObjectRef
from shared.errors import FileRefused, FileTooLarge
from shared.files import corrections as files_corrections
from shared.files.batch import Batch
from shared.files.reader import Reader, reader_for

PIECES_AHEAD = 2


class Meter:
    """Hears what reading costs; this one forgets it."""

    def count_bytes(self, count: int) -> None:
        """Hears how many bytes came from the bucket."""

    def describe(self, key: str, found: Mapping[str, object]) -> None:
        """Hears what was found out about an object: how it is compressed and encoded."""

    def spend(self, what: str, seconds: float) -> None:
        """Hears how long a thread was busy with something."""


async def batches[T](
    io: Resources,
    dataset: Dataset,
    item: ObjectRef,
    work: Callable[[Batch], T],
    *,
    meter: Meter,
    keep_lines: bool = False,
) -> AsyncGenerator[T]:
    """What `work` makes of each batch of one object; it runs in the thread that parses.

    Raises FileRefused with the object's key and line in its message.
    """
    reader = reader_of(io, dataset, item, keep_lines=keep_lines)

    def parse(piece: object) -> T | None:
        started = time.perf_counter()
        batch = reader.parse(piece)
        meter.spend("parse", time.perf_counter() - started)
        return None if batch is None else work(batch)

    loop = asyncio.get_running_loop()
    try:
        refuse_too_large(dataset, item)
        # One thread of each kind: every thread more keeps an arena of freed memory of its own.
        with ThreadPoolExecutor(1, "parser") as parser:
            async with ahead(_pieces(io, dataset, item, reader, meter), PIECES_AHEAD) as pieces:
                async for piece in pieces:
                    if (done := await loop.run_in_executor(parser, parse, piece)) is not None:
                        yield done
        reader.refuse_if_empty()
    except FileRefused as refused:
        raise located(refused, item.key) from None
    finally:
        meter.describe(item.key, reader.described)


async def _pieces(
    io: Resources, dataset: Dataset, item: ObjectRef, reader: Reader[Any], meter: Meter
) -> AsyncGenerator[object]:
    loop = asyncio.get_running_loop()

    def cut(pieces: Iterator[object]) -> object:
        started = time.perf_counter()
        piece = next(pieces, None)
        meter.spend("cut", time.perf_counter() - started)
        return piece

    async def each(pieces: Iterator[object]) -> AsyncGenerator[object]:
        while (piece := await loop.run_in_executor(cutter, cut, pieces)) is not None:
            yield piece

    with ThreadPoolExecutor(1, "cutter") as cutter:
        async with aclosing(stream(io, dataset, item)) as chunks:
            async for chunk in chunks:
                meter.count_bytes(len(chunk))
                async for piece in each(reader.cut(chunk)):
                    yield piece
        async for piece in each(reader.cut_rest()):
            yield piece


def reader_of(io: Resources, dataset: Dataset, item: ObjectRef, *, keep_lines: bool) -> Reader[Any]:
    """What reads an object of the bucket, or corrected records in its place."""
    return reader_for(
        files_corrections.corrected(dataset) if corrections.is_one(item) else dataset,
        max_ratio=io.max_compression_ratio,
        block_bytes=io.block_bytes,
        keep_lines=keep_lines,
    )


def stream(io: Resources, dataset: Dataset, item: ObjectRef) -> AsyncGenerator[bytes]:
    """The stored bytes of an object, or of corrected records, in chunks."""
    if corrections.is_one(item):
        return corrections.stream(io.db, item)
    return io.bucket.stream(dataset.source.bucket, item)


def refuse_too_large(dataset: Dataset, item: ObjectRef) -> None:
    """Raises FileTooLarge."""
    limit = dataset.limits.max_file_bytes
    if item.size > quantities.size(limit):
        raise FileTooLarge(f"{item.size} bytes are more than {limit} (limits.maxFileBytes)")


def located(refused: FileRefused, key: str) -> FileRefused:
    """The same refusal, with the object and the line in its message."""
    line = f" line {refused.line}" if refused.line else ""
    return type(refused)(f"{key}{line}: {refused.message}", line=refused.line, hint=refused.hint)
