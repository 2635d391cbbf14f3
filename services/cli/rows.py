"""`loadstone rows`: what readers of the live version see."""

import msgspec
import rich_click as click
from msgspec import Raw

from services.cli import client, output
from services.cli.verb import dataset_argument, verb


@verb("rows")
@dataset_argument()
@click.option("--version", type=click.IntRange(min=1), help="This one; a held one too.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
def command(dataset: str, version: int | None, limit: int) -> None:
    """Show rows of a dataset's live version, or of another one, in the order of the file."""
    with client.connect() as api:
        page = api.rows(dataset, version=version, limit=limit)
    output.tell(f"{dataset} version {page.version}, business date {page.business_date}")
    rows = [msgspec.json.decode(item, type=dict[str, Raw]) for item in page.items]
    columns = list(rows[0]) if rows else []
    shown = [[spelled(row[column]) for column in columns] for row in rows]
    output.answer(page.items, lambda: output.table(columns, shown, empty="no rows"))


def spelled(value: Raw) -> str | None:
    """A value as PostgreSQL writes it: numbers with all their digits, and no separators in years."""
    text = bytes(value).decode()
    if text == "null":
        return None
    return msgspec.json.decode(value, type=str) if text.startswith('"') else text
