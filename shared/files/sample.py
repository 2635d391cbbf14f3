"""Reads the start of a file of which nothing is known yet: its encoding, dialect, names and records."""

import csv
import io

from msgspec import Struct

from shared.domain.dataset import Dialect, Format
from shared.domain.encodings import UTF_8
from shared.errors import FileEmpty
from shared.files import sniffing
from shared.files.compression import peek
from shared.files.encoding import Transcoder

SAMPLE_BYTES = 4 << 20


class Sample(Struct, frozen=True, kw_only=True):
    """The first records of a file. `records` are those with as many fields as there are `names`."""

    compression: str
    encoding: str
    dialect: Dialect
    names: tuple[str, ...]
    records: tuple[tuple[str, ...], ...]
    ragged: int

    @property
    def delimiter(self) -> str:
        """What divides the fields."""
        return self.dialect.delimiter or ","

    def column(self, number: int) -> tuple[str, ...]:
        """All values of a column, as written."""
        return tuple(record[number] for record in self.records)


def read(stored: bytes, *, most: int = SAMPLE_BYTES) -> Sample:
    """The whole records in the first `most` bytes of text. Raises FileRefused where it is none."""
    compression, data = peek(stored, most)
    transcoder = Transcoder(Format(encoding="auto", on_invalid_bytes="replace"))
    text = _whole_lines(b"".join([*transcoder.feed(data), *transcoder.finish()]))
    dialect = sniffing.settle(text, Dialect(), ["delimiter", "quoteChar", "header"], default=",")
    rows = _rows(text, dialect)
    if not rows:
        raise FileEmpty("the sample holds no whole record")
    width = len(rows[0])
    records = rows[1:] if dialect.header else rows
    whole = [record for record in records if len(record) == width]
    return Sample(
        compression=compression,
        encoding=transcoder.found or UTF_8,
        dialect=dialect,
        names=rows[0] if dialect.header else tuple(f"column_{number}" for number in range(1, width + 1)),
        records=tuple(whole),
        ragged=len(records) - len(whole),
    )


def _whole_lines(text: bytes) -> str:
    """Without the last line, which may be cut off; a short file may lack its last newline."""
    whole, newline, _ = text.rpartition(b"\n")
    return (whole + newline).decode()


def _rows(text: str, dialect: Dialect) -> list[tuple[str, ...]]:
    source = io.StringIO(text, newline="")
    rows = csv.reader(source, delimiter=dialect.delimiter or ",", quotechar=dialect.quote_char)
    try:
        return [tuple(row) for row in rows if row]
    except csv.Error:  # a field longer than the module reads
        return []
