"""Runs commands as a person would, against a real API; the test itself is the worker."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from msgspec import Struct

from services.api import app, main
from services.api.settings import ApiSettings
from services.cli.main import cli
from services.worker.ingest import ingest
from shared import settings
from shared.catalog import runs
from shared.domain.run import RunState
from tests.support.catalog import declared
from tests.support.imports import Importer

ROOT = Path(__file__).parents[3]


class Commands(Struct, frozen=True, kw_only=True):
    """Runs commands with these settings, in this folder, and keeps what they need around them."""

    environ: dict[str, str]
    folder: Path
    worker: Importer

    async def run(self, *arguments: str, **environ: str) -> Result:
        """What the command printed, and its exit status."""
        return await asyncio.to_thread(
            CliRunner().invoke, cli, arguments, env={**self.environ, **environ}, catch_exceptions=False
        )

    async def start(self, *arguments: str, **environ: str) -> Process:
        """The command as a process of its own: for two at once, and for signals."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.cli.main", *arguments),
            env={**self.environ, **environ, "PYTHONPATH": str(ROOT)},
            stdout=PIPE,
            stderr=PIPE,
            # A shell starts what it runs in the background, such as these tests, with Ctrl-C ignored.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    async def json(self, *arguments: str) -> Any:
        """What the command answers in JSON; it must not fail."""
        done = await self.run(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    def declare(self, name: str = "flights", **sections: Any) -> Path:
        """A document in the test's folder, with the test's bucket."""
        document = declared(name, **sections)
        document["source"] = {**document["source"], "bucket": self.worker.bucket_name}
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(document))
        return path

    async def deliver(self, content: str, name: str = "flights", day: str = "2013-01-05") -> None:
        """A file in the bucket."""
        await self.worker.store.put(self.worker.bucket_name, f"{name}/{day}.csv", content.encode())

    async def meanwhile[T](self, command: Coroutine[Any, Any, T]) -> T:
        """What a command answers while a worker imports whatever is queued."""
        working = asyncio.create_task(self._work())
        try:
            async with asyncio.timeout(60):
                return await command
        finally:
            working.cancel()
            await asyncio.wait([working])

    async def _work(self) -> None:
        while True:
            for run in await runs.history(self.worker.db, state=RunState.QUEUED):
                await ingest(run.id, self.worker.io)
            await asyncio.sleep(0.05)

    async def imported(self, content: str, day: str = "2013-01-05") -> Result:
        """A delivery of `flights`, imported by the command."""
        await self.deliver(content, day=day)
        return await self.meanwhile(self.run("import", "flights", "--date", day))

    async def states(self) -> list[RunState]:
        """The states of all runs, newest first."""
        return [run.state for run in await runs.history(self.worker.db)]


@asynccontextmanager
async def served(environ: dict[str, str]) -> AsyncGenerator[None]:
    """An API on the port that the settings name."""
    chosen = settings.read(environ, form=ApiSettings)
    async with main.opened(chosen) as io:
        server = main.Server(app.build(io), chosen.api.host, chosen.api.port)
        serving = asyncio.create_task(server.serve())
        async with asyncio.timeout(20):
            while not server.started:
                await asyncio.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            await serving
