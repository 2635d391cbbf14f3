"""Decompresses what the first bytes of an object hold, where the rest is not there."""

import struct
import zlib

from shared.errors import ArchiveUnusable
from shared.files.compression import codecs
from shared.files.compression.decompressor import Decompressor

_RAW_DEFLATE = -15
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8


def peek(stored: bytes, most: int) -> tuple[str, bytes]:
    """The compression, and at most `most` decompressed bytes. Raises FileRefused where there are none to see.

    Of a zip archive it is the first member that can be seen: its directory, which names the others, is at
    the end.
    """
    found = codecs.recognise(stored)
    if found == codecs.ZIP:
        return found, _first_member(stored, most)
    data = bytearray()
    for piece in Decompressor("auto").feed(stored):
        data += piece
        if len(data) >= most:
            break
    return found, bytes(data[:most])


def _first_member(stored: bytes, most: int) -> bytes:
    if len(stored) < _LOCAL_HEADER.size or not stored.startswith(codecs.ZIP_MAGICS[0]):
        raise ArchiveUnusable("the archive has no member")
    _, _, flags, method, _, _, _, size, _, name, extra = _LOCAL_HEADER.unpack_from(stored)
    data = stored[_LOCAL_HEADER.size + name + extra :]
    if flags & 1 or method not in (_STORED, _DEFLATED):
        raise ArchiveUnusable("the first member of the archive is encrypted, or neither stored nor deflated")
    if method == _STORED:
        return data[: min(size or most, most)]
    try:
        return zlib.decompressobj(_RAW_DEFLATE).decompress(data, most)
    except zlib.error as error:
        raise ArchiveUnusable(f"the first member of the archive is damaged: {error}") from None
