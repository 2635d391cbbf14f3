"""Reads a CSV or TSV object: blocks of whole records, then columns, then typed rows and rejects."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
from msgspec import Struct, structs

from shared.domain import quantities
from shared.domain.dataset import Dataset, Dialect
from shared.domain.encodings import UTF_8
from shared.domain.report import Reject, RejectCode
from shared.errors import EncodingBroken, FileEmpty, HeaderBroken
from shared.files import encoding, header, masking, missing, sniffing
from shared.files.anydialect import AnyDialect
from shared.files.batch import Batch
from shared.files.blocks import Block, Cutter
from shared.files.checking import BrokenRule, Checker
from shared.files.delimited import PlainDialect
from shared.files.headerrows import HeaderRows
from shared.files.margins import Margins
from shared.files.records import Layout, Texts
from shared.files.sniffing import Sniffer
from shared.files.texts import AnyArray
from shared.files.textstream import TextStream


class _Start(Struct, frozen=True, kw_only=True):
    """What reads an object once its dialect is known."""

    records: PlainDialect | AnyDialect
    margins: Margins
    cutter: Cutter
    header: HeaderRows


class DelimitedReader:
    """Turns one object's bytes, in whatever chunks they come, into batches; see `reader.Reader`."""

    def __init__(
        self,
        dataset: Dataset,
        *,
        max_ratio: int,
        block_bytes: int,
        keep_lines: bool,
    ) -> None:
        self._dataset = dataset
        self._keep_lines = keep_lines
        self._text = TextStream(dataset.format, max_ratio=max_ratio)
        self._sniffer = Sniffer(dataset)
        self._block_bytes = block_bytes
        self._start: _Start | None = None
        self._comments = 0
        self._has_rejects = False
        self._checker = Checker(dataset)
        self._masked = masking.masked(dataset)
        self._intolerable = encoding.intolerable(dataset.format)
        self._places: list[int | None] = []  # for each field its place among the columns that are read
        self._layout: Layout | None = None
        self.names: list[str] | None = None  # the columns', once the header was parsed

    def cut(self, chunk: bytes) -> Iterator[Block]:
        """The blocks that are whole now: decompressed, and cut where a record ends."""
        return self._cut(self._text.feed(chunk))

    def cut_rest(self) -> Iterator[Block]:
        """The last blocks. Raises FileRefused where the object is cut off."""
        yield from self._cut(self._text.finish())
        yield from self._cut_sniffed(self._sniffer.finish())
        if self._start is not None:
            yield from self._start.cutter.feed(self._start.margins.finish())
            yield from self._start.cutter.finish()

    @property
    def described(self) -> dict[str, object]:
        """How the object is read, as far as that is known: compression, encoding, what was detected.

        `skippedLines` are those of preamble, footer and comments; `header` is there once there are rejects.
        """
        skipped = self._comments + (self._start.margins.skipped_lines if self._start else 0)
        lines = {"skippedLines": skipped} if skipped else {}
        names = {"header": self._start.header.names} if self._start and self._has_rejects else {}
        return {**self._text.described, **self._sniffer.detected, **lines, **names}

    def parse(self, block: Block) -> Batch | None:
        """The batch of a block; None where the block holds nothing but the header."""
        if self._start is None:
            return None
        rest = block if self._layout is not None else self._read_header(block, self._start.header)
        if rest is None or not len(rest.ends) or self._layout is None:
            return None
        return self._batch(self._start.records.parse(rest, self._layout))

    def refuse_if_empty(self) -> None:
        """Raises FileEmpty when everything was parsed, and that was nothing."""
        if self._layout is None or self._start is None or self._start.cutter.is_empty:
            raise FileEmpty("the file holds nothing, not even a header")

    def _cut(self, pieces: Iterable[bytes]) -> Iterator[Block]:
        for piece in pieces:
            yield from self._cut_sniffed(self._sniffer.feed(piece))

    def _cut_sniffed(self, pieces: Iterable[bytes]) -> Iterator[Block]:
        for piece in pieces:
            self._start = self._start or self._begin(self._dialect)
            yield from self._start.cutter.feed(self._start.margins.feed(piece))

    @property
    def _dialect(self) -> Dialect:
        """The dialect, which is known before anything is cut."""
        return self._sniffer.dialect or self._dataset.format.dialect

    def _begin(self, dialect: Dialect) -> _Start:
        if not dialect.header:
            fields = len(self._dataset.schema.fields)
            self._lay_out([*range(fields)], fields)
        records = _records(dialect, sniffing.delimiter_of(self._dataset.format, dialect))
        above, longest = _lines_above(dialect), quantities.size(self._dataset.limits.max_row_bytes)
        return _Start(
            records=records,
            margins=Margins(
                above=above, below=dialect.footer_rows, line_end=records.line_end, max_row_bytes=longest
            ),
            cutter=Cutter(
                records, block_bytes=self._block_bytes, max_row_bytes=longest, first_line=above + 1
            ),
            header=HeaderRows(dialect, records.written, records.names),
        )

    def _read_header(self, block: Block, rows: HeaderRows) -> Block | None:
        """The block behind the header, or None where that is still to come."""
        rest = rows.take(block)
        if rest is None:
            return None
        names, lines = rows.names, rows.lines
        self.names = names
        case_sensitive = self._dialect.case_sensitive_header
        try:
            found = header.match(names, self._dataset.schema, lines[0], case_sensitive=case_sensitive)
        except HeaderBroken as broken:
            if len(lines) == 1:
                raise
            where = f"the header of lines {', '.join(map(str, lines))}"
            raise HeaderBroken(f"{where}: {broken.message}", line=lines[0], hint=broken.hint) from None
        self._lay_out(found, len(names))
        return rest

    def _lay_out(self, numbers: Sequence[int | None], columns: int) -> None:
        """Takes each field's column by its number in the file."""
        wanted = tuple(sorted(number for number in numbers if number is not None))
        self._places = [None if number is None else wanted.index(number) for number in numbers]
        self._layout = Layout(
            columns=columns,
            wanted=wanted,
            missing=tuple(sorted(missing.shared(self._dataset.schema))),
        )

    def _judged(self, reject: Reject) -> Reject:
        """The reject in the file's encoding. Raises EncodingBroken where the contract tolerates none."""
        if reject.code is RejectCode.INVALID_BYTES and self._text.encoding != UTF_8:
            message = f"has bytes that are not {self._text.encoding}"
            reject = structs.replace(reject, message=message, raw=encoding.unmarked(reject.raw))
        if reject.code in self._intolerable:
            raise EncodingBroken(f"the record {reject.message}", line=reject.line)
        return reject

    def _without_masked(self, found: Sequence[AnyArray | None], reject: Reject, rule: BrokenRule) -> Reject:
        """The reject of a record that was parsed, its masked values replaced.

        Where the dialect is not plain, they can't be located for certain.
        """
        layout, start = self._layout, self._start
        if layout is None or start is None or not isinstance(start.records, PlainDialect):
            return masking.withheld(reject)
        values = {}
        for field, place, column in zip(self._dataset.schema.fields, self._places, found, strict=True):
            if field.mask != "none" and place is not None and column is not None:
                values[layout.wanted[place]] = column[rule.row].as_py()
        return masking.in_delimited(
            reject,
            values,
            columns=layout.columns,
            delimiter=start.records.delimiter,
            quote=start.records.quote,
        )

    def _batch(self, texts: Texts) -> Batch:
        self._comments += texts.skipped_lines
        found = [None if place is None else texts.columns[place] for place in self._places]
        checked = self._checker.check(found, texts.rows, partial(_lines_of, texts))
        broken = checked.broken
        rejects = [*map(self._judged, texts.rejects), *_rejects(texts, broken)]
        if self._masked:
            rejects = [
                *map(masking.withheld, rejects[: len(texts.rejects)]),
                *map(partial(self._without_masked, found), rejects[len(texts.rejects) :], broken),
            ]
        self._has_rejects = self._has_rejects or bool(rejects)
        return Batch(
            rows=checked.rows,
            rejects=tuple(sorted(rejects, key=lambda reject: reject.line)),
            records=len(texts.block.ends) - texts.blank_lines - texts.skipped_lines,
            blank_lines=texts.blank_lines,
            first_line=texts.block.first_line,
            lines=_lines(texts, broken) if self._keep_lines else (),
            misfits=checked.misfits,
        )


def _records(dialect: Dialect, delimiter: str) -> PlainDialect | AnyDialect:
    """What reads the dialect's records: the quick way where they are plain."""
    beyond = (
        dialect.escape_char,
        dialect.line_terminator,
        dialect.comment_char,
        dialect.null_sequence,
        dialect.skip_initial_space or None,
        max(dialect.comment_rows, default=0) > _lines_above(dialect) or None,
    )
    if dialect.quote_char is None or not dialect.double_quote or any(key is not None for key in beyond):
        return AnyDialect(dialect, delimiter)
    return PlainDialect(delimiter=delimiter, quote=dialect.quote_char)


def _lines_above(dialect: Dialect) -> int:
    """How many lines stand above the header or, where comment rows begin the file, above everything else."""
    if dialect.header_rows:
        return dialect.header_rows[0] - 1
    rows = sorted(set(dialect.comment_rows))
    return next((number for number, row in enumerate(rows) if row != number + 1), len(rows))


def _rejects(texts: Texts, broken: Sequence[BrokenRule]) -> Iterator[Reject]:
    if not broken:
        return
    records = texts.numbers(np.array([rule.row for rule in broken], np.intp))
    lines = texts.block.lines(records)
    for rule, record, line in zip(broken, records.tolist(), lines.tolist(), strict=True):
        raw = texts.block.raw(record)
        yield Reject(line=line, column=rule.column, code=rule.code, message=rule.message, raw=raw)


def _lines(texts: Texts, broken: Sequence[BrokenRule]) -> list[int]:
    return _lines_of(texts, np.delete(np.arange(texts.rows), [rule.row for rule in broken]))


def _lines_of(texts: Texts, rows: npt.ArrayLike) -> list[int]:
    lines: list[int] = texts.block.lines(texts.numbers(np.array(rows, np.intp))).tolist()
    return lines
