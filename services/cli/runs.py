"""`loadstone runs`: what was done, and what is being done."""

import rich_click as click

from services.cli import client, output
from services.cli.answers import RunAnswer
from services.cli.verb import complete_dataset, verb
from shared.domain.run import RunState

COLUMNS = (
    "run",
    "dataset",
    "business date",
    "trigger",
    "state",
    "attempt",
    "rows",
    "version",
    "seconds",
    "why",
)


@verb("runs")
@click.option("--dataset", shell_complete=complete_dataset, help="Only runs of this dataset.")
@click.option(
    "--state", type=click.Choice([state.value for state in RunState]), help="Only runs in this state."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
def command(dataset: str | None, state: str | None, limit: int) -> None:
    """List runs, newest first."""
    with client.connect() as api:
        found = api.runs(dataset=dataset, state=RunState(state) if state else None, limit=limit)
    rows = [
        (
            each.id,
            each.dataset,
            each.business_date,
            each.trigger,
            each.state,
            f"{each.attempt}/{each.max_attempts}",
            each.rows_done,
            each.version,
            seconds(each),
            each.error_code or each.stage,
        )
        for each in found
    ]
    output.answer(found, lambda: output.table(COLUMNS, rows, empty="no runs"))


def seconds(run: RunAnswer) -> float | None:
    """How long a run took from its first attempt's start to its end."""
    if run.started_at is None or run.finished_at is None:
        return None
    return round((run.finished_at - run.started_at).total_seconds(), 3)
