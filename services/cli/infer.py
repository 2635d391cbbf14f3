"""`loadstone infer`: a first dataset document, and what its author has to find out."""

from pathlib import Path
from typing import Any, BinaryIO

import rich_click as click
import yaml

from services.cli import output
from services.cli.verb import verb
from shared.files import excerpt as excerpts
from shared.files import infer
from shared.files.sample import SAMPLE_BYTES

WIDTH = 120


@verb("infer")
@click.argument("file", type=click.File("rb"))
@click.option("--name", help="The dataset's name. [default: after the file]")
def command(file: BinaryIO, name: str | None) -> None:
    """Write a first dataset document from a sample file, on stdout.

    FILE may be - for stdin; only its start is read, and the end of a Parquet file. Comments say what a sample
    can't tell: read them, and mend the document before you apply it.
    """
    found = infer.infer(excerpts.of_file(file, SAMPLE_BYTES), name or Path(file.name).name)
    document, notes = found.document, found.notes
    output.answer({"document": document, "notes": notes}, lambda: as_yaml(document, notes))


def as_yaml(document: dict[str, object], notes: list[str]) -> str:
    """The document as YAML, below its notes as comments."""
    comments = "".join(f"# - {output.printable(note)}\n" for note in notes)
    content = yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=WIDTH,
    )
    return f"# What this document can't know:\n{comments}\n{content}".rstrip()


class _Dumper(yaml.SafeDumper):
    """Writes what YAML 1.1 and 1.2 read alike, each field on a line of its own."""


class _OneLine(dict[str, object]):
    """A mapping that is written in braces."""


def _text(dumper: yaml.SafeDumper, text: str) -> Any:  # noqa: ANN401 - PyYAML's nodes have no types
    """Without quotes, `1e3` and `0o7` would be numbers in 1.2 and texts in 1.1."""
    plain = text[:1].isalpha() or text[:1] == "_"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


def _list(dumper: yaml.SafeDumper, items: list[object]) -> Any:  # noqa: ANN401
    lines = [_OneLine(item) if isinstance(item, dict) else item for item in items]
    return dumper.represent_sequence(
        "tag:yaml.org,2002:seq", lines, flow_style=_OneLine not in map(type, lines)
    )


def _one_line(dumper: yaml.SafeDumper, mapping: _OneLine) -> Any:  # noqa: ANN401
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping.items(), flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(_OneLine, _one_line)
