"""`loadstone version`: one version, and the profile of its columns."""

import rich_click as click
from rich.console import Group, RenderableType
from rich.text import Text

from services.cli import client, output
from services.cli.answers import VersionDetail
from services.cli.verb import dataset_argument, verb
from services.cli.versions import standing
from shared.domain.profile import ColumnProfile
from shared.errors import NotFound

COLUMNS = ("column", "type", "nulls", "minimum", "maximum", "distinct", "bytes")


@verb("version")
@dataset_argument()
@click.argument("version", required=False, type=click.IntRange(min=1))
def command(dataset: str, version: int | None) -> None:
    """Show a version and the profile of its columns: the live one, or VERSION. Estimates have a ~."""
    with client.connect() as api:
        number = version or api.dataset(dataset).live_version
        if number is None:
            raise NotFound(f"dataset {dataset} has no live version yet")
        found = api.version(dataset, number)
    output.answer(found, lambda: readable(found))


def readable(found: VersionDetail) -> RenderableType:
    """The version, and below it one line for each column."""
    facts = output.facts(
        [
            ("version", found.number),
            ("state", standing(found)),
            ("business date", found.business_date),
            ("rows", found.rows),
            ("size", output.byte_count(found.bytes)),
            ("run", found.run_id),
            ("contract", found.contract_version),
            ("published", found.published_at),
            ("retired", found.retired_at),
        ]
    )
    columns = [_row(column) for column in found.profile.columns] if found.profile else []
    return Group(facts, Text(""), output.table(COLUMNS, columns, empty="no profile was made of it"))


def _row(column: ColumnProfile) -> tuple[object, ...]:
    return (
        column.name,
        column.type,
        _marked(column.nulls, column.nulls_estimated),
        _marked(column.minimum, column.bounds_estimated),
        _marked(column.maximum, column.bounds_estimated),
        _distinct(column),
        column.width,
    )


def _marked(value: object, estimated: bool) -> Text:
    cell = output.cell(value)
    return cell if value is None or not estimated else Text.assemble("~", cell, justify=cell.justify)


def _distinct(column: ColumnProfile) -> Text:
    least, most = column.distinct_at_least, column.distinct_at_most
    if least is None or most is None:
        return output.cell(None)
    shown = f"~{least:,}" if least == most else f"~{least:,} to ~{most:,}"
    return Text(shown, justify="right")
