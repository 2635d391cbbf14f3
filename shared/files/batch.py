"""What every format's reader makes of a file: batches of typed rows and rejected records."""

from collections.abc import Sequence

import pyarrow as pa
from msgspec import Struct

from shared.domain.misfits import Misfits
from shared.domain.report import Reject


class Batch(Struct, frozen=True, kw_only=True):
    """The records of one block: `records = rows.num_rows + len(rejects)`, always. `rows` may be empty.

    `rejects` are in the order of their lines. `first_line` is the physical line on which the block starts,
    `lines` are those of the rows, where the reader was asked to keep them. `misfits` count, one for each
    field that has any, the values that its type does not hold.
    """

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...]
    records: int
    blank_lines: int
    first_line: int
    lines: Sequence[int] = ()
    misfits: Sequence[Misfits] = ()
