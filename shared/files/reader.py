"""Reads one object: compressed bytes in, typed batches and rejected records out."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from msgspec import Struct, structs

from shared.domain import quantities
from shared.domain.dataset import Dataset, Format
from shared.domain.encodings import UTF_8
from shared.domain.report import Reject, RejectCode
from shared.errors import EncodingBroken, FileEmpty, HeaderBroken
from shared.files import delimited, encoding, header
from shared.files.blocks import Block, Cutter
from shared.files.checking import BrokenRule, Checker
from shared.files.compression import MAX_RATIO, Decompressor
from shared.files.delimited import Layout, Texts
from shared.files.encoding import Transcoder

BLOCK_BYTES = 1 << 20  # 10 % faster than 512 KiB, 30 % than 256 KiB
_DELIMITERS = {"csv": ",", "tsv": "\t"}


class Batch(Struct, frozen=True, kw_only=True):
    """The records of one block: `records = rows.num_rows + len(rejects)`, always. `rows` may be empty.

    `rejects` are in the order of their lines. `first_line` is the physical line on which the block starts,
    `lines` are those of the rows, where the reader was asked to keep them.
    """

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...]
    records: int
    blank_lines: int
    first_line: int
    lines: Sequence[int] = ()


class FileReader:
    """Turns one object's bytes, in whatever chunks they come, into batches.

    Two threads can share the work, each call in its turn: one cuts blocks, the other parses them in the same
    order. A FileRefused names what is wrong and, where one is known, the line. What is cut comes one block
    at a time, however much a chunk grows.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        max_ratio: int = MAX_RATIO,
        block_bytes: int = BLOCK_BYTES,
        keep_lines: bool = False,
    ) -> None:
        dialect = dataset.format.dialect
        self._dataset = dataset
        self._delimiter = dialect.delimiter or _DELIMITERS[dataset.format.type]
        self._keep_lines = keep_lines
        self._decompressor = Decompressor(
            dataset.format.compression, max_ratio=max_ratio, member=dataset.format.member
        )
        self._transcoder = Transcoder(dataset.format)
        self._cutter = Cutter(
            delimiter=self._delimiter.encode(),
            quote=dialect.quote_char.encode(),
            block_bytes=block_bytes,
            max_row_bytes=quantities.size(dataset.limits.max_row_bytes),
        )
        self._checker = Checker(dataset)
        self._intolerable = _intolerable(dataset.format)
        self._places: list[int | None] = []  # for each field its place among the columns that are read
        self._layout: Layout | None = None
        if not dialect.header:
            self._lay_out([*range(len(dataset.schema.fields))], len(dataset.schema.fields))

    def feed(self, chunk: bytes) -> list[Batch]:
        """The batches that are whole now. The chunk is of the object's bytes as stored."""
        return self._parsed(self.cut(chunk))

    def finish(self) -> list[Batch]:
        """The last batches. Raises FileRefused where the object holds nothing, or is cut off."""
        batches = self._parsed(self.cut_rest())
        self.refuse_if_empty()
        return batches

    def cut(self, chunk: bytes) -> Iterator[Block]:
        """The blocks that are whole now: decompressed, and cut where a record ends."""
        for piece in self._decompressor.feed(chunk):
            yield from self._cut(self._transcoder.feed(piece))

    def cut_rest(self) -> Iterator[Block]:
        """The last blocks; of a zip archive all. Raises FileRefused where the object is cut off."""
        for piece in self._decompressor.finish():
            yield from self._cut(self._transcoder.feed(piece))
        yield from self._cut(self._transcoder.finish())
        yield from self._cutter.finish()

    @property
    def described(self) -> dict[str, str]:
        """What was found out about the object, as far as it was read: compression, member, encoding."""
        found = {
            "compression": self._decompressor.found,
            "member": self._decompressor.member,
            "encoding": self._transcoder.found,
        }
        return {name: value for name, value in found.items() if value is not None}

    def parse(self, block: Block) -> Batch | None:
        """The batch of a block; None where the block holds nothing but the header."""
        rest = block if self._layout is not None else self._read_header(block)
        if not len(rest.ends) or self._layout is None:
            return None
        return self._batch(delimited.parse(rest, self._layout))

    def refuse_if_empty(self) -> None:
        """Raises FileEmpty when everything was parsed, and that was nothing."""
        if self._layout is None or self._cutter.is_empty:
            raise FileEmpty("the file holds nothing, not even a header")

    def _cut(self, pieces: Iterable[bytes]) -> Iterator[Block]:
        for piece in pieces:
            yield from self._cutter.feed(piece)

    def _parsed(self, blocks: Iterable[Block]) -> list[Batch]:
        return [batch for block in blocks if (batch := self.parse(block)) is not None]

    def _read_header(self, block: Block) -> Block:
        """The block behind the header: the first record that is not a blank line."""
        written = np.flatnonzero(block.text_ends > block.starts)[:1]
        if not len(written):
            return block
        number, line = int(written[0]), int(block.lines(written)[0])
        if number in block.strays:
            raise HeaderBroken("the header has a stray quote", line=line)
        dialect, schema = self._dataset.format.dialect, self._dataset.schema
        names = header.names(block.raw(number), self._delimiter, dialect, line)
        self._lay_out(header.match(names, schema, line), len(names))
        return block.after(number)

    def _lay_out(self, numbers: Sequence[int | None], columns: int) -> None:
        """Takes each field's column by its number in the file."""
        wanted = tuple(sorted(number for number in numbers if number is not None))
        self._places = [None if number is None else wanted.index(number) for number in numbers]
        self._layout = Layout(
            delimiter=self._delimiter,
            quote=self._dataset.format.dialect.quote_char,
            columns=columns,
            wanted=wanted,
            missing=tuple(self._dataset.schema.missing_values),
        )

    def _judged(self, reject: Reject) -> Reject:
        """The reject in the file's encoding. Raises EncodingBroken where the contract tolerates none."""
        if reject.code is RejectCode.INVALID_BYTES and self._transcoder.found != UTF_8:
            message = f"has bytes that are not {self._transcoder.found}"
            reject = structs.replace(reject, message=message, raw=encoding.unmarked(reject.raw))
        if reject.code in self._intolerable:
            raise EncodingBroken(f"the record {reject.message}", line=reject.line)
        return reject

    def _batch(self, texts: Texts) -> Batch:
        found = [None if place is None else texts.columns[place] for place in self._places]
        rows, broken = self._checker.check(found, texts.rows)
        rejects = [*map(self._judged, texts.rejects), *_rejects(texts, broken)]
        return Batch(
            rows=rows,
            rejects=tuple(sorted(rejects, key=lambda reject: reject.line)),
            records=len(texts.block.ends) - texts.blank_lines,
            blank_lines=texts.blank_lines,
            first_line=texts.block.first_line,
            lines=_lines(texts, broken) if self._keep_lines else (),
        )


def _intolerable(format_: Format) -> frozenset[RejectCode]:
    policies = {
        RejectCode.INVALID_BYTES: format_.on_invalid_bytes,
        RejectCode.NUL_BYTE: format_.on_nul_byte,
    }
    return frozenset(code for code, policy in policies.items() if policy == "fail")


def _rejects(texts: Texts, broken: Sequence[BrokenRule]) -> Iterator[Reject]:
    if not broken:
        return
    records = texts.numbers(np.array([rule.row for rule in broken], np.intp))
    lines = texts.block.lines(records)
    for rule, record, line in zip(broken, records.tolist(), lines.tolist(), strict=True):
        raw = texts.block.raw(record)
        yield Reject(line=line, column=rule.column, code=rule.code, message=rule.message, raw=raw)


def _lines(texts: Texts, broken: Sequence[BrokenRule]) -> list[int]:
    rows = np.delete(np.arange(texts.rows, dtype=np.intp), [rule.row for rule in broken])
    lines: list[int] = texts.block.lines(texts.numbers(rows)).tolist()
    return lines
