"""Measures the way from an object in the bucket to a live version against `psql \\copy` of the same file.

Both load the same records into the same server, then build the same primary key and two indexes and analyse:
psql from the uncompressed local file into a logged table, Loadstone from the gzipped object through every
check to a published version. They take turns; the medians are compared.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct

from bench import orders
from bench.orders import Files
from services.local import postgres, stack
from services.local.servers import Options, Outside
from services.local.stack import Stack
from shared import bucket, queue, settings
from shared.bucket import Bucket
from shared.catalog import datasets, runs
from shared.catalog.runs import Request
from shared.domain import delivery
from shared.domain.dataset import Dataset
from shared.domain.run import FINAL_STATES, DatasetId, ObjectRef, RunId, RunState, Trigger
from shared.postgres.pool import Pool, pool
from shared.settings import ObjectStore, Redis
from shared.settings.variables import Secret

RESULTS = Path(__file__).with_name("results") / "latest.json"
BUCKET = "bench"
DAY = date(2026, 1, 31)


class Measured(Struct, frozen=True, kw_only=True):
    """Seconds of one round, by what was done; `cpu` are those of the worker's process alone."""

    total: float
    load: float
    cpu: float = 0.0
    stages: dict[str, float]


class Results(Struct, frozen=True, kw_only=True):
    """What is written to bench/results/latest.json; later benchmarks add keys."""

    end_to_end_ratio: float
    load_ratio: float
    rows_per_second: int
    mb_per_second: float
    peak_rss_mb: float
    stages: dict[str, float]
    worker_cpu_seconds: float
    psql_seconds: float
    loadstone_seconds: float
    rows: int
    rounds: int


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loadstone-bench-") as folder:
        Path(folder).chmod(0o711)
        results = asyncio.run(compare(Path(folder), chosen.rows, chosen.rounds))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    _tell(results)


async def compare(folder: Path, rows: int, rounds: int) -> Results:
    """Take turns, each on the same servers."""
    print(f"making {rows:,} records ...", flush=True)
    files = orders.files(folder / "files", rows)
    outside = settings.read(_without_own_settings(), form=Outside)
    worker = [service for service in stack.loadstone(workers=1, api_port=None) if service.name == "worker"]
    async with (
        stack.running(Options(data=folder / "data"), outside, worker, lambda _name, _line: None) as up,
        pool(up.endpoints.database_url, size=3, application="bench") as db,
        bucket.connect(_store(up)) as store,
    ):
        importing = Importing(up, db, await _prepare(db, store, files))
        psql, ours = [], []
        for turn in range(rounds + 1):  # the first warms up, and doesn't count
            psql.append(await _psql(up, files))
            ours.append(await importing.measure())
            print(f"round {turn}: psql {psql[-1].total:.2f} s, Loadstone {ours[-1].total:.2f} s", flush=True)
        peak = _peak_rss(up.children["worker"].pid)
    return _results(psql[1:], ours[1:], files, peak)


def _results(psql: list[Measured], ours: list[Measured], files: Files, peak: float) -> Results:
    def median(rounds: list[Measured], value: Callable[[Measured], float]) -> float:
        return statistics.median(value(measured) for measured in rounds)

    seconds = median(ours, lambda measured: measured.total)
    baseline = median(psql, lambda measured: measured.total)
    load = median(ours, lambda measured: measured.load) / median(psql, lambda measured: measured.load)
    names = dict.fromkeys(name for measured in ours for name in measured.stages)
    return Results(
        end_to_end_ratio=round(seconds / baseline, 3),
        load_ratio=round(load, 3),
        rows_per_second=round(files.rows / seconds),
        mb_per_second=round(files.size / 1e6 / seconds, 1),
        peak_rss_mb=round(peak, 1),
        stages={name: round(statistics.median(m.stages.get(name, 0.0) for m in ours), 3) for name in names},
        worker_cpu_seconds=round(median(ours, lambda measured: measured.cpu), 3),
        psql_seconds=round(baseline, 3),
        loadstone_seconds=round(seconds, 3),
        rows=files.rows,
        rounds=len(ours),
    )


async def _prepare(db: Pool, store: Bucket, files: Files) -> ObjectRef:
    await store.create(BUCKET)
    declared = msgspec.convert(orders.document(BUCKET), Dataset)
    async with db.acquire() as connection, connection.transaction():
        await datasets.apply(connection, declared, actor="bench")
    return await store.put(BUCKET, f"orders/{DAY}/orders.csv.gz", files.compressed.read_bytes())


class Importing:
    """Imports the object again and again through the worker's process."""

    def __init__(self, up: Stack, db: Pool, item: ObjectRef) -> None:
        self._up = up
        self._db = db
        self._item = item

    async def measure(self) -> Measured:
        """From the moment in which the run is accepted to the one in which its version is live."""
        async with queue.connect(Redis(url=Secret(self._up.endpoints.redis_url))) as doorbell:
            await queue.ping(doorbell)
            cpu = _cpu_seconds(self._up.children["worker"].pid)
            started = time.perf_counter()
            run_id = await self._accept()
            await queue.ring(doorbell, run_id, 0)
            # Another process ends the run, so there is nothing to wait on but the catalog.
            while (run := await runs.read(self._db, run_id)).state not in FINAL_STATES:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            total = time.perf_counter() - started
            cpu = _cpu_seconds(self._up.children["worker"].pid) - cpu
        if run.state is not RunState.SUCCEEDED:
            raise SystemExit(f"the import failed: {run.error_message}")
        report: dict[str, Any] = await runs.report(self._db, run_id) or {}
        await self._drop_version()
        return Measured(total=total, load=report["stages"]["load"], cpu=cpu, stages=report["stages"])

    async def _accept(self) -> RunId:
        nonce = uuid4().hex
        request = Request(
            dataset_id=DatasetId(1),
            contract_version=1,
            business_date=DAY,
            trigger=Trigger.MANUAL,
            requested_by="bench",
            nonce=nonce,
        )
        identity = delivery.delivery_key("orders", 1, DAY, [self._item], nonce)
        async with self._db.acquire() as connection, connection.transaction():
            run_id, _ = await runs.submit(connection, request, identity, [self._item])
        return run_id

    async def _drop_version(self) -> None:
        """Gives the disk back between rounds, as psql's round does."""
        await self._db.execute("DROP SCHEMA bench CASCADE")
        for row in await self._db.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'loadstone_versions'"
        ):
            await self._db.execute(f'DROP TABLE loadstone_versions."{row["tablename"]}"')


async def _psql(up: Stack, files: Files) -> Measured:
    target = "public.baseline"
    copy = f"\\copy {target} FROM '{files.plain}' WITH (FORMAT csv, HEADER true)"
    indexes = [
        f"CREATE INDEX baseline_i{place} ON {target} ({', '.join(columns)})"
        for place, columns in enumerate(orders.INDEXES)
    ]
    finishing = [f"ALTER TABLE {target} ADD PRIMARY KEY (order_id)", *indexes, f"ANALYZE {target}"]
    await _run_psql(
        up, [f"DROP TABLE IF EXISTS {target}", f"CREATE TABLE {target} ({orders.COLUMNS})", "CHECKPOINT"]
    )
    load = await _run_psql(up, [copy])
    finish = await _run_psql(up, finishing)
    await _run_psql(up, [f"DROP TABLE {target}", "CHECKPOINT"])
    return Measured(total=load + finish, load=load, stages={"load": load, "index": finish})


async def _run_psql(up: Stack, statements: list[str]) -> float:
    program = postgres.programs() / "psql"
    arguments = [argument for statement in statements for argument in ("-c", statement)]
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        program,
        *("-XqAt", "-v", "ON_ERROR_STOP=1", *arguments, up.endpoints.database_url),
        env={**os.environ, "LD_LIBRARY_PATH": str(program.parent.parent / "lib")},
    )
    if await process.wait():
        raise SystemExit("psql failed")
    return time.perf_counter() - started


def _peak_rss(pid: int) -> float:
    """The largest resident set that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, from /proc/PID/stat (proc(5)), in clock ticks there."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _store(up: Stack) -> ObjectStore:
    return ObjectStore(
        endpoint_url=up.endpoints.s3_endpoint_url,
        region=up.endpoints.s3_region,
        access_key_id=up.endpoints.s3_access_key_id,
        secret_access_key=Secret(up.endpoints.s3_secret_access_key or ""),
    )


def _without_own_settings() -> dict[str, str]:
    """Servers that the environment names are not measured: the benchmark brings its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}


def _tell(results: Results) -> None:
    print(f"\nend to end    {results.end_to_end_ratio:.2f} of psql's {results.psql_seconds:.2f} s")
    print(f"load alone    {results.load_ratio:.2f} of psql \\copy")
    print(f"throughput    {results.rows_per_second:,} rows/s, {results.mb_per_second:.0f} MB/s")
    print(f"peak RSS      {results.peak_rss_mb:.0f} MB of the worker")
    print(f"worker CPU    {results.worker_cpu_seconds:.2f} s")
    print("stages        " + ", ".join(f"{name} {took:.2f} s" for name, took in results.stages.items()))
    print(
        f"written to    {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}"
    )


if __name__ == "__main__":
    main()
