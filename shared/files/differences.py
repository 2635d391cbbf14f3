"""Compares the columns that a file shows with the fields that a contract declares."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from shared.domain.dataset import Dataset, Field
from shared.files import convert, header, jsonrecords, missing, texts, typed
from shared.files.guessing import Guess


class Difference(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a column of the file differs from the contract: `added`, `missing`, or of another `type`."""

    column: str
    kind: str
    declared: str | None = None
    found: str | None = None


class LiveContract(Struct, frozen=True, kw_only=True):
    """The contract by which the live version was made, which later ones may differ from."""

    version: int
    document: Dataset


def between(guesses: Sequence[Guess], dataset: Dataset) -> list[Difference]:
    """The differences; none where columns are matched by position, so that they have no names of their own.

    A column of another name is the field that has it among its aliases. Types differ where the declared one
    refuses a value that was seen, or the file's own type.
    """
    if dataset.format.type in ("csv", "tsv") and not dataset.format.dialect.header:
        return []
    return [*_between(guesses, dataset)]


def _between(guesses: Sequence[Guess], dataset: Dataset) -> Iterator[Difference]:
    case_sensitive = dataset.format.dialect.case_sensitive_header
    known = {
        header.spelled(name, case_sensitive=case_sensitive): field
        for field in dataset.schema.fields
        for name in _names(field, dataset)
    }
    seen = set()
    for guess in guesses:
        field = known.get(header.spelled(guess.name, case_sensitive=case_sensitive))
        found = str(guess.keys["type"])
        if field is None:
            yield Difference(column=guess.name, kind="added", found=found)
            continue
        seen.add(field.name)
        if field.path is None and _is_refused(guess, field, dataset):
            yield Difference(column=guess.name, kind="type", declared=field.type, found=found)
    for field in dataset.schema.fields:
        if field.name not in seen and not seen.intersection(_siblings(field, dataset)):
            yield Difference(column=field.name, kind="missing", declared=field.type)


def _names(field: Field, dataset: Dataset) -> Sequence[str]:
    """What a file may call a field; a record of NDJSON the outermost key on the way to it."""
    if dataset.format.type == "ndjson":
        return jsonrecords.steps(field)[:1]
    return (field.name, *field.aliases)


def _siblings(field: Field, dataset: Dataset) -> list[str]:
    """The fields below the same key of NDJSON: that one of them is there says nothing of the others."""
    if dataset.format.type != "ndjson" or field.path is None:
        return []
    key = jsonrecords.steps(field)[0]
    return [each.name for each in dataset.schema.fields if jsonrecords.steps(each)[0] == key]


def _is_refused(guess: Guess, field: Field, dataset: Dataset) -> bool:
    if guess.held is not None:
        return not typed.fits(field, guess.held)
    values = {*guess.present} - missing.of(field, dataset.schema)
    if guess.keys["type"] == field.type or not values:
        return False
    return bool(convert.converter(field)(texts.of(*sorted(values))).faults)
