"""`loadstone reject`: ends a held run."""

import rich_click as click

from services.cli import client, output
from services.cli.verb import verb


@verb("reject")
@click.argument("run_id", metavar="RUN", type=click.IntRange(min=1))
@click.option("--reason", required=True, help="Why; kept with the run and in the audit trail.")
def command(run_id: int, reason: str) -> None:
    """End a held run. Its version never goes live and is dropped; what is live stays."""
    with client.connect() as api:
        run = api.reject(run_id, reason=reason)
    output.answer(run, lambda: f"run {run.id} is rejected")
