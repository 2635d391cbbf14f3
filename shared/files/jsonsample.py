"""Reads the start of newline-delimited JSON of which nothing is known yet: its keys, and what they hold."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from shared.files.guessing import Column

_OBJECTS = msgspec.json.Decoder(dict[str, Raw])
_STRINGS = msgspec.json.Decoder(str)
_KINDS = {'"': "string", "{": "object", "[": "array", "t": "boolean", "f": "boolean"}


def is_ndjson(text: str) -> bool:
    """Whether the first line that is not blank is a JSON object."""
    first = text.lstrip().partition("\n")[0]
    return first.startswith("{") and _record(first) is not None


def columns(text: str) -> tuple[list[Column], int, int]:
    """A column for each key of any record, how many records there are, and how many lines are no records."""
    lines = [line for line in text.split("\n") if line.strip()]
    records = [record for record in map(_record, lines) if record is not None]
    keys = dict.fromkeys(key for record in records for key in record)
    found = [_column(key, [record.get(key) for record in records]) for key in keys]
    return found, len(records), len(lines) - len(records)


def _record(line: str) -> dict[str, Raw] | None:
    try:
        return _OBJECTS.decode(line)
    except msgspec.DecodeError:
        return None


def _column(key: str, found: list[Raw | None]) -> Column:
    values = [*_values(found)]
    kinds = frozenset(kind for kind, value in values if value)
    return Column(name=key, values=tuple(value for _, value in values), kinds=kinds)


def _values(found: list[Raw | None]) -> Iterator[tuple[str, str]]:
    for raw in found:
        written = "null" if raw is None else bytes(raw).decode()
        if written == "null":
            yield "null", ""
        elif written[0] == '"':
            yield "string", _text(written)
        else:
            yield _KINDS.get(written[0], "number"), written


def _text(written: str) -> str:
    try:
        return _STRINGS.decode(written)
    except msgspec.DecodeError:  # half of a surrogate pair
        return written
