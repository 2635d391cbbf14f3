"""What PostgreSQL asks of names, and of lists of columns."""

from collections.abc import Iterable, Iterator, Sequence

from shared.domain.markup import Mistake, Path

_MAX_IDENTIFIER_BYTES = 63  # NAMEDATALEN - 1; longer names would be cut off silently
_MAX_INDEX_COLUMNS = 32  # INDEX_MAX_KEYS


def identifiers(names: Sequence[str], at: Path) -> Iterator[Mistake]:
    """Names that PostgreSQL would cut off."""
    for name in names:
        if len(name.encode()) > _MAX_IDENTIFIER_BYTES:
            text = f"{name!r} found, at most {_MAX_IDENTIFIER_BYTES} bytes in UTF-8 expected"
            yield Mistake(path=at, text=text)


def columns(columns: Sequence[str], names: Iterable[str], at: Path) -> Iterator[Mistake]:
    """Columns of a key or index that are no fields, or more than PostgreSQL takes."""
    if len(columns) > _MAX_INDEX_COLUMNS:
        text = f"{len(columns)} columns found, at most {_MAX_INDEX_COLUMNS} expected"
        yield Mistake(path=at, text=text)
    for index, column in enumerate(columns):
        if column not in names:
            yield Mistake(path=(*at, index), text=f"{column!r} found, the name of a field expected")
        if column in columns[:index]:
            yield Mistake(path=(*at, index), text=f"{column!r} found twice")
