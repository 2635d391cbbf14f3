"""Real servers for the tests: PostgreSQL, Valkey and S3, each started when the first test asks for it."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
from msgspec import Struct

from services.local import ports, postgres, s3, valkey

PASSWORD = "tests-only"
TEMPLATE = "loadstone_template"

_numbers = itertools.count(1)


class Store(Struct, frozen=True, kw_only=True):
    """An S3 server: `folder` holds a folder for each bucket and, below, a file for each object."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str
    region: str
    folder: Path


@contextmanager
def folder() -> Generator[Path]:
    """Make a folder for a while. PostgreSQL's account can enter it, unlike those that pytest makes."""
    path = Path(tempfile.mkdtemp(prefix="loadstone-tests-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path)


@asynccontextmanager
async def postgres_server(root: Path) -> AsyncGenerator[str]:
    """Serve PostgreSQL without durability; yield the superuser's DSN."""
    [port] = ports.free(1)
    async with postgres.running(
        root / "postgres", port=port, password=PASSWORD, output=_drop, settings=postgres.FAST
    ):
        yield postgres.url(port, PASSWORD)


@asynccontextmanager
async def valkey_server(root: Path) -> AsyncGenerator[str]:
    """Serve Valkey; yield its URL."""
    [port] = ports.free(1)
    async with valkey.running(root / "valkey", port=port, password=PASSWORD, output=_drop):
        yield valkey.url(port, PASSWORD)


@asynccontextmanager
async def s3_server(root: Path) -> AsyncGenerator[Store]:
    """Serve S3 over a folder."""
    [port] = ports.free(1)
    store = Store(
        endpoint_url=s3.url(port),
        access_key_id="loadstone",
        secret_access_key=PASSWORD,
        region=s3.REGION,
        folder=root / "s3",
    )
    async with s3.running(
        store.folder,
        port=port,
        access_key_id=store.access_key_id,
        secret_access_key=store.secret_access_key,
        output=_drop,
    ):
        yield store


@asynccontextmanager
async def database(admin_dsn: str, *, template: str = TEMPLATE) -> AsyncGenerator[str]:
    """Yield the DSN of a fresh clone of the template. Whoever is still connected, it is dropped."""
    name = f"test_{next(_numbers)}"
    await execute(admin_dsn, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG")
    try:
        yield named(admin_dsn, name)
    finally:
        await execute(admin_dsn, f"DROP DATABASE {name} WITH (FORCE)")


def named(dsn: str, database: str) -> str:
    """Return the DSN of another database on the same server."""
    return f"{dsn.rpartition('/')[0]}/{database}"


async def execute(dsn: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _drop(_name: str, _line: str) -> None:
    """Servers are quiet in tests; what they say is kept for the error when they don't start."""
