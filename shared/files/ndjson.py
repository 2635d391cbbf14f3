"""Reads newline-delimited JSON: blocks of whole lines, then columns, then typed rows and rejects.

A block is parsed as a whole by Arrow, to which the contract's types are given, so that numbers never pass
through binary fractions. Whatever Arrow refuses, and every block in which a rule is broken, is read record by
record instead; Arrow accepts nothing that this would not. Records with nested fields always are.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from shared.domain import fieldtypes, misfits, quantities
from shared.domain.dataset import Dataset, Field
from shared.domain.misfits import Misfits, Place
from shared.domain.report import Reject
from shared.errors import EncodingBroken, FileEmpty
from shared.files import convert, encoding, jsonrecords, masking, missing, texts
from shared.files.batch import Batch
from shared.files.blocks import Block, Cutter, Positions
from shared.files.checking import Checker
from shared.files.jsonrecords import Broken, Record, RecordReader
from shared.files.lines import LineScanner
from shared.files.textstream import TextStream

_OPEN, _CLOSE = ord("{"), ord("}")
_BLANK = b" \t\r\n"
# Number words that Arrow takes and JSON does not have, and an escape that PostgreSQL can't store.
_ODD = (b"NaN", b"Inf", b"\\u0000", b"\0")


class NdjsonReader:
    """Turns one object's bytes, in whatever chunks they come, into batches; see `reader.Reader`."""

    def __init__(self, dataset: Dataset, *, max_ratio: int, block_bytes: int, keep_lines: bool) -> None:
        self._keep_lines = keep_lines
        self._text = TextStream(dataset.format, max_ratio=max_ratio)
        self._cutter = Cutter(
            LineScanner(),
            block_bytes=block_bytes,
            max_row_bytes=quantities.size(dataset.limits.max_row_bytes),
        )
        self._checker = Checker(dataset)
        self._masked = masking.masked(dataset)
        self._records = RecordReader(dataset)
        self._intolerable = encoding.intolerable(dataset.format)
        self._schema = _arrow_schema(dataset)
        self._fields = {field.name: field for field in dataset.schema.fields}
        self._none = [missing.values(field, dataset.schema) for field in dataset.schema.fields]
        self._unexpected: Literal["ignore", "error"] = (
            "ignore" if dataset.schema.fields_match in ("subset", "partial") else "error"
        )

    def cut(self, chunk: bytes) -> Iterator[Block]:
        """The blocks that are whole now: decompressed, and cut where a line ends."""
        for piece in self._text.feed(chunk):
            yield from self._cutter.feed(piece)

    def cut_rest(self) -> Iterator[Block]:
        """The last blocks. Raises FileRefused where the object is cut off."""
        for piece in self._text.finish():
            yield from self._cutter.feed(piece)
        yield from self._cutter.finish()

    @property
    def described(self) -> dict[str, str]:
        """What was found out about the object, as far as it was read: compression, member, encoding."""
        return self._text.described

    def parse(self, block: Block) -> Batch | None:
        """The batch of a block; None where it holds blank lines alone and there is nothing to count."""
        written = _written(block)
        batch = self._as_a_whole(block, written)
        return batch or self._by_record(block, written)

    def refuse_if_empty(self) -> None:
        """Raises FileEmpty when everything was parsed, and that was nothing."""
        if self._cutter.is_empty:
            raise FileEmpty("the file holds nothing, not one record")

    def _as_a_whole(self, block: Block, written: Positions) -> Batch | None:
        """The batch of a block without any broken record; None where there may be one."""
        if self._schema is None or not len(written) or not _is_safe(block, written):
            return None
        try:
            source: Any = pa.BufferReader(block.data)
            table = pj.read_json(
                source,
                read_options=pj.ReadOptions(use_threads=False, block_size=len(block.data) + 1),
                parse_options=pj.ParseOptions(
                    explicit_schema=self._schema, unexpected_field_behavior=self._unexpected
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != len(written):
            return None
        arrays = [pa.concat_arrays(column.chunks) for column in table.columns]
        columns = [missing.left_out(array, none) for array, none in zip(arrays, self._none, strict=True)]
        checked = self._checker.check(columns, table.num_rows, lambda rows: rows)
        if checked.broken or checked.misfits:
            return None
        return self._batch(block, written, checked.rows, (), ())

    def _by_record(self, block: Block, written: Positions) -> Batch:
        read = {number: self._records.read(block.raw(number)) for number in written.tolist()}
        records = {number: found for number, found in read.items() if isinstance(found, Record)}
        good = np.array([*records], np.intp)
        columns = [
            pa.array(column, pa.string())
            for column in zip(*(record.texts for record in records.values()), strict=True)
        ]
        checked = self._checker.check(
            columns or [None] * len(self._fields),
            len(records),
            lambda rows: block.lines(good[np.array(rows, np.intp)]).tolist(),
        )
        told = {number: found for number, found in read.items() if isinstance(found, Broken)}
        for rule in checked.broken:
            number = int(good[rule.row])
            told[number] = Broken(code=rule.code, message=rule.message, column=rule.column)
        kept = np.delete(good, [rule.row for rule in checked.broken])
        found = misfits.added({}, [*checked.misfits, *self._misfits(block, read, told)])
        return self._batch(block, kept, checked.rows, self._rejects(block, told), [*found.values()])

    def _misfits(
        self, block: Block, read: Mapping[int, Record | Broken], told: Mapping[int, Broken]
    ) -> Iterator[Misfits]:
        """What the types of JSON forbid, one by one; which type would hold it, they don't say."""
        for number, found in read.items():
            if isinstance(found, Broken) and found.column and found.code in misfits.CODES:
                yield self._misfit(block, number, found.column, discarded=0)
            elif isinstance(found, Record) and number not in told:
                for column in found.discarded:
                    yield self._misfit(block, number, column, discarded=1)

    def _misfit(self, block: Block, number: int, column: str, *, discarded: int) -> Misfits:
        [line] = block.lines(np.array([number], np.intp)).tolist()
        return Misfits(
            column=column,
            kind=fieldtypes.physical(self._fields[column]),
            values=1,
            discarded=discarded,
            places=(Place(line=line),),
        )

    def _rejects(self, block: Block, told: Mapping[int, Broken]) -> tuple[Reject, ...]:
        numbers = sorted(told)
        lines = block.lines(np.array(numbers, np.intp))
        rejects = []
        for number, line in zip(numbers, lines.tolist(), strict=True):
            broken = told[number]
            if broken.code in self._intolerable:
                raise EncodingBroken(f"the record {broken.message}", line=line)
            rejects.append(
                Reject(
                    line=line,
                    column=broken.column,
                    code=broken.code,
                    message=broken.message,
                    raw=block.raw(int(number)),
                )
            )
        return tuple(masking.in_json(reject, self._masked) if self._masked else reject for reject in rejects)

    def _batch(
        self,
        block: Block,
        kept: Positions,
        rows: pa.RecordBatch,
        rejects: tuple[Reject, ...],
        found: Sequence[Misfits],
    ) -> Batch:
        records = rows.num_rows + len(rejects)
        return Batch(
            rows=rows,
            rejects=rejects,
            records=records,
            blank_lines=len(block.ends) - records,
            first_line=block.first_line,
            lines=block.lines(kept).tolist() if self._keep_lines else (),
            misfits=found,
        )


def _written(block: Block) -> Positions:
    """The numbers of the lines on which there is anything."""
    content = np.frombuffer(block.data, np.uint8)
    blank = np.isin(content, np.frombuffer(_BLANK, np.uint8))
    before = np.concatenate((np.zeros(1, np.intp), np.cumsum(~blank)))
    return np.flatnonzero(before[block.ends] > before[block.starts])


def _is_safe(block: Block, written: Positions) -> bool:
    """Whether each line is written as one object, and nothing in the block means more to Arrow than to JSON.

    A line that is `null` alone makes Arrow crash; a line that ends within an array, and one that holds two
    objects, could make up for each other in the count of rows.
    """
    data = block.data
    content = np.frombuffer(data, np.uint8)
    starts, ends = block.starts[written], block.text_ends[written]
    braced = bool((content[starts] == _OPEN).all() and (content[ends - 1] == _CLOSE).all())
    return braced and not any(odd in data for odd in _ODD) and texts.are_utf8(data)


def _arrow_schema(dataset: Dataset) -> pa.Schema | None:
    """The types that Arrow is to read a dataset's fields as; None where there are some that it can't."""
    fields = []
    for field in dataset.schema.fields:
        type_ = _arrow_type(field, missing.of(field, dataset.schema))
        if type_ is None:
            return None
        fields.append(pa.field(field.name, type_))
    return pa.schema(fields)


def _arrow_type(field: Field, none: frozenset[str]) -> pa.DataType | None:
    kind = fieldtypes.physical(field)
    nested = field.type in ("object", "array", "any", "geojson", "list")
    if nested or kind.is_array or jsonrecords.steps(field) != (field.name,):
        return None
    if field.type in ("integer", "number", "year"):
        if any(text[:1].isdigit() or text[:1] in "+-." for text in none if text):
            return None  # a bare number may mean that there is none
        return pa.int64() if kind.name in ("smallint", "integer", "bigint") else convert.arrow_type(field)
    return pa.bool_() if field.type == "boolean" else pa.string()
