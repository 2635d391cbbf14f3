"""From columns of text to a contract's typed columns, and to the first rule that each bad row breaks."""

import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from msgspec import Struct

from shared.domain import fieldtypes, misfits
from shared.domain.dataset import Dataset, Field
from shared.domain.misfits import Misfits, Place
from shared.domain.report import RejectCode
from shared.files import constraints, convert, masking, missing, texts, typed, widening
from shared.files.constraints import Rule
from shared.files.convert import Converted, Converter, Fault
from shared.files.masking import Mask
from shared.files.texts import AnyArray, TextArray

type Lines = Callable[[Sequence[int]], Sequence[int]]

_SHOWN_CHARACTERS = 56


class BrokenRule(Struct, frozen=True, kw_only=True):
    """A row and why it is rejected. Of several reasons the one of the first field counts."""

    row: int
    column: str
    code: RejectCode
    message: str


class Checked(Struct, frozen=True, kw_only=True):
    """The good rows in the contract's types, the bad ones, and what the types of fields did not hold."""

    rows: pa.RecordBatch
    broken: Sequence[BrokenRule]
    misfits: Sequence[Misfits]


class _Column(Struct, frozen=True, kw_only=True):
    field: Field
    required: bool
    discards: bool
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
                discards=misfits.are_discarded(field, dataset.evolution, dataset.schema.primary_key),
                missing=texts.of(*sorted(missing.of(field, dataset.schema) - shared)),
                convert=convert.converter(field),
                convert_typed=typed.converter(field),
                rules=constraints.rules(field),
                mask=None if field.mask == "none" else masking.mask(field),
            )
            for field in dataset.schema.fields
        ]

    def check(self, found: Sequence[AnyArray | None], rows: int, lines: Lines) -> Checked:
        """Rows in the contract's types. `lines` are asked for the lines of a few rows.

        A column is of text, or of a type that `typed.fits` takes for its field; None is null in every row.
        """
        arrays, broken, strays = [], [], []
        bad = np.zeros(rows, np.bool_)
        for column, array in zip(self._columns, found, strict=True):
            given = pa.nulls(rows).cast(pa.string()) if array is None else array
            given = missing.left_out(given, column.missing)
            to_type = column.convert if given.type == pa.string() else column.convert_typed
            converted = to_type(given)
            if (wrong := _misread(converted)) is not None:
                strays.append((column, given, wrong))
                converted = _discarded(converted, wrong) if column.discards else converted
            arrays.append(converted.array if column.mask is None else column.mask(converted.array))
            for fault in _faults(column, given, converted):
                new = np.flatnonzero(fault.rows & ~bad)
                bad |= fault.rows
                broken += [_told(column, given, int(row), fault) for row in new]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        kept = batch.filter(texts.flags(~bad)) if broken else batch
        counted = [each for stray in strays if (each := _misfits(*stray, bad, lines)) is not None]
        return Checked(rows=kept, broken=broken, misfits=counted)


def _faults(column: _Column, given: AnyArray, converted: Converted) -> Iterator[Fault]:
    """A field's faults in the order in which they count."""
    if column.required and (fault := constraints.missing(given)):
        yield fault
    yield from converted.faults
    for rule in column.rules:
        if fault := rule(converted.array):
            yield fault


def _misread(converted: Converted) -> texts.Mask | None:
    """The rows whose value the type does not hold; None where there are none."""
    found = [fault.rows for fault in converted.faults if fault.code in misfits.CODES]
    return np.logical_or.reduce(found) if found else None


def _discarded(converted: Converted, wrong: texts.Mask) -> Converted:
    """The column with null in these rows, which are no faults any more."""
    places = texts.indices(np.arange(len(wrong)), ~wrong)
    others = tuple(fault for fault in converted.faults if fault.code not in misfits.CODES)
    return Converted(array=converted.array.take(places), faults=others)


def _misfits(
    column: _Column, given: AnyArray, wrong: texts.Mask, bad: texts.Mask, lines: Lines
) -> Misfits | None:
    """Counts a column's misfits; one of a record that is rejected all the same was not discarded."""
    counted = wrong & ~bad if column.discards else wrong
    rows = np.flatnonzero(counted)
    if not len(rows):
        return None
    return Misfits(
        column=column.field.name,
        kind=fieldtypes.physical(column.field),
        values=len(rows),
        discarded=len(rows) if column.discards else 0,
        places=tuple(Place(line=line) for line in lines(rows[: misfits.SHOWN].tolist())),
        wider=widening.wider(column.field, given.filter(texts.flags(counted))),
    )


def _told(column: _Column, given: AnyArray, row: int, fault: Fault) -> BrokenRule:
    name = column.field.name
    text = typed.value(given[row]) if column.mask is None else None
    shown = "the value" if text is None else _shown(str(text))
    return BrokenRule(row=row, column=name, code=fault.code, message=f'"{name}": {shown} {fault.rule}')


def _shown(text: str) -> str:
    return json.dumps(
        text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…", ensure_ascii=False
    )
