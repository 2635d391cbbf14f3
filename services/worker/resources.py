"""What a worker holds open while it lives: the pool, the bucket, and its limits."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from msgspec import Struct

from services.worker.settings import WorkerSettings
from shared.bucket import Bucket
from shared.postgres import patience
from shared.postgres.pool import Connection, Pool
from shared.queue import Queue


class Resources(Struct, frozen=True, kw_only=True):
    """Everything an import needs from outside; times are in seconds."""

    name: str
    db: Pool
    bucket: Bucket
    lease: float
    heartbeat: float
    block_bytes: int
    max_compression_ratio: int
    publish_timeout: float
    lock_timeout: float
    check_timeout: float
    part_bytes: int
    max_parts: int
    doorbell: Queue | None = None  # without one, imports get no help

    @asynccontextmanager
    async def publishing(self) -> AsyncGenerator[Connection]:
        """A transaction whose statements wait for a lock no longer than readers may be held up."""
        async with (
            self.db.acquire() as connection,
            patience.transaction(connection, lock_timeout=self.lock_timeout),
        ):
            yield connection


def gather(settings: WorkerSettings, *, name: str, db: Pool, bucket: Bucket, doorbell: Queue) -> Resources:
    """The resources as the settings have them."""
    worker = settings.worker
    return Resources(
        name=name,
        db=db,
        bucket=bucket,
        lease=worker.lease.total_seconds(),
        heartbeat=worker.heartbeat.total_seconds(),
        block_bytes=worker.block_bytes,
        max_compression_ratio=worker.max_compression_ratio,
        publish_timeout=worker.publish_timeout.total_seconds(),
        lock_timeout=worker.lock_timeout.total_seconds(),
        check_timeout=worker.check_timeout.total_seconds(),
        part_bytes=worker.part_bytes,
        max_parts=worker.max_parts,
        doorbell=doorbell,
    )
