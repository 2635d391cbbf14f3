"""What an import would make of a file, found out by the worker's own code; nothing here knows a server."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from msgspec import Struct

from shared.domain import expectations, misfits
from shared.domain.dataset import Dataset
from shared.domain.expectations import Finding
from shared.domain.misfits import Misfits
from shared.errors import FileRefused
from shared.files import reader as files
from shared.files import shown
from shared.files.batch import Batch
from shared.files.reader import Reader
from shared.files.shown import Refusal, Rejected

CHUNK = 256 * 1024


class Checked(Struct, kw_only=True, rename="camel"):
    """What was found in a file. `broken` names each promise that it breaks; then nothing is published."""

    file: str
    bytes: int = 0
    records: int = 0
    rows: int = 0
    quarantined: int = 0
    blank_lines: int = 0
    seconds: float = 0.0
    rejects: list[Rejected] = []
    refusal: Refusal | None = None
    broken: list[str] = []
    warnings: list[str] = []

    @property
    def passes(self) -> bool:
        """Whether an import would publish this file, as far as can be seen here."""
        return self.refusal is None and not self.broken


def examine(file: BinaryIO, reader: Reader[Any], dataset: Dataset, *, show: int) -> Checked:
    """Reads the file to its end, in bounded memory, and judges it."""
    checked = Checked(file=file.name)
    started = time.perf_counter()
    misread: dict[str, Misfits] = {}
    try:
        for batch in files.read(reader, _chunks(file, checked)):
            _count(checked, batch, show)
            misread = misfits.added(misread, batch.misfits)
    except FileRefused as refused:
        checked.refusal = shown.refusal(refused)
    checked.seconds = round(time.perf_counter() - started, 3)
    checked.warnings += [misfits.told(each, checked.records) for each in misread.values()]
    _judge(checked, dataset)
    return checked


def _chunks(file: BinaryIO, checked: Checked) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        checked.bytes += len(chunk)
        yield chunk


def _count(checked: Checked, batch: Batch, show: int) -> None:
    checked.records += batch.records
    checked.rows += batch.rows.num_rows
    checked.quarantined += len(batch.rejects)
    checked.blank_lines += batch.blank_lines
    checked.rejects += map(shown.rejected, batch.rejects[: show - len(checked.rejects)])


def _judge(checked: Checked, dataset: Dataset) -> None:
    finished = checked.refusal is None
    exceeded = expectations.budget_exceeded(
        dataset.load, rejected=checked.quarantined, read=checked.records, share=float(finished)
    )
    if exceeded:
        checked.broken.append(exceeded)
    if finished and dataset.source.files.max == 1:  # else the rules are about all files together
        findings = expectations.check_rows(dataset.quality, checked.rows)
        checked.broken += _messages(findings, "error")
        checked.warnings += _messages(findings, "warning")


def _messages(findings: Sequence[Finding], severity: str) -> list[str]:
    return [finding.message for finding in findings if finding.severity == severity]
