"""What a command says: its data on stdout, everything else on stderr, colour only where somebody looks.

What comes from files or from the API is never taken as markup, and can't move the cursor.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TextIO

import msgspec
import rich_click as click
from click import get_current_context
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from shared.errors import LoadstoneError

JSON = "services.cli.json"
# Wide enough that nothing is cut where a program reads the table.
_UNLIMITED = 10_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_STYLES = {
    "succeeded": "green",
    "live": "green",
    "running": "cyan",
    "queued": "cyan",
    "waiting": "yellow",
    "held": "yellow",
    "failed": "red",
    "rejected": "red",
    "cancelled": "red",
}


def console(stream: TextIO) -> Console:
    """A console for stdout or stderr; NO_COLOR and pipes are respected."""
    width = None if stream.isatty() else _UNLIMITED
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def wants_json() -> bool:
    """Whether the command that runs now was given --json."""
    return bool(get_current_context().meta.get(JSON))


def answer(value: object, readable: Callable[[], RenderableType]) -> None:
    """Prints what was asked for: `value` as JSON with --json, or else what `readable` makes of it.

    A plain text is printed exactly as it is.
    """
    if wants_json():
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
        return
    shown = readable()
    if isinstance(shown, str):
        click.echo(shown)
    else:
        console(sys.stdout).print(shown)


def tell(text: str | Text) -> None:
    """Prints a message."""
    console(sys.stderr).print(text if isinstance(text, Text) else Text(text))


def error(failure: LoadstoneError) -> None:
    """Prints what went wrong, and what to do about it."""
    tell(Text.assemble(("error: ", "bold red"), printable(failure.message, keep="\n")))
    for problem in getattr(failure, "problems", ()):
        if problem not in failure.message:
            tell(Text(f"  {printable(problem)}"))
    if failure.hint:
        tell(Text.assemble(("hint: ", "bold"), printable(failure.hint, keep="\n")))


def printable(text: str, *, keep: str = "") -> str:
    """The text with its control characters spelled out, except those in `keep`."""
    return _CONTROL.sub(lambda found: found[0] if found[0] in keep else repr(found[0])[1:-1], text)


def cell(value: object) -> Text:
    """A value as a table shows it."""
    match value:
        case None | "":
            return Text("–", style="dim")
        case bool():
            return Text("yes" if value else "no")
        case int():
            return Text(f"{value:,}", justify="right")
        case float():
            return Text(f"{value:,.3f}", justify="right")
        case datetime():
            return Text(f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z")
        case date():
            return Text(value.isoformat())
        case str():
            return Text(printable(value), style=_STYLES.get(value, ""))
    return Text(printable(msgspec.json.encode(value).decode()))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> RenderableType:
    """Rows under their headings, or the sentence `empty` where there are none."""
    shown = [[value if isinstance(value, Text) else cell(value) for value in row] for row in rows]
    if not shown:
        return Text(empty)
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for place, column in enumerate(columns):
        numeric = any(row[place].justify == "right" for row in shown)
        made.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for row in shown:
        made.add_row(*row)
    return made


def facts(pairs: Iterable[tuple[str, object]]) -> RenderableType:
    """Names and values below each other; what has no value is left out."""
    made = Table.grid(padding=(0, 2, 0, 0))
    for name, value in pairs:
        if value is not None and value != "":
            shown = value if isinstance(value, Text) else cell(value)
            made.add_row(Text(name, style="bold"), Text.assemble(shown, justify="left"))
    return made


def byte_count(count: int) -> str:
    """`842 B`, `12.5 KiB`, `3.1 MiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
