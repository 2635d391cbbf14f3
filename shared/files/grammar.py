"""What each byte of a delimited text means, for any dialect: one table of states.

A quote opens a field only at its start (behind the spaces that the dialect skips), and closes it only before
a delimiter or a line end. An escape character takes the next character as it is, a CRLF too. Whatever breaks
this makes the rest of the line stray. What ends a line ends a record outside quotes, and only there.
"""

from enum import IntEnum, auto
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from shared.domain.dataset import Dialect
from shared.files import machine
from shared.files.blocks import CARRIAGE_RETURN, NEWLINE
from shared.files.machine import Bytes


class State(IntEnum):
    """Where the reading is after a byte."""

    RECORD = 0  # a record begins, or its line has just ended
    FIELD = auto()  # a field begins, or spaces before it are skipped
    TEXT = auto()
    ESCAPE = auto()
    ESCAPED_RETURN = auto()  # an escaped CR: an LF behind it is escaped with it
    OPENED = auto()  # at the opening quote
    QUOTED = auto()
    QUOTED_ESCAPE = auto()
    CLOSED = auto()  # at a quote inside quotes: it closes, or the next one doubles it
    HALF = auto()  # at a byte that only beside another one ends a line
    CLOSED_HALF = auto()
    STRAY = auto()
    STRAY_HALF = auto()
    COMMENT = auto()
    COMMENT_HALF = auto()


class Symbol(IntEnum):
    """What a byte can be."""

    OTHER = machine.IDLE
    DELIMITER = auto()
    QUOTE = auto()
    ESCAPE = auto()
    COMMENT = auto()
    SPACE = auto()
    END = auto()  # the byte with which lines end
    HALF = auto()  # CR where lines end in LF, LF where they end in CR


VALUES: Final = frozenset({State.TEXT, State.ESCAPED_RETURN, State.QUOTED})  # bytes that belong to a value
INSIDE_QUOTES: Final = frozenset({State.OPENED, State.QUOTED, State.QUOTED_ESCAPE})

_HALVES: Final = {
    State.TEXT: State.HALF,
    State.CLOSED: State.CLOSED_HALF,
    State.STRAY: State.STRAY_HALF,
    State.COMMENT: State.COMMENT_HALF,
}


class Grammar(Struct, frozen=True, kw_only=True):
    """How to read one dialect. `symbols` says what each byte is; `line_end` is the byte that ends a line.

    Where lines are `paired`, a CR before the line end is part of it.
    """

    symbols: Bytes
    table: npt.NDArray[np.intp]
    line_end: int
    paired: bool

    def states(self, data: bytes) -> Bytes:
        """The state after each byte of data that start with a record."""
        symbols = self.symbols[np.frombuffer(data, np.uint8)]
        return machine.run(symbols, self.table, State.RECORD)


def of(dialect: Dialect, delimiter: str) -> Grammar:
    """The grammar of a dialect."""
    ends_in_return = dialect.line_terminator == "\r"
    end, half = (CARRIAGE_RETURN, NEWLINE) if ends_in_return else (NEWLINE, CARRIAGE_RETURN)
    chars = {
        Symbol.DELIMITER: delimiter,
        Symbol.QUOTE: dialect.quote_char,
        Symbol.ESCAPE: dialect.escape_char,
        Symbol.COMMENT: dialect.comment_char,
        Symbol.SPACE: " " if dialect.skip_initial_space else None,
    }
    symbols = np.zeros(256, np.uint8)
    symbols[end], symbols[half] = Symbol.END, Symbol.HALF
    for symbol, char in chars.items():
        if char is not None:
            symbols[ord(char)] = symbol
    paired = dialect.line_terminator in (None, "\r\n")
    return Grammar(symbols=symbols, table=_table(dialect, paired=paired), line_end=end, paired=paired)


def _table(dialect: Dialect, *, paired: bool) -> npt.NDArray[np.intp]:
    table = np.zeros((len(Symbol), len(State)), np.intp)
    _outside_quotes(table)
    _inside_quotes(table, double_quote=dialect.double_quote)
    for state, half in _HALVES.items():  # behind half a line end that came to nothing
        table[:, half] = table[:, state]
    table[:, State.CLOSED_HALF] = State.STRAY
    _lines(table, only_pairs=dialect.line_terminator == "\r\n")
    if not paired:
        table[Symbol.HALF, [State.CLOSED, State.ESCAPE]] = State.STRAY, State.TEXT
    return table


def _outside_quotes(table: npt.NDArray[np.intp]) -> None:
    table[:, [State.TEXT, State.ESCAPE, State.ESCAPED_RETURN]] = State.TEXT
    table[Symbol.DELIMITER, [State.TEXT, State.ESCAPED_RETURN]] = State.FIELD
    table[Symbol.QUOTE, [State.TEXT, State.ESCAPED_RETURN]] = State.STRAY
    table[Symbol.ESCAPE, [State.TEXT, State.ESCAPED_RETURN]] = State.ESCAPE
    table[:, State.FIELD] = table[:, State.TEXT]
    table[Symbol.QUOTE, State.FIELD] = State.OPENED
    table[Symbol.SPACE, State.FIELD] = State.FIELD
    table[:, State.RECORD] = table[:, State.FIELD]
    table[Symbol.COMMENT, State.RECORD] = State.COMMENT
    table[:, State.COMMENT] = State.COMMENT
    table[:, State.STRAY] = State.STRAY


def _inside_quotes(table: npt.NDArray[np.intp], *, double_quote: bool) -> None:
    table[:, [State.OPENED, State.QUOTED, State.QUOTED_ESCAPE]] = State.QUOTED
    table[Symbol.QUOTE, [State.OPENED, State.QUOTED]] = State.CLOSED
    table[Symbol.ESCAPE, [State.OPENED, State.QUOTED]] = State.QUOTED_ESCAPE
    table[:, State.CLOSED] = State.STRAY
    table[Symbol.DELIMITER, State.CLOSED] = State.FIELD
    if double_quote:
        table[Symbol.QUOTE, State.CLOSED] = State.QUOTED


def _lines(table: npt.NDArray[np.intp], *, only_pairs: bool) -> None:
    begun = [State.RECORD, State.FIELD]
    for state, half in _HALVES.items():
        table[Symbol.HALF, [state, half]] = half
        table[Symbol.END, half] = State.RECORD
        if not only_pairs:
            table[Symbol.END, state] = State.RECORD
    table[Symbol.HALF, State.CLOSED_HALF] = State.STRAY_HALF
    table[Symbol.HALF, [*begun, State.ESCAPED_RETURN]] = State.HALF
    if not only_pairs:
        table[Symbol.END, begun] = State.RECORD
    table[Symbol.HALF, State.ESCAPE] = State.ESCAPED_RETURN
    table[Symbol.END, State.ESCAPED_RETURN] = State.TEXT
