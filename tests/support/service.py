"""A stand-in for a service: `python -m tests.support.service PORT_VARIABLE`.

It listens where the stack tells it to, and what it is sent decides its end: `exit N` or `die`.
"""

import os
import signal
import socket
import sys


def main(variable: str) -> None:
    """Serve until told otherwise."""
    names = sorted(name for name in os.environ if name.startswith("LOADSTONE_"))
    sys.stdout.write(f"ready with {' '.join(names)}\n")
    with socket.create_server(("127.0.0.1", int(os.environ[variable]))) as server:
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("draining"))
        while True:
            connection, _ = server.accept()
            with connection:
                match connection.recv(100).decode().split():
                    case ["exit", status]:
                        sys.exit(int(status))
                    case ["hang"]:
                        signal.signal(signal.SIGTERM, signal.SIG_IGN)
                        connection.sendall(b"hanging")


if __name__ == "__main__":
    main(*sys.argv[1:])
