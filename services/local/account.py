"""The unprivileged account that PostgreSQL runs as when the stack runs as root."""

import os
import pwd
import subprocess
from pathlib import Path

from msgspec import Struct


class Account(Struct, frozen=True, kw_only=True):
    """A user and its group, by number."""

    uid: int
    gid: int


def for_postgres() -> Account | None:
    """Return the account to switch to, or None when the present one will do: PostgreSQL refuses only root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def may_enter(account: Account | None, path: Path) -> bool:
    """Tell whether the account can reach this folder, or run this program.

    The kernel is asked, not the mode bits: every parent counts, and so do access lists and mount options.
    """
    if account is None:
        return os.access(path, os.X_OK)
    probe = subprocess.run(  # noqa: S603 - a fixed program
        ["/usr/bin/test", "-x", path],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return probe.returncode == 0


def give(account: Account | None, path: Path) -> None:
    """Make the account the owner of a file or folder."""
    if account is not None:
        os.chown(path, account.uid, account.gid)
