"""A parser of any dialect that is slow and obvious: one character after the other, as the reference says."""

from typing import NamedTuple

from shared.domain.dataset import Dialect


class Parsed(NamedTuple):
    """One record: its line, bytes and values; `broken` is the code that it must be rejected with."""

    line: int
    raw: bytes
    values: list[bytes | None]
    broken: str | None = None


class Unterminated(Exception):
    """The data end inside quotes, in the record that starts on this line."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class Parser:
    """Reads records of one dialect. Blank lines and comments are told apart by `counted`."""

    def __init__(self, data: bytes, dialect: Dialect) -> None:
        self.data, self.dialect = data, dialect
        self.delimiter = (dialect.delimiter or ",").encode()
        self.quote, self.escape, self.comment = (
            None if char is None else char.encode()
            for char in (dialect.quote_char, dialect.escape_char, dialect.comment_char)
        )
        self.null = None if dialect.null_sequence is None else dialect.null_sequence.encode()
        terminator = dialect.line_terminator
        self.ends = [b"\r\n", b"\n"] if terminator is None else [terminator.encode()]
        self.counts = b"\r" if terminator == "\r" else b"\n"
        self.records: list[Parsed] = []
        self.blank = self.comments = self.at = 0
        while self.at < len(data):
            self._line()

    def _line(self) -> None:
        start = self.at
        if size := self._end_here():
            self.blank += 1
            self.at += size
        elif self.comment and self.data.startswith(self.comment, start):
            self.comments += 1
            self._to_line_end()
        else:
            self._record(start)

    def _record(self, start: int) -> None:
        line = self.data.count(self.counts, 0, start) + 1
        values: list[bytes | None] = []
        broken: str | None = None
        while True:
            value, problem = self._field(line)
            if problem == "stray_quote":
                raw = self.data[start : self._to_line_end()]
                self.records.append(Parsed(line, raw, [], problem))
                return
            broken = problem if problem == "stray_escape" else broken or problem
            values.append(value)
            if self.data.startswith(self.delimiter, self.at):
                self.at += 1
                continue
            self.records.append(Parsed(line, self.data[start : self.at], values, broken))
            self.at += self._end_here()
            return

    def _field(self, line: int) -> tuple[bytes | None, str | None]:
        while self.dialect.skip_initial_space and self.data.startswith(b" ", self.at):
            self.at += 1
        if self.quote and self.data.startswith(self.quote, self.at):
            return self._quoted(line)
        start, value, problem = self.at, b"", None
        while self.at < len(self.data) and not self._end_here():
            char = self.data[self.at : self.at + 1]
            if char == self.delimiter:
                break
            if char == self.quote:
                return value, "stray_quote"
            if char == self.escape:
                self.at += 1
                if self.at == len(self.data):
                    return value, "stray_escape"
                whole = b"\r\n" in self.ends and self.data.startswith(b"\r\n", self.at)
                char = self.data[self.at : self.at + (2 if whole else 1)]
            elif char == b"\r":
                problem = "stray_carriage_return"
            elif char == b"\n" and self.counts == b"\r":
                problem = "stray_line_feed"
            value, self.at = value + char, self.at + len(char)
        return (None if self.data[start : self.at] == self.null else value), problem

    def _quoted(self, line: int) -> tuple[bytes, str | None]:
        assert self.quote is not None
        value, self.at = b"", self.at + 1
        while self.at < len(self.data):
            char = self.data[self.at : self.at + 1]
            self.at += 1
            if char == self.escape:
                value, self.at = value + self.data[self.at : self.at + 1], self.at + 1
            elif char != self.quote:
                value += char
            elif self.dialect.double_quote and self.data.startswith(self.quote, self.at):
                value, self.at = value + char, self.at + 1
            else:
                ends = self.at == len(self.data) or self._end_here()
                ends = ends or self.data.startswith(self.delimiter, self.at)
                return value, None if ends else "stray_quote"
        raise Unterminated(line)

    def _end_here(self) -> int:
        return next((len(end) for end in self.ends if self.data.startswith(end, self.at)), 0)

    def _to_line_end(self) -> int:
        """Goes behind the next line end, and says where that begins."""
        while self.at < len(self.data) and not self._end_here():
            self.at += 1
        place = self.at
        self.at += self._end_here()
        return place
