"""Parses a block of records into columns of text, and sets aside the records that can't be.

A block that is clean is parsed as a whole. Any doubt (bytes that aren't UTF-8, a stray quote, another number
of rows than records) sends it over the slow path, which judges each record, drops the bad ones and blank
lines, and hands what is left to the same parser: both paths understand a record alike.

A blank line is a line with nothing on it, also in a file of one column.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pv
from msgspec import Struct

from shared.errors import CountsDiffer, HeaderBroken
from shared.files import blocks, header, records, texts
from shared.files.blocks import CARRIAGE_RETURN, NEWLINE, Block, Positions, Scan
from shared.files.records import Layout, Texts, Verdict
from shared.files.texts import AnyArray, AnyChunks

type Bytes = npt.NDArray[np.uint8]

_NEUTRAL = ord("x")


class PlainDialect(Struct, frozen=True, kw_only=True):
    """Records as RFC 4180 has them; also with another delimiter or quote, and with lines that end in LF."""

    delimiter: str
    quote: str
    line_end: int = NEWLINE
    paired: bool = True

    def scan(self, data: bytes, *, final: bool) -> Scan:
        """Where records end in data that start with one. `final` says that nothing follows them."""
        return blocks.scan(data, ord(self.delimiter), ord(self.quote), final=final)

    def is_quoted(self, data: bytes, start: int, end: int) -> bool:
        """Whether the record that starts at `start` is inside quotes at `end`."""
        return data.count(ord(self.quote), start, end) % 2 == 1

    def written(self, block: Block) -> Positions:
        """The numbers of the records that are not blank lines."""
        return np.flatnonzero(block.text_ends > block.starts)

    def names(self, block: Block, record: int) -> list[str]:
        """A header's names. Raises HeaderBroken where it can't be read."""
        line = int(block.lines(np.array([record]))[0])
        if record in block.strays:
            raise HeaderBroken("the header has a stray quote", line=line)
        return header.names(block.raw(record), self.delimiter, self.quote, line)

    def parse(self, block: Block, layout: Layout) -> Texts:
        """The block's columns of text, and its rejected records."""
        return _parse(block, layout, self)


def _parse(block: Block, layout: Layout, dialect: PlainDialect) -> Texts:
    data = block.data
    if not len(block.strays) and _is_plain(data):
        parsed = _read(block, data, layout, dialect)
        if parsed is not None and parsed.rows == len(block.ends):
            return parsed
    return _parse_by_record(block, layout, dialect)


def _is_plain(data: bytes) -> bool:
    """Whether there is nothing that only some records of the block may hold."""
    if b"\0" in data or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
        return False
    return data.isascii() or texts.are_utf8(data)


def _read(block: Block, data: bytes, layout: Layout, dialect: PlainDialect) -> Texts | None:
    """All of the data as columns, or None where the records don't have as many fields as expected."""
    names = [str(number) for number in range(layout.columns)]
    wanted = [str(number) for number in layout.wanted]
    source: Any = pa.BufferReader(data)
    try:
        table = pv.read_csv(
            source,
            read_options=pv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            parse_options=pv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
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


def _parse_by_record(block: Block, layout: Layout, dialect: PlainDialect) -> Texts:
    content = np.frombuffer(block.data, np.uint8)
    verdicts = _verdicts(block, content, layout, dialect)
    blank = block.text_ends == block.starts
    bad = np.zeros(len(blank), np.bool_)
    bad[list(verdicts)] = True
    bad &= ~blank
    kept = np.flatnonzero(~(blank | bad))
    parsed = _read_kept(block, content, kept, layout, dialect)
    return Texts(
        block=block,
        columns=parsed.columns,
        rows=parsed.rows,
        records=kept,
        rejects=records.rejects(block, bad, verdicts),
        blank_lines=int(blank.sum()),
    )


def _verdicts(block: Block, content: Bytes, layout: Layout, dialect: PlainDialect) -> dict[int, Verdict]:
    """Why records can't be parsed, by their numbers. Of several reasons the last one named here counts."""
    starts, ends = block.starts, block.ends
    neutral = content.copy()
    for number in block.strays.tolist():
        neutral[starts[number] : ends[number]] = _NEUTRAL
    quotes = np.flatnonzero(neutral == ord(dialect.quote))

    def outside_quotes(places: Positions) -> Positions:
        outside: Positions = places[np.searchsorted(quotes, places) % 2 == 0]
        return outside

    delimiters = outside_quotes(np.flatnonzero(neutral == ord(dialect.delimiter)))
    fields = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
    returns = np.flatnonzero(neutral == CARRIAGE_RETURN)
    followed = np.append(content, 0)[returns + 1] == NEWLINE
    alone = np.searchsorted(ends, outside_quotes(returns[~followed]))
    return {
        **records.wrong_counts(fields, layout.columns),
        **dict.fromkeys(alone.tolist(), records.RETURN),
        **records.unreadable(block, content),
        **dict.fromkeys(block.strays.tolist(), records.QUOTE),
    }


def _read_kept(block: Block, content: Bytes, kept: Positions, layout: Layout, dialect: PlainDialect) -> Texts:
    if not len(kept):
        columns = tuple(texts.of() for _ in layout.wanted)
        return Texts(block=block, columns=columns, rows=0)
    chosen = np.zeros(len(block.ends), np.bool_)
    chosen[kept] = True
    lengths = np.minimum(block.ends + 1, len(content)) - block.starts
    parsed = _read(block, content[np.repeat(chosen, lengths)].tobytes(), layout, dialect)
    if parsed is None or parsed.rows != len(kept):
        raise CountsDiffer(
            f"{len(kept)} records from line {block.first_line} on were parsed as "
            f"{'none' if parsed is None else parsed.rows} rows"
        )
    return parsed
