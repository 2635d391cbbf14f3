"""`loadstone cancel`: ends a run that is not final."""

import rich_click as click

from services.cli import client, output
from services.cli.answers import RunAnswer
from services.cli.verb import verb
from shared.domain.run import RunState


@verb("cancel")
@click.argument("run_id", metavar="RUN", type=click.IntRange(min=1))
def command(run_id: int) -> None:
    """Cancel a run that is not final. What is live stays live.

    A run that a worker holds ends at its next heartbeat, within seconds.
    """
    with client.connect() as api:
        run = api.cancel(run_id)
    output.answer(run, lambda: _told(run))


def _told(run: RunAnswer) -> str:
    if run.state is RunState.CANCELLED:
        return f"run {run.id} is cancelled"
    return f"run {run.id} ends at its worker's next heartbeat: `loadstone run {run.id} --follow`"
