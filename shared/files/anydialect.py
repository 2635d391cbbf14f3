"""Cuts and parses records of any dialect by its grammar, with no step per record on what is clean.

A block's values stand in one column first, row by row, made of the bytes that the grammar counts among them;
the columns of the file are every so-manieth value of it.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from shared.domain.dataset import Dialect
from shared.errors import CountsDiffer, HeaderBroken
from shared.files import grammar, records, texts
from shared.files.blocks import NEWLINE, Block, Positions, Scan
from shared.files.grammar import INSIDE_QUOTES, VALUES, State
from shared.files.records import Layout, Texts, Verdict
from shared.files.texts import AnyArray, Mask

type Bytes = npt.NDArray[np.uint8]

_IS_VALUE = np.isin(np.arange(len(State)), [*VALUES])
_STRAY = [State.STRAY, State.STRAY_HALF]
_SPACE = ord(" ")


class _Records(Struct, frozen=True, kw_only=True):
    """The records of a block. `fields` are how many each has, `delimiters` where fields end within one."""

    block: Block
    content: Bytes
    states: Bytes
    delimiters: Positions
    fields: Positions
    blank: Mask
    skipped: Mask


class AnyDialect:
    """Records of any dialect; the counterpart of `delimited.PlainDialect`."""

    def __init__(self, dialect: Dialect, delimiter: str) -> None:
        self._grammar = grammar.of(dialect, delimiter)
        self._delimiter = ord(delimiter)
        self._null = (dialect.null_sequence or "").encode()
        self._comment_rows = np.array(dialect.comment_rows, np.intp)
        self.line_end, self.paired = self._grammar.line_end, self._grammar.paired

    def scan(self, data: bytes, *, final: bool) -> Scan:
        """Where records end in data that start with one. `final` says that nothing follows them."""
        states = self._grammar.states(data)
        ends = np.flatnonzero(states == State.RECORD)
        cut = int(ends[-1]) + 1 if len(ends) else 0
        inside_quotes = final and cut < len(data) and int(states[-1]) in INSIDE_QUOTES
        if final and cut < len(data) and not inside_quotes:
            ends, cut = np.append(ends, len(data)), len(data)
        last = states[ends - 1]
        strays = np.isin(last, _STRAY) & (np.diff(ends, prepend=-1) > 1)
        if cut == len(data) and len(data) and states[-1] == State.CLOSED_HALF:
            strays[-1] = True
        return Scan(
            ends=ends,
            stray_ends=ends[strays],
            cut=cut,
            lines=data.count(self.line_end, 0, cut),
            inside_quotes=inside_quotes,
            states=states[:cut],
        )

    def is_quoted(self, data: bytes, start: int, end: int) -> bool:
        """Whether the record that starts at `start` is inside quotes at `end`."""
        return int(self._grammar.states(data[start:end])[-1]) in INSIDE_QUOTES

    def written(self, block: Block) -> Positions:
        """The numbers of the records that are neither blank lines nor comments."""
        found = self._records(block)
        return np.flatnonzero(~(found.blank | found.skipped))

    def names(self, block: Block, record: int) -> list[str]:
        """A header's names. Raises HeaderBroken where it can't be read."""
        alone = block.only(record)
        columns = int(self._records(alone).fields[0])
        layout = Layout(columns=columns, wanted=(*range(columns),), missing=())
        parsed = self._parse(alone, layout, null=b"")
        for reject in parsed.rejects:
            raise HeaderBroken(f"the header {reject.message}", line=reject.line)
        return [column[0].as_py() or "" for column in parsed.columns]

    def parse(self, block: Block, layout: Layout) -> Texts:
        """The block's columns of text, and its rejected records."""
        return self._parse(block, layout, null=self._null)

    def _parse(self, block: Block, layout: Layout, *, null: bytes) -> Texts:
        found = self._records(block)
        verdicts = self._verdicts(found, layout.columns)
        bad = np.zeros(len(block.ends), np.bool_)
        bad[list(verdicts)] = True
        bad &= ~(found.blank | found.skipped)
        kept = ~(found.blank | found.skipped | bad)
        return Texts(
            block=block,
            columns=self._columns(found, kept, layout, null),
            rows=int(kept.sum()),
            records=None if kept.all() else np.flatnonzero(kept),
            rejects=records.rejects(block, bad, verdicts),
            blank_lines=int(found.blank.sum()),
            skipped_lines=int(found.skipped.sum()),
        )

    def _records(self, block: Block) -> _Records:
        content = np.frombuffer(block.data, np.uint8)
        states = self._grammar.states(block.data) if block.states is None else block.states
        starts, ends = block.starts, block.ends
        delimiters = np.flatnonzero((content == self._delimiter) & (states == State.FIELD))
        blank = block.text_ends == starts
        skipped = np.isin(states[starts], [State.COMMENT, State.COMMENT_HALF])
        if len(self._comment_rows) and block.first_line <= self._comment_rows.max():
            skipped |= np.isin(block.lines(np.arange(len(ends))), self._comment_rows)
        return _Records(
            block=block,
            content=content,
            states=states,
            delimiters=delimiters,
            fields=np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1,
            blank=blank,
            skipped=skipped & ~blank,
        )

    def _verdicts(self, found: _Records, columns: int) -> dict[int, Verdict]:
        """Why records can't be parsed, by their numbers. Of several reasons the last one counts."""
        block, states = found.block, found.states
        halves = np.flatnonzero(states == State.HALF)
        ended = np.append(states, State.STRAY)[halves + 1] == State.RECORD
        alone = halves[~ended] if self.paired else halves
        half = records.FEED if self.line_end != NEWLINE else records.RETURN
        escapes = np.flatnonzero(states[-1:] == State.ESCAPE) + len(block.ends) - 1
        return {
            **records.wrong_counts(found.fields, columns),
            **dict.fromkeys(np.searchsorted(block.ends, alone).tolist(), half),
            **dict.fromkeys(escapes.tolist(), records.ESCAPE),
            **records.unreadable(block, found.content),
            **dict.fromkeys(block.strays.tolist(), records.QUOTE),
        }

    def _columns(self, found: _Records, kept: Mask, layout: Layout, null: bytes) -> tuple[AnyArray, ...]:
        if not kept.any():
            return tuple(texts.of() for _ in layout.wanted)
        block, content = found.block, found.content
        chosen = _IS_VALUE[found.states]
        if not kept.all():
            lengths = np.minimum(block.ends + 1, len(content)) - block.starts
            chosen &= np.repeat(kept, lengths)
        inner = found.delimiters[kept[np.searchsorted(block.ends, found.delimiters)]]
        bounds = np.sort(np.concatenate((inner, block.ends[kept])))
        if len(bounds) != layout.columns * int(kept.sum()):
            raise CountsDiffer(f"{len(bounds)} values from line {block.first_line} on fill no rows")
        before = np.concatenate((np.zeros(1, np.int32), np.cumsum(chosen, dtype=np.int32)))
        places = np.concatenate((np.zeros(1, np.int32), before[bounds]))
        buffers = [None, pa.py_buffer(places), pa.py_buffer(content[chosen].tobytes())]
        values: AnyArray = pa.Array.from_buffers(pa.string(), len(bounds), buffers)
        absent = self._like(null, found, kept, bounds)
        if layout.missing:
            absent |= texts.mask(pc.is_in(values, value_set=texts.of(*layout.missing)))
        known = [texts.flags(~absent).buffers()[1], *buffers[1:]]
        values = pa.Array.from_buffers(pa.string(), len(bounds), known)
        return tuple(values.take(_every(layout.columns, number, len(bounds))) for number in layout.wanted)

    def _like(self, null: bytes, found: _Records, kept: Mask, bounds: Positions) -> Mask:
        """Which values are the null sequence, as it is written and without quotes."""
        absent = np.zeros(len(bounds), np.bool_)
        if not null:
            return absent
        content, states, block = found.content, found.states, found.block
        columns = len(bounds) // int(kept.sum())
        starts, ends = np.append(0, bounds[:-1] + 1), bounds.copy()
        starts[::columns], ends[columns - 1 :: columns] = block.starts[kept], block.text_ends[kept]
        spaces = np.append(0, np.cumsum((states == State.FIELD) & (content == _SPACE)))
        if self._delimiter != _SPACE:
            starts += spaces[ends] - spaces[starts]
        like = np.flatnonzero(ends - starts == len(null))
        like = like[states[starts[like]] != State.OPENED]
        for offset, byte in enumerate(null):
            like = like[content[starts[like] + offset] == byte]
        absent[like] = True
        return absent


def _every(columns: int, number: int, count: int) -> AnyArray:
    places = np.arange(number, count, columns, dtype=np.int32)
    return pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)])
