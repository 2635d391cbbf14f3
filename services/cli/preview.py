"""`loadstone preview`: what the first MiB of a file tells, and what it can't."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import rich_click as click
from rich.console import Group, RenderableType
from rich.text import Text

from services.cli import documents, infer, output
from services.cli.exits import Exit
from services.cli.output import byte_count, facts, table
from services.cli.verb import complete_dataset, verb
from shared.domain.dataset import Dataset
from shared.files import excerpt as excerpts
from shared.files import preview
from shared.files.differences import LiveContract
from shared.files.preview import Preview

_S3 = "s3://"
REJECT_COLUMNS = ("line", "column", "code", "message", "record")
DIFFERENCE_COLUMNS = ("column", "difference", "declared", "found")


@verb("preview")
@click.argument("file", metavar="FILE|s3://BUCKET/KEY")
@click.option(
    "--dataset",
    "against",
    shell_complete=complete_dataset,
    metavar="NAME|DOC.yaml",
    help="Hold the records against this dataset of the API, or this document. [default: the proposal]",
)
@click.pass_context
def command(ctx: click.Context, file: str, against: str | None) -> None:
    """Say what the first MiB of a file tells: format, encoding, dialect, a document, the first errors.

    FILE may be - for stdin; no more than its start is read, and the end of a Parquet file. An object in the
    bucket is read by the API; for a file here no server is needed, unless --dataset names a dataset. What
    can't be told from a part is listed too.
    """
    found = _of_object(file, against) if file.startswith(_S3) else _of_file(file, against)
    output.answer(found, lambda: Group(*_parts(found)))
    if found.refusal:
        ctx.exit(Exit.IMPORT_FAILED)


def _of_object(address: str, dataset: str | None) -> Preview:
    from services.cli import client  # 0.1 s of imports, which a file here does not need

    bucket, _, key = address.removeprefix(_S3).partition("/")
    if not bucket or not key:
        raise click.BadParameter(f"{address!r} is not s3://BUCKET/KEY", param_hint="FILE")
    if dataset and dataset.endswith(documents.ENDINGS):
        raise click.BadParameter("for an object the name of a dataset expected", param_hint="--dataset")
    with client.connect() as api:
        return api.preview(bucket, key, dataset)


def _of_file(name: str, against: str | None) -> Preview:
    dataset, live = _contracts(against) if against else (None, None)
    with click.open_file(name, "rb") as file:
        excerpt = excerpts.of_file(file, preview.SAMPLE_BYTES)
        return preview.preview(excerpt, Path(name).name, dataset=dataset, live=live)


def _contracts(against: str) -> tuple[Dataset, LiveContract | None]:
    """The dataset of a document here, or the one that the API knows by that name, and what is live of it."""
    if against.endswith(documents.ENDINGS):
        return documents.read(Path(against)), None
    from services.cli import client

    with client.connect() as api:
        found = api.dataset(against)
    dataset = msgspec.convert(found.document, Dataset)
    if found.live_document is None or found.live_contract_version is None:
        return dataset, None
    document = msgspec.convert(found.live_document, Dataset)
    return dataset, LiveContract(version=found.live_contract_version, document=document)


def _parts(found: Preview) -> Iterator[RenderableType]:
    part = "" if found.whole else ", the start of it"
    yield facts(
        [("file", found.file), ("read", f"{byte_count(found.bytes_read)}{part}"), *found.read.items()]
    )
    if found.proposal is not None:
        yield Text("\nProposed document\n", style="bold")
        yield Text(output.printable(infer.as_yaml(found.proposal, found.notes), keep="\n"))
    if found.differences:
        live = f"the live version of {found.against} (contract {found.live_contract})"
        yield Text(f"\nDifferences from {live if found.live_contract else found.against}", style="bold")
        rows = [(each.column, each.kind, each.declared, each.found) for each in found.differences]
        yield table(DIFFERENCE_COLUMNS, rows, empty="")
    held = found.against or "the proposed document"
    yield Text(f"\nHeld against {held}: {found.records} records, {found.rejected} rejected", style="bold")
    if found.rejects:
        rejects = [(each.line, each.column, each.code, each.message, each.raw) for each in found.rejects]
        yield table(REJECT_COLUMNS, rejects, empty="")
    if found.refusal:
        place = f"line {found.refusal.line}: " if found.refusal.line else ""
        yield Text.assemble("\n", ("refused: ", "bold red"), found.refusal.code)
        yield Text(output.printable(place + found.refusal.message, keep="\n"))
        yield Text(f"hint: {found.refusal.hint}")
    yield Text("\nNot to be told from what was read", style="bold")
    for each in found.unknown:
        yield Text(f"- {each}")
