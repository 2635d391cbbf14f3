"""`loadstone quarantine`: what a run rejected, and why."""

import rich_click as click

from services.cli import client, output
from services.cli.verb import verb

COLUMNS = ("object", "line", "column", "code", "message", "record")


@verb("quarantine")
@click.argument("run_id", metavar="RUN", type=click.IntRange(min=1))
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many.")
def command(run_id: int, limit: int) -> None:
    """List the records that a run rejected: object, line, column, reason and the record itself."""
    with client.connect() as api:
        found = api.quarantine(run_id, limit=limit)
    rows = [(each.object, each.line, each.column, each.code, each.message, each.raw) for each in found]
    output.answer(found, lambda: output.table(COLUMNS, rows, empty=f"run {run_id} rejected nothing"))
