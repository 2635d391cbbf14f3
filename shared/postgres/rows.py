"""Turns rows into Structs."""

from collections.abc import Iterable

import asyncpg
import msgspec


def struct[T: msgspec.Struct](row: asyncpg.Record | None, kind: type[T]) -> T:
    """The row as a Struct with a field for each column. Raises LookupError where there is no row."""
    if row is None:
        raise LookupError(f"no row for a {kind.__name__}")
    return msgspec.convert(dict(row), kind)


def structs[T: msgspec.Struct](rows: Iterable[asyncpg.Record], kind: type[T]) -> list[T]:
    """All rows as Structs."""
    return [struct(row, kind) for row in rows]
