"""Rules of the section `format`."""

import re
from collections.abc import Iterator

from shared.domain import encodings
from shared.domain.dataset import Dialect, Format, TableSchema
from shared.domain.markup import Mistake, Path

# https://www.rfc-editor.org/rfc/rfc6901#section-3
_POINTER = re.compile("(/([^~/]|~[01])*)+")


def format_mistakes(format_: Format) -> Iterator[Mistake]:
    """What contradicts itself."""
    if format_.member is not None and format_.compression not in ("auto", "zip"):
        text = f"{format_.member!r} found, and only zip archives have members (format.compression)"
        yield Mistake(path=("format", "member"), text=text)
    if format_.encoding != "auto" and encodings.canonical(format_.encoding) is None:
        close = encodings.closest(format_.encoding)
        meant = f"; did you mean `{close}`?" if close else ""
        text = f"{format_.encoding!r} found, auto or the name of a text encoding expected{meant}"
        yield Mistake(path=("format", "encoding"), text=text)
    yield from _without_use(format_)
    yield from _detection_mistakes(format_)


def _detection_mistakes(format_: Format) -> Iterator[Mistake]:
    if len(set(format_.detect)) < len(format_.detect):
        yield Mistake(path=("format", "detect"), text="the same key found twice")
    at: Path = ("format", "dialect")
    delimiter = format_.dialect.delimiter
    if delimiter is not None and "delimiter" in format_.detect:
        text = f"{delimiter!r} found, and format.detect says to find it out from the object"
        yield Mistake(path=(*at, "delimiter"), text=text)


def _without_use(format_: Format) -> Iterator[Mistake]:
    """What says how text is written, for a format that is no text, or is always written in one way."""
    if format_.type in ("ndjson", "parquet") and format_.dialect != Dialect():
        yield Mistake(path=("format", "dialect"), text=f"found, and {format_.type} has no dialect")
    if format_.type in ("ndjson", "parquet") and format_.detect:
        yield Mistake(path=("format", "detect"), text=f"found, and {format_.type} has no dialect")
    if format_.type == "parquet" and format_.compression not in ("auto", "none"):
        text = f"{format_.compression} found, and Parquet says inside of the file how it is compressed"
        yield Mistake(path=("format", "compression"), text=text)
    if format_.type == "parquet" and format_.encoding != "utf-8":
        text = f"{format_.encoding!r} found, and text in Parquet is always UTF-8"
        yield Mistake(path=("format", "encoding"), text=text)


def path_mistakes(format_: Format, schema: TableSchema) -> Iterator[Mistake]:
    """Paths into records that have none, or that are no JSON Pointers."""
    for index, field in enumerate(schema.fields):
        at: Path = ("schema", "fields", index, "path")
        if field.path is not None and format_.type != "ndjson":
            yield Mistake(path=at, text=f"{field.path!r} found, and only records of NDJSON have paths")
        elif field.path is not None and not _POINTER.fullmatch(field.path):
            text = f"{field.path!r} found, a JSON Pointer such as /customer/address/0 expected"
            yield Mistake(path=at, text=text)
