"""A child process: started in a session of its own, its output passed on line by line, never left behind."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from msgspec import Struct

from services.local.account import Account
from shared.errors import LocalStackFailed

type Output = Callable[[str, str], None]  # (name of the child, one line)

LAUNCHER = Path(__file__).with_name("launch.py")
LINES_KEPT = 15
CHUNK = 64 * 1024


class Command(Struct, frozen=True, kw_only=True):
    """A program to run, and how to end it."""

    name: str
    argv: Sequence[str | Path]
    environ: Mapping[str, str]
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL  # what it gets when its parent dies
    grace: float = 10  # seconds between the stop signal and SIGKILL


class Child:
    """A running program. `last_lines` holds the end of what it printed."""

    def __init__(self, command: Command, process: asyncio.subprocess.Process) -> None:
        self.name = command.name
        self.pid = process.pid
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._command = command
        self._process = process

    @property
    def is_running(self) -> bool:
        """False as soon as the program's end was seen."""
        return self._process.returncode is None

    async def ended(self) -> int:
        """Wait for the end; return the exit status, or minus the signal's number."""
        return await self._process.wait()

    def kill(self) -> None:
        """End the program and all that it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Ask the program to end, and insist when its grace is over, or at once when cancelled.

        Nothing of its group is left.
        """
        try:
            if self.is_running:
                self._process.send_signal(self._command.stop_signal)
            async with asyncio.timeout(self._command.grace):
                await self._process.wait()
        except (ProcessLookupError, TimeoutError):
            pass
        finally:
            self.kill()
        await self._process.wait()

    def epitaph(self) -> str:
        """Say how the program ended, and what it said last."""
        status = self._process.returncode
        if status is None:
            how = "is running"
        elif status < 0:
            how = f"was ended by {signal.Signals(-status).name}"
        else:
            how = f"exited with status {status}"
        said = "".join(f"\n  {line}" for line in self.last_lines)
        return f"{self.name} {how}" + (f"; its last lines:{said}" if said else " and said nothing")


@asynccontextmanager
async def running(command: Command, output: Output) -> AsyncGenerator[Child]:
    """Run a program as long as the block lasts; it has ended when the block has, and so have its children."""
    readable, writable = os.pipe()
    try:
        process = await _start(command, writable)
    except BaseException:
        os.close(readable)
        raise
    finally:
        os.close(writable)
    child = Child(command, process)
    pump = asyncio.create_task(_pump(child, readable, output))
    try:
        yield child
    finally:
        try:
            await child.stop()
            await asyncio.wait([pump], timeout=2)  # a descendant in another session may hold the pipe open
        finally:
            pump.cancel()
            await asyncio.wait([pump])


async def wait_until(ready: Callable[[], Awaitable[bool]], child: Child, *, within: float) -> None:
    """Return once `ready()` holds. Raises LocalStackFailed when the child ends, or after `within` seconds."""
    try:
        async with asyncio.timeout(within):
            while child.is_running:
                if await ready():
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise LocalStackFailed(f"not ready after {within:g} s: {child.epitaph()}") from None
    raise LocalStackFailed(child.epitaph())


async def finish(command: Command, output: Output) -> None:
    """Run a program to its end. Raises LocalStackFailed unless its status is 0."""
    async with running(command, output) as child:
        status = await child.ended()
    if status != 0:
        raise LocalStackFailed(child.epitaph())


async def answers(port: int, question: bytes, expected: bytes) -> bool:
    """Tell whether the server on this loopback port has `expected` in its answer to `question`."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(question)
                return expected in await reader.read(CHUNK)
            finally:
                writer.close()
                await writer.wait_closed()
    except (OSError, TimeoutError):
        return False


async def _start(command: Command, output: int) -> asyncio.subprocess.Process:
    """Start the program through the launcher.

    Its session is its own, so that Ctrl-C in the terminal reaches only the stack, which then stops its
    children in the right order. The pipe is ours and not asyncio's: `wait()` must not wait for the pipe.
    """
    who = command.account
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", LAUNCHER, str(os.getpid()), str(command.death_signal.value)),
        *(str(who.uid if who else -1), str(who.gid if who else -1)),
        *command.argv,
        env=command.environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


async def _pump(child: Child, readable: int, output: Output) -> None:
    """Pass on each line until nobody holds the other end of the pipe."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(readable, "rb", buffering=0)
    )
    try:
        rest = b""
        while chunk := await reader.read(CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                _pass_on(child, line, output)
        if rest:
            _pass_on(child, rest, output)
    finally:
        transport.close()


def _pass_on(child: Child, line: bytes, output: Output) -> None:
    text = line.decode(errors="replace").rstrip()
    child.last_lines.append(text)
    with suppress(BrokenPipeError):  # nobody reads what the stack says; its programs must not stall for that
        output(child.name, text)
