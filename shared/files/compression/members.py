"""Reads a stream of compressed members, one behind the other, to its very end."""

from collections.abc import Iterator

from shared.errors import ArchiveCorrupt, DecompressionBomb
from shared.files.compression.codecs import MAX_WINDOW_BYTES, Codec, Member
from shared.files.compression.growth import PIECE_BYTES, Growth


class Members:
    """Yields what the members of one codec hold, in pieces of at most `PIECE_BYTES`."""

    def __init__(self, codec: Codec, growth: Growth) -> None:
        self._codec = codec
        self._growth = growth
        self._member: Member | None = None
        self._held = b""  # between two members: too few bytes to tell whether another one begins
        self._zeros = 0  # since the last member
        self._consumed = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data hold. Raises ArchiveCorrupt or DecompressionBomb."""
        self._consumed += len(data)
        data, self._held = self._held + data, b""
        while True:
            if self._member is None:
                data = self._behind_padding(data)
                if not self._begins(data):
                    return
                self._member = self._codec.member()
            yield from self._drain(self._member, data)
            if not self._member.eof:
                return
            data, self._member = self._member.unused_data, None

    def finish(self) -> Iterator[bytes]:
        """Nothing; raises ArchiveCorrupt where the last member is not at its end."""
        if self._member is not None or self._held:
            raise ArchiveCorrupt(f"the {self._codec.name} data are cut off after {self._consumed} bytes")
        self._check_padding()
        return iter(())

    def _behind_padding(self, data: bytes) -> bytes:
        if not self._codec.padding:
            return data
        rest = data.lstrip(b"\0")
        self._zeros += len(data) - len(rest)
        return rest

    def _check_padding(self) -> None:
        if self._zeros % (self._codec.padding or 1):
            raise ArchiveCorrupt(
                f"{self._zeros} zeros follow the {self._codec.name} data, "
                f"a multiple of {self._codec.padding} expected"
            )
        self._zeros = 0

    def _begins(self, data: bytes) -> bool:
        """Whether another member begins here; what can't be told yet is held."""
        if data.startswith(self._codec.magics):
            self._check_padding()
            return True
        if data and not any(magic.startswith(data) for magic in self._codec.magics):
            shown = data[:4].hex(" ")
            raise ArchiveCorrupt(f"the {self._codec.name} data are followed by something else: {shown}")
        self._held = data
        return False

    def _drain(self, member: Member, data: bytes) -> Iterator[bytes]:
        piece = self._decompress(member, data)
        while piece or not (member.eof or member.needs_input):
            if piece:
                yield piece
            if member.eof or member.needs_input:
                return
            piece = self._decompress(member, b"")

    def _decompress(self, member: Member, data: bytes) -> bytes:
        try:
            piece = member.decompress(data, PIECE_BYTES)
        except self._codec.damaged as error:
            raise self._explained(error) from None
        self._growth.add(len(piece), consumed=self._consumed)
        return piece

    def _explained(self, error: Exception) -> ArchiveCorrupt | DecompressionBomb:
        name = self._codec.name
        if "memory" in str(error).lower():  # that is all that liblzma and libzstd say
            return DecompressionBomb(
                f"the {name} data need a window of more than {MAX_WINDOW_BYTES >> 20} MiB",
                hint="Ask the sender to compress with a smaller window or dictionary.",
            )
        return ArchiveCorrupt(f"the {name} data are damaged within the first {self._consumed} bytes: {error}")
