"""`loadstone diff`: what a version changed."""

import msgspec
import rich_click as click
from msgspec import Raw
from rich.console import Group, RenderableType
from rich.text import Text

from services.cli import client, output
from services.cli.answers import DifferenceAnswer
from services.cli.rows import spelled
from services.cli.verb import dataset_argument, verb
from shared.errors import NotFound


@verb("diff")
@dataset_argument()
@click.argument("version", required=False, type=click.IntRange(min=1))
@click.option("--against", type=click.IntRange(min=1), help="The older version; without it the one below.")
@click.option("--samples", type=click.IntRange(0, 100), default=5, show_default=True, help="How many rows.")
def command(dataset: str, version: int | None, against: int | None, samples: int) -> None:
    """Show which rows a version added, removed and changed, by primary key: the live one, or VERSION."""
    with client.connect() as api:
        number = version or api.dataset(dataset).live_version
        if number is None:
            raise NotFound(f"dataset {dataset} has no live version yet")
        found = api.difference(dataset, number, against=against, samples=samples)
    output.tell(f"{dataset}: from version {found.old_version} to version {found.new_version}")
    output.answer(found, lambda: readable(found))


def readable(found: DifferenceAnswer) -> RenderableType:
    """Counts, then the changed columns, then some rows of each kind."""
    counts = [("added", found.added), ("removed", found.removed), ("changed", found.changed)]
    columns = [
        *(("new column", name) for name in found.added_columns),
        *(("column gone", name) for name in found.removed_columns),
        *((f"changed {name}", count) for name, count in found.columns.items()),
    ]
    rows = [
        *(("+", _pairs(row)) for row in map(_decoded, found.added_rows)),
        *(("-", _pairs(row)) for row in map(_decoded, found.removed_rows)),
        *(("~", _change(row.key, row.before, row.after)) for row in found.changed_rows),
    ]
    shown = [Text(""), output.table(("", "row"), rows, empty="")] if rows else []
    return Group(output.facts([*counts, *columns]), *shown)


def _decoded(row: Raw) -> dict[str, Raw]:
    return msgspec.json.decode(row, type=dict[str, Raw])


def _pairs(row: dict[str, Raw]) -> str:
    return "  ".join(f"{name}={_value(value)}" for name, value in row.items())


def _change(key: dict[str, Raw], before: dict[str, Raw], after: dict[str, Raw]) -> str:
    changes = [f"{name}: {_value(value)} → {_value(after[name])}" for name, value in before.items()]
    return f"{_pairs(key)}  {', '.join(changes)}"


def _value(value: Raw) -> str:
    text = spelled(value)
    return "–" if text is None else text
