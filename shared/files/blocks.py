"""Cuts a stream of delimited text into blocks of whole records.

Quotes open and close by turns. A quote may open at the start of a field, and close at its end; two in a row
inside a quoted field stand for one. Where this holds, quotes before a newline that are even in number mean
that it ends a record. A quote that breaks the rule is stray: its record reaches to the next newline, and
reading starts afresh behind it.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct, structs

from shared.errors import QuoteUnterminated, RecordTooLong

type Positions = npt.NDArray[np.intp]

NEWLINE = 10
CARRIAGE_RETURN = 13


class Block(Struct, frozen=True, kw_only=True):
    """Whole records. `ends` holds where each ends: at its newline, or at the end of the data.

    `strays` are the numbers of the records with a stray quote. Blank lines count as records here. A line
    ends with the byte `line_end`; where lines are `paired`, a CR before it belongs to it. `states` are what
    `shared.files.grammar` says of each byte, where it was asked.
    """

    data: bytes
    first_line: int
    ends: Positions
    strays: Positions
    line_end: int = NEWLINE
    paired: bool = True
    states: npt.NDArray[np.uint8] | None = None

    @property
    def starts(self) -> Positions:
        """Where each record starts."""
        return np.concatenate((np.zeros(1, np.intp), self.ends[:-1] + 1)) if len(self.ends) else self.ends

    @property
    def text_ends(self) -> Positions:
        """Where each record's own bytes end, before its line end."""
        if not self.paired:
            return self.ends
        content = np.frombuffer(self.data, np.uint8)
        returns = (self.ends > self.starts) & (content[self.ends - 1] == CARRIAGE_RETURN)
        ends: Positions = self.ends - (returns & (self.ends < len(content)))
        return ends

    def lines(self, records: Positions) -> Positions:
        """The physical lines, counted from 1 through the whole file, on which these records start."""
        newlines = np.flatnonzero(np.frombuffer(self.data, np.uint8) == self.line_end)
        starts: Positions = self.starts[records]
        lines: Positions = np.searchsorted(newlines, starts) + self.first_line
        return lines

    def raw(self, record: int) -> bytes:
        """A record's bytes without its line end."""
        start = int(self.ends[record - 1]) + 1 if record else 0
        end = int(self.ends[record])
        raw = self.data[start:end]
        return raw.removesuffix(b"\r") if self.paired and end < len(self.data) else raw

    def only(self, record: int) -> "Block":
        """The block of one record."""
        cut = self.after(record - 1) if record else self
        end = int(cut.ends[0]) + 1
        return structs.replace(
            cut,
            data=cut.data[:end],
            ends=cut.ends[:1],
            strays=cut.strays[cut.strays == 0],
            states=None if cut.states is None else cut.states[:end],
        )

    def after(self, record: int) -> "Block":
        """The block without its first records, up to and including this one."""
        cut = int(self.ends[record]) + 1
        return structs.replace(
            self,
            data=self.data[cut:],
            first_line=self.first_line + self.data.count(self.line_end, 0, cut),
            ends=self.ends[record + 1 :] - cut,
            strays=self.strays[self.strays > record] - (record + 1),
            states=None if self.states is None else self.states[cut:],
        )


class Scanner(Protocol):
    """Finds records in a text of one dialect. Lines end as `Block` says."""

    @property
    def line_end(self) -> int:
        """The byte that ends a line."""
        ...

    @property
    def paired(self) -> bool:
        """Whether a CR before the line end is part of it."""
        ...

    def scan(self, data: bytes, *, final: bool) -> "Scan":
        """Where records end in data that start with one. `final` says that nothing follows them."""
        ...

    def is_quoted(self, data: bytes, start: int, end: int) -> bool:
        """Whether the record that starts at `start` is inside quotes at `end`."""
        ...


class Cutter:
    """Turns pieces of text into blocks of at least `block_bytes`, whatever the pieces' sizes.

    `is_empty` says whether nothing was cut yet.
    """

    def __init__(
        self, scanner: Scanner, *, block_bytes: int, max_row_bytes: int, first_line: int = 1
    ) -> None:
        self._scanner = scanner
        self._block_bytes = block_bytes
        self._max_row_bytes = max_row_bytes
        self._pieces: list[bytes] = []
        self._pending = 0
        self._wanted = self._block_bytes
        self._line = first_line
        self.is_empty = True

    def feed(self, piece: bytes) -> Iterator[Block]:
        """The blocks that are whole now. Raises QuoteUnterminated or RecordTooLong."""
        self._pieces.append(piece)
        self._pending += len(piece)
        if self._pending >= self._wanted:
            yield from self._cut(final=False)

    def finish(self) -> Iterator[Block]:
        """The rest. Raises QuoteUnterminated where the data end inside quotes."""
        yield from self._cut(final=True)

    def _cut(self, *, final: bool) -> Iterator[Block]:
        data = b"".join(self._pieces)
        self.is_empty = self.is_empty and not data
        found = self._scanner.scan(data, final=final)
        self._check_lengths(data, found)
        cut = found.cut
        rest = data[cut:]
        self._pieces, self._pending, self._wanted = [rest], len(rest), len(rest) + self._block_bytes
        if not cut:
            return
        block = Block(
            data=data[:cut] if rest else data,
            first_line=self._line,
            ends=found.ends,
            strays=np.searchsorted(found.ends, found.stray_ends),
            line_end=self._scanner.line_end,
            paired=self._scanner.paired,
            states=found.states,
        )
        self._line += found.lines
        yield block

    def _check_lengths(self, data: bytes, found: "Scan") -> None:
        starts = np.concatenate((np.zeros(1, np.intp), found.ends + 1))
        ends = np.append(found.ends, len(data))
        too_long = np.flatnonzero(ends - starts > self._max_row_bytes)
        if not len(too_long) and not found.inside_quotes:
            return
        start = int(starts[too_long[0]]) if len(too_long) else found.cut
        line = self._line + data.count(self._scanner.line_end, 0, start)
        if not len(too_long) or self._scanner.is_quoted(data, start, start + self._max_row_bytes):
            raise QuoteUnterminated("a quote of this record is never closed", line=line)
        raise RecordTooLong(
            f"the record is longer than {self._max_row_bytes} bytes (limits.maxRowBytes)",
            line=line,
        )


class Scan(Struct, frozen=True, kw_only=True):
    """Where records end in data that start with one. Nothing behind `cut` is decided yet.

    `lines` counts the line ends before `cut`, those inside quotes included. `states` as for `Block`.
    """

    ends: Positions
    stray_ends: Positions
    cut: int
    lines: int
    inside_quotes: bool = False
    states: npt.NDArray[np.uint8] | None = None


def scan(data: bytes, delimiter: int, quote: int, *, final: bool) -> Scan:
    """Finds the ends of records. `final` says that nothing follows the data."""
    content = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(content == NEWLINE)
    quotes = np.flatnonzero(content == quote)
    if not len(quotes):
        return closed([newlines], [], newlines, data, final=final)
    # Records end at the newlines with an even number of quotes before them, counted from where reading
    # started (afresh): whether the quotes with even or with odd numbers open fields is that place's turn.
    before = np.searchsorted(quotes, newlines)
    wrong: dict[int, Positions] = {}
    start = 0
    runs: list[Positions] = []
    strays: list[int] = []
    while True:
        first = int(np.searchsorted(quotes, start))
        turn = first % 2
        if turn not in wrong:
            wrong[turn] = _violations(content, quotes, turn, delimiter, final=final)
        ends = newlines[before & 1 == turn]
        place = int(np.searchsorted(wrong[turn], first))
        if place == len(wrong[turn]):
            break
        at = int(wrong[turn][place])
        opened = at - (at - first) % 2
        runs.append(_between(ends, start, int(quotes[opened])))
        end = int(np.searchsorted(newlines, quotes[at]))
        if end == len(newlines) and not final:
            return closed(runs, strays, newlines, data, final=False)
        start = int(newlines[end]) + 1 if end < len(newlines) else len(data)
        strays.append(start - 1 if end < len(newlines) else start)
        runs.append(np.array(strays[-1:]))
    runs.append(_between(ends, start, len(data)))
    inside_quotes = final and (len(quotes) - first) % 2 == 1
    return closed(
        runs, strays, newlines, data, final=final and not inside_quotes, inside_quotes=inside_quotes
    )


def closed(
    runs: list[Positions],
    strays: list[int],
    newlines: Positions,
    data: bytes,
    *,
    final: bool,
    inside_quotes: bool = False,
) -> Scan:
    """The scan of data whose records end in `runs` and `strays`; the last may end with the data."""
    ends = np.concatenate(runs) if len(runs) > 1 else runs[0]
    cut = min(int(ends[-1]) + 1, len(data)) if len(ends) else 0
    if final and cut < len(data):
        ends, cut = np.append(ends, len(data)), len(data)
    return Scan(
        ends=ends,
        stray_ends=np.array(strays, np.intp),
        cut=cut,
        lines=int(np.searchsorted(newlines, cut)),
        inside_quotes=inside_quotes,
    )


def _between(positions: Positions, start: int, end: int) -> Positions:
    return positions[np.searchsorted(positions, start) : np.searchsorted(positions, end)]


def _violations(
    content: npt.NDArray[np.uint8], quotes: Positions, turn: int, delimiter: int, *, final: bool
) -> Positions:
    """The numbers of the quotes that can't open or close a field when those of `turn` (0: even) open."""
    quote, last = content[quotes[0]], len(content) - 1
    openers, closers = quotes[turn::2], quotes[1 - turn :: 2]
    previous = content[openers - 1]  # of a quote at 0 it is a byte without meaning
    opens = (openers == 0) | (previous == delimiter) | (previous == NEWLINE) | (previous == quote)
    following = content[np.minimum(closers + 1, last)]
    closes = (closers == last) | (following == delimiter) | (following == NEWLINE) | (following == quote)
    returns = np.flatnonzero(~closes & (following == CARRIAGE_RETURN))
    if len(returns):
        second = content[np.minimum(closers[returns] + 2, last)]
        closes[returns] = (second == NEWLINE) | ((closers[returns] + 1 == last) & (not final))
    wrong = np.concatenate((2 * np.flatnonzero(~opens) + turn, 2 * np.flatnonzero(~closes) + 1 - turn))
    wrong.sort()
    return wrong
