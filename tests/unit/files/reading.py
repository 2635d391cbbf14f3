"""Reads bytes as the worker does in a test, and holds them against a parser that is slow and obvious."""

from typing import Any, NamedTuple

from shared.domain.dataset import Dataset
from shared.domain.report import Reject
from shared.files import reader
from tests.support import datasets


class Read(NamedTuple):
    rows: list[dict[str, Any]]
    rejects: list[Reject]
    records: int
    blank_lines: int
    lines: list[int]


def read(*chunks: bytes, of: Dataset | None = None, **options: Any) -> Read:
    """Everything that the chunks hold, as one."""
    made = reader.reader_for(of or datasets.dataset(), keep_lines=True, **options)
    batches = list(reader.read(made, chunks))
    for batch in batches:
        assert batch.records == batch.rows.num_rows + len(batch.rejects)
        assert len(batch.lines) == batch.rows.num_rows
    return Read(
        rows=[row for batch in batches for row in batch.rows.to_pylist()],
        rejects=[reject for batch in batches for reject in batch.rejects],
        records=sum(batch.records for batch in batches),
        blank_lines=sum(batch.blank_lines for batch in batches),
        lines=[line for batch in batches for line in batch.lines],
    )


class Record(NamedTuple):
    line: int
    raw: bytes
    fields: list[bytes]
    stray_quote: bool = False
    stray_return: bool = False


class Unterminated(Exception):
    """The data end inside quotes, in the record that starts on this line."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def records(data: bytes, delimiter: bytes = b",") -> list[Record]:
    """What the rules in shared/files/blocks.py say, one byte after the other."""
    found, at, line = [], 0, 1
    while at < len(data):
        record, end = _record(data, at, line, delimiter)
        found.append(record)
        line += data.count(b"\n", at, end)
        at = end
    return found


def _record(data: bytes, start: int, line: int, delimiter: bytes) -> tuple[Record, int]:
    fields, stray_return, at = [], False, start
    while True:
        quoted = data[at : at + 1] == b'"'
        value, at, problem = _quoted(data, at + 1, delimiter) if quoted else _plain(data, at, delimiter)
        if problem == "unterminated":
            raise Unterminated(line)
        if problem == "quote":
            newline = data.find(b"\n", at)
            end = len(data) if newline < 0 else newline + 1
            return Record(line, _text(data[start:end]), [], stray_quote=True), end
        stray_return |= problem == "return"
        fields.append(value)
        if data[at : at + 1] == delimiter:
            at += 1
            continue
        at += 2 if data[at : at + 2] == b"\r\n" else 1
        end = min(at, len(data))
        return Record(line, _text(data[start:end]), fields, stray_return=stray_return), end


def _quoted(data: bytes, at: int, delimiter: bytes) -> tuple[bytes, int, str]:
    value = b""
    while at < len(data):
        if data[at : at + 2] == b'""':
            value, at = value + b'"', at + 2
        elif data[at : at + 1] == b'"':
            ends = at + 1 == len(data) or data.startswith((delimiter, b"\n", b"\r\n"), at + 1)
            return value, at + 1 if ends else at, "" if ends else "quote"
        else:
            value, at = value + data[at : at + 1], at + 1
    return value, at, "unterminated"


def _plain(data: bytes, at: int, delimiter: bytes) -> tuple[bytes, int, str]:
    value, problem = b"", ""
    while at < len(data) and not data.startswith((delimiter, b"\n", b"\r\n"), at):
        if data[at : at + 1] == b'"':
            return value, at, "quote"
        if data[at : at + 1] == b"\r":
            problem = "return"
        value, at = value + data[at : at + 1], at + 1
    return value, at, problem


def _text(raw: bytes) -> bytes:
    return raw.removesuffix(b"\n").removesuffix(b"\r") if raw.endswith(b"\n") else raw
