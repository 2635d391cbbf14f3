"""Proposes a dataset document from the start of a file, and says what a sample can't tell.

Types are tried with the worker's own conversions: what is proposed is what will load.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from shared.domain.dataset import Field
from shared.domain.encodings import UTF_8
from shared.files import convert, sample, texts
from shared.files.sample import Sample
from shared.files.texts import TextArray

_MARKERS = ("NA", "N/A", "NULL", "null", "None", "nan", "NaN", "\\N", "-", "?")
_SMALLINT = {"type": "integer", "physicalType": "smallint"}
# In the order of trying: the first one that takes every value is proposed.
_CANDIDATES: Sequence[dict[str, Any]] = (
    {"type": "integer"},
    {"type": "number"},
    {"type": "date"},
    {"type": "time"},
    {"type": "datetime", "physicalType": "timestamp"},
    {"type": "datetime"},
    {"type": "boolean"},
    {"type": "string", "format": "uuid"},
    {"type": "object"},
    {"type": "array"},
)
_DOUBLE: dict[str, Any] = {"type": "number", "physicalType": "double precision"}
_KEY_TYPES = frozenset({"integer", "string", "date", "datetime"})
_LEAST_PRECISION = 12
_ENDINGS = {"gzip": ".gz", "zstd": ".zst", "bzip2": ".bz2", "xz": ".xz"}


class _Guess(Struct, frozen=True, kw_only=True):
    name: str
    keys: dict[str, Any]
    values: tuple[str, ...]
    present: tuple[str, ...]

    @property
    def is_unique(self) -> bool:
        return (
            self.keys["type"] in _KEY_TYPES
            and len(self.present) == len(self.values)
            and len(set(self.present)) == len(self.present)
        )


def infer(stored: bytes, name: str) -> tuple[dict[str, Any], list[str]]:
    """A dataset document for files such as the one that starts with these bytes, and notes for its author.

    `name` is the file's; the dataset is called after it. Raises FileRefused where there is nothing to read.
    """
    return propose(sample.read(stored), name)


def propose(found: Sample, name: str) -> tuple[dict[str, Any], list[str]]:
    """As `infer`, of a sample that was read already."""
    missing = ["", *_markers(found)]
    guesses = [_guess(found, number, frozenset(missing)) for number in range(len(found.names))]
    called = _dataset_name(name)
    key = next((guess.name for guess in guesses if guess.is_unique), None)
    schema: dict[str, object] = {
        "missingValues": missing,
        **({"primaryKey": [key]} if key and len(found.records) > 1 else {}),
        "fields": [_field(guess) for guess in guesses],
    }
    document: dict[str, Any] = {
        "apiVersion": "loadstone/v1",
        "kind": "Dataset",
        "name": called,
        "source": {"bucket": "landing", "key": f"{called}/{{businessDate:%Y/%m/%d}}/*{_suffix(found)}"},
        "format": _format(found),
        "schema": schema,
        "load": {"target": {"schema": "public", "table": called}},
    }
    return document, [*_notes(found, guesses, missing, key)]


def _markers(found: Sample) -> list[str]:
    """Texts that stand for a missing value: without them a column has a type, with them it is only text."""
    markers: set[str] = set()
    for number in range(len(found.names)):
        values = set(found.column(number)) - {""}
        used = values.intersection(_MARKERS)
        if used and _type(values)["type"] == "string" and _type(values - used)["type"] != "string":
            markers |= used
    return [marker for marker in _MARKERS if marker in markers]


def _guess(found: Sample, number: int, missing: frozenset[str]) -> _Guess:
    values = found.column(number)
    present = tuple(value for value in values if value not in missing)
    return _Guess(name=found.names[number], keys=_type(set(present)), values=values, present=present)


def _type(values: set[str]) -> dict[str, Any]:
    if not values or _has_codes(values):
        return {"type": "string"}
    column = texts.of(*sorted(values))
    for keys in _CANDIDATES:
        if not _refuses(column, keys):
            return _number(values) if keys["type"] == "number" else keys
    if not _refuses(column, _DOUBLE):
        return _DOUBLE
    return {"type": "string"}


def _refuses(column: TextArray, keys: Mapping[str, Any]) -> bool:
    field = msgspec.convert({"name": "value", **keys}, Field)
    return bool(convert.converter(field)(column).faults)


def _has_codes(values: Iterable[str]) -> bool:
    """Whether there are digits such as 00420: a code, not a number."""
    return any(value.isdigit() and len(value) > 1 and value.startswith("0") for value in values)


def _number(values: set[str]) -> dict[str, Any]:
    """An exact number with room for two more digits, or a double where numbers are written with exponents."""
    if any("e" in value.lower() for value in values):
        return _DOUBLE
    parts = [value.lstrip("+-").partition(".") for value in values]
    scale = max(len(decimals) for _, _, decimals in parts)
    whole = max(len(digits) for digits, _, _ in parts)
    precision = max(_LEAST_PRECISION, whole + scale + 2)
    return {"type": "number", "physicalType": f"numeric({min(precision, 38)},{scale})"}


def _field(guess: _Guess) -> dict[str, object]:
    required = bool(guess.values) and len(guess.present) == len(guess.values)
    return {"name": guess.name, **guess.keys, **({"constraints": {"required": True}} if required else {})}


def _format(found: Sample) -> dict[str, object]:
    dialect: dict[str, object] = {} if found.dialect.header else {"header": False}
    if found.delimiter not in ",\t":
        dialect["delimiter"] = found.delimiter
    if found.dialect.quote_char != '"':
        dialect["quoteChar"] = found.dialect.quote_char
    kind = "tsv" if found.delimiter == "\t" else "csv"
    encoding = {"encoding": found.encoding} if found.encoding != UTF_8 else {}
    return {
        "type": kind,
        "compression": found.compression,
        **encoding,
        **({"dialect": dialect} if dialect else {}),
    }


def _suffix(found: Sample) -> str:
    if found.compression == "zip":
        return ".zip"
    return (".tsv" if found.delimiter == "\t" else ".csv") + _ENDINGS.get(found.compression, "")


def _dataset_name(name: str) -> str:
    stem = name.rpartition("/")[2].partition(".")[0].lower()
    words = re.sub(r"[^a-z0-9]+", "_", re.sub(r"[0-9]{4}[-_]?[0-9]{2}[-_]?[0-9]{2}", "", stem))
    return re.sub(r"^[^a-z]+", "", words).strip("_")[:48] or "dataset"


def _notes(
    found: Sample, guesses: Sequence[_Guess], missing: Sequence[str], key: str | None
) -> Iterator[str]:
    yield f"All of this is guessed from {len(found.records)} records; what a sample does not show can differ."
    yield "source.bucket, source.key and load.target are placeholders: only you know where files come from."
    if found.encoding != UTF_8:
        yield f"The text is not UTF-8; {found.encoding} is a guess: look at letters beyond ASCII."
    if not found.dialect.header:
        yield "The first line looks like data: columns are matched by position, and their names are made up."
    if found.ragged:
        yield f"{found.ragged} records have another number of fields than the first one and were left out."
    for marker in missing[1:]:
        yield f"{marker!r} is taken for a missing value, in every column."
    if key is None:
        yield "No column is unique in the sample: set schema.primaryKey if several together are."
    elif len(found.records) > 1:
        others = [guess.name for guess in guesses if guess.is_unique and guess.name != key]
        also = f"; so are {', '.join(others)}" if others else ""
        yield f"{key} is unique in the sample and proposed as primaryKey{also}."
    small = [guess.name for guess in guesses if guess.keys["type"] == "integer" and _is_small(guess.present)]
    if small:
        yield f"Every value in the sample fits physicalType smallint: {', '.join(small)}."
    for guess in guesses:
        yield from _column_notes(guess)


def _is_small(values: tuple[str, ...]) -> bool:
    return not _refuses(texts.of(*values), _SMALLINT)


def _column_notes(guess: _Guess) -> Iterator[str]:
    kind, physical = guess.keys["type"], guess.keys.get("physicalType")
    if not guess.present:
        yield f"{guess.name}: no value in the sample, so its type is unknown."
    elif kind == "number" and physical != "double precision":
        yield f"{guess.name}: {physical} is a guess; a value with more decimals would be rejected."
    elif kind == "string" and _has_codes(guess.present):
        yield f"{guess.name}: has leading zeros, so it is kept as text."
    elif physical == "timestamp":
        yield f"{guess.name}: has no offset; if it is UTC, leave out physicalType to store timestamptz."
