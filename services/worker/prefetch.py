"""Reads the objects of a part one after the other, and fetches small ones before their turn comes."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from itertools import chain

from services.worker import reading
from services.worker.reading import Meter
from services.worker.resources import Resources
from shared.domain.dataset import Dataset
from shared.domain.run import ObjectRef
from shared.errors import FileRefused
from shared.files.batch import Batch

# Up to this size, the round trip of a GET and the start of threads take longer than the bytes.
SMALL_BYTES = 1024 * 1024
FETCHED_AT_ONCE = 6


class Prefetch:
    """The small objects that are on their way, and the one thread in which they are parsed."""

    def __init__(
        self, io: Resources, dataset: Dataset, objects: Sequence[ObjectRef], thread: ThreadPoolExecutor
    ) -> None:
        self._io = io
        self._dataset = dataset
        self._thread = thread
        self._next = iter([item for item in objects if item.size <= SMALL_BYTES])
        self._fetching: dict[str, asyncio.Task[bytes]] = {}

    async def batches[T](
        self, item: ObjectRef, work: Callable[[Batch], T], *, meter: Meter, keep_lines: bool = False
    ) -> AsyncGenerator[T]:
        """As `reading.batches`; a small object is cut and parsed in one go. Ask for the objects in order."""
        if item.size > SMALL_BYTES:
            streamed = reading.batches(
                self._io, self._dataset, item, work, meter=meter, keep_lines=keep_lines
            )
            async with aclosing(streamed) as found:
                async for done in found:
                    yield done
        else:
            for done in await self._whole(item, work, meter, keep_lines):
                yield done

    async def _whole[T](
        self, item: ObjectRef, work: Callable[[Batch], T], meter: Meter, keep_lines: bool
    ) -> list[T]:
        reader = reading.reader_of(self._io, self._dataset, item, keep_lines=keep_lines)

        def parse(body: bytes) -> list[T]:
            started = time.perf_counter()
            pieces = chain(reader.cut(body), reader.cut_rest())
            batches = [batch for piece in pieces if (batch := reader.parse(piece)) is not None]
            meter.spend("parse", time.perf_counter() - started)
            return [work(batch) for batch in batches]

        try:
            reading.refuse_too_large(self._dataset, item)
            body = await self._body(item)
            meter.count_bytes(len(body))
            found = await asyncio.get_running_loop().run_in_executor(self._thread, parse, body)
            reader.refuse_if_empty()
        except FileRefused as refused:
            raise reading.located(refused, item.key) from None
        finally:
            meter.describe(item.key, reader.described)
        return found

    async def _body(self, item: ObjectRef) -> bytes:
        while len(self._fetching) < FETCHED_AT_ONCE and (following := next(self._next, None)) is not None:
            self._fetching[following.key] = asyncio.create_task(self._fetch(following))
        return await self._fetching.pop(item.key)

    async def _fetch(self, item: ObjectRef) -> bytes:
        async with aclosing(reading.stream(self._io, self._dataset, item)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def stop(self) -> None:
        """Gives up what nobody will read any more."""
        for task in self._fetching.values():
            task.cancel()
        await asyncio.gather(*self._fetching.values(), return_exceptions=True)


@asynccontextmanager
async def prefetching(
    io: Resources, dataset: Dataset, objects: Sequence[ObjectRef]
) -> AsyncGenerator[Prefetch]:
    """Reads these objects. On leaving, nothing is on its way any more."""
    with ThreadPoolExecutor(1, "parser") as thread:
        prefetch = Prefetch(io, dataset, objects, thread)
        try:
            yield prefetch
        finally:
            await prefetch.stop()
