"""Real servers for the tests: PostgreSQL, Valkey and S3, each started when the first test asks for it."""

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import aioboto3
import asyncpg
from msgspec import Struct

from services.local import ports, postgres, process, s3, valkey
from services.local.process import Command

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

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


@asynccontextmanager
async def client(store: Store) -> AsyncGenerator["S3Client"]:
    """A plain client, for what a test does to a store behind Loadstone's back."""
    session = aioboto3.Session(
        aws_access_key_id=store.access_key_id,
        aws_secret_access_key=store.secret_access_key,
        region_name=store.region,
    )
    async with session.client("s3", endpoint_url=store.endpoint_url) as connected:
        yield connected


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
async def versioned_s3_server(root: Path) -> AsyncGenerator[Store]:
    """Serve an S3 that knows versions, tags and conditional requests, in memory."""
    [port] = ports.free(1)
    server = Command(
        name="moto",
        argv=(sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)),
        environ=dict(os.environ),
    )
    async with process.running(server, _drop) as child:
        question = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        await process.wait_until(lambda: process.answers(port, question, b"HTTP/1.1"), child, within=30)
        yield Store(
            endpoint_url=s3.url(port),
            access_key_id="loadstone",
            secret_access_key=PASSWORD,
            region=s3.REGION,
            folder=root,
        )


def as_user(dsn: str, user: str, password: str) -> str:
    """The DSN of the same database for another user."""
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}"))


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
