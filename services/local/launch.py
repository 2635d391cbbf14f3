"""Becomes another program that the kernel ends when its parent dies, whatever the parent died of.

Run by path, as `launch.py PARENT SIGNAL UID GID PROGRAM ARGUMENT...`; -1 keeps the present user and group. It
is a program because the request must be made between fork and exec, where `preexec_fn` of a process that has
threads (numpy starts some) can deadlock; and it drops root itself, since the account that it becomes need not
be able to read this interpreter.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2), Linux


def main(parent: str, death_signal: str, uid: str, gid: str, *command: str) -> None:
    """Exec `command`; end silently if the parent is gone already."""
    if int(uid) >= 0:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":  # after setuid, which clears the request
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != int(parent):
        return
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and programs inherit that
    try:
        os.execvpe(command[0], command, os.environ)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(*sys.argv[1:])
