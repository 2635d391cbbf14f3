"""The worker's process: `python -m services.worker.main`."""

import asyncio
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path

import pyarrow as pa

from services.worker import resources, tasks
from services.worker.settings import WorkerSettings
from shared import bucket, queue, settings
from shared.postgres import failures, pool
from shared.telemetry import logs, ops

# Besides the connection that loads, a run uses one for its heartbeats and a few to build indexes.
CONNECTIONS_PER_RUN = 5
log = logs.logger()


def main() -> None:
    """Work until SIGTERM or SIGINT. Ends with a message and a status of 1 when that is impossible."""
    # Arrow's own allocator is no faster here, and keeps 20 MB more of what was freed.
    pa.set_memory_pool(pa.system_memory_pool())
    # Arrow imports pandas where it is installed, with the first list that becomes an array: 60 MB.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        chosen = settings.read(os.environ, form=WorkerSettings, dotenv=Path(".env"))
        logs.configure(chosen.log, service="worker")
        asyncio.run(serve(chosen))
    except Exception as error:
        explained = failures.explain(error)
        if explained is None:
            raise
        sys.exit(f"{explained.message}\n{explained.hint}")


async def serve(chosen: WorkerSettings) -> None:
    """Import what the queue names. A signal stops the claiming; what can't finish in time is given back."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    worker = chosen.worker
    connections = max(chosen.database.pool_size, CONNECTIONS_PER_RUN * worker.concurrency)
    async with (
        pool.pool(chosen.database.url.reveal(), size=connections, application="worker") as db,
        bucket.connect(chosen.store) as objects,
        queue.connect(chosen.redis) as doorbell,
        ops.serve(
            worker.ops_host,
            worker.ops_port,
            checks={"database": partial(pool.ping, db), "queue": partial(queue.ping, doorbell)},
        ),
    ):
        name = f"{socket.gethostname()}-{os.getpid()}"
        io = resources.gather(chosen, name=name, db=db, bucket=objects, doorbell=doorbell)
        jobs = {
            queue.JOB: partial(tasks.import_run, io=io, doorbell=doorbell),
            queue.PARTS: partial(tasks.load_parts, io=io, doorbell=doorbell),
        }
        log.info("worker_started", name=io.name, concurrency=worker.concurrency)
        await queue.serve(chosen.redis, jobs, concurrency=worker.concurrency, drain=worker.drain, stop=stop)
        log.info("worker_stopped", name=io.name)


if __name__ == "__main__":
    main()
