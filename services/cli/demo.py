"""`loadstone demo`: from nothing, on real flights, what Loadstone does; each step says what it saw."""

import asyncio
import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import rich_click as click

from services.cli import documents, output, up
from services.cli.demonstration import crashing, flights, importing, refusing, reverting, scene
from services.cli.demonstration.story import Story
from services.cli.exits import Exit
from services.local import folder, stack
from services.local.process import Output
from services.local.servers import Options, Outside
from services.local.stack import Service, Stack
from shared import settings
from shared.domain.dataset import Dataset
from shared.errors import LocalStackFailed

DOCUMENTS = Path(__file__).parents[2] / "datasets"
MARK = "demo"  # a file with this name says that the folder may be emptied
LOG = "services.log"
# The month is caught up with one day per tick; at the default of a second that is a dull half minute.
TICK = "200ms"


@click.command("demo", cls=click.RichCommand)
@click.option("--exit", "leave", is_flag=True, help="Stop after the story; status 1 if a step did not hold.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for its data, made anew each time. [default: .loadstone/demo]",
)
@click.option("--api-port", type=up.PORT, help="The API's port. [default: a free one]")
@click.pass_context
def command(ctx: click.Context, leave: bool, data: Path | None, api_port: int | None) -> None:
    """Show on real flights what Loadstone does, step by step, with what was seen; then stay up.

    It runs servers and services of its own, on free ports and in a folder of its own: nothing that the
    environment or `.env` names is touched. Ctrl-C stops everything.
    """
    chosen = (data or folder.default() / "demo").absolute()
    _forget_settings()
    empty(chosen)
    story = Story(output.console(sys.stdout))
    asyncio.run(stack.interruptible(_perform(story, chosen, api_port=api_port, leave=leave)))
    output.tell(f"Everything has stopped. The data stay in {chosen} until the next demo")
    ctx.exit(status(story))


def status(story: Story) -> Exit:
    """The exit status that a story deserves."""
    if not story.ended:
        return Exit.INTERRUPTED
    return Exit.FAILURE if story.broken else Exit.OK


async def _perform(story: Story, data: Path, *, api_port: int | None, leave: bool) -> None:
    """Runs the stack, tells the story on it, and stays until a program ends by itself, or leaves."""
    services = stack.loadstone(workers=1, api_port=api_port)
    outside = settings.read({}, form=Outside)
    output.tell(
        f"Starting PostgreSQL, Valkey, an S3 server, api, worker and scheduler; they log to {data / LOG}"
    )
    with _logged(data / LOG) as log:
        async with stack.running(Options(data=data), outside, services, log) as running:
            await tell(story, running, {service.name: service for service in services}["worker"])
            if leave:
                return
            up.welcome(running.endpoints, data, title="The demonstration stays up")
            output.tell(f"In another terminal: export LOADSTONE_API_URL={running.endpoints.api_url}")
            ended = await running.first_to_end()
            raise LocalStackFailed(ended.epitaph())


async def tell(story: Story, running: Stack, worker: Service) -> None:
    """Tells all steps on a running stack that nothing was imported into yet."""
    async with scene.opened(running, flights.read(), _datasets()) as stage:
        await importing.deliver(stage)
        await story.tell("A month of daily files is imported", partial(importing.publish, stage))
        await story.tell("SQL and the API read what the files hold", partial(importing.compare, stage))
        await story.tell(
            "Broken files are refused, and readers notice nothing", partial(refusing.refuse, stage)
        )
        await story.tell(
            "Three bad rows are set aside, the rest is live", partial(refusing.quarantine, stage)
        )
        await story.tell("A worker is killed in the middle of a load", partial(crashing.crash, stage, worker))
        await story.tell("A rollback takes milliseconds", partial(reverting.revert, stage))
    story.end()


def empty(data: Path) -> None:
    """Empties the folder of an earlier demonstration. Raises LocalStackFailed when it is anything else."""
    if data.is_dir() and any(data.iterdir()) and not (data / MARK).exists():
        raise LocalStackFailed(
            f"{data} holds something that is not from a demonstration",
            hint="Name an empty folder with --data, or one that is still to be made.",
        )
    with folder.held(data):
        (data / MARK).touch()
        for item in data.iterdir():
            if item.is_dir():
                shutil.rmtree(item)
            elif item.name not in (MARK, "lock"):
                item.unlink()


def _datasets() -> dict[str, Dataset]:
    if not DOCUMENTS.is_dir():
        raise LocalStackFailed(
            "the dataset documents of the demonstration are not here",
            hint="Run it in a clone of the repository: `make demo`.",
        )
    return {dataset.name: dataset for dataset in documents.read_all([DOCUMENTS])}


def _forget_settings() -> None:
    """The services get the settings of this process, and these are to be the demonstration's alone."""
    for name in [name for name in os.environ if name.startswith("LOADSTONE_")]:
        del os.environ[name]
    os.environ["LOADSTONE_SCHEDULER_TICK"] = TICK


@contextmanager
def _logged(path: Path) -> Generator[Output]:
    with path.open("a", buffering=1, encoding="utf-8") as file:
        yield lambda name, line: print(f"{name:<{up.NAME_WIDTH}} │ {line}", file=file)
