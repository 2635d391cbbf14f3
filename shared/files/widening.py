"""Finds the narrowest type that holds values which their field's type does not hold.

Types are tried with the conversions that would read them: what is suggested is what will load.
"""

from collections.abc import Iterator

import pyarrow as pa
from msgspec import structs

from shared.domain import fieldtypes, misfits
from shared.domain.dataset import Constraints, Field
from shared.domain.fieldvalues import PATTERNS, Physical
from shared.files import convert, notations, texts, typed
from shared.files.texts import AnyArray, TextArray

_LONG = 200  # characters: beyond them a number is padded with zeros, or needs more digits than any type has


def wider(field: Field, column: AnyArray) -> Physical | None:
    """The narrowest type that holds these misfits and whatever the field's own type holds; None: none does.

    Texts are read as the field writes its values; a column that a file typed is in no notation but its own.
    """
    if column.type != pa.string():
        field = Field(name=field.name, type=field.type, physical_type=str(fieldtypes.physical(field)))
        column = typed.written(column)
    column = column.unique()
    bare = structs.replace(field, constraints=Constraints(), categories=None, mask="none")
    for candidate in _candidates(bare, column):
        if not fieldtypes.problems(candidate) and not convert.converter(candidate)(column).faults:
            return fieldtypes.physical(candidate)
    return None


def _candidates(field: Field, column: TextArray) -> Iterator[Field]:
    """The field in the types of its ladder, from the narrowest on."""
    kind = fieldtypes.physical(field)
    for name in misfits.steps(kind):
        match name:
            case "integer" | "bigint":
                yield structs.replace(field, type="integer", physical_type=name)
            case "numeric":
                yield from _decimal(structs.replace(field, type="number", physical_type=None), kind, column)
            case "double precision":
                yield structs.replace(field, type="number", physical_type=name)
            case "timestamp" | "timestamptz":
                format_ = field.format if field.type == "datetime" else "default"
                yield structs.replace(field, type="datetime", format=format_, physical_type=name)
            case "text" if kind.name != "text":
                yield Field(name=field.name)


def _decimal(field: Field, kind: Physical, column: TextArray) -> Iterator[Field]:
    """The field as a number with as many digits as the column needs, where all of it are numbers."""
    notation = notations.of(field)
    if notation is not None:
        if not texts.matching(column, notation.pattern).all():
            return
        column = notation.rewrite(column)
    if texts.lengths(column)[1] > _LONG or not texts.matching(column, PATTERNS["numeric"]).all():
        return
    digits = [_digits(str(text)) for text in column.to_pylist()]
    whole, scale = (max(counts) for counts in zip(*digits, strict=True))
    held = misfits.numeric(kind, whole=whole, scale=scale)
    if held is not None:
        yield structs.replace(field, physical_type=str(held))


def _digits(number: str) -> tuple[int, int]:
    """How many digits a number has before and behind its point, without zeros that say nothing."""
    mantissa, _, exponent = number.lstrip("+-").lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    written = whole + decimals
    digits = written.lstrip("0")
    if not digits:
        return 0, 0
    point = len(whole) - (len(written) - len(digits)) + int(exponent or 0)
    return max(0, point), max(0, len(digits.rstrip("0")) - point)
