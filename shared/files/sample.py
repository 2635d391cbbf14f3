"""Reads the start of a text of which nothing is known yet: its encoding, format, names and records."""

from collections.abc import Sequence

from msgspec import Struct

from shared.domain.dataset import Dialect, Format
from shared.domain.encodings import UTF_8
from shared.errors import FileEmpty
from shared.files import habits, jsonsample
from shared.files.compression import peek
from shared.files.encoding import Transcoder
from shared.files.guessing import Column

SAMPLE_BYTES = 4 << 20


class Sample(Struct, frozen=True, kw_only=True):
    """The first records of a text. `broken` are those that are left out; `dialect` is delimited text's."""

    type: str
    compression: str
    encoding: str
    columns: Sequence[Column]
    records: int
    broken: int
    dialect: Dialect | None = None


def read(stored: bytes, *, whole: bool, most: int = SAMPLE_BYTES) -> Sample:
    """The whole records in the first `most` bytes of text. Raises FileRefused where it is none."""
    compression, data = peek(stored, most)
    transcoder = Transcoder(Format(encoding="auto", on_invalid_bytes="replace"))
    text = b"".join([*transcoder.feed(data), *transcoder.finish()]).decode()
    if not whole or len(data) == most:
        text = _whole_lines(text)
    encoding = transcoder.found or UTF_8
    if jsonsample.is_ndjson(text):
        columns, records, broken = jsonsample.columns(text)
        return Sample(
            type="ndjson",
            compression=compression,
            encoding=encoding,
            columns=columns,
            records=records,
            broken=broken,
        )
    return _delimited(text, compression, encoding)


def _delimited(text: str, compression: str, encoding: str) -> Sample:
    written = habits.read(text)
    if not written.rows:
        raise FileEmpty("the sample holds no whole record")
    dialect, first = written.dialect, written.rows[0]
    made_up = [f"column_{number}" for number in range(1, len(first) + 1)]
    names = [name.strip() for name in first] if dialect.header else made_up
    rows = written.rows[1:] if dialect.header else written.rows
    even = [row for row in rows if len(row) == len(names)]
    values = zip(*even, strict=True) if even else [()] * len(names)
    return Sample(
        type="tsv" if dialect.delimiter == "\t" else "csv",
        compression=compression,
        encoding=encoding,
        columns=[Column(name=name, values=tuple(of)) for name, of in zip(names, values, strict=True)],
        records=len(even),
        broken=len(rows) - len(even),
        dialect=dialect,
    )


def _whole_lines(text: str) -> str:
    """Without the last line, which may be cut off."""
    end = "\n" if "\n" in text or "\r" not in text else "\r"
    return text[: text.rfind(end) + 1]
