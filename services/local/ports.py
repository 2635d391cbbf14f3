"""Loopback ports that nobody listens on."""

import socket
from contextlib import ExitStack

from shared.errors import LocalStackFailed

HOST = "127.0.0.1"


def free(count: int) -> list[int]:
    """Return `count` different ports that were free a moment ago."""
    with ExitStack() as held:  # all are held until the last is found, or one could be handed out twice
        sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def given_or_free(asked: int | None) -> int:
    """Return the port that was asked for, or a free one. Raises LocalStackFailed when it is taken."""
    if asked is None:
        return free(1)[0]
    if is_open(asked):
        raise LocalStackFailed(f"port {asked} is taken by another program", hint="Ask for another port.")
    return asked


def is_open(port: int) -> bool:
    """Tell whether somebody listens on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
