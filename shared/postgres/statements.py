"""Reads the named SQL statements of a .sql file, so that fixed SQL never stands in Python.

A file holds statements like this one, each with a name and a line that says what it is for:

    -- name: read
    -- One run with the name of its dataset.
    SELECT … ;
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


class Statements:
    """The statements of one file, as attributes: `SQL.read`. An unknown name is an AttributeError at once."""

    def __init__(self, path: Path, texts: Mapping[str, str]) -> None:
        self._path = path
        self._texts = texts

    def __getattr__(self, name: str) -> str:
        try:
            return self._texts[name]
        except KeyError:
            raise AttributeError(f"{self._path.name} has no statement named {name}") from None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._texts.items())


def beside(module_file: str) -> Statements:
    """The statements of the .sql file that stands beside a module: `SQL = statements.beside(__file__)`."""
    return read(Path(module_file).with_suffix(".sql"))


def read(path: Path) -> Statements:
    """Reads one file. Raises ValueError when a statement lacks its purpose or a name occurs twice."""
    parts = _NAME.split(path.read_text(encoding="utf-8"))[1:]
    texts: dict[str, str] = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        statement = text.strip()
        if not statement.startswith("-- ") or name in texts:
            raise ValueError(f"{path}: statement {name} lacks a line that says what for, or occurs twice")
        texts[name] = statement.removesuffix(";")
    return Statements(path, texts)
