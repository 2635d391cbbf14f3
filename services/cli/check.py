"""`loadstone check`: what an import would make of a local file."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import rich_click as click
from msgspec import Struct
from rich.console import Group, RenderableType
from rich.text import Text

from services.cli import configuration, documents, output
from services.cli.examination import CHUNK, Checked, examine
from services.cli.exits import Exit
from services.cli.output import byte_count, facts, table
from services.cli.verb import verb
from shared.domain.dataset import Dataset
from shared.files import newcolumns
from shared.files.newcolumns import HeaderReader
from shared.files.reader import reader_for
from shared.settings import ProfileName, Worker

COLUMNS = ("line", "column", "code", "message", "record")
NOT_SEEN = "not checked: duplicate keys, and whether the delivery is complete; only an import sees them"


class CheckSettings(Struct, frozen=True, kw_only=True):
    """The limits that the worker would have."""

    profile: ProfileName = "dev"
    worker: Worker


@verb("check")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--dataset",
    "document",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    metavar="DOC.yaml",
    help="The dataset document.",
)
@click.option(
    "--show", type=click.IntRange(0, 10_000), default=10, show_default=True, help="Rejects to list."
)
@click.pass_context
def command(ctx: click.Context, file: BinaryIO, document: Path, show: int) -> None:
    """Read a local file as the worker would, without any server, and say what an import would make of it.

    FILE may be - for stdin. The whole file is read, also beyond its error budget. Duplicates of a key can't
    be seen here: the database finds them when it builds the key's index.
    """
    dataset = _evolved(documents.read(document), file)
    settings = configuration.read(CheckSettings).worker
    reader = reader_for(
        dataset,
        max_ratio=settings.max_compression_ratio,
        block_bytes=settings.block_bytes,
    )
    checked = examine(file, reader, dataset, show=show)
    output.answer(checked, lambda: Group(*_parts(checked)))
    if not checked.passes:
        ctx.exit(Exit.IMPORT_FAILED)


def _evolved(dataset: Dataset, file: BinaryIO) -> Dataset:
    """The contract as an import would let it evolve; of what can't be read twice, as it is declared."""
    if dataset.evolution.new_columns != "evolve" or not file.seekable():
        return dataset
    reader, names = HeaderReader(dataset), None
    while names is None and (chunk := file.read(CHUNK)):
        names = reader.names(chunk)
    file.seek(0)
    return newcolumns.evolved(dataset, names or reader.names(None) or [])


def _parts(checked: Checked) -> Iterator[RenderableType]:
    yield facts(
        [
            ("file", checked.file),
            ("bytes", byte_count(checked.bytes)),
            ("records", checked.records),
            ("rows", checked.rows),
            ("rejected", checked.quarantined),
            ("blank lines", checked.blank_lines),
            ("speed", f"{_megabytes_per_second(checked):.1f} MB/s, {checked.seconds:.2f} s"),
        ]
    )
    if checked.rejects:
        shown, rejected = len(checked.rejects), checked.quarantined
        some = f"\nThe first {shown} of {rejected} rejected records"
        yield Text(some if shown < rejected else "\nRejected records", style="bold")
        rows = [(each.line, each.column, each.code, each.message, each.raw) for each in checked.rejects]
        yield table(COLUMNS, rows, empty="")
    if checked.refusal:
        yield Text.assemble("\n", ("refused: ", "bold red"), checked.refusal.code)
        place = f"line {checked.refusal.line}: " if checked.refusal.line else ""
        yield Text(output.printable(place + checked.refusal.message, keep="\n"))
        yield Text(f"hint: {checked.refusal.hint}")
    for message in checked.broken:
        yield Text.assemble("\n", ("broken: ", "bold red"), output.printable(message))
    for message in checked.warnings:
        yield Text.assemble("\n", ("warning: ", "bold yellow"), output.printable(message))
    if checked.passes:
        yield Text("\nAn import would publish this file.", style="green")
    else:
        yield Text("\nAn import would publish nothing of this file.", style="red")
    yield Text(NOT_SEEN, style="dim")


def _megabytes_per_second(checked: Checked) -> float:
    return checked.bytes / 1_000_000 / checked.seconds if checked.seconds else 0.0
