"""Rules of the section `format`."""

from collections.abc import Iterator

from shared.domain import encodings
from shared.domain.dataset import Format
from shared.domain.markup import Mistake, Path


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
    at: Path = ("format", "dialect")
    delimiter, quote = format_.dialect.delimiter, format_.dialect.quote_char
    if delimiter is not None and delimiter == quote:
        yield Mistake(path=(*at, "delimiter"), text=f"{delimiter!r} found, which is the quoteChar too")
    for key, char in (("delimiter", delimiter), ("quoteChar", quote)):
        if char is not None and (char in "\r\n" or not char.isascii()):
            text = f"{char!r} found, an ASCII character that does not end a line expected"
            yield Mistake(path=(*at, key), text=text)
