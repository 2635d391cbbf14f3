"""Takes the lines above the header and below the records off a text, whatever is written on them."""

from shared.errors import RecordTooLong


class Margins:
    """Lets through what is between the first `above` and the last `below` lines.

    `skipped_lines` counts what it took off. The last lines are held back until the end is known, so no line
    of them may be longer than `max_row_bytes`.
    """

    def __init__(self, *, above: int, below: int, line_end: int, max_row_bytes: int) -> None:
        self._above, self._below = above, below
        self._line_end = bytes([line_end])
        self._most = (below + 1) * max_row_bytes
        self._held = b""
        self.skipped_lines = 0

    def feed(self, piece: bytes) -> bytes:
        """The text that is certain to be between the margins."""
        if self._above:
            piece = self._behind_the_top(piece)
        if not self._below:
            return piece
        held = self._held + piece
        cut = self._start_of_last(held) if self._line_end in piece else 0
        self._held = held[cut:]
        if len(self._held) > self._most:
            raise RecordTooLong(
                "a line of the last ones (format.dialect.footerRows) is beyond limits.maxRowBytes"
            )
        return held[:cut]

    def finish(self) -> bytes:
        """What is left above the last lines, when nothing follows."""
        whole = self._held.removesuffix(self._line_end)
        lines = whole.count(self._line_end) + 1 if self._held else 0
        self.skipped_lines += min(lines, self._below)
        if lines <= self._below:
            return b""
        return self._held[: self._start_of_last(self._held)]

    def _behind_the_top(self, piece: bytes) -> bytes:
        start = 0
        while self._above and (end := piece.find(self._line_end, start) + 1):
            start = end
            self._above -= 1
            self.skipped_lines += 1
        return b"" if self._above else piece[start:]

    def _start_of_last(self, text: bytes) -> int:
        """Where the last lines of a text start; its last line end only ends one of them."""
        place = len(text) - text.endswith(self._line_end)
        for _ in range(self._below):
            place = text.rfind(self._line_end, 0, max(place, 0))
        return place + 1
