"""Lets a producer work ahead of its consumer, by a bounded number of items."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from shared.errors import LoadstoneError


class _End:
    """What stands in the queue after the last item: nothing, or the producer's error."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


@asynccontextmanager
async def ahead[T](items: AsyncGenerator[T], depth: int) -> AsyncGenerator[AsyncIterator[T]]:
    """The same items in the same order, produced by a task of its own up to `depth` ahead.

    An error of the producer is raised where the consumer would have got the next item. On leaving, the
    producer is cancelled and has ended.
    """
    queue: asyncio.Queue[T | _End] = asyncio.Queue(depth)
    producer = asyncio.create_task(_produce(items, queue))
    try:
        yield _consume(queue)
    finally:
        producer.cancel()
        await asyncio.wait([producer])


async def _produce[T](items: AsyncGenerator[T], queue: asyncio.Queue[T | _End]) -> None:
    error: Exception | None = None
    try:
        async with aclosing(items):
            async for item in items:
                await queue.put(item)
    except asyncio.CancelledError:
        raise  # the consumer is gone
    except Exception as failure:  # noqa: BLE001 - handed to the consumer, whatever it is
        error = failure
    except BaseException as panic:  # noqa: BLE001 - of a library in Rust; the consumer would wait for ever
        error = LoadstoneError(f"{type(panic).__name__}: {panic}", hint="This is a defect: please report it.")
    await queue.put(_End(error))


async def _consume[T](queue: asyncio.Queue[T | _End]) -> AsyncIterator[T]:
    while True:
        item = await queue.get()
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return
        yield item
