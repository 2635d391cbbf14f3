"""Rules of the section `format.dialect`: what contradicts itself."""

from collections.abc import Iterator

from shared.domain.dataset import Dialect, Format, TableSchema
from shared.domain.markup import Mistake, Path

_AT: Path = ("format", "dialect")
_LINE_TERMINATORS = ("\n", "\r\n", "\r")
_DELIMITERS = {"csv": ",", "tsv": "\t"}


def dialect_mistakes(format_: Format) -> Iterator[Mistake]:
    """What no file can be written like."""
    dialect = format_.dialect
    yield from _character_mistakes(dialect, dialect.delimiter or _DELIMITERS.get(format_.type, ","))
    yield from _row_mistakes(dialect)
    told = Dialect(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote_char or '"',
        header=dialect.header,
        case_sensitive_header=dialect.case_sensitive_header,
    )
    if format_.detect and dialect != told:
        text = "found, and only a plain dialect, without preamble, footer and comments, can be detected"
        yield Mistake(path=("format", "detect"), text=text)
    if dialect.line_terminator not in (None, *_LINE_TERMINATORS):
        text = rf"{dialect.line_terminator!r} found, one of \n, \r\n, \r expected"
        yield Mistake(path=(*_AT, "lineTerminator"), text=text)
    if dialect.escape_char is not None and dialect.double_quote and dialect.quote_char is not None:
        text = "true found, and with an escapeChar quotes are escaped, not doubled: false expected"
        yield Mistake(path=(*_AT, "doubleQuote"), text=text)


def header_mistakes(format_: Format, schema: TableSchema) -> Iterator[Mistake]:
    """What needs a header that is not there."""
    if not format_.dialect.header and schema.fields_match != "exact":
        text = f"{schema.fields_match} found, and without a header (format.dialect.header) only exact can be"
        yield Mistake(path=("schema", "fieldsMatch"), text=text)
    for index, field in enumerate(schema.fields):
        if field.aliases and (format_.type == "ndjson" or not format_.dialect.header):
            text = "found, and only a header that names the columns can use them"
            yield Mistake(path=("schema", "fields", index, "aliases"), text=text)


def _character_mistakes(dialect: Dialect, delimiter: str) -> Iterator[Mistake]:
    meanings: dict[str, str] = {" ": "skipInitialSpace"} if dialect.skip_initial_space else {}
    chars = {
        "delimiter": delimiter,
        "quoteChar": dialect.quote_char,
        "escapeChar": dialect.escape_char,
        "commentChar": dialect.comment_char,
    }
    for key, char in chars.items():
        if char is None:
            continue
        if char in "\r\n" or not char.isascii():
            text = f"{char!r} found, an ASCII character that does not end a line expected"
            yield Mistake(path=(*_AT, key), text=text)
        if char in meanings:
            text = f"{char!r} found, which means something else too ({meanings[char]})"
            yield Mistake(path=(*_AT, key), text=text)
        meanings.setdefault(char, key)
    for char in dialect.null_sequence or "":
        if char in (delimiter, dialect.quote_char, "\r", "\n"):
            text = f"{dialect.null_sequence!r} found, which no value without quotes can be"
            yield Mistake(path=(*_AT, "nullSequence"), text=text)
            return


def _row_mistakes(dialect: Dialect) -> Iterator[Mistake]:
    rows = dialect.header_rows
    if rows is None:
        return
    at = (*_AT, "headerRows")
    if not dialect.header:
        yield Mistake(path=at, text=f"{rows} found, and there is no header (header: false)")
    if not rows or rows != sorted(set(rows)):
        yield Mistake(path=at, text=f"{rows} found, at least one row number expected, in rising order")
    both = [row for row in rows if row in dialect.comment_rows]
    if both:
        text = f"{both[0]} found, which is a header's row too (headerRows)"
        yield Mistake(path=(*_AT, "commentRows"), text=text)
