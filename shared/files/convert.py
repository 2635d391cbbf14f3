"""Turns columns of text into typed Arrow columns, exactly: a value is kept as it is, or its record rejected.

What a type accepts stands in `shared.domain.fieldtypes`. A column whose bytes prove that Arrow's own parser
accepts just that is cast as a whole; otherwise every value is held against the type's pattern first. Both
ways end in the same cast, and a value that it refuses is found by halving the column.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, structs

from shared.domain import fieldtypes, fieldvalues
from shared.domain.dataset import Dataset, Field
from shared.domain.fieldvalues import PATTERNS, Physical
from shared.domain.report import RejectCode
from shared.files import casts, composites, jsonvalues, notations, texts
from shared.files.casts import Cast
from shared.files.jsonvalues import Judge, Verdict
from shared.files.notations import Notation
from shared.files.texts import AnyArray, Mask, TextArray

_ARROW: Mapping[str, pa.DataType] = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "text": pa.string(),
    "varchar": pa.string(),
    "uuid": pa.binary(16),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "jsonb": pa.string(),
    "interval": pa.binary(16),
    "point": pa.binary(16),
    "bytea": pa.binary(),
}
# What a value breaks that looks like its type and can't be cast.
_REFUSED: Mapping[str, tuple[RejectCode, str]] = {
    "numeric": (RejectCode.OUT_OF_RANGE, "does not fit {} without rounding"),
    "date": (RejectCode.TYPE_MISMATCH, "is not a day of the years 1 to 9999"),
    "time": (RejectCode.TYPE_MISMATCH, "is not a time of day"),
    "timestamp": (RejectCode.TYPE_MISMATCH, "is not a moment of the years 1 to 9999"),
    "timestamptz": (RejectCode.TYPE_MISMATCH, "is not a moment of the years 1 to 9999 in UTC"),
}
_FEW = 32
_BEYOND = (RejectCode.OUT_OF_RANGE, "is out of range for {}")


class Fault(Struct, frozen=True, kw_only=True):
    """Rows whose value breaks a rule. `rule` completes the sentence that starts with the value."""

    code: RejectCode
    rows: Mask
    rule: str


class Converted(Struct, frozen=True, kw_only=True):
    """A typed column. A row with a fault may be null in it."""

    array: AnyArray
    faults: tuple[Fault, ...] = ()


type Converter = Callable[[TextArray], Converted]


def arrow_schema(dataset: Dataset) -> pa.Schema:
    """One nullable Arrow field for each field of the contract, in its order."""
    return pa.schema([pa.field(field.name, arrow_type(field)) for field in dataset.schema.fields])


def arrow_type(field: Field) -> pa.DataType:
    """The Arrow type that holds a field: 16 bytes for uuid, interval and point, text for jsonb."""
    kind = fieldtypes.physical(field)
    held = pa.decimal128(kind.precision, kind.scale) if kind.name == "numeric" else _ARROW[kind.name]
    return pa.list_(held) if kind.is_array else held


def check_field(field: Field) -> list[str]:
    """What keeps a field from being converted and checked, each as `key: what is wrong`."""
    constraints = field.constraints
    found = fieldtypes.problems(field)
    if constraints.pattern is not None:
        try:
            pc.match_substring_regex(texts.of(""), constraints.pattern)
        except pa.ArrowInvalid as error:
            found.append(f"constraints.pattern: not a regular expression of RE2: {error}")
    if constraints.json_schema is not None:
        try:
            jsonvalues.validator_for(constraints.json_schema)
        except ValueError as error:
            found.append(f"constraints.jsonSchema: {error}")
    return found


def converter(field: Field) -> Converter:
    """What makes values of the field's type of a column of text; nulls stay null."""
    if field.type == "list":
        items = structs.replace(fieldtypes.item(field), physical_type=str(fieldtypes.physical(field))[:-2])
        return partial(_list, delimiter=field.delimiter, items=converter(items))
    notation = notations.of(field)
    plain = plain_converter(field)
    return plain if notation is None else partial(_rewritten, notation=notation, plain=plain)


def plain_converter(field: Field) -> Converter:
    """The same for texts in their type's own notation, whatever the field says about how it is written."""
    kind = fieldtypes.physical(field)
    match kind.name:
        case "text":
            return lambda column: Converted(array=column)
        case "varchar":
            return partial(_varchar, kind=kind)
        case "boolean":
            return partial(_boolean, field=field)
        case "jsonb":
            return partial(_json, judge=jsonvalues.judge(field))
        case "bytea":
            return lambda column: Converted(array=composites.from_base64(column))
        case "interval":
            return _duration
        case "point":
            return partial(_point, format_=field.format)
    type_ = arrow_type(field)
    return partial(_typed, kind=kind, type_=type_, cast=casts.cast_to(type_, field.timezone))


def _rewritten(column: TextArray, *, notation: Notation, plain: Converter) -> Converted:
    wrong = texts.valid(column) & ~texts.matching(column, notation.pattern)
    found = plain(notation.rewrite(_without(column, wrong)))
    misread = Fault(code=RejectCode.TYPE_MISMATCH, rows=wrong, rule=notation.rule)
    return Converted(array=found.array, faults=(*_faults(misread), *found.faults))


def _typed(column: TextArray, *, kind: Physical, type_: pa.DataType, cast: Cast) -> Converted:
    if column.null_count == len(column):
        return Converted(array=pa.nulls(len(column)).cast(type_))
    if casts.is_plain(column, type_):
        try:
            array = cast(column)
            if array.null_count == column.null_count:
                return Converted(array=array)
        except pa.ArrowInvalid:
            pass  # a value is out of range or no calendar date: which one shows value by value
    return _by_value(column, kind, cast)


def _by_value(column: TextArray, kind: Physical, cast: Cast) -> Converted:
    known = texts.valid(column)
    wrong = known & ~texts.matching(column, PATTERNS[kind.name])
    array = _cast_what_can_be(_without(column, wrong), cast, kind)
    refused = known & ~wrong & ~texts.valid(array)
    code, rule = _REFUSED.get(kind.name, _BEYOND)
    return Converted(
        array=array,
        faults=_faults(
            Fault(code=RejectCode.TYPE_MISMATCH, rows=wrong, rule=f"is not {fieldvalues.NAMES[kind.name]}"),
            Fault(code=code, rows=refused, rule=rule.format(kind)),
        ),
    )


def _cast_what_can_be(column: TextArray, cast: Cast, kind: Physical) -> AnyArray:
    """The column's values where the cast accepts them, null where it doesn't."""
    try:
        return cast(column)
    except pa.ArrowInvalid:
        if len(column) == 1:
            return cast(texts.of(None))
    refused = _refused(column, kind) if len(column) <= _FEW else None
    if refused is not None and refused.any():
        return _cast_what_can_be(_without(column, refused), cast, kind)
    half = len(column) // 2
    parts = [_cast_what_can_be(part, cast, kind) for part in (column[:half], column[half:])]
    return pa.concat_arrays(parts)


def _refused(column: TextArray, kind: Physical) -> Mask:
    """The values that Python's parsers refuse too: asking them is faster than halving to the end."""
    return np.array([text is not None and not fieldvalues.accepts(text, kind) for text in column.to_pylist()])


def _varchar(column: TextArray, *, kind: Physical) -> Converted:
    if kind.length is None or texts.lengths(column)[1] <= kind.length:
        return Converted(array=column)
    long = texts.mask(pc.greater(texts.characters(column), texts.of(str(kind.length)).cast(pa.int32())[0]))
    rule = f"is longer than {kind.length} characters, the length of {kind}"
    return Converted(array=column, faults=_faults(Fault(code=RejectCode.MAX_LENGTH, rows=long, rule=rule)))


def _boolean(column: TextArray, *, field: Field) -> Converted:
    meanings = dict.fromkeys(field.true_values, "true") | dict.fromkeys(field.false_values, "false")
    encoded = column.dictionary_encode()
    values = texts.of(*(meanings.get(str(text)) for text in encoded.dictionary.to_pylist())).cast(pa.bool_())
    array = values.take(encoded.indices)
    wrong = texts.valid(column) & ~texts.valid(array)
    rule = f"is not a boolean ({', '.join(meanings)})"
    return Converted(array=array, faults=_faults(Fault(code=RejectCode.TYPE_MISMATCH, rows=wrong, rule=rule)))


def _duration(column: TextArray) -> Converted:
    array, good = composites.durations(column)
    return _composite(
        column, array, good, "a duration (ISO 8601, such as P1DT2H)", "is out of range for interval"
    )


def _point(column: TextArray, *, format_: str) -> Converted:
    array, good = composites.points(column, format_)
    shown = "lon, lat" if format_ == "default" else "[lon, lat]"
    rule = "is not on the earth (longitude -180 to 180, latitude -90 to 90)"
    return _composite(column, array, good, f"a point ({shown})", rule)


def _composite(column: TextArray, array: AnyArray, good: Mask, name: str, beyond: str) -> Converted:
    wrong = texts.valid(column) & ~good
    faults = _faults(
        Fault(code=RejectCode.TYPE_MISMATCH, rows=wrong, rule=f"is not {name}"),
        Fault(code=RejectCode.OUT_OF_RANGE, rows=good & ~texts.valid(array), rule=beyond),
    )
    return Converted(array=array, faults=faults)


def _list(column: TextArray, *, delimiter: str, items: Converter) -> Converted:
    """Arrays of what stands between delimiters; an empty text is the array without items."""
    split: Any = pc.split_pattern(column, delimiter)
    empty = texts.mask(pc.equal(column, texts.of("")[0]))
    parents = texts.numbers(pc.list_parent_indices(split))
    kept = ~empty[parents]
    parents = parents[kept]
    found = items(split.flatten().filter(texts.flags(kept)))
    counts = np.bincount(parents, minlength=len(column))
    places = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    buffers = [texts.flags(texts.valid(column)).buffers()[1], pa.py_buffer(places)]
    array = pa.Array.from_buffers(pa.list_(found.array.type), len(column), buffers, children=[found.array])
    faults = [
        Fault(
            code=fault.code,
            rows=np.isin(np.arange(len(column)), parents[fault.rows]),
            rule=f"has an item that {fault.rule}",
        )
        for fault in found.faults
    ]
    return Converted(array=array, faults=tuple(faults))


def _json(column: TextArray, *, judge: Judge) -> Converted:
    rows: defaultdict[Verdict, list[int]] = defaultdict(list)
    for row, text in enumerate(column.to_pylist()):
        if text is not None and (verdict := judge(text)):
            rows[verdict].append(row)
    faults = [
        Fault(code=code, rows=np.isin(np.arange(len(column)), found), rule=rule)
        for (code, rule), found in rows.items()
    ]
    return Converted(array=column, faults=tuple(faults))


def _without(column: TextArray, rows: Mask) -> TextArray:
    """The column with null in these rows, and without the bytes that they had."""
    if not rows.any():
        return column
    kept = ~rows
    places = pa.py_buffer(np.cumsum(kept, dtype=np.int32) - 1)
    validity = texts.flags(kept).buffers()[1]
    indices = pa.Array.from_buffers(pa.int32(), len(column), [validity, places])
    return column.filter(texts.flags(kept)).take(indices)


def _faults(*faults: Fault) -> tuple[Fault, ...]:
    return tuple(fault for fault in faults if fault.rows.any())
