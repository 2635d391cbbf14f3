"""`loadstone import`: one delivery, from asking for it to what became of it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import rich_click as click
from rich.text import Text

from services.cli import client, following, output
from services.cli.answers import RunAnswer, RunDetail
from services.cli.client import Client
from services.cli.exits import Exit
from services.cli.runs import seconds
from services.cli.verb import dataset_argument, verb
from shared.domain.run import FINAL_STATES, RunState

BROKEN = {RunState.FAILED, RunState.CANCELLED, RunState.REJECTED}


@verb("import")
@dataset_argument()
@click.option(
    "--date",
    "business_date",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The business date. [default: yesterday, in the time zone of the dataset's schedule]",
)
@click.option("--force", is_flag=True, help="Import again what was imported already.")
@click.option("--no-wait", is_flag=True, help="Start the run, and don't follow it.")
@click.pass_context
def command(
    ctx: click.Context, dataset: str, business_date: datetime | None, force: bool, no_wait: bool
) -> None:
    """Import a dataset's delivery of one business date, and follow the run until it is final.

    A delivery that is being imported already gives the same run; one that a version holds is not imported
    again. Ctrl-C stops following, not the run.
    """
    with client.connect() as api:
        day = business_date.date() if business_date else _default_date(api, dataset)
        run, is_new = api.start(dataset, day, force=force)
        if not is_new and run.state is not RunState.UNCHANGED:
            again = "; --force imports it again" if run.state in FINAL_STATES else ""
            output.tell(f"this delivery has a run already: {run.id}{again}")
        if no_wait:
            output.answer(run, lambda: f"run {run.id}: {following.doing(run)}")
            return
        ended(ctx, api, run)


def _default_date(api: Client, dataset: str) -> date:
    day = default_date(api.dataset(dataset).document, datetime.now(UTC))
    output.tell(f"business date: {day}")
    return day


def default_date(document: Mapping[str, Any], now: datetime) -> date:
    """The business date that is due now: yesterday in the schedule's time zone, UTC without a schedule.

    A schedule with `businessDate: today` means today.
    """
    schedule = document.get("schedule") or {}
    today = now.astimezone(ZoneInfo(schedule.get("timezone", "UTC"))).date()
    return today if schedule.get("businessDate") == "today" else today - timedelta(days=1)


def ended(ctx: click.Context, api: Client, run: RunAnswer) -> None:
    """Follows a run to its end, tells what became of it, and exits accordingly."""
    following.follow(api, run)
    found = api.run(run.id)
    output.answer(found, lambda: outcome(found))
    if found.state in BROKEN:
        ctx.exit(Exit.IMPORT_FAILED)


def outcome(run: RunDetail) -> Text:
    """What became of a run, in a sentence or two."""
    name = f"{run.dataset} {run.business_date}"
    match run.state:
        case RunState.SUCCEEDED:
            return _success(run, name)
        case RunState.UNCHANGED:
            return Text(f"{name}: {_unchanged(run)} (run {run.id})")
        case RunState.SUPERSEDED:
            return Text(f"{name}: a newer run took its place (run {run.id})")
        case RunState.HELD:
            return Text(f"{name} is loaded and checked, and {_wait(run)} (run {run.id})")
    return _failure(run, name)


def _wait(run: RunDetail) -> str:
    return output.printable(run.stage or "") if run.release_group else "waits for a person to publish it"


def _unchanged(run: RunDetail) -> str:
    same = (run.report or {}).get("sameAs", {})
    if run.version is None:
        return f"nothing new; run {same.get('run')} imports this delivery"
    return f"nothing new; version {run.version} holds this delivery already; --force imports it again"


def _success(run: RunDetail, name: str) -> Text:
    rejected = (run.report or {}).get("rowsQuarantined", 0)
    took = seconds(run)
    told = Text.assemble(
        (name, "bold"),
        " was published as ",
        (f"version {run.version}", "green"),
        f": {run.rows_done:,} rows, {rejected:,} quarantined, {took:,.1f} s (run {run.id})",
    )
    if rejected:
        told.append(f"\n`loadstone quarantine {run.id}` lists the rejected records")
    return told


def _failure(run: RunAnswer, name: str) -> Text:
    told = Text.assemble(f"{name} was not imported (run {run.id}): ", (run.error_code or run.state, "red"))
    if run.error_message:
        told.append(f"\n{output.printable(run.error_message, keep=chr(10))}")
    if run.error_hint:
        told.append("\nhint: ", "bold").append(output.printable(run.error_hint, keep="\n"))
    return told.append("\nwhat was live before is live still")
