"""Measures what people use instead of Loadstone: the same file into the same server, without indexes.

Each peer runs with the settings that its own documentation calls fastest. One that can't be installed, fails
or takes too long is listed as such. Loadstone's row is the whole way through its worker, every check on.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from bench import importing, orders, psql
from bench.end_to_end import RESULTS
from bench.importing import Bench, Importing
from bench.orders import Files
from shared.postgres.pool import Pool, pool

HERE = Path(__file__).parent
PEERS = HERE.parent / ".venv-peers"
PATIENCE = 300.0  # seconds
RAISED = re.compile(r"[\w.]*(Error|Exception)\b")
TABLES_OF_PEERS = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE tablename LIKE 'peer%' AND schemaname NOT LIKE '%staging%'
"""


class Peer(Struct, frozen=True, kw_only=True):
    """A program that loads the file. `prints_seconds`: its last line is the time without its start."""

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str] = {}
    prints_seconds: bool = False


class Row(Struct, frozen=True, kw_only=True):
    """One line of the table: seconds, or why there are none."""

    name: str
    seconds: float | None = None
    ratio_to_psql: float | None = None
    note: str = ""


def main() -> None:
    """Measure each and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of peers")
    chosen = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="loadstone-peers-") as folder:
        Path(folder).chmod(0o711)
        rows = asyncio.run(compare(Path(folder), chosen.rows, chosen.only))
    (RESULTS / "peers.json").write_bytes(msgspec.json.format(msgspec.json.encode(rows)))
    (RESULTS / "peers.md").write_text(_table(rows))
    print(f"\n{_table(rows)}")


async def compare(folder: Path, rows: int, only: Sequence[str]) -> list[Row]:
    """One after the other; psql and Loadstone are medians of three rounds in turn."""
    made = orders.files(folder / "files", rows)
    async with (
        importing.running(folder / "data") as bench,
        pool(bench.database_url, size=2, application="peers") as db,
    ):
        ours = await bench.prepared(orders.document(importing.BUCKET, keys=False), made.compressed)
        found = await _own(bench, made, ours)
        for peer in _peers(bench.database_url, made.plain, folder):
            if not only or any(part in peer.name for part in only):
                found.append(await _measure(peer, db, made.rows))
                print(f"{peer.name}: {found[-1].seconds or found[-1].note}", flush=True)
    baseline = found[0].seconds or 1.0
    told = [
        msgspec.structs.replace(r, ratio_to_psql=r.seconds and round(r.seconds / baseline, 2)) for r in found
    ]
    return sorted(told, key=lambda row: row.seconds or float("inf"))


async def _own(bench: Bench, made: Files, ours: Importing) -> list[Row]:
    took = [
        ((await psql.measure(bench.database_url, made)).load, (await ours.measure()).total) for _ in range(3)
    ]
    theirs, own = (sorted(seconds)[1] for seconds in zip(*took, strict=True))
    return [
        Row(name="psql \\copy", seconds=round(theirs, 2)),
        Row(
            name="Loadstone", seconds=round(own, 2), note="from the gzipped object to a live version, checked"
        ),
    ]


def _peers(url: str, file: Path, folder: Path) -> list[Peer]:
    python = PEERS / "peers" / "bin" / "python"
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(folder / "dlt")}

    def library(name: str, function: str) -> Peer:
        argv = [str(python), str(HERE / "loaders.py"), function, url, str(file)]
        return Peer(name=name, argv=argv, environ=quiet, prints_seconds=True)

    return [
        library("psycopg COPY", "psycopg_copy"),
        library("adbc_ingest", "adbc_ingest"),
        library("DuckDB postgres extension", "duckdb_postgres"),
        library("asyncpg copy_records_to_table", "asyncpg_records"),
        library("dlt, CSV", "dlt_csv"),
        library("dlt, Parquet and ADBC", "dlt_parquet"),
        library("pandas to_sql with COPY", "pandas_to_sql"),
        _sling(url, file),
        _pgloader(url, file, folder),
        _ingestr(url, file),
        _singer(url, file, folder),
    ]


def _sling(url: str, file: Path) -> Peer:
    binary = next(
        PEERS.glob("peers/lib/*/site-packages/sling_linux_amd64/bin/sling-linux-amd64"), PEERS / "sling"
    )
    argv = [str(binary), "run", "--src-stream", f"file://{file}", "--tgt-conn", "PEERS"]
    options = ["--tgt-object", "public.peer_sling", "--mode", "full-refresh"]
    environ = {"PEERS": f"{url}?sslmode=disable", "SLING_DISABLE_TELEMETRY": "true"}
    return Peer(name="Sling", argv=[*argv, *options], environ=environ)


def _pgloader(url: str, file: Path, folder: Path) -> Peer:
    command = folder / "orders.load"
    command.write_text(
        f"LOAD CSV FROM '{file}' INTO {url}?tablename=peer WITH skip header = 1, fields terminated by ',', "
        "fields optionally enclosed by '\"', fields escaped by double-quote, batch rows = 100000, "
        "prefetch rows = 100000, workers = 2, concurrency = 1;"
    )
    return Peer(
        name="pgloader",
        argv=[str(PEERS / "pgloader/usr/bin/pgloader"), "--no-ssl-cert-verification", str(command)],
    )


def _ingestr(url: str, file: Path) -> Peer:
    argv = [str(PEERS / "peers-ingestr/bin/ingestr"), "ingest", "--yes", "--progress", "log"]
    source = ["--source-uri", f"csv://{file}", "--source-table", "orders", "--loader-file-format", "csv"]
    target = ["--dest-uri", url, "--dest-table", "public.peer_ingestr"]
    environ = {"INGESTR_DISABLE_TELEMETRY": "true", "DISABLE_TELEMETRY": "true"}
    return Peer(name="ingestr", argv=[*argv, *source, *target], environ=environ)


def _singer(url: str, file: Path, folder: Path) -> Peer:
    settings = {
        "sqlalchemy_url": url.replace("postgresql://", "postgresql+psycopg://"),
        "default_target_schema": "singer",
        "use_copy": True,
        "batch_size_rows": 100_000,
        "validate_records": False,
    }
    (folder / "singer.json").write_text(json.dumps(settings))
    target = PEERS / "peers-singer/bin/target-postgres"
    messages = f"'{sys.executable}' '{HERE / 'singer.py'}' '{file}' 2>/dev/null"
    pipe = f"test -x '{target}' && {messages} | '{target}' --config '{folder / 'singer.json'}'"
    return Peer(name="Singer target-postgres", argv=["sh", "-c", pipe])


async def _measure(peer: Peer, db: Pool, rows: int) -> Row:
    async with _empty_table(db):
        started = time.perf_counter()
        try:
            status, said = await _run(peer)
        except OSError:
            return Row(name=peer.name, note="can't be installed here")
        except TimeoutError:
            return Row(name=peer.name, note=f"gave up after {PATIENCE:.0f} s")
        seconds = time.perf_counter() - started
        lines = said.strip().splitlines() or ["no output"]
        if status:
            return Row(name=peer.name, note=f"fails: {_reason(lines)}")
        loaded = await _loaded(db)
        if peer.prints_seconds:
            seconds = float(lines[-1])
        note = "" if loaded == rows else f"loads {loaded} of {rows} records"
        return Row(name=peer.name, seconds=round(seconds, 2), note=note)


async def _run(peer: Peer) -> tuple[int, str]:
    """The status and what was said. Raises TimeoutError when it takes too long, and then nothing goes on."""
    process = await asyncio.create_subprocess_exec(
        *peer.argv,
        env={**os.environ, **peer.environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return process.returncode or 0, said.decode(errors="replace")


def _reason(lines: Sequence[str]) -> str:
    """The last line that names an error as Python does, or one that at least speaks of an error."""
    raised = [line for line in lines if RAISED.match(line)]
    spoken = [line for line in lines if "error" in line.lower() or "fail" in line.lower()]
    return (raised or spoken or lines)[-1].strip().replace("|", "/")[:160]


@asynccontextmanager
async def _empty_table(db: Pool) -> AsyncGenerator[None]:
    await db.execute(f"CREATE TABLE public.peer ({orders.COLUMNS})")
    await db.execute("CHECKPOINT")
    yield
    for table in await db.fetch(TABLES_OF_PEERS):
        await db.execute(f"DROP TABLE {table[0]} CASCADE")


async def _loaded(db: Pool) -> int:
    """The rows of the fullest table that the peer has filled: some make their own."""
    counts = [
        await db.fetchval(f"SELECT count(*) FROM {table[0]}") for table in await db.fetch(TABLES_OF_PEERS)
    ]
    return max(counts, default=0)


def _table(rows: Sequence[Row]) -> str:
    lines = ["| loader | seconds | × psql | |", "|---|---:|---:|---|"]
    for row in rows:
        seconds = "" if row.seconds is None else f"{row.seconds:.2f}"
        ratio = "" if row.ratio_to_psql is None else f"{row.ratio_to_psql:.2f}"
        lines.append(f"| {row.name} | {seconds} | {ratio} | {row.note} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
