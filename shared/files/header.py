"""Matches a file's columns with a contract's fields, in the words of Table Schema's `fieldsMatch`.

exact: the same fields in the same order. equal: the same fields. subset: all fields, and other columns may
be there. superset: no other columns, and fields may be missing. partial: at least one field.

A column means the field whose name or alias it has; spaces around names never count.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from msgspec import Struct

from shared.domain.dataset import Field, TableSchema
from shared.errors import HeaderBroken

_MAY_HAVE_OTHERS = frozenset({"subset", "partial"})
_MAY_LACK_FIELDS = frozenset({"superset", "partial"})


def names(raw: bytes, delimiter: str, quote: str, line: int) -> list[str]:
    """The columns' names. Raises HeaderBroken where the header itself can't be read."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise HeaderBroken("the header is not UTF-8", line=line) from None
    if "\0" in text:
        raise HeaderBroken("the header has a NUL byte", line=line)
    if "\r" in text:
        hint = "Lines must end in LF or CRLF; a carriage return alone ends none."
        raise HeaderBroken("the header has a stray carriage return", line=line, hint=hint)
    source = io.StringIO(text, newline="")
    try:
        return next(csv.reader(source, delimiter=delimiter, quotechar=quote, strict=True))
    except csv.Error as error:
        raise HeaderBroken(f"the header can't be read: {error}", line=line) from None


class _Columns(Struct, frozen=True, kw_only=True):
    """A file's columns: their names, and for each the field that it means, where it means one."""

    names: Sequence[str]
    meanings: Sequence[str | None]

    @property
    def unknown(self) -> list[str]:
        pairs = zip(self.names, self.meanings, strict=True)
        return [*dict.fromkeys(name for name, meaning in pairs if meaning is None)]


def match(
    found: Sequence[str], schema: TableSchema, line: int | None, *, case_sensitive: bool = True
) -> list[int | None]:
    """For each field the number of its column, or None where the file has none and may lack it.

    Raises HeaderBroken with everything that doesn't fit.
    """
    known = {
        spelled(name, case_sensitive=case_sensitive): field.name
        for field in schema.fields
        for name in (field.name, *field.aliases)
    }
    meanings = [known.get(spelled(name, case_sensitive=case_sensitive)) for name in found]
    columns = _Columns(names=found, meanings=meanings)
    complaints = [*_twice(columns), *_complaints(columns, schema)]
    if not complaints and schema.fields_match == "exact":
        complaints += _out_of_order(columns, schema)
    if complaints:
        raise HeaderBroken("; ".join(complaints), line=line)
    numbers = {meaning: number for number, meaning in enumerate(meanings)}
    return [numbers.get(field.name) for field in schema.fields]


def unknown(found: Sequence[str], schema: TableSchema, *, case_sensitive: bool) -> list[str]:
    """The columns that are no field, without the spaces around their names."""
    known = {
        spelled(name, case_sensitive=case_sensitive)
        for field in schema.fields
        for name in (field.name, *field.aliases)
    }
    return [name.strip() for name in found if spelled(name, case_sensitive=case_sensitive) not in known]


def spelled(name: str, *, case_sensitive: bool) -> str:
    """A name as names are compared."""
    return name.strip() if case_sensitive else name.strip().casefold()


def _twice(columns: _Columns) -> Iterator[str]:
    repeated = {name: count for name, count in Counter(columns.names).items() if count > 1}
    yield from (f"column {_shown(name)} occurs {count} times" for name, count in repeated.items())
    by_meaning: dict[str, list[str]] = {}
    for name, meaning in zip(columns.names, columns.meanings, strict=True):
        if meaning is not None and name not in by_meaning.setdefault(meaning, []):
            by_meaning[meaning].append(name)
    for meaning, names in by_meaning.items():
        if len(names) > 1:
            yield f"columns {' and '.join(map(_shown, names))} all mean field {_shown(meaning)}"


def _complaints(columns: _Columns, schema: TableSchema) -> Iterator[str]:
    unknown = columns.unknown
    missing = [f for f in schema.fields if f.name not in columns.meanings and not f.evolved]
    if schema.fields_match not in _MAY_HAVE_OTHERS:
        yield from (_unknown(name, missing) for name in unknown)
    required = _required(schema)
    for field in missing:
        if schema.fields_match not in _MAY_LACK_FIELDS:
            yield f"column {_named(field)} is missing{_closest(field, unknown)}"
        elif field.name in required:
            yield f"column {_named(field)} is missing and required{_closest(field, unknown)}"
    if not any(columns.meanings):
        yield "no column is known: is the header missing, or the delimiter another one?"


def _required(schema: TableSchema) -> frozenset[str]:
    """The fields that must have a value: Table Schema counts a primary key's among them."""
    return frozenset(field.name for field in schema.fields if field.constraints.required) | {
        *schema.primary_key
    }


def _unknown(name: str, missing: Sequence[Field]) -> str:
    owners = {alias: field.name for field in missing for alias in field.aliases}
    close = _did_you_mean(name, [*(field.name for field in missing), *owners])
    meant = f", an alias of {_shown(owners[close])}" if close in owners else ""
    return f"column {_shown(name)} is not in the contract" + (
        f" (closest: {_shown(close)}{meant})" if close else ""
    )


def _named(field: Field) -> str:
    if not field.aliases:
        return _shown(field.name)
    return f"{_shown(field.name)} (or {', '.join(map(_shown, field.aliases))})"


def _closest(field: Field, unknown: Sequence[str]) -> str:
    found = (_did_you_mean(name, unknown) for name in (field.name, *field.aliases))
    close = next(filter(None, found), None)
    return f" (closest: {_shown(close)})" if close else ""


def _did_you_mean(name: str, choices: Sequence[str]) -> str | None:
    by_case = {choice.strip().casefold(): choice for choice in choices}
    close = get_close_matches(name.strip().casefold(), by_case, n=1)
    return by_case[close[0]] if close else None


def _shown(name: str) -> str:
    return repr(name if len(name) <= 60 else f"{name[:59]}…")


def _out_of_order(columns: _Columns, schema: TableSchema) -> Iterator[str]:
    """The first column that stands elsewhere than the contract has it; evolved ones may stand anywhere."""
    evolved = {field.name for field in schema.fields if field.evolved}
    fields = [field.name for field in schema.fields if not field.evolved]
    places = [number for number, meaning in enumerate(columns.meanings) if meaning not in evolved]
    for number, name in zip(places, fields, strict=True):
        if columns.meanings[number] != name:
            yield (
                f"column {number + 1} is {columns.names[number]!r}, {name!r} expected there "
                "(schema.fieldsMatch: equal would allow any order)"
            )
            return
