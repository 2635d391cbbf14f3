"""Decompresses an object piece by piece, and never takes a part of it for the whole.

Decoders stop silently at the end of each member, and at the end of what they were given. Members are
therefore followed one by one here, an end inside of one is an error, and so is anything behind the last.
"""

from shared.files.compression.decompressor import Decompressor
from shared.files.compression.growth import MAX_RATIO, PIECE_BYTES
from shared.files.compression.peeking import peek

__all__ = ["MAX_RATIO", "PIECE_BYTES", "Decompressor", "peek"]
