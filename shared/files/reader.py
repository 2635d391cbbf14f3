"""Reads one object of any format: stored bytes in, typed batches and rejected records out.

Two threads can share the work, each call in its turn: one cuts pieces, the other parses them in the same
order. A FileRefused names what is wrong and, where one is known, the line.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from shared.domain.dataset import Dataset
from shared.files.batch import Batch
from shared.files.compression import MAX_RATIO
from shared.files.delimitedreader import DelimitedReader
from shared.files.ndjson import NdjsonReader
from shared.files.parquet import ParquetReader

BLOCK_BYTES = 1 << 20  # 10 % faster than 512 KiB, 30 % than 256 KiB


class Reader[Piece](Protocol):
    """One object, read once."""

    def cut(self, chunk: bytes) -> Iterator[Piece]:
        """The pieces that are whole now, one at a time. The chunk is of the object's bytes as stored."""
        ...

    def cut_rest(self) -> Iterator[Piece]:
        """The last pieces, one at a time. Raises FileRefused where the object is cut off."""
        ...

    def parse(self, piece: Piece) -> Batch | None:
        """The batch of a piece; None where the piece holds no record."""
        ...

    def refuse_if_empty(self) -> None:
        """Raises FileEmpty when everything was parsed, and that was nothing."""
        ...

    @property
    def described(self) -> Mapping[str, object]:
        """What was found out about the object, as far as it was read: compression, encoding and the like."""
        ...


def reader_for(
    dataset: Dataset,
    *,
    max_ratio: int = MAX_RATIO,
    block_bytes: int = BLOCK_BYTES,
    keep_lines: bool = False,
) -> Reader[Any]:
    """The reader of the dataset's format; `keep_lines` asks for the rows' lines in each batch."""
    if dataset.format.type == "parquet":
        return ParquetReader(dataset, block_bytes=block_bytes, keep_lines=keep_lines)
    if dataset.format.type == "ndjson":
        return NdjsonReader(dataset, max_ratio=max_ratio, block_bytes=block_bytes, keep_lines=keep_lines)
    return DelimitedReader(dataset, max_ratio=max_ratio, block_bytes=block_bytes, keep_lines=keep_lines)


def read(reader: Reader[Any], chunks: Iterable[bytes]) -> Iterator[Batch]:
    """All batches of an object, in one thread. Raises FileRefused."""
    for chunk in chunks:
        yield from _parsed(reader, reader.cut(chunk))
    yield from _parsed(reader, reader.cut_rest())
    reader.refuse_if_empty()


def _parsed(reader: Reader[Any], pieces: Iterator[Any]) -> Iterator[Batch]:
    return (batch for piece in pieces if (batch := reader.parse(piece)) is not None)
