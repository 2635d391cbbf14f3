"""Says to a document's author what a sample or a footer could not tell."""

from collections.abc import Iterator, Sequence

from shared.domain.encodings import UTF_8
from shared.files import guessing
from shared.files.guessing import Guess
from shared.files.sample import Sample

_PLACEHOLDERS = (
    "source.bucket, source.key and load.target are placeholders: only you know where files come from."
)


def of_parquet(left_out: Sequence[str]) -> Iterator[str]:
    """About a document that was made from a Parquet file's footer."""
    yield "Types and what is required are the file's own; everything else is a guess."
    yield _PLACEHOLDERS
    yield "Which columns are unique is not known: set schema.primaryKey."
    for column in left_out:
        yield f"{column}: no field is read from its type; it was left out."


def of_sample(
    found: Sample, guesses: Sequence[Guess], missing: Sequence[str], key: str | None
) -> Iterator[str]:
    """About a document that was guessed from records."""
    yield f"All of this is guessed from {found.records} records; what a sample does not show can differ."
    yield _PLACEHOLDERS
    if found.encoding != UTF_8:
        yield f"The text is not UTF-8; {found.encoding} is a guess: look at letters beyond ASCII."
    if found.dialect is not None and not found.dialect.header:
        yield "The first line looks like data: columns are matched by position, and their names are made up."
    if found.broken:
        wrong = (
            "lines are no JSON objects" if found.dialect is None else "records have another number of fields"
        )
        yield f"{found.broken} {wrong} and were left out."
    for marker in missing[1:]:
        yield f"{marker!r} is taken for a missing value, in every column."
    if key is None:
        yield "No column is unique in the sample: set schema.primaryKey if several together are."
    elif found.records > 1:
        others = [guess.name for guess in guesses if guess.is_unique and guess.name != key]
        also = f"; so are {', '.join(others)}" if others else ""
        yield f"{key} is unique in the sample and proposed as primaryKey{also}."
    small = [guess.name for guess in guesses if guess.is_small]
    if small:
        yield f"Every value in the sample fits physicalType smallint: {', '.join(small)}."
    for guess in guesses:
        yield from _column_notes(guess)


def _column_notes(guess: Guess) -> Iterator[str]:
    kind, physical = guess.keys["type"], guess.keys.get("physicalType")
    if not guess.present:
        yield f"{guess.name}: no value in the sample, so its type is unknown."
    elif kind == "any":
        yield f"{guess.name}: has values of several JSON types, so each is kept as it is written."
    elif kind == "number" and physical != "double precision":
        yield f"{guess.name}: {physical} is a guess; a value with more decimals would be rejected."
    elif kind == "string" and guessing.has_codes(guess.present):
        yield f"{guess.name}: has leading zeros, so it is kept as text."
    elif physical == "timestamp":
        yield f"{guess.name}: has no offset; if it is UTC, leave out physicalType to store timestamptz."
