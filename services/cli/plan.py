"""`loadstone plan`: what `apply` would change."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import rich_click as click
from msgspec import Struct
from rich.console import Group, RenderableType
from rich.text import Text

from services.cli import client, documents, output
from services.cli.answers import Applied, Change
from services.cli.exits import Exit
from services.cli.verb import verb

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


class Wording(Struct, frozen=True, kw_only=True):
    """How the summary speaks of what is meant to happen, or has happened."""

    created: str
    changed: str


PLANNED = Wording(created="to create", changed="to change")


@verb("plan")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--exit-code", is_flag=True, help="Exit with 0 when nothing would change, 2 when something would."
)
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], exit_code: bool) -> None:
    """Show what `apply` would change. PATHS are documents or folders of them, by default `datasets/`."""
    datasets = documents.read_all(paths or (documents.FOLDER,))
    with client.connect() as api:
        planned = [api.apply(dataset, dry_run=True) for dataset in datasets]
    output.answer(planned, lambda: difference(planned))
    if exit_code and any(each.changed for each in planned):
        ctx.exit(Exit.USAGE)


def difference(applied: Sequence[Applied], wording: Wording = PLANNED) -> RenderableType:
    """Every change, dataset by dataset, and how many there are: `1 to create, 2 to change, 3 unchanged`."""
    created = sum(each.created for each in applied)
    changed = sum(each.changed for each in applied) - created
    unchanged = len(applied) - created - changed
    summary = f"{created} {wording.created}, {changed} {wording.changed}, {unchanged} unchanged"
    return Group(*(line for each in applied for line in _lines(each)), Text(summary, style="bold"))


def _lines(planned: Applied) -> Iterator[Text]:
    if planned.created:
        yield Text.assemble(("+ ", "green"), (planned.name, "bold"), " is new")
        return
    if planned.changed:
        version = planned.contract_version
        yield Text.assemble(("~ ", "yellow"), (planned.name, "bold"), f" gets contract version {version}")
        yield from (_change(change) for change in planned.changes)


def _change(change: Change) -> Text:
    sign, style = _SIGNS.get(change.kind, ("~", "yellow"))
    sides = [_shown(side) for side in (change.before, change.after)]
    told = {"+": sides[1], "-": sides[0]}.get(sign, " → ".join(sides))
    return Text.assemble((f"    {sign} ", style), output.printable(change.path), "  ", told)


def _shown(value: object) -> str:
    text = output.printable(msgspec.json.encode(value).decode())
    return text if len(text) <= 120 else f"{text[:120]}…"
