"""How much data may grow when they are decompressed."""

from shared.errors import DecompressionBomb

PIECE_BYTES = 256 << 10
# CSV of repeated values reaches a ratio of 100; gzip itself ends at 1,030, zstd at 32,700.
MAX_RATIO = 200
# Below this size no ratio harms.
_HARMLESS_BYTES = 64 << 20


class Growth:
    """Counts what comes out of a decoder, and stops a decompression bomb."""

    def __init__(self, max_ratio: int) -> None:
        self._max_ratio = max_ratio
        self.produced = 0

    def add(self, count: int, *, consumed: int) -> None:
        """Counts bytes that came of the `consumed` ones so far. Raises DecompressionBomb."""
        self.produced += count
        if self.produced > max(_HARMLESS_BYTES, self._max_ratio * consumed):
            raise DecompressionBomb(
                f"{consumed} bytes grew to {self.produced} and more, beyond {self._max_ratio} times the size"
            )
