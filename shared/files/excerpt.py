"""What was read of a file: its start, and of one that is described at its end also that."""

import io
from collections.abc import Buffer
from typing import IO

from msgspec import Struct


class NotRead(Exception):
    """Somebody asks for bytes of a file that were not fetched."""


class Excerpt(Struct, frozen=True, kw_only=True):
    """The first bytes of a file; `whole` says that nothing follows them.

    `file` reads from any place, and raises NotRead where it has a gap; None where only the start is there.
    """

    start: bytes
    whole: bool
    file: IO[bytes] | None = None

    @property
    def opened(self) -> IO[bytes] | None:
        """What can be read from any place."""
        return io.BytesIO(self.start) if self.whole else self.file


def of_file(file: IO[bytes], most: int) -> Excerpt:
    """At most so many bytes from the start of a file, and the file itself where it can be read anywhere."""
    start = file.read(most + 1)
    if len(start) <= most:
        return Excerpt(start=start, whole=True)
    return Excerpt(start=start[:most], whole=False, file=file if file.seekable() else None)


def of_both_ends(start: bytes, end: bytes, size: int) -> Excerpt:
    """The start and the end of a file of so many bytes."""
    return Excerpt(start=start, whole=False, file=io.BufferedReader(_Gapped(start, end, size)))


class _Gapped(io.RawIOBase):
    """Reads start and end of a file, and raises NotRead between them."""

    def __init__(self, start: bytes, end: bytes, size: int) -> None:
        self._start, self._end, self._size = start, end, size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def readinto(self, buffer: Buffer) -> int:
        wanted = memoryview(buffer)
        end_begins = self._size - len(self._end)
        if self._place < len(self._start):
            found = self._start[self._place : self._place + len(wanted)]
        elif self._place >= end_begins:
            found = self._end[self._place - end_begins :][: len(wanted)]
        else:
            raise NotRead(f"bytes {self._place} to {end_begins} of the file were not read")
        wanted[: len(found)] = found
        self._place += len(found)
        return len(found)
