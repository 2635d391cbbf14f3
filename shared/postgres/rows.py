"""Turns rows into Structs."""

from collections.abc import Iterable

import asyncpg
import msgspec


def struct[T: msgspec.Struct](row: asyncpg.Record, kind: type[T]) -> T:
    """The row as a Struct whose fields have the names of its columns. Raises ValidationError when they differ."""
    return msgspec.convert(dict(row), kind)


def structs[T: msgspec.Struct](rows: Iterable[asyncpg.Record], kind: type[T]) -> list[T]:
    """All rows as Structs."""
    return [struct(row, kind) for row in rows]
