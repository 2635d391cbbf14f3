"""`loadstone run`: all that is known about one run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import rich_click as click
from rich.console import Group, RenderableType
from rich.text import Text

from services.cli import client, following, output
from services.cli.answers import RunDetail, RunObject
from services.cli.output import byte_count, facts, table
from services.cli.runs import seconds
from services.cli.verb import verb
from shared.domain.run import RunState


@verb("run")
@click.argument("run_id", metavar="RUN", type=click.IntRange(min=1))
@click.option("--follow", is_flag=True, help="Follow the run until it is final.")
def command(run_id: int, follow: bool) -> None:
    """Show one run: state, attempts, objects, what it found."""
    with client.connect() as api:
        found = api.run(run_id)
        if follow:
            following.follow(api, found)
            found = api.run(run_id)
    output.answer(found, lambda: Group(*_parts(found)))


def _parts(run: RunDetail) -> Iterator[RenderableType]:
    yield facts(_facts(run))
    if run.attempts:
        yield Text("\nAttempts", style="bold")
        columns = ("attempt", "outcome", "started", "ended", "worker", "why")
        rows = [
            (each.number, each.outcome, each.started_at, each.finished_at, each.worker, each.error_code)
            for each in run.attempts
        ]
        yield table(columns, rows, empty="none")
    if run.objects:
        yield Text("\nObjects", style="bold")
        yield _objects(run.objects)
    disposed = [each for each in run.objects if each.after_load]
    if disposed:
        yield Text("\nAfter the load", style="bold")
        ends = [
            (each.key, each.after_load, each.after_load_outcome, each.after_load_message) for each in disposed
        ]
        yield table(("object", "action", "outcome", "why, or where it is"), ends, empty="none")
    found = (run.report or {}).get("read")
    if found:
        yield Text("\nRead as", style="bold")
        yield facts((key, _told(each)) for key, each in found.items())
    stages = (run.report or {}).get("stages")
    if stages:
        yield Text("\nSeconds by stage", style="bold")
        yield facts(stages.items())
    if run.state is RunState.HELD:
        yield Text("\nHeld", style="bold")
        yield facts(_ways_on(run))
    yield from _remarks(run.report or {})


def _remarks(report: Mapping[str, Any]) -> Iterator[Text]:
    """What did not fit, unless it is a finding because it was discarded, and what was found."""
    for misfits in report.get("misfits", ()):
        if not misfits.get("discarded"):
            yield Text(f"\n{output.printable(str(misfits.get('message')))}")
    for finding in report.get("findings", ()):
        yield Text(f"\n{finding.get('severity')}: {output.printable(str(finding.get('message')))}")


def _objects(objects: Sequence[RunObject]) -> RenderableType:
    columns = ("object", "size", "records", "rows", "quarantined", "blank lines")
    counts = [
        (
            each.key,
            Text(byte_count(each.size), justify="right"),
            each.records_read,
            each.rows_loaded,
            each.rows_quarantined,
            each.blank_lines,
        )
        for each in objects
    ]
    return table(columns, counts, empty="none")


def _told(read: Mapping[str, str | bool]) -> str:
    shown = {True: "yes", False: "no", "\t": "tab"}
    return ", ".join(f"{name} {shown.get(value, value)}" for name, value in read.items())


def _ways_on(run: RunDetail) -> Iterator[tuple[str, object]]:
    yield "to look at it", f"loadstone rows {run.dataset} --version {run.version}"
    if not run.release_group:
        yield "to publish it", f"loadstone approve {run.id}"
    yield "to drop it", f"loadstone reject {run.id} --reason …"


def _facts(run: RunDetail) -> Iterator[tuple[str, object]]:
    report = run.report or {}
    yield "run", run.id
    yield "dataset", run.dataset
    yield "business date", run.business_date
    yield "state", run.state
    yield "stage", run.stage
    yield "version", run.version
    yield "contract", run.contract_version
    yield "attempt", f"{run.attempt} of {run.max_attempts}"
    yield "rows", run.rows_done
    yield "quarantined", report.get("rowsQuarantined")
    yield "bytes", f"{byte_count(run.bytes_done)} of {byte_count(run.bytes_total)}"
    yield "trigger", run.trigger
    yield "asked for by", run.requested_by
    yield "created", run.created_at
    yield "started", run.started_at
    yield "finished", run.finished_at
    yield "seconds", seconds(run)
    yield "late since", run.late_at
    yield "error", run.error_code
    yield "message", run.error_message
    yield "hint", run.error_hint
