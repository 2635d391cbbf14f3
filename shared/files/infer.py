"""Proposes a dataset document from the start of a file, and says what a sample can't tell."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.parquet as pq
from msgspec import Struct, structs

from shared.domain.dataset import Dialect
from shared.domain.encodings import UTF_8
from shared.errors import FormatBroken, HeaderBroken
from shared.files import caveats, guessing, parquet, parquetfields, sample
from shared.files.excerpt import Excerpt, NotRead
from shared.files.guessing import Guess
from shared.files.sample import SAMPLE_BYTES, Sample

_MARKERS = ("NA", "N/A", "NULL", "null", "None", "nan", "NaN", "\\N", "-", "?")
_ENDINGS = {"gzip": ".gz", "zstd": ".zst", "bzip2": ".bz2", "xz": ".xz"}
_LONGEST_NAME = 63  # bytes; PostgreSQL cuts longer ones off


class Proposal(Struct, frozen=True, kw_only=True):
    """A document, notes for its author, what it was made from, and how the file turned out to be written."""

    document: dict[str, Any]
    notes: list[str]
    guesses: Sequence[Guess]
    read: dict[str, Any]


def infer(excerpt: Excerpt, name: str, *, most: int = SAMPLE_BYTES) -> Proposal:
    """A dataset document for files such as this one, whose name its dataset is called after.

    Of text the first `most` bytes are looked at. Raises FileRefused where there is nothing to read.
    """
    if excerpt.start.startswith(parquet.MAGIC):
        return _of_parquet(excerpt, name)
    found = sample.read(excerpt.start, whole=excerpt.whole, most=most)
    missing = ["", *_markers(found)]
    guesses = [guessing.of_column(column, frozenset(missing)) for column in found.columns]
    _check_names(guesses)
    key = next((guess.name for guess in guesses if guess.is_unique), None)
    schema = {
        "missingValues": missing,
        **({"primaryKey": [_named(key)]} if key and found.records > 1 else {}),
        "fields": [_field(guess, found) for guess in guesses],
    }
    return Proposal(
        document=_document(name, _format(found), schema, _suffix(found)),
        notes=[*caveats.of_sample(found, guesses, missing, key)],
        guesses=guesses,
        read=_read(found),
    )


def opened_parquet(excerpt: Excerpt) -> pq.ParquetFile:
    """A Parquet file with its footer read. Raises FormatBroken where the end of the file is not there."""
    if excerpt.opened is None:
        raise FormatBroken("a Parquet file is described at its end, and only its start was read")
    try:
        return parquet.opened(excerpt.opened)
    except NotRead as gap:
        raise FormatBroken(f"the Parquet footer is longer than what was read of the end: {gap}") from None


def _of_parquet(excerpt: Excerpt, name: str) -> Proposal:
    file = opened_parquet(excerpt)
    guesses = [*parquetfields.guesses(file.schema_arrow)]
    left_out = parquetfields.unreadable(file.schema_arrow)
    _check_names(guesses)
    if not guesses:
        raise FormatBroken("the Parquet file has no column that a field can be read from")
    schema = {
        **({"fieldsMatch": "subset"} if left_out else {}),
        "fields": [_field(guess) for guess in guesses],
    }
    return Proposal(
        document=_document(name, {"type": "parquet"}, schema, ".parquet"),
        notes=[*caveats.of_parquet(left_out)],
        guesses=guesses,
        read={"compression": parquet.codec(file), "rows": file.metadata.num_rows},
    )


def _document(
    name: str, format_: Mapping[str, Any], schema: Mapping[str, Any], suffix: str
) -> dict[str, Any]:
    called = _dataset_name(name)
    return {
        "apiVersion": "loadstone/v1",
        "kind": "Dataset",
        "name": called,
        "source": {"bucket": "landing", "key": f"{called}/{{businessDate:%Y/%m/%d}}/*{suffix}"},
        "format": format_,
        "schema": schema,
        "load": {"target": {"schema": "public", "table": called}},
    }


def _markers(found: Sample) -> list[str]:
    """Texts that stand for a missing value: without them a column has a type, with them it is only text."""
    markers: set[str] = set()
    for column in found.columns:
        values = set(column.values) - {""}
        used = values.intersection(_MARKERS)
        if used and column.kinds <= {"string"} and _is_only_text(values, column.kinds):
            markers |= set() if _is_only_text(values - used, column.kinds) else used
    return [marker for marker in _MARKERS if marker in markers]


def _is_only_text(values: set[str], kinds: frozenset[str]) -> bool:
    return guessing.type_of(values, kinds) == guessing.TEXT


def _field(guess: Guess, found: Sample | None = None) -> dict[str, object]:
    required = {"constraints": {"required": True}} if guess.required else {}
    name = _named(guess.name)
    if name == guess.name:
        return {"name": name, **guess.keys, **required}
    if found is not None and found.type == "ndjson":
        path = guess.name.replace("~", "~0").replace("/", "~1")
        return {"name": name, "path": f"/{path}", **guess.keys, **required}
    return {"name": name, "aliases": [guess.name], **guess.keys, **required}


def _check_names(guesses: Sequence[Guess]) -> None:
    """Raises HeaderBroken where no contract can be matched with the names."""
    taken: dict[str, str] = {}
    for number, guess in enumerate(guesses, start=1):
        if not guess.name or "\0" in guess.name:
            raise HeaderBroken(f"column {number} is called {guess.name!r}: empty, or with a NUL character")
        if (also := taken.get(_named(guess.name))) is not None:
            raise HeaderBroken(f"columns {also!r} and {guess.name!r} are one to PostgreSQL")
        taken[_named(guess.name)] = guess.name


def _named(name: str) -> str:
    """A name that PostgreSQL does not cut off."""
    return name.encode()[:_LONGEST_NAME].decode(errors="ignore")


def _format(found: Sample) -> dict[str, object]:
    encoding = {"encoding": found.encoding} if found.encoding != UTF_8 else {}
    dialect = {} if found.dialect is None else _unusual(found.dialect)
    return {
        "type": found.type,
        "compression": found.compression,
        **encoding,
        **({"dialect": dialect} if dialect else {}),
    }


def _unusual(dialect: Dialect) -> dict[str, object]:
    """What of a dialect differs from what its type stands for, as a document spells it."""
    usual = Dialect(delimiter=dialect.delimiter if dialect.delimiter in (",", "\t") else None)
    pairs = ((key, getattr(dialect, key.name), getattr(usual, key.name)) for key in structs.fields(Dialect))
    return {key.encode_name: value for key, value, by_default in pairs if value != by_default}


def _read(found: Sample) -> dict[str, Any]:
    told: dict[str, Any] = {"compression": found.compression, "encoding": found.encoding}
    if found.dialect is None:
        return told
    dialect = found.dialect
    plain = {"delimiter": dialect.delimiter, "quoteChar": dialect.quote_char, "header": dialect.header}
    return {**told, **plain, **_unusual(dialect)}


def _suffix(found: Sample) -> str:
    return ".zip" if found.compression == "zip" else f".{found.type}{_ENDINGS.get(found.compression, '')}"


def _dataset_name(name: str) -> str:
    stem = name.rpartition("/")[2].partition(".")[0].lower()
    words = re.sub(r"[^a-z0-9]+", "_", re.sub(r"[0-9]{4}[-_]?[0-9]{2}[-_]?[0-9]{2}", "", stem))
    return re.sub(r"^[^a-z]+", "", words).strip("_")[:48] or "dataset"
