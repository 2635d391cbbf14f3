"""`loadstone quarantine`: what a run rejected, and why."""

from pathlib import Path

import rich_click as click

from services.cli import client, output
from services.cli.verb import verb

COLUMNS = ("object", "line", "column", "code", "message", "record")


@verb("quarantine")
@click.argument("run_id", metavar="RUN", type=click.IntRange(min=1))
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many.")
@click.option(
    "--output",
    "file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write all of them into a file, to correct there and hand back with `requeue`.",
)
@click.option("--object", "key", metavar="KEY", help="Only the records of this object; with --output.")
def command(run_id: int, limit: int, file: Path | None, key: str | None) -> None:
    """List the records that a run rejected: object, line, column, reason and the record itself."""
    with client.connect() as api:
        if file is not None:
            content = api.quarantine_file(run_id, key=key)
            file.write_bytes(content)
            output.tell(f"{file}: {output.byte_count(len(content))}")
            output.tell(f"correct the records, then: loadstone requeue {run_id} --fixed {file}")
            return
        found = api.quarantine(run_id, limit=limit)
    rows = [(each.object, each.line, each.column, each.code, each.message, each.raw) for each in found]
    output.answer(found, lambda: output.table(COLUMNS, rows, empty=f"run {run_id} rejected nothing"))
