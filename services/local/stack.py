"""The embedded stack: servers, migrations and services, started in order and stopped in reverse."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from msgspec import Struct
from msgspec.structs import replace

from services.local import folder, ports, process, servers
from services.local.folder import Endpoints
from services.local.process import Child, Command, Output
from services.local.servers import Options, Outside
from shared.errors import LocalStackFailed

API_PORT = "LOADSTONE_API_PORT"
MIGRATE = (sys.executable, "-m", "services.cli.main", "migrate")


class Service(Struct, frozen=True, kw_only=True):
    """A program that runs on the servers.

    `ports` are the variables that tell it where to listen, with the port or None for a free one; it is up
    when it listens on all of them. `grace` is longer than LOADSTONE_DRAIN, so that a worker can hand back its
    runs.
    """

    name: str
    argv: Sequence[str]
    ports: Mapping[str, int | None] = {}
    grace: float = 30


def loadstone(*, workers: int, api_port: int | None) -> list[Service]:
    """Return Loadstone's own services."""

    def service(name: str, program: str, **listens: int | None) -> Service:
        return Service(name=name, argv=(sys.executable, "-m", f"services.{program}.main"), ports=listens)

    names = ["worker"] if workers == 1 else [f"worker-{number + 1}" for number in range(workers)]
    return [
        service("api", "api", LOADSTONE_API_PORT=api_port, LOADSTONE_API_OPS_PORT=None),
        *(service(name, "worker", LOADSTONE_WORKER_OPS_PORT=None) for name in names),
        service("scheduler", "scheduler", LOADSTONE_SCHEDULER_OPS_PORT=None),
    ]


class Stack:
    """A running stack. `endpoints` tells where everything is, `children` are its programs by name."""

    def __init__(self, endpoints: Endpoints, exits: AsyncExitStack, options: Options, output: Output) -> None:
        self.endpoints = endpoints
        self.children: dict[str, Child] = {}
        self._exits = exits
        self._options = options
        self._output = output

    async def start(self, service: Service) -> Child:
        """Start a service, or start it again after its end, and wait until it listens."""
        listens = {name: ports.given_or_free(port) for name, port in service.ports.items()}
        environ = environment(self.endpoints) | {name: str(port) for name, port in listens.items()}
        command = Command(name=service.name, argv=service.argv, environ=environ, grace=service.grace)
        child = await self._exits.enter_async_context(process.running(command, self._output))
        self.children[service.name] = child
        await process.wait_until(lambda: _listens(listens.values()), child, within=60)
        self.endpoints = replace(
            self.endpoints,
            api_url=f"http://{ports.HOST}:{listens[API_PORT]}"
            if API_PORT in listens
            else self.endpoints.api_url,
            ports={**self.endpoints.ports, service.name: listens},
            pids={name: child.pid for name, child in self.children.items()},
        )
        folder.announce(self._options.data, self.endpoints)
        return child

    async def first_to_end(self) -> Child:
        """Wait until one of the programs has ended by itself, and return it."""
        ends = {asyncio.create_task(child.ended()): child for child in self.children.values()}
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
        return ends[done.pop()]


@asynccontextmanager
async def running(
    options: Options,
    outside: Outside,
    services: Sequence[Service],
    output: Output,
    *,
    migrate: Sequence[str] = MIGRATE,
) -> AsyncGenerator[Stack]:
    """Run the whole stack as long as the block lasts; nothing of it is left afterwards.

    Raises LocalStackFailed when a part of it can't start, after the rest has been stopped.
    """
    with folder.held(options.data):
        async with AsyncExitStack() as exits:
            exits.callback(folder.withdraw, options.data)
            starter = servers.Starter(options, exits, output)
            endpoints = await starter.start(outside)
            stack = Stack(endpoints, exits, options, output)
            stack.children |= {child.name: child for child in starter.children}
            await process.finish(
                Command(name="migrate", argv=migrate, environ=environment(endpoints)), output
            )
            try:
                await _start_all(stack, services)
                yield stack
            finally:
                names = stack.children.keys() & {service.name for service in services}
                await asyncio.gather(*(stack.children[name].stop() for name in names))


async def _start_all(stack: Stack, services: Sequence[Service]) -> None:
    try:
        async with asyncio.TaskGroup() as starting:
            for service in services:
                starting.create_task(stack.start(service))
    except* LocalStackFailed as failures:
        raise failures.exceptions[0] from None


async def run(stack: AbstractAsyncContextManager[Stack], ready: Callable[[Endpoints], None]) -> None:
    """Run a stack until SIGINT or SIGTERM; a second one cuts the services' grace short.

    Raises LocalStackFailed when one of its programs ends by itself, after the rest has been stopped.
    """

    async def until_one_ends() -> Child:
        async with stack as started:
            ready(started.endpoints)
            return await started.first_to_end()

    ended = await interruptible(until_one_ends())
    if ended is not None:
        raise LocalStackFailed(ended.epitaph())


async def interruptible[T](work: Coroutine[None, None, T]) -> T | None:
    """Return what the work returns, or None after SIGINT or SIGTERM, each of which cancels it."""
    task = asyncio.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return None


def environment(endpoints: Endpoints) -> dict[str, str]:
    """Return the environment of a program that works with this stack: ours, and where the servers are."""
    theirs = endpoints.variables()
    mounted = {f"{name}_FILE" for name in theirs}  # read already; both at once would be a mistake
    ours = {name: value for name, value in os.environ.items() if name not in mounted}
    return {"LOADSTONE_PROFILE": "dev", **ours, **theirs}


async def _listens(expected: Collection[int]) -> bool:
    """Tell whether somebody listens on all of these ports."""
    return all(ports.is_open(port) for port in expected)
