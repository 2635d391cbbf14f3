"""`loadstone approve`: lets the version of a held run go live."""

import rich_click as click

from services.cli import client, output
from services.cli.answers import RunAnswer
from services.cli.verb import verb
from shared.domain.run import RunState


@verb("approve")
@click.argument("run_id", metavar="RUN", type=click.IntRange(min=1))
@click.option("--force", is_flag=True, help="Although a newer version is live by now.")
def command(run_id: int, force: bool) -> None:
    """Make the version of a held run live, at once, or as soon as the rest of its release group is there.

    `loadstone run RUN` says what holds it, `loadstone rows` and `loadstone diff` show what it holds.
    """
    with client.connect() as api:
        run = api.approve(run_id, force=force)
    output.answer(run, lambda: _told(run))


def _told(run: RunAnswer) -> str:
    if run.state is RunState.HELD:
        return f"version {run.version} of {run.dataset} is approved, and {run.stage}"
    return f"version {run.version} of {run.dataset} is live"
