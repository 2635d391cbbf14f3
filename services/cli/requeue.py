"""`loadstone requeue`: corrected records, added to the live version."""

from typing import BinaryIO

import rich_click as click

from services.cli import client, following, importing, output
from services.cli.verb import verb


@verb("requeue")
@click.argument("run_id", metavar="RUN", type=click.IntRange(min=1))
@click.option(
    "--fixed",
    "file",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="The corrected records, as `quarantine RUN --output FILE` wrote them; - for stdin.",
)
@click.option("--no-wait", is_flag=True, help="Start the run, and don't follow it.")
@click.pass_context
def command(ctx: click.Context, run_id: int, file: BinaryIO, no_wait: bool) -> None:
    """Make a new version of the live one and the corrected records of a run, and follow the run that does.

    The records are checked like any other; those that are still wrong go to that run's quarantine.
    """
    content = file.read()
    with client.connect() as api:
        run, is_new = api.requeue(run_id, content)
        if not is_new:
            output.tell(f"these records have a run already: {run.id}")
        if no_wait:
            output.answer(run, lambda: f"run {run.id}: {following.doing(run)}")
            return
        importing.ended(ctx, api, run)
