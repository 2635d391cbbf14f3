"""From columns of text to a contract's typed columns, and to the first rule that each bad row breaks."""

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from msgspec import Struct

from shared.domain.dataset import Dataset, Field
from shared.domain.report import RejectCode
from shared.files import constraints, convert, masking, missing, texts, typed
from shared.files.constraints import Rule
from shared.files.convert import Converted, Converter, Fault
from shared.files.masking import Mask
from shared.files.texts import AnyArray, TextArray

_SHOWN_CHARACTERS = 56


class BrokenRule(Struct, frozen=True, kw_only=True):
    """A row and why it is rejected. Of several reasons the one of the first field counts."""

    row: int
    column: str
    code: RejectCode
    message: str


class _Column(Struct, frozen=True, kw_only=True):
    field: Field
    required: bool
    missing: TextArray
    convert: Converter
    convert_typed: Converter
    rules: tuple[Rule, ...]
    mask: Mask | None


class Checker:
    """Converts and checks blocks of one dataset. A primary key's fields are required."""

    def __init__(self, dataset: Dataset) -> None:
        keys = frozenset(dataset.schema.primary_key)
        shared = missing.shared(dataset.schema)
        self._schema = convert.arrow_schema(dataset)
        self._columns = [
            _Column(
                field=field,
                required=field.constraints.required or field.name in keys,
                missing=texts.of(*sorted(missing.of(field, dataset.schema) - shared)),
                convert=convert.converter(field),
                convert_typed=typed.converter(field),
                rules=constraints.rules(field),
                mask=None if field.mask == "none" else masking.mask(field),
            )
            for field in dataset.schema.fields
        ]

    def check(self, found: Sequence[AnyArray | None], rows: int) -> tuple[pa.RecordBatch, list[BrokenRule]]:
        """The good rows in the contract's types, and the bad ones.

        A column is of text, or of a type that `typed.fits` takes for its field; None is null in every row.
        """
        arrays, broken = [], []
        bad = np.zeros(rows, np.bool_)
        for column, array in zip(self._columns, found, strict=True):
            given = pa.nulls(rows).cast(pa.string()) if array is None else array
            given = missing.left_out(given, column.missing)
            to_type = column.convert if given.type == pa.string() else column.convert_typed
            converted = to_type(given)
            arrays.append(converted.array if column.mask is None else column.mask(converted.array))
            for fault in _faults(column, given, converted):
                new = np.flatnonzero(fault.rows & ~bad)
                bad |= fault.rows
                broken += [_told(column, given, int(row), fault) for row in new]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        return (batch.filter(texts.flags(~bad)) if broken else batch), broken


def _faults(column: _Column, given: AnyArray, converted: Converted) -> Iterator[Fault]:
    """A field's faults in the order in which they count."""
    if column.required and (fault := constraints.missing(given)):
        yield fault
    yield from converted.faults
    for rule in column.rules:
        if fault := rule(converted.array):
            yield fault


def _told(column: _Column, given: AnyArray, row: int, fault: Fault) -> BrokenRule:
    name = column.field.name
    text = typed.value(given[row]) if column.mask is None else None
    shown = "the value" if text is None else _shown(str(text))
    return BrokenRule(row=row, column=name, code=fault.code, message=f'"{name}": {shown} {fault.rule}')


def _shown(text: str) -> str:
    return json.dumps(
        text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…", ensure_ascii=False
    )
