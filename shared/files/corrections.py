"""Rejected records as a file: where and why in front of each, for a person to correct and to hand back.

Delimited records keep their bytes, behind five more fields. JSON records get five more keys in front of their
own; what is no JSON object stands whole under `_raw`. The file is UTF-8, except for bytes that never were.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import structs

from shared.domain.dataset import Dataset
from shared.domain.report import Reject

MARKS = ("_object", "_line", "_column", "_code", "_message")
_OBJECTS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def is_delimited(dataset: Dataset) -> bool:
    """Whether the file is made of the dataset's delimited records; otherwise it is NDJSON."""
    return dataset.format.type in ("csv", "tsv")


def as_found(dataset: Dataset, found: Mapping[str, Any]) -> Dataset:
    """The dataset in the dialect that a reader detected in an object, by what it `described`."""
    dialect = structs.replace(
        dataset.format.dialect,
        delimiter=found.get("delimiter", dataset.format.dialect.delimiter),
        quote_char=found.get("quoteChar", dataset.format.dialect.quote_char),
    )
    return structs.replace(dataset, format=structs.replace(dataset.format, dialect=dialect))


def heading(dataset: Dataset, header: Sequence[str] | None) -> bytes:
    """The first line: the file's own columns behind the names of the marks; none for NDJSON."""
    if not is_delimited(dataset):
        return b""
    own = header or [field.name for field in dataset.schema.fields]
    return f"{_written(dataset, [*MARKS, *own])}\n".encode()


def record(dataset: Dataset, key: str, reject: Reject) -> bytes:
    """A rejected record of the object `key`, as a line or several."""
    marks = (key, reject.line, reject.column, str(reject.code), reject.message)
    if is_delimited(dataset):
        return f"{_written(dataset, marks)}{_delimiter(dataset)}".encode() + reject.raw + b"\n"
    named = msgspec.json.encode(dict(zip(MARKS, marks, strict=True)))[:-1]
    return named + _own_keys(reject.raw) + b"}\n"


def corrected(dataset: Dataset) -> Dataset:
    """The same dataset, for files of this form: with a header, and with other columns beside its fields."""
    dialect = structs.replace(
        dataset.format.dialect,
        header=True,
        header_rows=None,
        footer_rows=0,
        comment_char=None,
        comment_rows=[],
        line_terminator=None,
    )
    form = structs.replace(
        dataset.format,
        type=dataset.format.type if is_delimited(dataset) else "ndjson",
        compression="auto",
        member=None,
        encoding="utf-8",
        dialect=dialect,
    )
    schema = structs.replace(dataset.schema, fields_match="subset")
    return structs.replace(dataset, format=form, schema=schema)


def _own_keys(raw: bytes) -> bytes:
    try:
        _OBJECTS.decode(raw)
    except msgspec.DecodeError:
        text = raw.decode("utf-8", errors="backslashreplace")
        return b',"_raw":' + msgspec.json.encode(text)
    inner = raw.strip()[1:-1].strip()
    return b"," + inner if inner else b""


def _written(dataset: Dataset, values: Sequence[object]) -> str:
    """The values in the dataset's dialect; without quotes and escapes, what can't be written is a space."""
    dialect, delimiter = dataset.format.dialect, _delimiter(dataset)
    if dialect.quote_char is None:
        return delimiter.join(
            re.sub(f"[\r\n{re.escape(delimiter)}]", " ", str(each or "")) for each in values
        )
    target = io.StringIO(newline="")
    writer = csv.writer(
        target,
        delimiter=delimiter,
        quotechar=dialect.quote_char,
        doublequote=dialect.double_quote,
        escapechar=dialect.escape_char,
        lineterminator="",
    )
    writer.writerow(values)
    return target.getvalue()


def _delimiter(dataset: Dataset) -> str:
    return dataset.format.dialect.delimiter or ("\t" if dataset.format.type == "tsv" else ",")
