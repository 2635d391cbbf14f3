"""Keeps values of masked fields out of what is stored: out of the table, and out of rejected records.

A rejected record is kept with its masked values replaced where they can be located for certain. Where they
can't, the record is withheld, and its message says so.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from shared.domain.dataset import Dataset, Field
from shared.domain.report import Reject
from shared.files import texts
from shared.files.texts import AnyArray, TextArray

type Mask = Callable[[AnyArray], AnyArray]

REPLACEMENT = "***"
_WITHHELD = "; the record is withheld, as it may hold values that the contract masks"
_SHOWN = 4  # characters that `partial` leaves at the end of a value at least twice as long
_pc: Any = pc


def masked(dataset: Dataset) -> tuple[Field, ...]:
    """The fields whose values are not stored as they are."""
    return tuple(field for field in dataset.schema.fields if field.mask != "none")


def mask(field: Field) -> Mask:
    """What makes of a column of checked values the column to store."""
    return _MASKS[field.mask]


def withheld(reject: Reject) -> Reject:
    """The reject without its record."""
    return structs.replace(reject, raw=b"", message=reject.message + _WITHHELD)


def in_json(reject: Reject, fields: Sequence[Field]) -> Reject:
    """The reject of a JSON record, in which the values of these fields are replaced."""
    try:
        record = json.loads(reject.raw)
    except (ValueError, RecursionError):
        return withheld(reject)
    if not isinstance(record, dict) or any(field.path or field.name not in record for field in fields):
        return withheld(reject)
    record |= {field.name: REPLACEMENT for field in fields}
    return structs.replace(reject, raw=json.dumps(record, ensure_ascii=False).encode())


def in_delimited(
    reject: Reject, values: Mapping[int, str | None], *, columns: int, delimiter: str, quote: str
) -> Reject:
    """The reject of a delimited record, in which the values at these places are replaced.

    `values` are what the reader found there, None where it took the text for missing: only where the record,
    read once more, holds the same is a value located.
    """
    source = io.StringIO(reject.raw.decode(errors="replace"), newline="")
    try:
        record = next(csv.reader(source, delimiter=delimiter, quotechar=quote, strict=True), [])
    except csv.Error:
        return withheld(reject)
    if len(record) != columns or any(value not in (None, record[at]) for at, value in values.items()):
        return withheld(reject)
    record = [REPLACEMENT if at in values else text for at, text in enumerate(record)]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quotechar=quote, lineterminator="").writerow(record)
    return structs.replace(reject, raw=text.getvalue().encode())


def _nothing(column: AnyArray) -> AnyArray:
    return pa.nulls(len(column)).cast(column.type)


def _hashed(column: TextArray) -> TextArray:
    encoded = column.dictionary_encode()
    hashes = (hashlib.sha256(str(text).encode()).hexdigest() for text in encoded.dictionary.to_pylist())
    return texts.of(*hashes).take(encoded.indices)


def _partial(column: TextArray) -> TextArray:
    """All but the last characters as asterisks; all of a short value."""
    length = texts.characters(column)
    number = texts.of(str(_SHOWN), str(2 * _SHOWN), "0").cast(pa.int32())
    shown = _pc.if_else(_pc.less(length, number[1]), number[2], number[0])
    stars = _pc.binary_repeat(texts.of("*")[0], _pc.subtract(length, shown))
    ends = _pc.if_else(
        _pc.equal(shown, number[2]), texts.of("")[0], _pc.utf8_slice_codeunits(column, -_SHOWN)
    )
    return texts.joined(stars, ends)


_MASKS: Mapping[str, Mask] = {"null": _nothing, "sha256": _hashed, "partial": _partial}
