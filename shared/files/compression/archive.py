"""Reads one member of a zip archive.

The directory of an archive stands at its end, so the archive is kept in a file until it is there as a whole.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from shared.domain import wildcards
from shared.errors import ArchiveCorrupt, ArchiveUnusable
from shared.files.compression.growth import PIECE_BYTES, Growth
from shared.files.spool import Spool

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 1
# Entries become objects of about ten times their size in the directory.
_MAX_DIRECTORY_BYTES = 4 << 20
_END = struct.Struct("<4s4H2LH")
_END_MAGIC, _END64_MAGIC, _LOCATOR_MAGIC = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_LOCATOR_BYTES, _END64_BYTES = 20, 56
_IN_END64 = 0xFFFFFFFF
_MAX_COMMENT_BYTES = 0xFFFF
_SHOWN = 5
# What the standard library raises for bytes that are no archive, or a damaged one.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error, ValueError, NotImplementedError)


class Archive:
    """Yields what the one member holds whose name fits the pattern; without one, the only member there is.

    `*` is any text and `?` any character within one segment of the member's path. Folders don't count.
    """

    def __init__(self, pattern: str | None, growth: Growth) -> None:
        self._pattern = pattern
        self._growth = growth
        self._spool = Spool()
        self.member: str | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Nothing yet."""
        self._spool.write(data)
        return iter(())

    def finish(self) -> Iterator[bytes]:
        """What the member holds. Raises ArchiveCorrupt, ArchiveUnusable or DecompressionBomb."""
        _check_end(self._spool.file)
        try:
            with zipfile.ZipFile(self._spool.file) as archive:
                member = _chosen(archive.infolist(), self._pattern)
                self.member = member.filename
                yield from self._pieces(archive, member)
        except _DAMAGED as error:
            raise ArchiveCorrupt(f"the zip archive is damaged: {error or type(error).__name__}") from None
        self._spool.close()

    def _pieces(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
        with archive.open(member) as source:
            while piece := source.read(PIECE_BYTES):
                self._growth.add(len(piece), consumed=member.compress_size)
                yield piece
        if self._growth.produced != member.file_size:
            raise ArchiveCorrupt(
                f"{member.filename} holds {self._growth.produced} bytes, "
                f"and the archive says {member.file_size}"
            )


def _chosen(entries: list[zipfile.ZipInfo], pattern: str | None) -> zipfile.ZipInfo:
    files = [entry for entry in entries if not entry.is_dir()]
    fitting = files if pattern is None else [one for one in files if wildcards.match(pattern, one.filename)]
    if len(fitting) != 1:
        raise _unclear(files, fitting, pattern)
    (member,) = fitting
    if member.flag_bits & _ENCRYPTED:
        raise ArchiveUnusable(
            f"{member.filename} is encrypted", hint="Ask the sender for an archive without a password."
        )
    if member.compress_type not in _METHODS:
        raise ArchiveUnusable(
            f"{member.filename} is compressed by method {member.compress_type}; "
            "only stored (0) and deflated (8) members are read",
            hint="Ask the sender for an ordinary zip archive, or for gzip or zstd.",
        )
    return member


def _unclear(
    files: list[zipfile.ZipInfo], fitting: list[zipfile.ZipInfo], pattern: str | None
) -> ArchiveUnusable:
    listed = fitting or files
    names = ", ".join(entry.filename for entry in listed[:_SHOWN])
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    there = f": {names}{more}" if names else ""
    if pattern is not None and not fitting:
        return ArchiveUnusable(f"no member of the archive fits {pattern!r} (format.member){there}")
    fit = f" fit {pattern!r} (format.member)" if pattern is not None else ""
    return ArchiveUnusable(f"{len(fitting)} members of the archive{fit}, one expected{there}")


def _check_end(file: BinaryIO) -> None:
    """Refuses what stands behind the archive, a file that is cut off, and a directory beyond all measure.

    The standard library passes over the first, and makes objects of the last before it can be asked.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _MAX_COMMENT_BYTES - _END.size))
    tail = file.read()
    ends = [match.start() for match in re.finditer(re.escape(_END_MAGIC), tail)]
    whole = [at for at in ends if at + _END.size <= len(tail)]
    found = [at for at in whole if at + _END.size + _END.unpack_from(tail, at)[7] == len(tail)]
    if not found:
        told = "followed by something else" if whole else "cut off"
        raise ArchiveCorrupt(f"the zip archive is {told}: its directory does not end where the file does")
    at = found[-1]
    directory_bytes: int = _END.unpack_from(tail, at)[5]
    if directory_bytes == _IN_END64:
        directory_bytes = _of_end64(file, size - len(tail) + at)
    if directory_bytes > _MAX_DIRECTORY_BYTES:
        raise ArchiveUnusable(
            f"the archive's directory is {directory_bytes} bytes long, "
            f"at most {_MAX_DIRECTORY_BYTES} are read"
        )


def _of_end64(file: BinaryIO, end: int) -> int:
    """The length of the directory of a zip64 archive whose ordinary end record stands at `end`."""
    file.seek(max(0, end - _LOCATOR_BYTES))
    locator = file.read(_LOCATOR_BYTES)
    if not locator.startswith(_LOCATOR_MAGIC):
        raise ArchiveCorrupt("the zip archive is damaged: the locator of its zip64 record is missing")
    file.seek(struct.unpack_from("<Q", locator, 8)[0])
    record = file.read(_END64_BYTES)
    if len(record) < _END64_BYTES or not record.startswith(_END64_MAGIC):
        raise ArchiveCorrupt("the zip archive is damaged: its zip64 record is not where it should be")
    length: int = struct.unpack_from("<Q", record, 40)[0]
    return length
