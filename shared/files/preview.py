"""Says what the first bytes of an object tell about it, and what they can't."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, structs

from shared.domain.dataset import Dataset
from shared.domain.report import Reject
from shared.errors import FileRefused
from shared.files import infer, sample
from shared.files.batch import Batch
from shared.files.compression import Decompressor, peek
from shared.files.encoding import Transcoder
from shared.files.reader import reader_for
from shared.files.sniffing import Sniffer

SAMPLE_BYTES = 1 << 20
MOST_REJECTS = 100
_OF_A_PART = (
    "how many records there are, and whether the whole load keeps its error budget and its quality rules",
    "whether a key is unique, beyond the records seen here",
    "values and types that come up later only: a column of whole numbers here may hold text further on",
    "whether the object is complete: its end was not read",
)
_OF_A_WHOLE = ("whether a key is unique: the database finds that out when it builds the key's index",)


class Rejected(Struct, frozen=True, kw_only=True, rename="camel"):
    """A record that would go to quarantine."""

    line: int
    column: str | None
    code: str
    message: str
    raw: str


class Refusal(Struct, frozen=True, kw_only=True, rename="camel"):
    """Why the file as a whole can't be read, or no document be proposed for it."""

    code: str
    message: str
    line: int | None
    hint: str


class Difference(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a column of the file differs from the dataset's schema: added, missing, or of another type."""

    column: str
    kind: str
    declared: str | None = None
    found: str | None = None


class Preview(Struct, kw_only=True, rename="camel"):
    """What was seen. `against` names the dataset whose rules the records were held to, None: the proposal."""

    file: str
    bytes_read: int
    whole: bool
    against: str | None = None
    read: dict[str, Any] = {}
    proposal: dict[str, Any] | None = None
    notes: list[str] = []
    records: int = 0
    rejected: int = 0
    rejects: list[Rejected] = []
    refusal: Refusal | None = None
    differences: list[Difference] = []
    unknown: list[str] = []


def preview(stored: bytes, name: str, *, whole: bool, dataset: Dataset | None = None) -> Preview:
    """What the first bytes tell; `whole` says that nothing follows them. Raises nothing for a bad file."""
    found = Preview(file=name, bytes_read=len(stored), whole=whole)
    found.unknown += _OF_A_WHOLE if whole else _OF_A_PART
    try:
        _propose(found, stored, name)
    except FileRefused as refused:
        if dataset is None:
            found.refusal = _refusal(refused)
    proposed = msgspec.convert(found.proposal, Dataset) if found.proposal else None
    against = dataset or proposed
    if dataset is not None:
        found.against = dataset.name
        found.differences = [*_differences(found.proposal, dataset)]
    if against is not None:
        try:
            _hold(found, stored, against)
        except FileRefused as refused:
            found.refusal = _refusal(refused)
    return found


def _propose(found: Preview, stored: bytes, name: str) -> None:
    seen = sample.read(stored, most=SAMPLE_BYTES)
    found.read = {
        "compression": seen.compression,
        "encoding": seen.encoding,
        "delimiter": seen.delimiter,
        "quoteChar": seen.dialect.quote_char,
        "header": seen.dialect.header,
    }
    found.proposal, found.notes = infer.propose(seen, name)


def _hold(found: Preview, stored: bytes, dataset: Dataset) -> None:
    """Counts and rejects, as an import would have them of the records that are whole."""
    for batch in _batches(stored, dataset, whole=found.whole):
        found.records += batch.records
        found.rejected += len(batch.rejects)
        found.rejects += [_shown(each) for each in batch.rejects[: MOST_REJECTS - len(found.rejects)]]


def _batches(stored: bytes, dataset: Dataset, *, whole: bool) -> Iterator[Batch]:
    if whole or dataset.format.type == "parquet":
        reader = reader_for(dataset)
        pieces = [*reader.cut(stored), *reader.cut_rest()]
    else:
        text, plain = _as_text(stored, dataset)
        reader = reader_for(plain, block_bytes=1)
        pieces = [*reader.cut(text)]  # the last record may be cut off, and is not read
    yield from (batch for piece in pieces if (batch := reader.parse(piece)) is not None)
    if whole:
        reader.refuse_if_empty()


def _as_text(stored: bytes, dataset: Dataset) -> tuple[bytes, Dataset]:
    """The sample as UTF-8, and the dataset as it would be for such a file, everything found out."""
    next(Decompressor(dataset.format.compression).feed(stored[:SAMPLE_BYTES]), None)  # is it as declared?
    _, data = peek(stored, SAMPLE_BYTES)
    transcoder = Transcoder(dataset.format)
    text = b"".join([*transcoder.feed(data), *transcoder.finish()])
    format_ = structs.replace(dataset.format, compression="none", member=None, encoding="utf-8", detect=[])
    if dataset.format.type in ("csv", "tsv"):
        sniffer = Sniffer(dataset)
        text = b"".join([*sniffer.feed(text), *sniffer.finish()])
        format_ = structs.replace(format_, dialect=sniffer.dialect or dataset.format.dialect)
    return text, structs.replace(dataset, format=format_)


def _differences(proposal: dict[str, Any] | None, dataset: Dataset) -> Iterator[Difference]:
    """Columns by name; a type differs where the declared one would refuse what was guessed."""
    if proposal is None or not dataset.format.dialect.header:
        return
    guessed = {field["name"]: field["type"] for field in proposal["schema"]["fields"]}
    declared = {field.name: field.type for field in dataset.schema.fields}
    for name, kind in guessed.items():
        if name not in declared:
            yield Difference(column=name, kind="added", found=kind)
        elif kind != declared[name] and declared[name] not in _WIDER.get(kind, _ANYTHING):
            yield Difference(column=name, kind="type", declared=declared[name], found=kind)
    for name, kind in declared.items():
        if name not in guessed:
            yield Difference(column=name, kind="missing", declared=kind)


_ANYTHING = frozenset({"string", "any"})
_WIDER = {"integer": _ANYTHING | {"number", "year", "boolean"}, "object": _ANYTHING | {"geojson"}}


def _refusal(refused: FileRefused) -> Refusal:
    return Refusal(code=refused.code, message=refused.message, line=refused.line, hint=refused.hint)


def _shown(reject: Reject) -> Rejected:
    return Rejected(
        line=reject.line,
        column=reject.column,
        code=reject.code,
        message=reject.message,
        raw=reject.raw.decode("utf-8", errors="backslashreplace"),
    )
