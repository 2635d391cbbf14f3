"""Parses a block of records into columns of text, and sets aside the records that can't be.

A block that is clean is parsed as a whole. Any doubt (bytes that aren't UTF-8, a stray quote, another number
of rows than records) sends it over the slow path, which judges each record, drops the bad ones and blank
lines, and hands what is left to the same parser: both paths understand a record alike.

A blank line is a line with nothing on it, also in a file of one column.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pv
from msgspec import Struct

from shared.domain.report import Reject, RejectCode
from shared.errors import CountsDiffer
from shared.files import texts
from shared.files.blocks import CARRIAGE_RETURN, NEWLINE, Block, Positions
from shared.files.texts import AnyArray, AnyChunks

type Bytes = npt.NDArray[np.uint8]

_NEUTRAL = ord("x")


class Layout(Struct, frozen=True, kw_only=True):
    """How a file's records are written. `wanted` are the numbers of the columns to read, in their order."""

    delimiter: str
    quote: str
    columns: int
    wanted: tuple[int, ...]
    missing: tuple[str, ...]


class Texts(Struct, frozen=True, kw_only=True):
    """The columns of a block as they stand in the file; a missing value is null.

    `records` are the numbers in the block of the records that became rows, or None where all did.
    """

    block: Block
    columns: tuple[AnyArray, ...]
    rows: int
    records: Positions | None = None
    rejects: tuple[Reject, ...] = ()
    blank_lines: int = 0

    def numbers(self, rows: Positions) -> Positions:
        """The numbers of these rows' records in the block."""
        if self.records is None:
            return rows
        numbers: Positions = self.records[rows]
        return numbers


def parse(block: Block, layout: Layout) -> Texts:
    """The block's columns of text, and its rejected records."""
    data = block.data
    if not len(block.strays) and _is_plain(data):
        parsed = _read(block, data, layout)
        if parsed is not None and parsed.rows == len(block.ends):
            return parsed
    return _parse_by_record(block, layout)


def _is_plain(data: bytes) -> bool:
    """Whether there is nothing that only some records of the block may hold."""
    if b"\0" in data or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
        return False
    return data.isascii() or texts.are_utf8(data)


def _read(block: Block, data: bytes, layout: Layout) -> Texts | None:
    """All of the data as columns, or None where the records don't have as many fields as expected."""
    names = [str(number) for number in range(layout.columns)]
    wanted = [str(number) for number in layout.wanted]
    source: Any = pa.BufferReader(data)
    try:
        table = pv.read_csv(
            source,
            read_options=pv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            parse_options=pv.ParseOptions(
                delimiter=layout.delimiter,
                quote_char=layout.quote,
                newlines_in_values=True,
                ignore_empty_lines=True,
            ),
            convert_options=pv.ConvertOptions(
                check_utf8=False,  # the block as a whole was checked
                column_types=dict.fromkeys(wanted, pa.string()),
                include_columns=wanted,
                null_values=list(layout.missing),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = tuple(_one_chunk(column) for column in table.columns)
    return Texts(block=block, columns=columns, rows=table.num_rows)


def _one_chunk(column: AnyChunks) -> AnyArray:
    chunks: list[AnyArray] = column.chunks
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)  # which copies


def _parse_by_record(block: Block, layout: Layout) -> Texts:
    content = np.frombuffer(block.data, np.uint8)
    verdicts = _verdicts(block, content, layout)
    blank = block.text_ends == block.starts
    bad = np.zeros(len(blank), np.bool_)
    bad[list(verdicts)] = True
    bad &= ~blank
    kept = np.flatnonzero(~(blank | bad))
    parsed = _read_kept(block, content, kept, layout)
    numbers = np.flatnonzero(bad)
    rejects = [
        Reject(line=int(line), code=verdicts[number][0], message=verdicts[number][1], raw=block.raw(number))
        for number, line in zip(numbers.tolist(), block.lines(numbers), strict=True)
    ]
    return Texts(
        block=block,
        columns=parsed.columns,
        rows=parsed.rows,
        records=kept,
        rejects=tuple(rejects),
        blank_lines=int(blank.sum()),
    )


def _verdicts(block: Block, content: Bytes, layout: Layout) -> Mapping[int, tuple[RejectCode, str]]:
    """Why records can't be parsed, by their numbers. Of several reasons the last one named here counts."""
    starts, ends = block.starts, block.ends
    neutral = content.copy()
    for number in block.strays.tolist():
        neutral[starts[number] : ends[number]] = _NEUTRAL
    quotes = np.flatnonzero(neutral == ord(layout.quote))

    def outside_quotes(places: Positions) -> Positions:
        outside: Positions = places[np.searchsorted(quotes, places) % 2 == 0]
        return outside

    delimiters = outside_quotes(np.flatnonzero(neutral == ord(layout.delimiter)))
    fields = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
    returns = np.flatnonzero(neutral == CARRIAGE_RETURN)
    followed = np.append(content, 0)[returns + 1] == NEWLINE
    alone = np.searchsorted(ends, outside_quotes(returns[~followed]))
    nul = np.searchsorted(ends, np.flatnonzero(content == 0))
    wide = np.unique(np.searchsorted(ends, np.flatnonzero(content >= 0x80)))
    verdicts: dict[int, tuple[RejectCode, str]] = {}
    for number in np.flatnonzero(fields != layout.columns).tolist():
        found = "1 field" if fields[number] == 1 else f"{fields[number]} fields"
        verdicts[number] = (RejectCode.FIELD_COUNT, f"has {found}, {layout.columns} expected")
    verdicts |= dict.fromkeys(alone.tolist(), _RETURN)
    verdicts |= {number: _BYTES for number in wide.tolist() if not texts.are_utf8(block.raw(number))}
    verdicts |= dict.fromkeys(nul.tolist(), _NUL)
    verdicts |= dict.fromkeys(block.strays.tolist(), _QUOTE)
    return verdicts


_RETURN = (RejectCode.STRAY_CARRIAGE_RETURN, "has a carriage return that is neither quoted nor ends a line")
_BYTES = (RejectCode.INVALID_BYTES, "has bytes that are not UTF-8")
_NUL = (RejectCode.NUL_BYTE, "has a NUL byte, which PostgreSQL can't store in text")
_QUOTE = (
    RejectCode.STRAY_QUOTE,
    "has a quote inside a field that is not doubled, or text beside a quoted one",
)


def _read_kept(block: Block, content: Bytes, kept: Positions, layout: Layout) -> Texts:
    if not len(kept):
        columns = tuple(texts.of() for _ in layout.wanted)
        return Texts(block=block, columns=columns, rows=0)
    chosen = np.zeros(len(block.ends), np.bool_)
    chosen[kept] = True
    lengths = np.minimum(block.ends + 1, len(content)) - block.starts
    parsed = _read(block, content[np.repeat(chosen, lengths)].tobytes(), layout)
    if parsed is None or parsed.rows != len(kept):
        raise CountsDiffer(
            f"{len(kept)} records from line {block.first_line} on were parsed as "
            f"{'none' if parsed is None else parsed.rows} rows"
        )
    return parsed
