"""Measures the way from an object in the bucket to a live version against `psql \\copy` of the same file.

Both load the same records into the same server, then build the same primary key and two indexes and analyse:
psql from the uncompressed local file into a logged table, Loadstone from the gzipped object through every
check to a published version. The same records with one bad in a thousand, and as Parquet, take turns with
them. Every figure is a median over the rounds.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

from bench import flame, importing, orders, psql
from bench.importing import Bench, Importing
from bench.measured import Measured, median, stages
from bench.orders import Files

RESULTS = Path(__file__).with_name("results")
BAD_EVERY = 1000


class Size(Struct, frozen=True, kw_only=True):
    """Clean CSV of one size."""

    rows: int
    mb: float
    seconds: float
    seconds_per_million: float
    peak_rss_mb: float


class Results(Struct, frozen=True, kw_only=True):
    """What is written to bench/results/latest.json."""

    end_to_end_ratio: float
    load_ratio: float
    bad_rows_ratio: float
    parquet_ratio: float
    rows_per_second: int
    mb_per_second: float
    peak_rss_mb: float
    stages: dict[str, float]
    worker_cpu_seconds: float
    psql_seconds: float
    loadstone_seconds: float
    rows: int
    rounds: int
    sizes: list[Size]
    flame_graph: str


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="also a tenth and ten times of the rows")
    chosen = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="loadstone-bench-") as folder:
        Path(folder).chmod(0o711)
        results = asyncio.run(compare(Path(folder), chosen.rows, chosen.rounds, full=chosen.full))
    (RESULTS / "latest.json").write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    _tell(results)


async def compare(folder: Path, rows: int, rounds: int, *, full: bool) -> Results:
    """Take turns, each on the same servers."""
    print(f"making {rows:,} records ...", flush=True)
    made = orders.files(folder / "files", rows)
    async with importing.running(folder / "data") as bench:
        clean = await bench.prepared(orders.document(importing.BUCKET), made.compressed)
        peak = (await clean.measure()).peak_mb  # before anything else has grown the process
        took = await _rounds(bench, made, clean, await _others(bench, folder, made), rounds)
        flame_graph = await flame.record(bench.worker, clean, RESULTS / "flame.svg")
        sizes = [_size(made, took["Loadstone"], peak)]
        for count in (rows // 10, rows * 10) if full else ():
            other = orders.files(folder / "files", count)
            again = await bench.prepared(orders.document(importing.BUCKET), other.compressed)
            repeated = [await again.measure() for _ in range(rounds if count < rows else 1)]
            sizes.append(_size(other, repeated, max(measured.peak_mb for measured in repeated)))
    return _results(took, made, sizes, flame_graph)


async def _others(bench: Bench, folder: Path, made: Files) -> dict[str, Importing]:
    bad = orders.files(folder / "files", made.rows, bad_every=BAD_EVERY)
    document = orders.document(importing.BUCKET, "orders_bad")
    columnar = orders.document(importing.BUCKET, "orders_parquet", ending="parquet")
    return {
        "bad rows": await bench.prepared(document, bad.compressed),
        "Parquet": await bench.prepared(columnar, orders.parquet(made)),
    }


async def _rounds(
    bench: Bench, made: Files, clean: Importing, others: dict[str, Importing], rounds: int
) -> dict[str, list[Measured]]:
    took: dict[str, list[Measured]] = {"psql": [], "Loadstone": [], **{name: [] for name in others}}
    for turn in range(rounds + 1):  # the first warms up, and doesn't count
        took["psql"].append(await psql.measure(bench.database_url, made))
        took["Loadstone"].append(await clean.measure())
        for name, other in others.items():
            took[name].append(await other.measure())
        told = ", ".join(f"{name} {measured[-1].total:.2f} s" for name, measured in took.items())
        print(f"round {turn}: {told}", flush=True)
    return {name: measured[1:] for name, measured in took.items()}


def _size(made: Files, rounds: list[Measured], peak: float) -> Size:
    seconds = median(rounds, lambda measured: measured.total)
    return Size(
        rows=made.rows,
        mb=round(made.size / 1e6, 1),
        seconds=round(seconds, 3),
        seconds_per_million=round(seconds / made.rows * 1e6, 3),
        peak_rss_mb=round(peak, 1),
    )


def _results(took: dict[str, list[Measured]], made: Files, sizes: list[Size], flame_graph: str) -> Results:
    ours = took["Loadstone"]
    seconds = {name: median(rounds, lambda measured: measured.total) for name, rounds in took.items()}
    load = {name: median(rounds, lambda measured: measured.load) for name, rounds in took.items()}
    return Results(
        end_to_end_ratio=round(seconds["Loadstone"] / seconds["psql"], 3),
        load_ratio=round(load["Loadstone"] / load["psql"], 3),
        bad_rows_ratio=round(seconds["bad rows"] / seconds["Loadstone"], 3),
        parquet_ratio=round(seconds["Parquet"] / seconds["Loadstone"], 3),
        rows_per_second=round(made.rows / seconds["Loadstone"]),
        mb_per_second=round(made.size / 1e6 / seconds["Loadstone"], 1),
        peak_rss_mb=sizes[0].peak_rss_mb,
        stages=stages(ours),
        worker_cpu_seconds=round(median(ours, lambda measured: measured.cpu), 3),
        psql_seconds=round(seconds["psql"], 3),
        loadstone_seconds=round(seconds["Loadstone"], 3),
        rows=made.rows,
        rounds=len(ours),
        sizes=sizes,
        flame_graph=flame_graph,
    )


def _tell(results: Results) -> None:
    print(f"\nend to end    {results.end_to_end_ratio:.2f} of psql's {results.psql_seconds:.2f} s")
    print(f"load alone    {results.load_ratio:.2f} of psql \\copy")
    print(f"bad rows      {results.bad_rows_ratio:.2f} of the clean file's time, one in {BAD_EVERY} bad")
    print(f"Parquet       {results.parquet_ratio:.2f} of the CSV's time")
    print(f"throughput    {results.rows_per_second:,} rows/s, {results.mb_per_second:.0f} MB/s")
    print(f"worker CPU    {results.worker_cpu_seconds:.2f} s")
    print("stages        " + ", ".join(f"{name} {took:.2f} s" for name, took in results.stages.items()))
    for size in results.sizes:
        print(
            f"{size.rows:>12,}  rows, {size.mb:,.0f} MB: {size.seconds:.2f} s, "
            f"{size.seconds_per_million:.2f} s per million, peak RSS {size.peak_rss_mb:.0f} MB"
        )
    print(f"flame graph   {results.flame_graph}")
    print("written to    bench/results/latest.json")


if __name__ == "__main__":
    main()
