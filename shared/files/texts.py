"""Questions about a whole column of text at once, answered on its bytes.

Columns and flags are made from buffers, not by `pa.array` or `pa.scalar`: those import pandas where it is
installed, which costs a process 50 MB and most of a second.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

type Mask = npt.NDArray[np.bool_]
type AnyArray = pa.Array[Any]
type TextArray = pa.Array[Any]  # of strings; the stubs would have functions return arrays of anything
type AnyChunks = pa.ChunkedArray[Any]
type AnyScalar = pa.Scalar[Any]

_pc: Any = pc  # the stubs know only some of the arguments that its functions take
_ZERO, _NINE = ord("0"), ord("9")


def content(texts: TextArray) -> memoryview:
    """The bytes of all values, one after the other."""
    _, places, data = texts.buffers()
    if places is None or data is None or not len(texts):
        return memoryview(b"")
    ends = np.frombuffer(places, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(data)[int(ends[0]) : int(ends[-1])]


def are_digits(texts: TextArray, besides: bytes = b"") -> bool:
    """Whether no value has a byte that is neither a digit nor among a few others."""
    data = np.frombuffer(content(texts), np.uint8)
    # Subtraction wraps around, so that one comparison finds what is below and above. Counting is five times
    # as fast as bytes.translate.
    others = np.count_nonzero(data - _ZERO > _NINE - _ZERO)
    for allowed in besides if others else b"":
        others -= np.count_nonzero(data == allowed)
    return not others


def are_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8; Arrow finds out in less than half of the time of bytes.decode."""
    buffers = [None, pa.py_buffer(np.array([0, len(data)], np.int32)), pa.py_buffer(data)]
    try:
        pa.Array.from_buffers(pa.string(), 1, buffers).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def lengths(texts: TextArray) -> tuple[int, int]:
    """The least and the greatest length of the values in bytes; (0, 0) where there are none."""
    sizes: AnyArray = _pc.binary_length(texts)
    least, greatest = extremes(sizes)
    return least or 0, greatest or 0


def sizes(texts: TextArray) -> npt.NDArray[np.int64]:
    """The length of each value in bytes, 0 for a null; for columns whose nulls have no bytes."""
    places = texts.buffers()[1]
    if places is None:
        return np.zeros(len(texts), np.int64)
    ends = np.frombuffer(places, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.diff(ends).astype(np.int64)


def extremes(array: AnyArray) -> tuple[Any, Any]:
    """The least and the greatest value, or None twice where there are no values."""
    found: Any = pc.min_max(array).as_py()
    return found["min"], found["max"]


def of(*values: str | None) -> TextArray:
    """A column of these values."""
    written = [(value or "").encode() for value in values]
    places = np.cumsum([0, *map(len, written)], dtype=np.int32)
    validity = flags(np.array([value is not None for value in values], np.bool_)).buffers()[1]
    buffers = [validity, pa.py_buffer(places), pa.py_buffer(b"".join(written))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def characters(texts: TextArray) -> AnyArray:
    """The length of each value in characters (code points)."""
    found: AnyArray = _pc.utf8_length(texts)
    return found


def joined(*parts: TextArray | AnyScalar) -> TextArray:
    """The parts one after the other, row by row; null where one is."""
    found: TextArray = _pc.binary_join_element_wise(*parts, of("")[0])
    return found


def from_matrix(rows: npt.NDArray[np.uint8], known: Mask) -> TextArray:
    """The reverse of `matrix`: a column with a row's bytes where a value is known, and null elsewhere."""
    width = rows.shape[1]
    places = np.zeros(len(known) + 1, np.int32)
    np.cumsum(known, out=places[1:])
    buffers = [
        flags(known).buffers()[1],
        pa.py_buffer(places * np.int32(width)),
        pa.py_buffer(rows.tobytes()),
    ]
    return pa.Array.from_buffers(pa.string(), len(known), buffers)


def integers(texts: TextArray) -> npt.NDArray[np.int64]:
    """Texts of digits as numbers; 0 for a null."""
    return numbers(_pc.coalesce(pc.cast(texts, pa.int64()), of("0").cast(pa.int64())[0]))


def numbers(array: AnyArray) -> npt.NDArray[np.int64]:
    """An array of int64 without nulls, as numpy has it."""
    found = np.frombuffer(array.buffers()[1] or b"", np.int64)
    return found[array.offset : array.offset + len(array)]


def indices(places: npt.NDArray[np.int64], known: Mask) -> AnyArray:
    """Places as Arrow takes them; null where none is known."""
    buffers = [flags(known).buffers()[1], pa.py_buffer(places.astype(np.int64))]
    return pa.Array.from_buffers(pa.int64(), len(places), buffers)


def matrix(texts: TextArray) -> npt.NDArray[np.uint8] | None:
    """The values' bytes as rows, nulls left out, or None where the values differ in length."""
    least, greatest = lengths(texts)
    count = len(texts) - texts.null_count
    data = np.frombuffer(content(texts), np.uint8)
    if not count or not least or least != greatest or len(data) != count * least:
        return None
    return data.reshape(count, least)


def shape(texts: TextArray) -> str | None:
    """What all values look like with their digits put to 0, or None where they don't look alike."""
    rows = matrix(texts)
    if rows is None:
        return None
    first = rows[0]
    digit = first - _ZERO <= _NINE - _ZERO
    likeness = np.where(digit, np.uint8(_ZERO), first)
    # Whole runs of bytes are compared, not row by row: numpy is slow on rows as short as these.
    deviations = rows.ravel() - np.tile(likeness, len(rows))
    alike = deviations <= np.tile(np.where(digit, np.uint8(_NINE - _ZERO), np.uint8(0)), len(rows))
    return likeness.tobytes().decode("latin-1") if alike.all() else None


def matching(texts: TextArray, pattern: str) -> Mask:
    """Which values match the pattern (RE2) as a whole; nulls don't."""
    return mask(matches(texts, pattern))


def matches(texts: TextArray, pattern: str) -> pa.BooleanArray:
    """Which values match the pattern (RE2) as a whole; null for a null."""
    return pc.match_substring_regex(texts, rf"\A(?:{pattern})\z")


def mask(flags: AnyArray) -> Mask:
    """Flags as numpy has them; null is False."""
    _, values = flags.buffers()
    return _bits(values, flags) & valid(flags)


def valid(array: AnyArray) -> Mask:
    """Which values are not null."""
    validity = array.buffers()[0]
    return np.ones(len(array), np.bool_) if validity is None else _bits(validity, array)


def flags(mask: Mask) -> AnyArray:
    """Flags as Arrow has them."""
    bits = pa.py_buffer(np.packbits(mask, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, bits])


def _bits(buffer: pa.Buffer | None, of: AnyArray) -> Mask:
    if buffer is None:
        return np.zeros(len(of), np.bool_)
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")
    return bits[of.offset : of.offset + len(of)].view(np.bool_)
