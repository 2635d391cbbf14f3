"""Finds out how a sample of delimited text is written, also where its dialect is not plain.

What is not clear is taken as plain: a person reads what comes of it.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct, structs

from shared.domain.dataset import Dialect
from shared.files import sniffing

_COMMENT = "#"
_COMMENTED = re.compile(rf"^{_COMMENT}.*$", re.M)
# A quote in the middle of a quoted field, which a backslash takes its meaning; and one that is doubled.
_ESCAPED = re.compile(r'(?:^|[,\t;|^])"[^"\n]*\\"[^,\t;|:^\r\n"]', re.M)
_DOUBLED = re.compile(r'[^,\t;|:^\r\n"]""[^,\t;|:^\r\n"]')
_LONGEST_PREAMBLE = 20
_LEAST_AGREEMENT = 0.9

type Row = tuple[str, ...]


class Written(Struct, frozen=True, kw_only=True):
    """The dialect, and the rows from the header on, or from the first record on where there is none."""

    dialect: Dialect
    rows: Sequence[Row]


def read(text: str) -> Written:
    """How a text of whole lines is written. Raises DialectUnclear."""
    plain = Dialect()
    if "\n" not in text and "\r" in text:
        plain = structs.replace(plain, line_terminator="\r")
        text = text.replace("\r", "\n")
    if _ESCAPED.search(text) and not _DOUBLED.search(text):
        plain = structs.replace(plain, escape_char="\\", double_quote=False)
    without_comments = _COMMENTED.sub("", text)
    if text != without_comments and without_comments.strip():
        dialect = structs.replace(_settled(without_comments, plain), comment_char=_COMMENT)
        if _are_comments(text, dialect):
            return _below_preamble(dialect, without_comments)
    dialect = _settled(text, plain)
    return _below_preamble(dialect, text)


def _settled(text: str, dialect: Dialect) -> Dialect:
    quoted = text if dialect.double_quote else text.replace('\\"', '""')
    return sniffing.settle(quoted, dialect, ["delimiter", "quoteChar", "header"], default=",")


def _are_comments(text: str, dialect: Dialect) -> bool:
    """Whether no line that starts like a comment is as wide as records are: `#id;name` may be a header."""
    rows = _rows(text, dialect)
    marked = [row for row in rows if row[0].startswith(_COMMENT)]
    width = _width([row for row in rows if row not in marked])
    return bool(marked) and all(len(row) != width for row in marked)


def _below_preamble(dialect: Dialect, text: str) -> Written:
    """Without the few lines above a header that are narrower than it and all records."""
    rows = _rows(text, dialect)
    width = _width(rows)
    first = next((number for number, row in enumerate(rows) if len(row) == width), 0)
    agreeing = sum(len(row) == width for row in rows[first:])
    if (
        0 < first <= _LONGEST_PREAMBLE
        and all(len(row) < width for row in rows[:first])
        and agreeing >= _LEAST_AGREEMENT * len(rows[first:])
        and sniffing.looks_like_header(rows[first])
    ):
        dialect = structs.replace(dialect, header=True, header_rows=[_line_of(first, text, dialect)])
        rows = rows[first:]
    return Written(dialect=dialect, rows=rows)


def _width(rows: Sequence[Row]) -> int:
    """How many fields most records have."""
    widths = Counter(len(row) for row in rows).most_common(1)
    return widths[0][0] if widths else 0


def _rows(text: str, dialect: Dialect) -> list[Row]:
    """All but blank lines; none at all where a field is longer than the module reads."""
    try:
        return [tuple(fields) for _, fields in _records(text, dialect)]
    except csv.Error:
        return []


def _line_of(number: int, text: str, dialect: Dialect) -> int:
    """The line on which the row starts that has this number from 0 on."""
    return next(line for line, _ in islice(_records(text, dialect), number, None))


def _records(text: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    records = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect.delimiter or ",",
        quotechar=dialect.quote_char,
        escapechar=dialect.escape_char,
        doublequote=dialect.double_quote,
    )
    line = 1
    for fields in records:
        if fields:
            yield line, fields
        line = records.line_num + 1
