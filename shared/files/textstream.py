"""From an object's stored bytes to UTF-8 text: what the formats made of lines share."""

from collections.abc import Iterator

from shared.domain.dataset import Format
from shared.files.compression import Decompressor
from shared.files.encoding import Transcoder


class TextStream:
    """Decompresses and transcodes, piece by piece, whatever the chunks' sizes."""

    def __init__(self, format_: Format, *, max_ratio: int) -> None:
        self._decompressor = Decompressor(format_.compression, max_ratio=max_ratio, member=format_.member)
        self._transcoder = Transcoder(format_)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The text that is known now. Raises FileRefused."""
        for piece in self._decompressor.feed(chunk):
            yield from self._transcoder.feed(piece)

    def finish(self) -> Iterator[bytes]:
        """The rest; of a zip archive all. Raises FileRefused where the object is cut off."""
        for piece in self._decompressor.finish():
            yield from self._transcoder.feed(piece)
        yield from self._transcoder.finish()

    @property
    def encoding(self) -> str | None:
        """How the bytes are encoded, once that is known."""
        return self._transcoder.found

    @property
    def described(self) -> dict[str, str]:
        """What was found out so far: compression, member, encoding."""
        found = {
            "compression": self._decompressor.found,
            "member": self._decompressor.member,
            "encoding": self._transcoder.found,
        }
        return {name: value for name, value in found.items() if value is not None}
