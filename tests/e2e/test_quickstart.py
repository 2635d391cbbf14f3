"""The quickstart's commands answer what the quickstart says, one after the other, on a stack of their own."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path

import pytest

from services.local import folder
from tests.support import servers

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/quickstart.md"
# What differs from run to run: ports, times of day, durations, sizes, and how wide their columns are.
DIFFERENT = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "MOMENT"),
    (re.compile(r"\d+(\.\d+)? (s|ms|KiB)\b"), "AMOUNT"),
    (re.compile(r"\b\d\.\d{1,3}  "), "SECONDS  "),
    (re.compile(r"PostgreSQL      version [\d.]+"), "PostgreSQL      version N"),
    (re.compile(r"  +"), "  "),
)
# Where somebody looks, a bar stands in place of these lines, and is gone at the end.
FOLLOWED = re.compile(r"run \d+ orders [\d-]+: \w+")


def examples() -> Iterator[tuple[str, str]]:
    """Each command in the page's console blocks, here-document included, and what it prints there."""
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE.read_text(), re.S | re.M):
        for example in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, printed = example.partition("\n")
            if "<<'END'" in command:
                content, _, printed = printed.partition("END\n")
                command = f"{command}\n{content}END"
            yield command, printed


def pattern(printed: str) -> str:
    """A regular expression for what the page prints; a line with `…` stands for any lines."""
    lines = [r"(?:.*\n)*" if line == "…" else f"{re.escape(line)}\n" for line in settled(printed)]
    return "".join(lines)


def settled(printed: str) -> list[str]:
    """The lines without what differs from run to run."""
    lines = [line.rstrip() for line in printed.splitlines() if not FOLLOWED.match(line)]
    for found, instead in DIFFERENT:
        lines = [found.sub(instead, line) for line in lines]
    return lines


@pytest.fixture
def place() -> Generator[Path]:
    with servers.folder() as root:
        (root / "bin").mkdir()
        program = root / "bin/loadstone"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m services.cli.main "$@"\n')
        program.chmod(0o755)
        yield root


@pytest.fixture
def environ(place: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}
    return {**ours, "PATH": f"{place / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.fixture
async def up(place: Path, environ: dict[str, str]) -> AsyncGenerator[None]:
    """`loadstone up` in the folder of the example, until the test ends."""
    with (place / "up.log").open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            "loadstone", "up", cwd=place, env=environ, stdout=log, stderr=log
        )
        try:
            async with asyncio.timeout(60):
                while not _is_up(place):
                    assert child.returncode is None, (place / "up.log").read_text()
                    await asyncio.sleep(0.1)
            yield
        finally:
            child.terminate()
            await child.wait()


def _is_up(place: Path) -> bool:
    endpoints = folder.endpoints(place / ".loadstone")
    return endpoints is not None and "scheduler" in endpoints.pids


async def test_every_command_of_the_quickstart_prints_what_the_page_shows(
    place: Path, environ: dict[str, str], up: None
) -> None:
    told = list(examples())
    assert len(told) > 15
    for command, printed in told:
        child = await asyncio.create_subprocess_shell(
            command,
            cwd=place,
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        answer = (await child.communicate())[0].decode()
        found = "".join(f"{line}\n" for line in settled(answer))
        assert re.fullmatch(pattern(printed), found), f"$ {command}\n{answer}\nnot as in the page:\n{printed}"
