"""Turns an object's text into UTF-8, whatever its encoding, and marks what can't be decoded.

UTF-8 is handed on as it is. In every other encoding each byte of a bad sequence becomes three bytes that are
no UTF-8 (the lone surrogates U+DC00 to U+DCFF): the record they stand in is rejected like one of a UTF-8 file
with bad bytes, and no other.
"""

import codecs
from collections.abc import Iterator

from shared.domain import encodings
from shared.domain.dataset import Format
from shared.domain.encodings import UTF_8
from shared.domain.report import RejectCode
from shared.errors import EncodingBroken
from shared.files import charset

SAMPLE_BYTES = 1 << 20
_LONGEST_MARK = 4
_FIRST_MARK = 0xDC00
_MARKED = "loadstone.marked"
# UTF-32's before UTF-16's: one begins with the other.
_BYTE_ORDER_MARKS = {
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    UTF_8: codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
# Without a mark: https://encoding.spec.whatwg.org/#utf-16le
_DEFAULT_ORDER = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}


class Transcoder:
    """Takes an object's decompressed bytes in any pieces, and yields UTF-8 without a byte order mark.

    With `auto` the first `SAMPLE_BYTES` are looked at before the first piece comes out. `found` is the name
    of the codec, once it is known.
    """

    def __init__(self, format_: Format) -> None:
        declared = format_.encoding
        self._declared = None if declared == charset.AUTO else encodings.canonical(declared)
        self._replaces = format_.on_invalid_bytes == "replace"
        self._strips_nul = format_.on_nul_byte == "strip"
        self._start = b""  # too little to tell the encoding
        self._decoder: codecs.IncrementalDecoder | None = None
        self._text_begins = True
        self.found: str | None = None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """What the piece holds. Raises EncodingBroken where the start is of another encoding."""
        if self.found is not None:
            yield from self._text(piece)
            return
        self._start += piece
        if len(self._start) >= (SAMPLE_BYTES if self._declared is None else _LONGEST_MARK):
            yield from self._begin()

    def finish(self) -> Iterator[bytes]:
        """What was held back."""
        if self.found is None:
            yield from self._begin()
        if self._decoder is not None:
            yield from self._text(b"", final=True)

    def _begin(self) -> Iterator[bytes]:
        start, self._start = self._start, b""
        self.found, mark = _settle(self._declared, start)
        if self.found != UTF_8 or self._replaces:
            self._decoder = _decoder(self.found, "replace" if self._replaces else _MARKED)
        yield from self._text(start[mark:])

    def _text(self, piece: bytes, *, final: bool = False) -> Iterator[bytes]:
        if self._decoder is not None:
            text = self._decoder.decode(piece, final)
            if self._text_begins and text:  # a mark of UTF-7 or GB 18030
                text, self._text_begins = text.removeprefix("\ufeff"), False
            piece = text.encode(UTF_8, "surrogatepass")
        if self._strips_nul and b"\0" in piece:
            piece = piece.replace(b"\0", b"")
        if piece:
            yield piece


def unmarked(raw: bytes) -> bytes:
    """UTF-8 in which the bytes that were marked stand as themselves."""
    return raw.decode(UTF_8, "surrogatepass").encode(UTF_8, _MARKED)


def intolerable(format_: Format) -> frozenset[RejectCode]:
    """The codes of records for which a contract tolerates none: they refuse the file."""
    policies = {
        RejectCode.INVALID_BYTES: format_.on_invalid_bytes,
        RejectCode.NUL_BYTE: format_.on_nul_byte,
    }
    return frozenset(code for code, policy in policies.items() if policy == "fail")


def _settle(declared: str | None, start: bytes) -> tuple[str, int]:
    """The codec, and how many bytes of the start are a byte order mark.

    A mark decides between the byte orders of an encoding. Raises EncodingBroken where it is another one's.
    """
    sixteen = declared is not None and declared.startswith("utf-16")
    marks = {name: mark for name, mark in _BYTE_ORDER_MARKS.items() if not (sixteen and name[:6] == "utf-32")}
    marked = next((name for name, mark in marks.items() if start.startswith(mark)), None)
    if marked is None:
        guessed = declared or charset.guess(start[:SAMPLE_BYTES])
        return _DEFAULT_ORDER.get(guessed, guessed), 0
    if declared is not None and marked[:6] != declared[:6]:
        raise EncodingBroken(
            f"the text begins with the byte order mark of {marked}, and format.encoding says {declared}",
            hint=f"Set format.encoding to {marked[:6].rstrip('-')} or auto.",
        )
    return marked, len(marks[marked])


def _decoder(name: str, errors: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(name)(errors)


def _mark(error: UnicodeError) -> tuple[str | bytes, int]:
    match error:
        case UnicodeDecodeError():
            bad = error.object[error.start : error.end]
            return "".join(chr(_FIRST_MARK + byte) for byte in bad), error.end
        case UnicodeEncodeError():
            marks = error.object[error.start : error.end]
            return bytes(ord(mark) & 0xFF for mark in marks), error.end
    raise error


codecs.register_error(_MARKED, _mark)
