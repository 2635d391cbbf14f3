"""Finds records in text in which a line end is always one."""

import numpy as np

from shared.files import blocks
from shared.files.blocks import NEWLINE, Scan


class LineScanner:
    """What a `Cutter` needs to cut whole lines; a last line needs no line end."""

    line_end = NEWLINE
    paired = True

    def scan(self, data: bytes, *, final: bool) -> Scan:
        """Where lines end. `final` says that nothing follows the data."""
        newlines = np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE)
        return blocks.closed([newlines], [], newlines, data, final=final)

    def is_quoted(self, data: bytes, start: int, end: int) -> bool:  # noqa: ARG002 - no line has quotes
        """Whether a line is inside quotes: never."""
        return False
