"""Cuts a stream of text into blocks of whole lines, for formats in which a line end is always one."""

from collections.abc import Iterator

import numpy as np

from shared.errors import RecordTooLong
from shared.files.blocks import NEWLINE, Block, Positions


class LineCutter:
    """Turns pieces of text into blocks of at least `block_bytes`, whatever the pieces' sizes.

    `is_empty` says whether nothing was cut yet.
    """

    def __init__(self, *, block_bytes: int, max_row_bytes: int) -> None:
        self._block_bytes = block_bytes
        self._max_row_bytes = max_row_bytes
        self._pieces: list[bytes] = []
        self._pending = 0
        self._wanted = self._block_bytes
        self._line = 1
        self.is_empty = True

    def feed(self, piece: bytes) -> Iterator[Block]:
        """The blocks that are whole now. Raises RecordTooLong."""
        self._pieces.append(piece)
        self._pending += len(piece)
        if self._pending >= self._wanted:
            yield from self._cut(final=False)

    def finish(self) -> Iterator[Block]:
        """The rest; a last line needs no line end."""
        yield from self._cut(final=True)

    def _cut(self, *, final: bool) -> Iterator[Block]:
        data = b"".join(self._pieces)
        self.is_empty = self.is_empty and not data
        cut = len(data) if final else data.rfind(b"\n") + 1
        rest = data[cut:]
        self._pieces, self._pending, self._wanted = [rest], len(rest), len(rest) + self._block_bytes
        ends = np.flatnonzero(np.frombuffer(data, np.uint8, cut) == NEWLINE)
        if final and cut and data[cut - 1] != NEWLINE:
            ends = np.append(ends, cut)
        self._check_lengths(ends, cut, len(rest))
        if cut:
            block = Block(
                data=data[:cut] if rest else data,
                first_line=self._line,
                ends=ends,
                strays=np.zeros(0, np.intp),
            )
            self._line += len(ends)
            yield block

    def _check_lengths(self, ends: Positions, cut: int, pending: int) -> None:
        starts = np.concatenate((np.zeros(1, np.intp), ends + 1))
        lengths = np.append(ends, cut + pending) - starts
        too_long = np.flatnonzero(lengths > self._max_row_bytes)
        if len(too_long):
            raise RecordTooLong(
                f"the record is longer than {self._max_row_bytes} bytes (limits.maxRowBytes)",
                line=self._line + int(too_long[0]),
            )
