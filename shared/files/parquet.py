"""Reads a Parquet object: kept on disk until its end is known, then decoded some rows at a time."""

from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from shared.domain.dataset import Dataset
from shared.domain.report import Reject
from shared.errors import FileEmpty, FormatBroken, HeaderBroken
from shared.files import header, masking, missing, typed
from shared.files.batch import Batch
from shared.files.checking import BrokenRule, Checker
from shared.files.spool import Spool
from shared.files.texts import AnyArray

MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_MOST_ROWS = 1 << 16
_BUFFER_BYTES = 1 << 20
# What can be wrong inside a file is named by whichever of these the decoder raises.
_DAMAGED = (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError)


class Rows(Struct, frozen=True, kw_only=True):
    """Some rows of the file, of which the first has this number from 1 on."""

    first: int
    columns: pa.RecordBatch


class ParquetReader:
    """Turns one Parquet object into batches; see `reader.Reader`. A row's line is its number from 1 on.

    The object is spooled to a file without a name, since a Parquet file can be read only from its end. Memory
    is bounded by the batch and by the file's pages, whatever the size of its row groups.
    """

    def __init__(self, dataset: Dataset, *, block_bytes: int, keep_lines: bool) -> None:
        self._dataset = dataset
        self._block_bytes = block_bytes
        self._keep_lines = keep_lines
        self._spool = Spool()
        self._size = 0
        self._checker = Checker(dataset)
        self._masked = masking.masked(dataset)
        self._places: list[int | None] = []
        self._none = [missing.values(field, dataset.schema) for field in dataset.schema.fields]
        self.described: dict[str, str] = {}

    def cut(self, chunk: bytes) -> Iterator[Rows]:
        """Nothing yet: the chunk is kept."""
        self._size += len(chunk)
        self._spool.write(chunk)
        yield from ()

    def cut_rest(self) -> Iterator[Rows]:
        """All rows, some at a time. Raises FileEmpty, FormatBroken or HeaderBroken."""
        self.refuse_if_empty()
        try:
            yield from self.rows(opened(self._spool.file))
        finally:
            self._spool.close()

    def rows(self, file: pq.ParquetFile) -> Iterator[Rows]:
        """All rows of an opened file, some at a time. Raises FormatBroken or HeaderBroken."""
        self._match(file.schema_arrow)
        self.described = {"compression": codec(file)}
        numbers = sorted({place for place in self._places if place is not None})
        self._places = [None if place is None else numbers.index(place) for place in self._places]
        first = 1
        try:
            for columns in self._decoded(file, [file.schema_arrow.names[number] for number in numbers]):
                yield Rows(first=first, columns=columns)
                first += columns.num_rows
        except _DAMAGED as error:
            raise FormatBroken(f"the Parquet data are damaged behind row {first - 1}: {error}") from None

    def parse(self, piece: Rows) -> Batch | None:
        """The batch of some rows."""
        if not piece.columns.num_rows:
            return None
        columns = [_plain(column) for column in piece.columns.columns]
        found = [
            None if place is None else missing.left_out(columns[place], none)
            for place, none in zip(self._places, self._none, strict=True)
        ]
        checked = self._checker.check(
            found, piece.columns.num_rows, lambda rows: [piece.first + row for row in rows]
        )
        broken = sorted(checked.broken, key=lambda rule: rule.row)
        return Batch(
            rows=checked.rows,
            rejects=tuple(self._reject(piece, rule) for rule in broken),
            records=piece.columns.num_rows,
            blank_lines=0,
            first_line=piece.first,
            lines=_lines(piece, broken) if self._keep_lines else (),
            misfits=checked.misfits,
        )

    def refuse_if_empty(self) -> None:
        """Raises FileEmpty where the object has no bytes; a file without rows is one."""
        if not self._size:
            raise FileEmpty("the file holds nothing, not even a footer")

    def _match(self, schema: pa.Schema) -> None:
        """Finds each field's column. Raises HeaderBroken, also where a type can never fit."""
        self._places = header.match(schema.names, self._dataset.schema, None)
        wrong = [
            f"column {schema.names[place]!r} is {typed.value_type(schema.types[place])}, which no "
            f"{field.type} is read from"
            for field, place in zip(self._dataset.schema.fields, self._places, strict=True)
            if place is not None and not typed.fits(field, typed.value_type(schema.types[place]))
        ]
        if wrong:
            raise HeaderBroken("; ".join(wrong))

    def _decoded(self, file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        metadata = file.metadata
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        row_bytes = max(1, sum(group.total_byte_size for group in groups) // max(1, metadata.num_rows))
        rows = max(1, min(_MOST_ROWS, self._block_bytes // row_bytes))
        yield from file.iter_batches(batch_size=rows, columns=list(columns), use_threads=False)

    def _reject(self, piece: Rows, broken: BrokenRule) -> Reject:
        columns = piece.columns
        row = {name: typed.value(columns[name][broken.row]) for name in columns.schema.names}
        reject = Reject(
            line=piece.first + broken.row,
            column=broken.column,
            code=broken.code,
            message=broken.message,
            raw=typed.as_json(row).encode("utf-8", "surrogatepass"),
        )
        return masking.in_json(reject, self._masked) if self._masked else reject


def opened(file: IO[bytes]) -> pq.ParquetFile:
    """The file as its footer describes it; its rows are read when they are asked for. Raises FormatBroken."""
    file.seek(0)
    start = file.read(len(MAGIC))
    if start != MAGIC:
        told = "an encrypted Parquet file" if start == _ENCRYPTED else "no Parquet file"
        raise FormatBroken(f"this is {told}: it starts with the bytes {start.hex(' ')}")
    try:
        return pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER_BYTES)
    except _DAMAGED as error:
        raise FormatBroken(f"the Parquet footer can't be read: {error}") from None


def codec(file: pq.ParquetFile) -> str:
    """How the first column is compressed."""
    metadata = file.metadata
    if not metadata.num_row_groups or not metadata.num_columns:
        return "none"
    name: str = metadata.row_group(0).column(0).compression
    return "none" if name == "UNCOMPRESSED" else name.lower()


def _plain(column: AnyArray) -> AnyArray:
    column = typed.unwrapped(column)
    return column.cast(pa.string()) if typed.is_text(column.type) else column


def _lines(piece: Rows, broken: Sequence[BrokenRule]) -> Any:  # noqa: ANN401 - numpy's
    rows = np.delete(np.arange(piece.columns.num_rows), [rule.row for rule in broken])
    return (rows + piece.first).tolist()
