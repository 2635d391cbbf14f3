"""Follows a run until it is final: a bar where somebody looks, a line for each step where a program does."""

import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

from click.exceptions import Exit as Ended
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from services.cli import output
from services.cli.answers import RunAnswer
from services.cli.client import Client
from services.cli.exits import Exit
from shared.domain.run import FINAL_STATES, RunState
from shared.errors import ApiUnreachable

POLL = 0.5
# As long as an API may be away, for a deployment say, before following ends.
PATIENCE = 60.0

type Display = Callable[[RunAnswer], None]


def follow(api: Client, run: RunAnswer) -> RunAnswer:
    """Shows how a run goes on, on stderr; its last state. A held run waits for others: it is left.

    Ctrl-C ends the command, and says that the run goes on. Raises ApiUnreachable when the API is away for
    too long.
    """
    try:
        with _bar() if sys.stderr.isatty() else _lines() as show:
            for current in _states(api, run):
                show(current)
                run = current
    except KeyboardInterrupt:
        output.tell(f"stopped following; run {run.id} goes on: `loadstone run {run.id} --follow`")
        output.tell(f"`loadstone cancel {run.id}` ends it")
        raise Ended(Exit.INTERRUPTED) from None
    return run


def _states(api: Client, run: RunAnswer) -> Iterator[RunAnswer]:
    """The run again and again, until there is nothing to wait for."""
    answered = time.monotonic()
    yield run
    while run.state not in FINAL_STATES and run.state is not RunState.HELD:
        time.sleep(POLL)
        try:
            run = api.run(run.id)
        except ApiUnreachable:
            if time.monotonic() - answered > PATIENCE:
                raise
            continue
        answered = time.monotonic()
        yield run


@contextmanager
def _bar() -> Generator[Display]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[rows]:,} rows", markup=False),
        TextColumn("{task.fields[doing]}", markup=False, style="dim"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=output.console(sys.stderr), transient=True) as progress:
        task = progress.add_task("", total=None, rows=0, doing="")

        def show(run: RunAnswer) -> None:
            progress.update(
                task,
                description=f"{run.dataset} {run.business_date}",
                completed=run.bytes_done,
                total=run.bytes_total or None,
                rows=run.rows_done,
                doing=doing(run),
            )

        yield show


@contextmanager
def _lines() -> Generator[Display]:
    said = ""

    def show(run: RunAnswer) -> None:
        nonlocal said
        now = doing(run)
        if now != said:
            said = now
            output.tell(Text(f"run {run.id} {run.dataset} {run.business_date}: {now}"))

    yield show


def doing(run: RunAnswer) -> str:
    """What a run is doing, in a few words: `running: load`, `waiting: no objects match …`."""
    parts = [run.state.value]
    if run.stage and run.state not in FINAL_STATES:
        parts.append(output.printable(run.stage))
    if run.state is RunState.QUEUED and run.error_code:
        parts.append(f"again, after {run.error_code}")
    said = ": ".join(parts)
    return f"{said} (attempt {run.attempt} of {run.max_attempts})" if run.attempt > 1 else said
