"""`loadstone datasets`: what is imported, and what is live."""

from services.cli import client, output
from services.cli.verb import verb

COLUMNS = ("dataset", "status", "contract", "live", "rows", "business date", "since", "next due")


@verb("datasets")
def command() -> None:
    """List the datasets and their live versions."""
    with client.connect() as api:
        found = api.datasets()
    rows = [
        (
            each.name,
            each.status,
            each.contract_version,
            each.live_version,
            each.live_rows,
            each.live_business_date,
            each.live_since,
            each.next_fire_at,
        )
        for each in found
    ]
    empty = "no datasets yet: `loadstone apply` makes some"
    output.answer(found, lambda: output.table(COLUMNS, rows, empty=empty))
