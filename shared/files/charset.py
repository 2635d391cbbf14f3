"""Guesses in which encoding a text is written, from its start."""

import codecs

import cchardet

from shared.domain import encodings
from shared.domain.encodings import UTF_8
from shared.errors import EncodingBroken

AUTO = "auto"
# Below this the detector names any encoding that is possible at all.
_SURE = 0.5
# Files of Windows are labelled like this though they use its additions; the WHATWG reads both alike.
_SUPERSETS = {"iso8859-1": "cp1252", "ascii": UTF_8, "shift_jis": "cp932", "gb2312": "gb18030"}


def guess(start: bytes) -> str:
    """The codec's name, for text without a byte order mark; the same for the same bytes.

    What is valid UTF-8 is UTF-8: other encodings look like it only where they are plain ASCII. Raises
    EncodingBroken where no encoding is likely.
    """
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        text = decoder.decode(start)  # whose last character may be cut off
    except UnicodeDecodeError:
        return _of_wide(start) or _detected(start)
    return (_of_wide(start) or UTF_8) if "\0" in text else UTF_8


def _of_wide(start: bytes) -> str | None:
    """UTF-16 or UTF-32: ASCII characters, such as delimiters and newlines, leave zeros in the same places."""
    quarter = max(1, len(start) // 4)
    zeros = [start[place::4].count(0) / quarter for place in range(4)]
    if zeros[2] > 0.9 and zeros[3] > 0.9:
        return "utf-32-le"
    if zeros[0] > 0.9 and zeros[1] > 0.9:
        return "utf-32-be"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    if max(even, odd) < 0.2 or min(even, odd) > 0.02:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _detected(start: bytes) -> str:
    detected = cchardet.detect(start)
    label, confidence = detected["encoding"], detected["confidence"] or 0.0
    name = encodings.canonical(label) if label else None
    if name is None or confidence < _SURE or name == UTF_8:
        likely = f"; the likeliest is {label}, at {confidence:.0%}" if label else ""
        raise EncodingBroken(
            f"the text is not UTF-8, and its encoding can't be told{likely}",
            hint="Ask the sender for the encoding, and set format.encoding.",
        )
    return _SUPERSETS.get(name, name)
