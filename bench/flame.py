"""A flame graph of the worker's threads during one import."""

import asyncio
import signal
import sys
from pathlib import Path

from bench.importing import Importing

SETTLING = 1.0  # seconds until py-spy has found the process's threads


async def record(pid: int, importing: Importing, path: Path) -> str:
    """Imports once more under py-spy; answers where the graph is, or why there is none."""
    program = Path(sys.executable).with_name("py-spy")
    if not program.exists():
        return "none: py-spy is not installed"
    process = await asyncio.create_subprocess_exec(
        program,
        *("record", "--pid", str(pid), "--output", path, "--rate", "200", "--threads", "--duration", "600"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    await asyncio.sleep(SETTLING)
    await importing.measure()
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    _, said = await process.communicate()
    return path.name if path.exists() else f"none: {said.decode(errors='replace').strip()[-200:]}"
