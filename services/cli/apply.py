"""`loadstone apply`: makes documents the ones that hold."""

from pathlib import Path

import rich_click as click

from services.cli import client, documents, output
from services.cli.plan import Wording, difference
from services.cli.verb import verb

DONE = Wording(created="created", changed="changed")


@verb("apply")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
def command(paths: tuple[Path, ...]) -> None:
    """Make datasets what their documents say. PATHS are documents or folders, by default `datasets/`.

    All documents are checked before the first is applied. A change is a new contract version; versions that
    are published stay as they are. A dataset that has no document any more is left alone.
    """
    datasets = documents.read_all(paths or (documents.FOLDER,))
    with client.connect() as api:
        for dataset in datasets:
            api.apply(dataset, dry_run=True)
        applied = [api.apply(dataset, dry_run=False) for dataset in datasets]
    output.answer(applied, lambda: difference(applied, DONE))
