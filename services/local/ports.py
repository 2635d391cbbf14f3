"""Loopback ports that nobody listens on."""

import socket
from contextlib import ExitStack

HOST = "127.0.0.1"


def free(count: int) -> list[int]:
    """Return `count` different ports that were free a moment ago."""
    with ExitStack() as held:  # all are held until the last is found, or one could be handed out twice
        sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def is_open(port: int) -> bool:
    """Tell whether somebody listens on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
