"""Reads the start of a file of which nothing is known yet: its delimiter, header and records."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from shared.domain.dataset import Format
from shared.domain.encodings import UTF_8
from shared.errors import FileEmpty
from shared.files.compression import peek
from shared.files.encoding import Transcoder

SAMPLE_BYTES = 4 << 20
_TYPED = re.compile(r"[+-]?[0-9][0-9 .,:T+-]*Z?")
_DELIMITERS = (",", "\t", ";", "|")


class Sample(Struct, frozen=True, kw_only=True):
    """The first records of a file. `records` are those with as many fields as there are `names`."""

    compression: str
    encoding: str
    delimiter: str
    header: bool
    names: tuple[str, ...]
    records: tuple[tuple[str, ...], ...]
    ragged: int

    def column(self, number: int) -> tuple[str, ...]:
        """All values of a column, as written."""
        return tuple(record[number] for record in self.records)


def read(stored: bytes) -> Sample:
    """The whole records in the first bytes of an object. Raises FileRefused where they are no text."""
    compression, data = peek(stored, SAMPLE_BYTES)
    transcoder = Transcoder(Format(encoding="auto", on_invalid_bytes="replace"))
    transcoded = b"".join([*transcoder.feed(data), *transcoder.finish()])
    text = _whole_lines(transcoded).decode()
    delimiter = max(_DELIMITERS, key=lambda candidate: _likeliness(_rows(text, candidate)))
    rows = _rows(text, delimiter)
    if not rows:
        raise FileEmpty("the sample holds no whole record")
    header = _is_header(rows[0])
    width = len(rows[0])
    records = rows[1:] if header else rows
    whole = [record for record in records if len(record) == width]
    return Sample(
        compression=compression,
        encoding=transcoder.found or UTF_8,
        delimiter=delimiter,
        header=header,
        names=rows[0] if header else tuple(f"column_{number}" for number in range(1, width + 1)),
        records=tuple(whole),
        ragged=len(records) - len(whole),
    )


def _whole_lines(text: bytes) -> bytes:
    """Without the last line, which may be cut off; a short file may lack its last newline."""
    whole, newline, _ = text.rpartition(b"\n")
    return whole + newline


def _rows(text: str, delimiter: str) -> list[tuple[str, ...]]:
    try:
        return [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error:  # a field longer than the module reads: this is no delimiter of the file
        return []


def _likeliness(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How many records agree on more than one field, and on how many."""
    if not rows:
        return 0, 0
    widths = Counter(len(row) for row in rows)
    width, count = widths.most_common(1)[0]
    return (count / len(rows) if width > 1 else 0), width


def _is_header(row: Sequence[str]) -> bool:
    """Whether these look like names: none empty, none twice, none a number or a date."""
    return all(row) and len(set(row)) == len(row) and not any(_TYPED.fullmatch(value) for value in row)
