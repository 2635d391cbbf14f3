"""Decompresses an object piece by piece, and never takes a part of it for the whole.

isal's decoder stops silently at the end of each gzip member and at the end of what it was given, so that
members are followed one by one here, and an end inside of one is an error.
"""

from collections.abc import Iterator
from typing import Any, Literal

from isal import igzip_lib, isal_zlib

from shared.errors import ArchiveCorrupt, DecompressionBomb, NotCompressed

MAGIC = b"\x1f\x8b"
PIECE_BYTES = 256 << 10
# CSV of repeated values reaches a ratio of 100; gzip itself ends at 1,030.
MAX_RATIO = 200
# Below this size no ratio harms.
_HARMLESS_BYTES = 64 << 20
_WITH_GZIP_HEADER = 31
_DAMAGED: Any = igzip_lib.IsalError  # its stub takes the class for an object


class Decompressor:
    """Yields an object's decompressed bytes in pieces of at most `PIECE_BYTES`.

    `auto` tells gzip by its first two bytes. Members may follow each other; zeros after the last one are
    padding, as for gzip(1), and anything else there is an error.
    """

    def __init__(self, compression: Literal["auto", "none", "gzip"], *, max_ratio: int = MAX_RATIO) -> None:
        self._required = compression == "gzip"
        self._gzip: bool | None = False if compression == "none" else None
        self._max_ratio = max_ratio
        self._held = b""  # too few bytes to tell what follows: at the start, and between two members
        self._member: Any = None  # isal has no types
        self._padded = False
        self._consumed = 0
        self._produced = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What the chunk holds. Raises ArchiveCorrupt, NotCompressed or DecompressionBomb."""
        self._consumed += len(chunk)
        data, self._held = self._held + chunk, b""
        if self._gzip is None and len(data) < len(MAGIC):
            self._held = data
            return
        if self._gzip is None:
            self._gzip = self._is_gzip(data)
        if self._gzip:
            yield from self._members(data)
        else:
            yield from (data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES))

    def finish(self) -> Iterator[bytes]:
        """What was held back. Raises ArchiveCorrupt where the last member is not at its end."""
        if self._gzip is None and self._held:
            self._is_gzip(self._held)
            yield self._held
        elif self._member is not None or self._held:
            raise ArchiveCorrupt(f"the gzip data are cut off after {self._consumed} bytes")

    def _is_gzip(self, start: bytes) -> bool:
        found = start.startswith(MAGIC)
        if self._required and not found:
            raise NotCompressed(f"starts with the bytes {start[:4].hex(' ')}; gzip starts with 1f 8b")
        return found

    def _members(self, data: bytes) -> Iterator[bytes]:
        while data or self._member is not None:
            if self._member is None and not self._starts_member(data):
                return
            piece = self._decompress(data)
            if piece:
                yield piece
            if self._member.eof:
                data, self._member = self._member.unused_data, None
            else:
                data = self._member.unconsumed_tail
                if not piece and not data:  # the decoder's own buffers are empty too
                    return

    def _starts_member(self, data: bytes) -> bool:
        if self._padded or data[0] == 0:
            self._padded = True
            if data.strip(b"\0"):
                raise self._trailing(data.lstrip(b"\0"))
            return False
        if not data.startswith(MAGIC[: len(data)]):
            raise self._trailing(data)
        if len(data) < len(MAGIC):
            self._held = data
            return False
        self._member = isal_zlib.decompressobj(wbits=_WITH_GZIP_HEADER)
        return True

    def _decompress(self, data: bytes) -> bytes:
        try:
            piece: bytes = self._member.decompress(data, PIECE_BYTES)
        except _DAMAGED as error:
            raise ArchiveCorrupt(
                f"the gzip data are damaged within the first {self._consumed} bytes: {error}"
            ) from None
        self._produced += len(piece)
        consumed = self._consumed - len(self._member.unconsumed_tail)
        if self._produced > max(_HARMLESS_BYTES, self._max_ratio * consumed):
            raise DecompressionBomb(
                f"{consumed} bytes grew to {self._produced} and more, beyond {self._max_ratio} times the size"
            )
        return piece

    @staticmethod
    def _trailing(data: bytes) -> ArchiveCorrupt:
        return ArchiveCorrupt(f"the gzip data are followed by something else: {data[:4].hex(' ')}")
