"""Finds out how an object is compressed, and decompresses it piece by piece."""

from collections.abc import Iterator
from typing import Protocol

from shared.domain.dataset import Compression
from shared.errors import NotCompressed
from shared.files.compression import codecs
from shared.files.compression.archive import Archive
from shared.files.compression.growth import MAX_RATIO, PIECE_BYTES, Growth
from shared.files.compression.members import Members


class _Stage(Protocol):
    """What takes the bytes once the compression is known."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What can be told already."""

    def finish(self) -> Iterator[bytes]:
        """The rest."""


class _Plain:
    """Hands the bytes on as they are."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> Iterator[bytes]:
        return iter(())


class Decompressor:
    """Yields an object's decompressed bytes in pieces of at most `PIECE_BYTES`.

    `auto` tells the compression by the first bytes, never by a name. Zeros behind gzip and xz data are
    padding; anything else there is an error. `member` is for zip archives: see `Archive`.
    """

    def __init__(
        self, compression: Compression, *, max_ratio: int = MAX_RATIO, member: str | None = None
    ) -> None:
        self._declared = compression
        self._growth = Growth(max_ratio)
        self._pattern = member
        self._held = b""  # too few bytes to tell the compression
        self._stage: _Stage | None = None
        self.found: str | None = None

    @property
    def member(self) -> str | None:
        """Which member of an archive was read, once it is known."""
        return self._stage.member if isinstance(self._stage, Archive) else None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What the chunk holds. Raises ArchiveCorrupt, NotCompressed or DecompressionBomb."""
        for at in range(0, len(chunk), PIECE_BYTES):
            data, self._held = self._held + chunk[at : at + PIECE_BYTES], b""
            if self._stage is None and codecs.is_too_short(data):
                self._held = data
            else:
                self._stage = self._stage or self._chosen(data)
                yield from self._stage.feed(data)

    def finish(self) -> Iterator[bytes]:
        """What was held back. Raises what `feed` raises, ArchiveCorrupt where the data are cut off."""
        if self._stage is None and self._held:
            self._stage = self._chosen(self._held)
            yield from self._stage.feed(self._held)
        if self._stage is not None:
            yield from self._stage.finish()

    def _chosen(self, start: bytes) -> _Stage:
        found = codecs.recognise(start)
        if self._declared not in ("auto", found):
            raise _not_as_declared(self._declared, found, start)
        self.found = found
        if found == codecs.ZIP:
            return Archive(self._pattern, self._growth)
        codec = next((codec for codec in codecs.CODECS if codec.name == found), None)
        return _Plain() if codec is None else Members(codec, self._growth)


def _not_as_declared(declared: str, found: str, start: bytes) -> NotCompressed:
    seen = f"starts with the bytes {start[:4].hex(' ')}"
    if declared == "none":
        return NotCompressed(f"{seen}, which is {found}; format.compression says none")
    known = "" if found == "none" else f", which is {found}"
    return NotCompressed(f"{seen}{known}; {declared} starts with {codecs.beginning(declared)}")
