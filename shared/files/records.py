"""What every dialect's parser makes of a block: columns of text, and the records that can't be rows."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from shared.domain.report import Reject, RejectCode
from shared.files import texts
from shared.files.blocks import Block, Positions
from shared.files.texts import AnyArray, Mask

type Verdict = tuple[RejectCode, str]

RETURN: Verdict = (
    RejectCode.STRAY_CARRIAGE_RETURN,
    "has a carriage return that is neither quoted nor ends a line",
)
FEED: Verdict = (RejectCode.STRAY_LINE_FEED, "has a line feed that is neither quoted nor ends a line")
ESCAPE: Verdict = (RejectCode.STRAY_ESCAPE, "ends with an escape character that escapes nothing")
QUOTE: Verdict = (
    RejectCode.STRAY_QUOTE,
    "has a quote inside a field that is not doubled, or text beside a quoted one",
)
_BYTES: Verdict = (RejectCode.INVALID_BYTES, "has bytes that are not UTF-8")
_NUL: Verdict = (RejectCode.NUL_BYTE, "has a NUL byte, which PostgreSQL can't store in text")


class Layout(Struct, frozen=True, kw_only=True):
    """The columns of a file. `wanted` are the numbers of those to read, in their order."""

    columns: int
    wanted: tuple[int, ...]
    missing: tuple[str, ...]


class Texts(Struct, frozen=True, kw_only=True):
    """The columns of a block as they stand in the file; a missing value is null.

    `records` are the numbers in the block of the records that became rows, or None where all did.
    `skipped_lines` counts comments, which are neither records nor blank lines.
    """

    block: Block
    columns: tuple[AnyArray, ...]
    rows: int
    records: Positions | None = None
    rejects: tuple[Reject, ...] = ()
    blank_lines: int = 0
    skipped_lines: int = 0

    def numbers(self, rows: Positions) -> Positions:
        """The numbers of these rows' records in the block."""
        if self.records is None:
            return rows
        numbers: Positions = self.records[rows]
        return numbers


def rejects(block: Block, bad: Mask, verdicts: Mapping[int, Verdict]) -> tuple[Reject, ...]:
    """The bad records with their verdicts, lines and bytes."""
    numbers = np.flatnonzero(bad)
    return tuple(
        Reject(line=int(line), code=verdicts[number][0], message=verdicts[number][1], raw=block.raw(number))
        for number, line in zip(numbers.tolist(), block.lines(numbers), strict=True)
    )


def wrong_counts(fields: Positions, columns: int) -> dict[int, Verdict]:
    """The records that have another number of fields than there are columns."""
    verdicts: dict[int, Verdict] = {}
    for number in np.flatnonzero(fields != columns).tolist():
        found = "1 field" if fields[number] == 1 else f"{fields[number]} fields"
        verdicts[number] = (RejectCode.FIELD_COUNT, f"has {found}, {columns} expected")
    return verdicts


def unreadable(block: Block, content: npt.NDArray[np.uint8]) -> dict[int, Verdict]:
    """The records with bytes that are no text for PostgreSQL."""
    nul = np.searchsorted(block.ends, np.flatnonzero(content == 0))
    verdicts: dict[int, Verdict] = {}
    if not texts.are_utf8(block.data):
        wide = np.unique(np.searchsorted(block.ends, np.flatnonzero(content >= 0x80)))
        verdicts |= {number: _BYTES for number in wide.tolist() if not texts.are_utf8(block.raw(number))}
    return verdicts | dict.fromkeys(nul.tolist(), _NUL)
