"""What the story is played on: the running stack, its API, a reader's SQL, and the bucket."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date

from msgspec import Struct

from services.cli import client
from services.cli.answers import RunAnswer, RunDetail
from services.cli.client import Client
from services.cli.demonstration.flights import Flights
from services.local.stack import Stack
from shared import bucket
from shared.bucket import Bucket
from shared.domain.dataset import Dataset
from shared.domain.run import FINAL_STATES
from shared.postgres import pool
from shared.postgres.pool import Pool
from shared.settings import ObjectStore
from shared.settings.variables import Secret
from shared.warehouse import naming, rows

POLL = 0.05
READER_PAUSE = 0.005
BUCKET = "landing"


class Scene(Struct, frozen=True, kw_only=True):
    """Orders go through the API, as the command line gives them; SQL only reads."""

    stack: Stack
    api: Client
    db: Pool
    bucket: Bucket
    flights: Flights
    datasets: dict[str, Dataset]

    async def put(self, key: str, body: bytes) -> None:
        """Lets a file land."""
        await self.bucket.put(BUCKET, key, body)

    async def start(self, dataset: str, day: date) -> RunAnswer:
        """Asks for an import."""
        run, _ = await asyncio.to_thread(self.api.start, dataset, day, force=False)
        return run

    async def ended(self, run_id: int, *, within: float) -> RunDetail:
        """The run once it is final."""

        async def final() -> RunDetail | None:
            run = await asyncio.to_thread(self.api.run, run_id)
            return run if run.state in FINAL_STATES else None

        return await self.until(final, f"the end of run {run_id}", within=within)

    async def imported(self, dataset: str, day: date) -> RunDetail:
        """Asks for an import, and waits for its end."""
        return await self.ended((await self.start(dataset, day)).id, within=60)

    async def until[T](
        self, look: Callable[[], Awaitable[T | None]], what: str, *, within: float, every: float = POLL
    ) -> T:
        """What a look finds, as soon as it finds something. Raises TimeoutError, which names it."""
        try:
            async with asyncio.timeout(within):
                while (found := await look()) is None:  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(every)
                return found
        except TimeoutError:
            raise TimeoutError(f"{what} was not seen within {within:g} s") from None

    async def count(self, dataset: str) -> int:
        """How many rows a reader sees through the published view."""
        return await rows.count(self.db, naming.published(self.datasets[dataset].load.target))

    @asynccontextmanager
    async def reading(self, dataset: str) -> AsyncGenerator[Counter[int]]:
        """Counts a dataset's rows again and again meanwhile; yields how often each count was seen.

        An error that a reader meets is raised at the end.
        """
        seen: Counter[int] = Counter()

        async def read() -> None:
            while True:
                seen[await self.count(dataset)] += 1
                await asyncio.sleep(READER_PAUSE)

        reader = asyncio.create_task(read())
        try:
            yield seen
        finally:
            reader.cancel()
            await asyncio.wait([reader])
        if not reader.cancelled():
            reader.result()


@asynccontextmanager
async def opened(stack: Stack, flights: Flights, datasets: dict[str, Dataset]) -> AsyncGenerator[Scene]:
    """The scene of a running stack."""
    where = stack.endpoints
    store = ObjectStore(
        endpoint_url=where.s3_endpoint_url,
        region=where.s3_region,
        access_key_id=where.s3_access_key_id,
        secret_access_key=Secret(where.s3_secret_access_key or ""),
    )
    with client.at(where.api_url or "", where.api_token) as api:
        async with (
            pool.pool(where.database_url, size=4, application="demo") as db,
            bucket.connect(store) as objects,
        ):
            yield Scene(stack=stack, api=api, db=db, bucket=objects, flights=flights, datasets=datasets)
