"""`loadstone versions`: what was published."""

import rich_click as click
from rich.text import Text

from services.cli import client, output
from services.cli.answers import VersionAnswer
from services.cli.verb import dataset_argument, verb

COLUMNS = ("version", "", "business date", "rows", "size", "run", "contract", "published")


@verb("versions")
@dataset_argument()
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
def command(dataset: str, limit: int) -> None:
    """List a dataset's versions, newest first. Retired ones are no longer there to roll back to."""
    with client.connect() as api:
        found = api.versions(dataset, limit=limit)
    rows = [
        (
            each.number,
            standing(each),
            each.business_date,
            each.rows,
            Text(output.byte_count(each.bytes), justify="right"),
            each.run_id,
            each.contract_version,
            each.published_at,
        )
        for each in found
    ]
    empty = f"{dataset} has no version yet: `loadstone import {dataset}`"
    output.answer(found, lambda: output.table(COLUMNS, rows, empty=empty))


def standing(version: VersionAnswer) -> str:
    """Whether readers see the version, or may again."""
    if version.live:
        return "live"
    if version.held:
        return "gone" if version.retired_at else "held"
    return "retired" if version.retired_at else "retained"
