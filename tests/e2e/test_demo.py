"""The demonstration as it is run by `make demo EXIT=1`: from nothing to a status, leaving nothing behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.cli.demonstration.scene import BUCKET
from services.cli.exits import Exit
from tests.support import servers

STEPS = (
    "1. A month of daily files is imported",
    "2. SQL and the API read what the files hold",
    "3. Broken files are refused, and readers notice nothing",
    "4. Three bad rows are set aside, the rest is live",
    "5. A worker is killed in the middle of a load",
    "6. A rollback takes milliseconds",
)
SEEN = (
    "✓ flights has 31 versions, one for each day of January 2013, planned by the scheduler",
    "✓ nyc.flights: 928 rows by SQL, 928 by the API, 928 in the file",
    "file reference/planes.csv, line 1702, column seats, rule type_mismatch",
    "the gzip data are cut off",
    "✓ exactly the three spoilt rows are in quarantine",
    "✓ 923 of 926 flights of 2013-02-01 are live as version 32",
    "its attempts: worker_lost, succeeded",
    "✓ published exactly once: 1 version, 336,776 rows by SQL",
    "✓ back to version 31 in ",
)


@pytest.fixture
def data() -> Generator[Path]:
    with servers.folder() as root:
        yield root / "data"


@asynccontextmanager
async def demo(data: Path, *arguments: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The demonstration in a process of its own, which ends with the block."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.cli.main", "demo", "--data", str(data), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def first_step(child: asyncio.subprocess.Process) -> None:
    """Wait until the stack is up, the files are in the bucket, and the first step begins."""
    assert child.stdout
    told = b""
    async for line in child.stdout:
        told += line
        if line.startswith(b"1. "):
            return
    raise AssertionError(f"the story did not begin:\n{told.decode()}")


def left_behind(data: Path) -> list[str]:
    """The command lines of the programs that work in this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if str(data) in command and process.name != str(os.getpid()):
            found.append(command)
    return found


async def test_every_step_holds_and_nothing_is_left(data: Path) -> None:
    async with asyncio.timeout(90), demo(data, "--exit") as child:
        told = (await child.communicate())[0].decode()
    assert child.returncode == Exit.OK, told
    lines = told.splitlines()
    assert [line for line in lines if line[:2] in {"1.", "2.", "3.", "4.", "5.", "6."}] == list(STEPS)
    assert [seen for seen in SEEN if seen not in told] == []
    assert "NOT SO" not in told
    assert [line for line in lines if line.startswith("All 6 steps held, in ")] != []
    assert left_behind(data) == []
    assert "run_succeeded" in (data / "services.log").read_text()


async def test_ctrl_c_in_the_middle_stops_everything(data: Path) -> None:
    async with asyncio.timeout(60), demo(data) as child:
        await first_step(child)
        working = left_behind(data)
        child.send_signal(signal.SIGINT)
        told = (await child.communicate())[0].decode()
    assert any("postgres" in command for command in working)
    assert child.returncode == Exit.INTERRUPTED, told
    assert "Everything has stopped" in told
    assert left_behind(data) == []


async def test_a_second_demonstration_begins_with_nothing(data: Path) -> None:
    data.mkdir()
    (data / "demo").touch()
    (data / "s3" / BUCKET).mkdir(parents=True)
    (data / "s3" / BUCKET / "left-over.csv").touch()
    async with asyncio.timeout(60), demo(data) as child:
        await first_step(child)
        found = sorted(path.name for path in (data / "s3" / BUCKET).iterdir())
        child.send_signal(signal.SIGTERM)
        await child.communicate()
    assert found == ["flights", "reference"]


async def test_a_folder_with_other_data_is_left_alone(data: Path) -> None:
    data.mkdir()
    (data / "credentials.json").write_text("of a stack")
    async with asyncio.timeout(30), demo(data) as child:
        told = (await child.communicate())[0].decode()
    assert child.returncode == Exit.FAILURE
    assert "holds something that is not from a demonstration" in told
    assert [path.name for path in data.iterdir()] == ["credentials.json"]
