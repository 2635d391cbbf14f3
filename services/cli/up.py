"""`loadstone up`: everything on this machine, servers included, until Ctrl-C."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import rich_click as click
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.cli import output
from services.local import folder, postgres, stack
from services.local.folder import Endpoints
from services.local.process import Output
from services.local.servers import Options, Outside
from shared import settings
from shared.settings.variables import masked

COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "bright_red", "bright_cyan", "bright_magenta")
NAME_WIDTH = 9
PORT = click.IntRange(1, 65535)


@click.command("up", cls=click.RichCommand)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for all data, which survive a restart. [default: .loadstone]",
)
@click.option("--workers", type=click.IntRange(1, 32), default=1, show_default=True, help="How many workers.")
@click.option(
    "--api-port", type=PORT, envvar="LOADSTONE_API_PORT", help="The API's port. [default: a free one]"
)
@click.option("--postgres-port", type=PORT, help="PostgreSQL's port. [default: a free one]")
@click.option("--redis-port", type=PORT, help="Valkey's port. [default: a free one]")
@click.option("--s3-port", type=PORT, help="The object store's port. [default: a free one]")
def command(
    data: Path | None,
    workers: int,
    api_port: int | None,
    postgres_port: int | None,
    redis_port: int | None,
    s3_port: int | None,
) -> None:
    """Run everything on this machine: PostgreSQL, Valkey, an S3 server, and Loadstone's services.

    A server that LOADSTONE_DATABASE_URL, LOADSTONE_REDIS_URL or LOADSTONE_S3_ENDPOINT_URL names is used
    instead of an own one. Ctrl-C stops everything; a second Ctrl-C doesn't wait for runs to be handed back.
    """
    options = Options(
        data=(data or folder.default()).absolute(),
        postgres_port=postgres_port,
        redis_port=redis_port,
        s3_port=s3_port,
    )
    outside = settings.read(os.environ, form=Outside, dotenv=Path(".env"))
    output.tell(f"The data are in {options.data}")
    services = stack.loadstone(workers=workers, api_port=api_port)
    running = stack.running(options, outside, services, _prefixed())
    asyncio.run(
        stack.run(running, lambda endpoints: welcome(endpoints, options.data, title="Loadstone is up"))
    )
    output.tell(f"Everything has stopped. The data stay in {options.data}")


def _prefixed() -> Output:
    """Return what prints a program's line behind its name, in a colour of its own."""
    console = output.console(sys.stdout)
    colours: dict[str, str] = {}

    def show(name: str, line: str) -> None:
        colour = colours.setdefault(name, COLOURS[len(colours) % len(COLOURS)])
        prefix = Text(f"{name:<{NAME_WIDTH}} │ ", style=colour)
        console.print(prefix + Text.from_ansi(line), soft_wrap=True)

    return show


def welcome(endpoints: Endpoints, data: Path, *, title: str) -> None:
    """Print where everything is, with the secrets of the stack's own servers and no others."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    facts.add_row("API", endpoints.api_url)
    facts.add_row("", "Authorization: Bearer $LOADSTONE_API_TOKEN; in dev, loadstone-dev-token")
    if "postgres" in endpoints.pids:
        psql = shutil.which("psql") or postgres.programs() / "psql"
        facts.add_row("SQL", f"{psql} {endpoints.database_url}")
    else:
        facts.add_row("SQL", masked(endpoints.database_url))
    facts.add_row("S3", endpoints.s3_endpoint_url)
    if "s3" in endpoints.pids:
        facts.add_row("", f"key {endpoints.s3_access_key_id}, secret {endpoints.s3_secret_access_key}")
    own = "valkey" in endpoints.pids
    facts.add_row("Redis", endpoints.redis_url if own else masked(endpoints.redis_url))
    metrics = [
        f"http://127.0.0.1:{port}/metrics ({name})"
        for name, listens in endpoints.ports.items()
        for variable, port in listens.items()
        if variable.endswith("_OPS_PORT")
    ]
    facts.add_row("Metrics", "\n".join(metrics))
    facts.add_row("Data", str(data))
    output.console(sys.stdout).print(
        Panel(facts, title=title, subtitle="Ctrl-C stops everything", expand=False)
    )
