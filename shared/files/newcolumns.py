"""Finds the columns of a delimited file that its contract does not have, and the contract that has them."""

from collections.abc import Sequence

import msgspec

from shared.domain import document, evolving
from shared.domain.dataset import Dataset
from shared.errors import DatasetInvalid, FileRefused, HeaderBroken
from shared.files import convert, header
from shared.files.compression import MAX_RATIO
from shared.files.delimitedreader import DelimitedReader

BLOCK_BYTES = 64 * 1024  # of which a header is a small part


class HeaderReader:
    """Reads a file as far as its header."""

    def __init__(self, dataset: Dataset, *, max_ratio: int = MAX_RATIO) -> None:
        self._reader = DelimitedReader(
            dataset, max_ratio=max_ratio, block_bytes=BLOCK_BYTES, keep_lines=False
        )

    def names(self, chunk: bytes | None) -> Sequence[str] | None:
        """The columns, as soon as they are known; None stands for the end of the file.

        There are none where the file is refused: what is wrong shows when it is loaded.
        """
        try:
            for block in self._reader.cut_rest() if chunk is None else self._reader.cut(chunk):
                self._reader.parse(block)
                if self._reader.names is not None:
                    break
        except FileRefused:
            return self._reader.names or []
        return self._reader.names


def evolved(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """The contract with a field for each column that it lacks.

    It stays as it is where even then the file would be refused, or where a column's name can't be that of a
    field: what is wrong shows when the file is loaded.
    """
    case_sensitive = dataset.format.dialect.case_sensitive_header
    new = header.unknown(names, dataset.schema, case_sensitive=case_sensitive)
    if not new:
        return dataset
    extended = evolving.extended(dataset, new)
    try:
        header.match(names, extended.schema, None, case_sensitive=case_sensitive)
        return document.parse(msgspec.json.encode(document.dump(extended)), check_field=convert.check_field)
    except (HeaderBroken, DatasetInvalid):
        return dataset
