"""The baseline: `psql \\copy` of the local file into a logged table, then keys, indexes and ANALYZE."""

import asyncio
import os
import time

from bench import orders
from bench.measured import Measured
from bench.orders import Files
from services.local import postgres

TARGET = "public.baseline"


async def measure(database_url: str, files: Files) -> Measured:
    """One round; the table is gone afterwards."""
    copy = f"\\copy {TARGET} FROM '{files.plain}' WITH (FORMAT csv, HEADER true)"
    indexes = [
        f"CREATE INDEX baseline_i{place} ON {TARGET} ({', '.join(columns)})"
        for place, columns in enumerate(orders.INDEXES)
    ]
    finishing = [f"ALTER TABLE {TARGET} ADD PRIMARY KEY (order_id)", *indexes, f"ANALYZE {TARGET}"]
    await run(database_url, [f"CREATE TABLE {TARGET} ({orders.COLUMNS})", "CHECKPOINT"])
    load = await run(database_url, [copy])
    finish = await run(database_url, finishing)
    await run(database_url, [f"DROP TABLE {TARGET}", "CHECKPOINT"])
    return Measured(total=load + finish, load=load, stages={"load": load, "index": finish})


async def run(database_url: str, statements: list[str]) -> float:
    """Runs statements or psql's own commands; answers the seconds that the whole process took."""
    program = postgres.programs() / "psql"
    arguments = [argument for statement in statements for argument in ("-c", statement)]
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        program,
        *("-XqAt", "-v", "ON_ERROR_STOP=1", *arguments, database_url),
        env={**os.environ, "LD_LIBRARY_PATH": str(program.parent.parent / "lib")},
    )
    if await process.wait():
        raise SystemExit("psql failed")
    return time.perf_counter() - started
