"""Says what the first bytes of an object tell about it, and what they can't."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, structs

from shared.domain.dataset import Dataset
from shared.errors import FileRefused
from shared.files import differences, infer, shown
from shared.files.batch import Batch
from shared.files.compression import Decompressor, peek
from shared.files.differences import Difference, LiveContract
from shared.files.encoding import Transcoder
from shared.files.excerpt import Excerpt, NotRead
from shared.files.parquet import ParquetReader
from shared.files.reader import read, reader_for
from shared.files.shown import Refusal, Rejected
from shared.files.sniffing import Sniffer

SAMPLE_BYTES = 1 << 20
MOST_REJECTS = 100
MOST_ROWS = 100_000  # of a Parquet file
_FEW_BYTES = 1 << 16  # of rows at a time: those before a gap are seen
_OF_A_PART = (
    "how many records there are, and whether the whole load keeps its error budget and its quality rules",
    "whether a key is unique, beyond the records seen here",
    "values and types that come up later only: a column of whole numbers here may hold text further on",
    "whether the object is complete: its end was not read",
)
_OF_A_PARQUET_FILE = (*_OF_A_PART[:2], "values that come up later only")
_OF_A_WHOLE = ("whether a key is unique: the database finds that out when it builds the key's index",)


class Preview(Struct, kw_only=True, rename="camel"):
    """What was seen. `against` names the dataset whose rules the records were held to, None: the proposal.

    `live_contract` is the contract that the columns were compared with, None: that of `against`.
    """

    file: str
    bytes_read: int
    whole: bool
    against: str | None = None
    live_contract: int | None = None
    read: dict[str, Any] = {}
    proposal: dict[str, Any] | None = None
    notes: list[str] = []
    records: int = 0
    rejected: int = 0
    rejects: list[Rejected] = []
    refusal: Refusal | None = None
    differences: list[Difference] = []
    unknown: list[str] = []


def preview(
    excerpt: Excerpt, name: str, *, dataset: Dataset | None = None, live: LiveContract | None = None
) -> Preview:
    """What an excerpt tells of a file. Raises nothing for a bad one.

    Records are held to `dataset`, or else to what is proposed; columns are compared with those of `live`, the
    contract of the live version, or else of `dataset`.
    """
    found = Preview(file=name, bytes_read=len(excerpt.start), whole=excerpt.whole)
    proposal = None
    try:
        proposal = infer.infer(excerpt, name, most=SAMPLE_BYTES)
        found.read, found.proposal, found.notes = proposal.read, proposal.document, proposal.notes
    except FileRefused as refused:
        if dataset is None:
            found.refusal = shown.refusal(refused)
    compared = live.document if live else dataset
    if compared is not None and proposal is not None:
        found.live_contract = live.version if live else None
        found.differences = differences.between(proposal.guesses, compared)
    found.against = dataset.name if dataset else None
    held = dataset or (msgspec.convert(proposal.document, Dataset) if proposal else None)
    found.unknown = _unknown(excerpt, held)
    if held is not None:
        try:
            _hold(found, excerpt, held)
        except FileRefused as refused:
            found.refusal = shown.refusal(refused)
    return found


def _unknown(excerpt: Excerpt, held: Dataset | None) -> list[str]:
    if excerpt.whole:
        return [*_OF_A_WHOLE]
    return [*(_OF_A_PARQUET_FILE if held and held.format.type == "parquet" else _OF_A_PART)]


def _hold(found: Preview, excerpt: Excerpt, dataset: Dataset) -> None:
    """Counts and rejects, as an import would have them of the records that are whole."""
    batches = _of_parquet if dataset.format.type == "parquet" else _of_text
    try:
        for batch in batches(excerpt, dataset):
            found.records += batch.records
            found.rejected += len(batch.rejects)
            found.rejects += [
                shown.rejected(each) for each in batch.rejects[: MOST_REJECTS - len(found.rejects)]
            ]
    except NotRead as gap:
        found.unknown.append(f"whether rows behind row {found.records} are good: {gap}")


def _of_parquet(excerpt: Excerpt, dataset: Dataset) -> Iterator[Batch]:
    """The rows at the start of a file, as far as they were read. Raises NotRead behind them."""
    reader = ParquetReader(dataset, block_bytes=_FEW_BYTES, keep_lines=False)
    for piece in reader.rows(infer.opened_parquet(excerpt)):
        if piece.first > MOST_ROWS:
            raise NotRead(f"no more than about {MOST_ROWS} are looked at")
        batch = reader.parse(piece)
        if batch is not None:
            yield batch


def _of_text(excerpt: Excerpt, dataset: Dataset) -> Iterator[Batch]:
    if excerpt.whole:
        yield from read(reader_for(dataset), [excerpt.start])
        return
    text, plain = _as_text(excerpt.start, dataset)
    reader = reader_for(plain, block_bytes=1)
    pieces = [*reader.cut(text)]  # the last record may be cut off, and is not read
    yield from (batch for piece in pieces if (batch := reader.parse(piece)) is not None)


def _as_text(stored: bytes, dataset: Dataset) -> tuple[bytes, Dataset]:
    """The sample as UTF-8, and the dataset as it would be for such a file, everything found out."""
    next(Decompressor(dataset.format.compression).feed(stored), None)  # is it as declared?
    _, data = peek(stored, SAMPLE_BYTES)
    transcoder = Transcoder(dataset.format)
    text = b"".join([*transcoder.feed(data), *transcoder.finish()])
    format_ = structs.replace(dataset.format, compression="none", member=None, encoding="utf-8", detect=[])
    if dataset.format.type in ("csv", "tsv"):
        sniffer = Sniffer(dataset)
        text = b"".join([*sniffer.feed(text), *sniffer.finish()])
        format_ = structs.replace(format_, dialect=sniffer.dialect or dataset.format.dialect)
    return text, structs.replace(dataset, format=format_)
