"""Reads JSON records one after the other: what each field's value is as text, or why the record is rejected.

A number or a truth value is taken as it is written, so that no digit is lost on the way; RFC 8259 is the
grammar, without duplicate keys and without lone halves of surrogate pairs, which PostgreSQL can't store.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import msgspec
from msgspec import Raw, Struct

from shared.domain import misfits
from shared.domain.dataset import Dataset, Field
from shared.domain.report import RejectCode
from shared.files import missing

# Types whose values are text in JSON; a bare number or truth value is none of theirs.
_WRITTEN_AS_TEXT = frozenset(
    {"string", "date", "time", "datetime", "yearmonth", "duration", "geopoint", "list"}
)
_TRUTH = frozenset({"true", "false"})
_OBJECTS = msgspec.json.Decoder(dict[str, Raw])
_ARRAYS = msgspec.json.Decoder(list[Raw])
_STRINGS = msgspec.json.Decoder(str)


class Broken(Struct, frozen=True, kw_only=True):
    """Why a record is rejected."""

    code: RejectCode
    message: str
    column: str | None = None


class _Refused(Exception):
    """Carries a Broken out of the depth."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.message)
        self.broken = broken


class Record(Struct, frozen=True, kw_only=True):
    """The texts of a record's fields, in the contract's order. `discarded` are those that the types of JSON
    forbid, which are None.
    """

    texts: list[str | None]
    discarded: list[str]


class RecordReader:
    """Reads the records of one dataset."""

    def __init__(self, dataset: Dataset) -> None:
        schema, evolution = dataset.schema, dataset.evolution
        self._fields = [_Place(field, missing.of(field, schema)) for field in schema.fields]
        self._forgiving = frozenset(
            field.name
            for field in schema.fields
            if misfits.are_discarded(field, evolution, schema.primary_key)
        )
        self._known = frozenset(place.steps[0] for place in self._fields)
        self._strict = schema.fields_match not in ("subset", "partial")

    def read(self, raw: bytes) -> Record | Broken:
        """One record: a line's bytes."""
        discarded: list[str] = []
        try:
            record = self._parsed(raw)
            texts = [self._text(place, record, discarded) for place in self._fields]
        except _Refused as refused:
            return refused.broken
        return Record(texts=texts, discarded=discarded)

    def _text(self, place: "_Place", record: Mapping[str, Raw], discarded: list[str]) -> str | None:
        try:
            return place.text(record)
        except _Refused as refused:
            column = refused.broken.column
            if column not in self._forgiving or refused.broken.code is not RejectCode.TYPE_MISMATCH:
                raise
            discarded.append(column)
            return None

    def _parsed(self, raw: bytes) -> Mapping[str, Raw]:
        try:
            raw.decode()
            record = _OBJECTS.decode(raw)
            json.loads(raw, object_pairs_hook=_unique)
        except UnicodeDecodeError:
            _refuse(RejectCode.INVALID_BYTES, "has bytes that are not UTF-8")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            told = str(error) if isinstance(error, msgspec.DecodeError) else "is nested too deeply"
            _refuse(RejectCode.INVALID_JSON, f"is no JSON object: {told}")
        unknown = next((key for key in record if key not in self._known), None)
        if unknown is not None and self._strict:
            _refuse(RejectCode.UNKNOWN_FIELD, f"has the key {unknown!r}, which is not in the contract")
        return record


class _Place:
    """Where a field's value stands in a record, and how it becomes text."""

    def __init__(self, field: Field, none: frozenset[str]) -> None:
        self._field = field
        self._none = none
        self.steps = steps(field)

    def text(self, record: Mapping[str, Raw]) -> str | None:
        """The value as text; None where the record has none."""
        found = self._found(record)
        if found is None:
            return None
        written = bytes(found).decode()
        if written == "null":
            return None
        text = self._as_text(written)
        return None if text in self._none else text

    def _found(self, record: Mapping[str, Raw]) -> Raw | None:
        value = record.get(self.steps[0])
        for step in self.steps[1:]:
            if value is None:
                return None
            value = _inside(value, step)
        return value

    def _as_text(self, written: str) -> str:
        kind = self._field.type
        if written[0] == '"':
            if kind in ("object", "array", "any", "geojson"):
                return written if kind == "any" else self._mismatch(written)
            return self._string(written)
        if written[0] in "{[":
            return written if kind in ("object", "array", "any", "geojson") else self._mismatch(written)
        if kind == "any":
            return written
        if kind in _WRITTEN_AS_TEXT or (written in _TRUTH) != (kind == "boolean"):
            return self._mismatch(written)
        if written in _TRUTH:
            return (self._field.true_values if written == "true" else self._field.false_values)[0]
        return written.replace(".", self._field.decimal_char)

    def _string(self, written: str) -> str:
        try:
            text = _STRINGS.decode(written)
        except msgspec.DecodeError:
            self._refuse(RejectCode.INVALID_JSON, "has half of a surrogate pair")
        if "\0" in text:
            self._refuse(RejectCode.NUL_BYTE, "has a NUL character, which PostgreSQL can't store in text")
        return text

    def _mismatch(self, written: str) -> NoReturn:
        shown = written if len(written) <= _SHOWN_CHARACTERS else f"{written[:_SHOWN_CHARACTERS]}…"
        shown = shown if self._field.mask == "none" else "the value"
        self._refuse(RejectCode.TYPE_MISMATCH, f"{shown} is not {_NAMES.get(self._field.type, 'a string')}")

    def _refuse(self, code: RejectCode, message: str) -> NoReturn:
        name = self._field.name
        raise _Refused(Broken(code=code, message=f'"{name}": {message}', column=name))


_SHOWN_CHARACTERS = 56
_NAMES = {
    "integer": "a JSON number, or text that is one",
    "number": "a JSON number, or text that is one",
    "year": "a JSON number, or text that is one",
    "boolean": "true or false, or text that means one",
    "object": "a JSON object",
    "array": "a JSON array",
    "geojson": "a JSON object",
}


def steps(field: Field) -> tuple[str, ...]:
    """The keys on the way to a field's value: its `path`, a JSON Pointer (RFC 6901), or else its name."""
    if field.path is None:
        return (field.name,)
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in field.path.split("/")[1:])


def _inside(value: Raw, step: str) -> Raw | None:
    start = bytes(value)[:1]
    if start == b"{":
        return _OBJECTS.decode(value).get(step)
    if start == b"[" and step.isdecimal():
        items = _ARRAYS.decode(value)
        return items[int(step)] if int(step) < len(items) else None
    return None


def _unique(pairs: Sequence[tuple[str, Any]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        _refuse(RejectCode.INVALID_JSON, f"has the key {twice!r} twice")


def _refuse(code: RejectCode, message: str) -> NoReturn:
    raise _Refused(Broken(code=code, message=message))
