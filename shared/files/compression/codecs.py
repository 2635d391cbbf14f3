"""The compressions that we read: how each begins, and the decoder of one of its members."""

import bz2
import lzma
import sys
from collections.abc import Callable
from typing import Any, Protocol

from isal import igzip_lib
from msgspec import Struct

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# `zstd -d` reads windows of up to 128 MiB unless told otherwise; `xz -9` asks for 65 MiB.
MAX_WINDOW_BYTES = 1 << 27


class Member(Protocol):
    """Decodes one member: as much as is wanted of what it was given, and nothing behind its end."""

    @property
    def eof(self) -> bool:
        """Whether the member ended, its checksum compared."""

    @property
    def needs_input(self) -> bool:
        """Whether everything that the data given so far hold has come out."""

    @property
    def unused_data(self) -> bytes:
        """What follows the member's end."""

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        """At most `max_length` bytes more."""


class Codec(Struct, frozen=True, kw_only=True):
    """A compression as a stream of members.

    Each member begins with one of `magics`. Zeros may stand behind a member, a multiple of `padding` of them;
    0 allows none. `damaged` is what the decoder raises.
    """

    name: str
    magics: tuple[bytes, ...]
    member: Callable[[], Member]
    damaged: tuple[type[Exception], ...]
    padding: int = 0


def _zstd() -> Member:
    window_log = MAX_WINDOW_BYTES.bit_length() - 1
    return zstd.ZstdDecompressor(options={int(zstd.DecompressionParameter.window_log_max): window_log})


def _xz() -> Member:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_WINDOW_BYTES)


_GZIP_DAMAGED: Any = igzip_lib.IsalError  # its stub takes the class for an object
_SKIPPABLE = tuple(bytes([number]) + b"\x2a\x4d\x18" for number in range(0x50, 0x60))
# Three letters and a digit may begin a text too: a block, or the end of an empty stream, has to follow.
_BZIP2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
CODECS = (
    Codec(
        name="gzip",
        magics=(b"\x1f\x8b",),
        member=lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
        damaged=(_GZIP_DAMAGED,),
        padding=1,
    ),
    Codec(name="zstd", magics=(b"\x28\xb5\x2f\xfd", *_SKIPPABLE), member=_zstd, damaged=(zstd.ZstdError,)),
    Codec(
        name="bzip2",
        magics=tuple(b"BZh%d" % size + block for size in range(1, 10) for block in _BZIP2_BLOCKS),
        member=bz2.BZ2Decompressor,
        damaged=(OSError, ValueError),
    ),
    Codec(
        name="xz",
        magics=(b"\xfd7zXZ\0",),
        member=_xz,
        damaged=(lzma.LZMAError,),
        padding=4,
    ),
)
ZIP = "zip"
# A member, or the directory of an archive without any.
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_MAGICS = {**{codec.name: codec.magics for codec in CODECS}, ZIP: ZIP_MAGICS}


def recognise(start: bytes) -> str:
    """The compression of data that begin like this, or `none`."""
    return next((name for name, magics in _MAGICS.items() if start.startswith(magics)), "none")


def is_too_short(start: bytes) -> bool:
    """Whether more data could turn out to be compressed, and these can't be told yet."""
    return any(
        len(start) < len(magic) and magic.startswith(start) for magics in _MAGICS.values() for magic in magics
    )


def beginning(name: str) -> str:
    """How data of this compression begin, in hexadecimal."""
    return _MAGICS[name][0][:4].hex(" ")
