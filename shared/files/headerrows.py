"""Finds the header of a delimited file, also where it takes several rows, and the data behind it."""

from collections.abc import Callable, Sequence
from itertools import zip_longest

from shared.domain.dataset import Dialect
from shared.errors import HeaderBroken
from shared.files.blocks import Block, Positions

type Names = Callable[[Block, int], list[str]]


class HeaderRows:
    """Collects a header from the blocks at the start of a file: `headerRows`, or else the first record.

    `written` are a block's records that can be a header, `names` reads one. `lines` are those of the rows
    that were found.
    """

    def __init__(self, dialect: Dialect, written: Callable[[Block], Positions], names: Names) -> None:
        self._dialect = dialect
        self._written, self._names_of = written, names
        self._rows: list[list[str]] = []
        self.lines: list[int] = []

    def take(self, block: Block) -> Block | None:
        """The block behind the header, or None where the header goes on. Raises HeaderBroken."""
        wanted = self._dialect.header_rows
        written = self._written(block)
        for record, line in zip(written.tolist(), block.lines(written).tolist(), strict=True):
            if wanted is None or line in wanted:
                self._rows.append(self._names_of(block, record))
                self.lines.append(line)
            if wanted is None or line >= wanted[-1]:
                self._check_found(wanted or self.lines)
                return block.after(record)
        return None

    @property
    def names(self) -> list[str]:
        """The columns' names; those of several rows are joined where they are not empty."""
        if len({len(row) for row in self._rows}) > 1:
            counts = ", ".join(str(len(row)) for row in self._rows)
            raise HeaderBroken(f"the header's rows have {counts} columns", line=self.lines[0])
        columns = zip_longest(*self._rows, fillvalue="")
        return [self._dialect.header_join.join(filter(None, parts)) for parts in columns]

    def _check_found(self, wanted: Sequence[int]) -> None:
        lost = [line for line in wanted if line not in self.lines]
        if lost:
            raise HeaderBroken(
                "no record starts on this line, which format.dialect.headerRows names", line=lost[0]
            )
