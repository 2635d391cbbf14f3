"""The embedded stack as a program: what it starts, and that nothing is left whatever ends it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from services.local import folder, ports, stack
from services.local.folder import Endpoints
from services.local.servers import Options, Outside
from services.local.stack import Service
from shared import settings
from shared.errors import LocalStackFailed
from tests.support import embedded, servers

UNPRIVILEGED = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
PROGRAMS = {"postgres", "valkey", "s3", "api"}


class Running:
    """A stack in a process of its own, and all that it printed."""

    def __init__(self, child: asyncio.subprocess.Process, data: Path) -> None:
        self.pid = child.pid
        self.said = ""
        self._child = child
        self._data = data

    async def up(self) -> Endpoints:
        """Wait until it says that everything is up."""
        assert self._child.stdout
        async for line in self._child.stdout:
            self.said += line.decode()
            if line == b"everything is up\n":
                found = folder.endpoints(self._data)
                assert found
                return found
        raise AssertionError(f"the stack did not start:\n{self.said}")

    async def ended(self) -> int:
        """Wait for its end; return its status."""
        assert self._child.stdout
        async with asyncio.timeout(20):
            self.said += (await self._child.stdout.read()).decode()
            return await self._child.wait()


@pytest.fixture
def data() -> Generator[Path]:
    with servers.folder() as root:
        yield root / "data"


@asynccontextmanager
async def started(data: Path, *names: str, before: tuple[str, ...] = ()) -> AsyncGenerator[Running]:
    """Run a stack in a process group of its own, as a shell would."""
    child = await asyncio.create_subprocess_exec(
        *before,
        *(sys.executable, "-m", "tests.support.embedded", str(data)),
        *(names or ("api",)),
        env={name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    running = Running(child, data)
    try:
        yield running
    finally:
        if child.returncode is None:
            child.terminate()
        await running.ended()


async def nothing_is_left(endpoints: Endpoints) -> None:
    """Wait until no program of the stack lives and nobody listens where one did."""
    await asyncio.gather(*(is_gone(pid) for pid in endpoints.pids.values()))
    for url in (endpoints.database_url, endpoints.redis_url, endpoints.s3_endpoint_url, endpoints.api_url):
        assert not ports.is_open(port_of(url)), url


async def is_gone(pid: int) -> None:
    """Wait until the process has ended."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)  # readable at its end, also where no parent collects it
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(descriptor, ended.set)
        try:
            await asyncio.wait_for(ended.wait(), 15)
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)


def port_of(url: str | None) -> int:
    assert url
    return int(url.rpartition(":")[2].partition("/")[0])


def can_be_unprivileged() -> bool:
    return subprocess.run([*UNPRIVILEGED, "true"], capture_output=True, check=False).returncode == 0


async def tell(endpoints: Endpoints, order: bytes) -> None:
    """Send the stand-in an order, and wait until it has closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoints.api_url))
    writer.write(order)
    await reader.read()
    writer.close()


@pytest.mark.parametrize("before", [(), UNPRIVILEGED], ids=["as this user", "unprivileged"])
async def test_data_survive_a_restart(data: Path, before: tuple[str, ...]) -> None:
    if before and not can_be_unprivileged():
        pytest.skip("user namespaces are not to be had here")
    async with started(data, before=before) as first:
        endpoints = await first.up()
        assert endpoints.pids.keys() == PROGRAMS
        await servers.execute(endpoints.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        async with redis.asyncio.Redis.from_url(endpoints.redis_url) as client:
            await client.set("kept", "42")
        os.kill(first.pid, signal.SIGTERM)
        assert await first.ended() == 0
        await nothing_is_left(endpoints)
    async with started(data, before=before) as second:
        again = await second.up()
        connection = await asyncpg.connect(again.database_url)
        assert await connection.fetchval("SELECT answer FROM kept") == 42
        await connection.close()
        async with redis.asyncio.Redis.from_url(again.redis_url) as client:
            assert await client.get("kept") == b"42"


async def test_services_learn_where_the_servers_are_after_the_migrations(data: Path) -> None:
    async with started(data) as running:
        endpoints = await running.up()
    assert running.said.index("migrate | migrated") < running.said.index("api | ready with")
    told = endpoints.variables().keys() - {"LOADSTONE_API_URL"}
    assert told <= set(running.said.split())


async def test_ctrl_c_stops_the_services_before_the_servers(data: Path) -> None:
    async with started(data) as running:
        endpoints = await running.up()
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        assert await running.ended() == 0
        await nothing_is_left(endpoints)
    assert running.said.index("api | draining") < running.said.index("received fast shutdown request")
    assert folder.endpoints(data) is None


async def test_a_second_signal_does_not_wait_for_a_service_that_hangs(data: Path) -> None:
    async with started(data, "api", "other") as running:
        endpoints = await running.up()
        await tell(endpoints, b"hang")
        os.kill(running.pid, signal.SIGTERM)
        await is_gone(endpoints.pids["api"])  # the other one goes on, for a minute of grace
        os.kill(running.pid, signal.SIGTERM)
        assert await running.ended() == 0
        await nothing_is_left(endpoints)


async def test_a_service_that_ends_is_reported_and_ends_the_rest(data: Path) -> None:
    async with started(data) as running:
        endpoints = await running.up()
        await tell(endpoints, b"exit 7")
        assert await running.ended() == 1
        await nothing_is_left(endpoints)
    assert "api exited with status 7; its last lines:\n  ready with" in running.said


async def test_a_server_that_is_killed_is_reported_and_ends_the_rest(data: Path) -> None:
    async with started(data) as running:
        endpoints = await running.up()
        os.kill(endpoints.pids["postgres"], signal.SIGKILL)
        assert await running.ended() == 1
        await nothing_is_left(endpoints)
    assert "postgres was ended by SIGKILL" in running.said


async def test_nothing_outlives_a_stack_that_is_killed_and_the_next_one_starts(data: Path) -> None:
    async with started(data) as killed:
        endpoints = await killed.up()
        os.kill(killed.pid, signal.SIGKILL)
        await nothing_is_left(endpoints)
    assert folder.endpoints(data) is None
    async with started(data) as running:
        assert await running.up()


async def test_a_second_stack_on_the_same_data_is_refused_and_told_the_pid(data: Path) -> None:
    async with started(data) as first:
        await first.up()
        async with started(data) as second:
            assert await second.ended() == 1
        assert f"already (pid {first.pid})" in second.said
        assert folder.endpoints(data)


@asynccontextmanager
async def within(data: Path, services: list[Service], **environ: str) -> AsyncGenerator[stack.Stack]:
    """Run a stack inside this process."""
    outside = settings.read(environ, form=Outside)
    running = stack.running(
        Options(data=data), outside, services, lambda _name, _line: None, migrate=embedded.NOTHING_TO_MIGRATE
    )
    async with running as started:
        yield started


async def test_a_server_that_the_environment_names_is_used(data: Path, postgres: str, valkey: str) -> None:
    named = {"LOADSTONE_DATABASE_URL": postgres, "LOADSTONE_REDIS_URL": valkey}
    async with within(data, embedded.stand_ins(["api"]), **named) as running:
        assert running.children.keys() == {"s3", "api"}
        assert running.endpoints.database_url == postgres
        assert running.endpoints.redis_url == valkey


async def test_a_killed_service_can_be_started_again(data: Path, postgres: str, valkey: str) -> None:
    named = {"LOADSTONE_DATABASE_URL": postgres, "LOADSTONE_REDIS_URL": valkey}
    [service] = embedded.stand_ins(["api"])
    async with within(data, [service], **named) as running:
        killed = running.children["api"]
        killed.kill()
        assert await running.first_to_end() is killed
        again = await running.start(service)
        found = folder.endpoints(data)
        assert found
        assert found.pids["api"] == again.pid != killed.pid


async def test_a_service_that_cant_start_says_why(data: Path, postgres: str, valkey: str) -> None:
    named = {"LOADSTONE_DATABASE_URL": postgres, "LOADSTONE_REDIS_URL": valkey}
    broken = Service(
        name="api", argv=(sys.executable, "-c", "raise SystemExit('no token')"), ports={"X": None}
    )
    with pytest.raises(LocalStackFailed, match="api exited with status 1; its last lines:\n  no token"):
        async with within(data, [broken], **named):
            pass


async def test_a_port_that_is_taken_is_named(data: Path, valkey: str) -> None:
    taken = port_of(valkey)
    options = Options(data=data, postgres_port=taken)
    outside = settings.read({}, form=Outside)
    with pytest.raises(LocalStackFailed, match=f"port {taken} is taken"):
        async with stack.running(options, outside, [], lambda _name, _line: None):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can't be PostgreSQL")
async def test_root_is_told_when_postgres_cant_reach_the_data(data: Path) -> None:
    closed = data.with_name("closed")
    closed.mkdir(mode=0o700)
    with pytest.raises(LocalStackFailed, match="nobody` can't reach"):
        async with within(closed / "data", []):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can't be PostgreSQL")
def test_root_gets_a_data_folder_that_postgres_can_reach(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.mkdir(mode=0o700)
    monkeypatch.chdir(data)
    elsewhere = folder.default()
    assert elsewhere != data / ".loadstone"
    assert elsewhere == folder.default()
    data.chmod(0o711)
    assert folder.default() == data / ".loadstone"
