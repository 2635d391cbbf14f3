"""Matches a file's columns with a contract's fields, in the words of Table Schema's `fieldsMatch`.

exact: the same fields in the same order. equal: the same fields. subset: all fields, and other columns may
be there. superset: no other columns, and fields may be missing. partial: at least one field.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from shared.domain.dataset import Dialect, TableSchema
from shared.errors import HeaderBroken

_MAY_HAVE_OTHERS = frozenset({"subset", "partial"})
_MAY_LACK_FIELDS = frozenset({"superset", "partial"})


def names(raw: bytes, delimiter: str, dialect: Dialect, line: int) -> list[str]:
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
        return next(csv.reader(source, delimiter=delimiter, quotechar=dialect.quote_char, strict=True))
    except csv.Error as error:
        raise HeaderBroken(f"the header can't be read: {error}", line=line) from None


def match(found: Sequence[str], schema: TableSchema, line: int | None) -> list[int | None]:
    """For each field the number of its column, or None where the file has none and may lack it.

    Raises HeaderBroken with everything that doesn't fit.
    """
    fields = [field.name for field in schema.fields]
    complaints = [*_complaints(found, fields, schema)]
    if not complaints and schema.fields_match == "exact" and list(found) != fields:
        complaints.append(_first_out_of_order(found, fields))
    if complaints:
        raise HeaderBroken("; ".join(complaints), line=line)
    numbers = {name: number for number, name in enumerate(found)}
    return [numbers.get(name) for name in fields]


def _complaints(found: Sequence[str], fields: Sequence[str], schema: TableSchema) -> Iterator[str]:
    for name, count in Counter(found).items():
        if count > 1:
            yield f"column {name!r} occurs {count} times"
    unknown = [name for name in dict.fromkeys(found) if name not in fields]
    missing = [name for name in fields if name not in found]
    if schema.fields_match not in _MAY_HAVE_OTHERS:
        yield from (_unknown(name, missing) for name in unknown)
    required = _required(schema)
    for name in missing:
        if schema.fields_match not in _MAY_LACK_FIELDS:
            yield f"column {name!r} is missing{_did_you_mean(name, unknown)}"
        elif name in required:
            yield f"column {name!r} is missing and required{_did_you_mean(name, unknown)}"
    if len(missing) == len(fields):
        yield "no column is known: is the header missing, or the delimiter another one?"


def _required(schema: TableSchema) -> frozenset[str]:
    """The fields that must have a value: Table Schema counts a primary key's among them."""
    return frozenset(field.name for field in schema.fields if field.constraints.required) | {
        *schema.primary_key
    }


def _unknown(name: str, missing: Sequence[str]) -> str:
    return f"column {_shown(name)} is not in the contract{_did_you_mean(name, missing)}"


def _did_you_mean(name: str, choices: Sequence[str]) -> str:
    by_case = {choice.strip().casefold(): choice for choice in choices}
    close = get_close_matches(name.strip().casefold(), by_case, n=1)
    return f" (closest: {_shown(by_case[close[0]])})" if close else ""


def _shown(name: str) -> str:
    return repr(name if len(name) <= 60 else f"{name[:59]}…")


def _first_out_of_order(found: Sequence[str], fields: Sequence[str]) -> str:
    number = next(number for number, name in enumerate(fields) if found[number] != name)
    return (
        f"column {number + 1} is {found[number]!r}, {fields[number]!r} expected there "
        "(schema.fieldsMatch: equal would allow any order)"
    )
