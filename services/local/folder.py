"""The data folder of an embedded stack: who holds it, its credentials, and where its servers are."""

import fcntl
import hashlib
import os
import secrets
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from services.local import account
from shared.errors import LocalStackFailed


class Credentials(Struct, frozen=True, kw_only=True):
    """What the servers ask for; made once for each data folder, since PostgreSQL keeps its password."""

    postgres_password: str
    redis_password: str
    s3_access_key_id: str
    s3_secret_access_key: str


class Endpoints(Struct, frozen=True, kw_only=True):
    """Where a running stack is, with all that a client needs; `pids` and `ports` are by service."""

    stack_pid: int
    database_url: str
    redis_url: str
    s3_endpoint_url: str | None
    s3_region: str
    s3_access_key_id: str | None
    s3_secret_access_key: str | None
    api_token: str
    api_url: str | None = None
    pids: dict[str, int] = {}
    ports: dict[str, dict[str, int]] = {}

    def variables(self) -> dict[str, str]:
        """Return the settings that make a program work with this stack."""
        named = {
            "LOADSTONE_DATABASE_URL": self.database_url,
            "LOADSTONE_REDIS_URL": self.redis_url,
            "LOADSTONE_S3_ENDPOINT_URL": self.s3_endpoint_url,
            "LOADSTONE_S3_REGION": self.s3_region,
            "LOADSTONE_S3_ACCESS_KEY_ID": self.s3_access_key_id,
            "LOADSTONE_S3_SECRET_ACCESS_KEY": self.s3_secret_access_key,
            "LOADSTONE_API_URL": self.api_url,
            "LOADSTONE_API_TOKEN": self.api_token,
        }
        return {name: value for name, value in named.items() if value}


def default() -> Path:
    """Return `.loadstone` in the current folder, or one in /tmp if PostgreSQL's account can't get there."""
    here = Path.cwd()
    if account.may_enter(account.for_postgres(), here):
        return here / ".loadstone"
    return Path(tempfile.gettempdir()) / f"loadstone-{hashlib.sha256(bytes(here)).hexdigest()[:12]}"


@contextmanager
def held(folder: Path) -> Generator[None]:
    """Hold the folder, made if need be, for this process alone.

    The kernel lets go of the lock when the process ends, however it ends: no stale lock can stay behind.
    Raises LocalStackFailed when another stack has it, or when it belongs to another user.
    """
    try:
        _make(folder)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LocalStackFailed(
            f"the data folder {folder} can't be used: {error.strerror}",
            hint="Name another folder with --data, or run as the user that it belongs to.",
        ) from error
    with os.fdopen(descriptor, "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalStackFailed(
                f"a stack runs on {folder} already (pid {lock.read().strip()})",
                hint="Stop that one, or name another folder with --data.",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def credentials(folder: Path) -> Credentials:
    """Return the folder's credentials, which are made when it is first used."""
    path = folder / "credentials.json"
    if not path.exists():
        made = Credentials(
            postgres_password=secrets.token_urlsafe(16),
            redis_password=secrets.token_urlsafe(16),
            s3_access_key_id="loadstone",
            s3_secret_access_key=secrets.token_urlsafe(16),
        )
        _write(path, made)
    return msgspec.json.decode(path.read_bytes(), type=Credentials)


def announce(folder: Path, endpoints: Endpoints) -> None:
    """Write where the servers are, for other programs of the same user."""
    _write(folder / "endpoints.json", endpoints)


def withdraw(folder: Path) -> None:
    """Take back what `announce` wrote."""
    (folder / "endpoints.json").unlink(missing_ok=True)


def endpoints(folder: Path) -> Endpoints | None:
    """Return where the stack of this folder is, or None when none is running."""
    try:
        found = msgspec.json.decode((folder / "endpoints.json").read_bytes(), type=Endpoints)
    except FileNotFoundError:
        return None
    with suppress(PermissionError):  # it runs, as another user
        try:
            os.kill(found.stack_pid, 0)
        except ProcessLookupError:
            return None
    return found


def _make(folder: Path) -> None:
    """Make the folder so that only its owner can list it, and PostgreSQL's account can pass through it."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o711)
    if folder.stat().st_uid not in {os.geteuid(), 0} or folder.is_symlink():
        raise PermissionError(1, "it belongs to another user")


def _write(path: Path, content: Struct) -> None:
    """Write the file whole or not at all, readable by its owner only: it holds secrets."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(content)))
    unfinished.rename(path)
