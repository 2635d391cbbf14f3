"""Reads a delivery's objects from the bucket, parsed in a thread."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial

from services.worker.resources import Resources
from shared.domain import quantities
from shared.domain.dataset import Dataset
from shared.domain.run import ObjectRef
from shared.errors import FileRefused, FileTooLarge
from shared.files.reader import Batch, FileReader


async def batches[T](
    io: Resources,
    dataset: Dataset,
    item: ObjectRef,
    work: Callable[[Batch], T],
    *,
    told: Callable[[int], None] = lambda _: None,
    keep_lines: bool = False,
) -> AsyncGenerator[T]:
    """What `work` makes of each batch of one object; it runs in the thread that parses.

    `told` hears how many bytes each chunk from the bucket had. Raises FileRefused with the object's key and
    line in its message.
    """
    reader = FileReader(
        dataset,
        key=item.key,
        max_ratio=io.max_compression_ratio,
        block_bytes=io.block_bytes,
        keep_lines=keep_lines,
    )

    def worked(parse: Callable[[], list[Batch]]) -> list[T]:
        return [work(batch) for batch in parse()]

    loop = asyncio.get_running_loop()
    try:
        _refuse_too_large(dataset, item)
        # One thread for all: each thread more would keep an arena of freed memory of its own.
        with ThreadPoolExecutor(1, "parser") as parser:
            async with aclosing(io.bucket.stream(dataset.source.bucket, item)) as chunks:
                async for chunk in chunks:
                    told(len(chunk))
                    for done in await loop.run_in_executor(parser, worked, partial(reader.feed, chunk)):
                        yield done
            for done in await loop.run_in_executor(parser, worked, reader.finish):
                yield done
    except FileRefused as refused:
        raise _located(refused, item.key) from None


def _refuse_too_large(dataset: Dataset, item: ObjectRef) -> None:
    limit = dataset.limits.max_file_bytes
    if item.size > quantities.size(limit):
        raise FileTooLarge(f"{item.size} bytes are more than {limit} (limits.maxFileBytes)")


def _located(refused: FileRefused, key: str) -> FileRefused:
    line = f" line {refused.line}" if refused.line else ""
    return type(refused)(f"{key}{line}: {refused.message}", line=refused.line, hint=refused.hint)
