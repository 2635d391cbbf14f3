"""A stack with stand-ins for Loadstone's services: `python -m tests.support.embedded DATA NAME...`."""

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from services.local import stack
from services.local.servers import Options, Outside
from services.local.stack import Service
from shared import settings

NOTHING_TO_MIGRATE = (sys.executable, "-c", "print('migrated')")


def stand_ins(names: Iterable[str]) -> list[Service]:
    """Return services that listen, and do as they are told."""
    program = (sys.executable, "-m", "tests.support.service", stack.API_PORT)
    return [Service(name=name, argv=program, ports={stack.API_PORT: None}, grace=60) for name in names]


def main(data: str, *names: str) -> None:
    """Run the stack until a signal."""
    running = stack.running(
        Options(data=Path(data)),
        settings.read(os.environ, form=Outside),
        stand_ins(names),
        lambda name, line: _say(f"{name} | {line}"),
        migrate=NOTHING_TO_MIGRATE,
    )
    asyncio.run(stack.run(running, lambda _endpoints: _say("everything is up")))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
