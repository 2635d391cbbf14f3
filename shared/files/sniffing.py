"""Finds out a dialect by a vote of the first records: which one divides them evenly into plain values.

The same text gives the same answer. Two answers that are about as likely are no answer.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct, structs

from shared.domain.dataset import Dataset, Dialect, DialectKey, Format
from shared.errors import DialectUnclear

SAMPLE_BYTES = 1 << 20
DELIMITERS = (",", "\t", ";", "|", ":", "^")
_DEFAULT_DELIMITERS = {"csv": ",", "tsv": "\t"}
_QUOTES = ('"', "'")
_VOTERS = 1000
_TYPED = re.compile(r"[+-]?[0-9][0-9 .,:T+-]*Z?")
_SPECIAL = re.compile(r"[,\t;|^]")  # no colon: times and addresses hold it
# Of the records, divided evenly; and of the winner's score, for the second to be a rival.
_LEAST_AGREEMENT = 0.6
_RIVAL = 0.9


class Sniffer:
    """Holds text back until it tells what `format.detect` names; where that is nothing, holds nothing.

    `dialect` is there from then on. The first `SAMPLE_BYTES` decide.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._detect = dataset.format.detect
        self._declared = dataset.format.dialect
        self._default = delimiter_of(dataset.format, dataset.format.dialect)
        self._names = [name for field in dataset.schema.fields for name in (field.name, *field.aliases)]
        self._held = b""
        self.dialect = None if self._detect else self._declared

    @property
    def detected(self) -> dict[str, object]:
        """The keys that were found out, as a document spells them."""
        if self.dialect is None:
            return {}
        found = {key.encode_name: getattr(self.dialect, key.name) for key in structs.fields(self.dialect)}
        return {key: found[key] for key in self._detect}

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """What can be cut now. Raises DialectUnclear."""
        if self.dialect is not None:
            yield piece
            return
        self._held += piece
        if len(self._held) >= SAMPLE_BYTES:
            yield from self._settled()

    def finish(self) -> Iterator[bytes]:
        """What was held back. Raises DialectUnclear."""
        if self.dialect is None:
            yield from self._settled()

    def _settled(self) -> Iterator[bytes]:
        text, self._held = self._held, b""
        self.dialect = settle(
            whole_lines(text[:SAMPLE_BYTES]).decode(errors="replace"),
            self._declared,
            self._detect,
            default=self._default,
            names=self._names,
        )
        yield text


class Vote(Struct, frozen=True, kw_only=True):
    """How well a delimiter divides the records: into how many fields, and how many agree on that number."""

    delimiter: str
    fields: int
    agreement: float
    score: float

    def __str__(self) -> str:
        return f"{self.delimiter!r} divides {self.agreement:.0%} of the records into {self.fields} fields"


def settle(
    text: str, dialect: Dialect, detect: Sequence[DialectKey], *, default: str, names: Sequence[str] = ()
) -> Dialect:
    """The dialect with the keys of `detect` found out from whole records of a file.

    `default` is the delimiter of a file that has only one column. A first record that holds one of `names`
    is a header; without names it is one when it looks like it. Raises DialectUnclear.
    """
    if "quoteChar" in detect:
        dialect = structs.replace(dialect, quote_char=_quote(text))
    if "delimiter" in detect:
        dialect = structs.replace(dialect, delimiter=_delimiter(text, dialect.quote_char or '"', default))
    if "header" in detect:
        first = next(_records(text, dialect.delimiter or default, dialect.quote_char or '"'), [])
        dialect = structs.replace(dialect, header=looks_like_header(first, names))
    return dialect


def votes(text: str, quote: str) -> list[Vote]:
    """Every delimiter that divides most records, the best one first."""
    found = [_vote(list(islice(_records(text, each, quote), _VOTERS)), each) for each in DELIMITERS]
    fit = [vote for vote in found if vote.fields > 1 and vote.agreement >= _LEAST_AGREEMENT]
    return sorted(fit, key=lambda vote: (-vote.score, -vote.fields, DELIMITERS.index(vote.delimiter)))


def _quote(text: str) -> str:
    """The quote that encloses more fields; the usual one where none does."""
    around = {
        quote: len(re.findall(rf"(?:^|[,\t;|:^]){quote}[^{quote}\n]*{quote}(?=[,\t;|:^\r\n]|\Z)", text, re.M))
        for quote in _QUOTES
    }
    return max(_QUOTES, key=lambda quote: around[quote])


def _delimiter(text: str, quote: str, default: str) -> str:
    likely = votes(text, quote)
    rivals = [vote for vote in likely if vote.score >= _RIVAL * likely[0].score]
    if len(rivals) > 1:
        raise DialectUnclear(f"the delimiter can't be told: {', and '.join(map(str, rivals))}")
    if likely:
        return likely[0].delimiter
    divided = [each for each in DELIMITERS if any(len(row) > 1 for row in _records(text, each, quote))]
    if divided:
        considered = ", ".join(map(repr, DELIMITERS))
        raise DialectUnclear(f"the delimiter can't be told: none of {considered} divides the records evenly")
    return default


def _vote(rows: Sequence[Sequence[str]], delimiter: str) -> Vote:
    if not rows:
        return Vote(delimiter=delimiter, fields=0, agreement=0, score=0)
    (fields, count), *_ = Counter(len(row) for row in rows).most_common(1)
    agreement = count / len(rows)
    values = [value for row in rows if len(row) == fields for value in row]
    plain = sum(_is_plain(value) for value in values) / len(values)
    as_the_first = 1.0 if len(rows[0]) == fields else 0.5  # a header holds no decimal commas and no times
    score = agreement * as_the_first * (0.2 + 0.8 * plain)
    return Vote(delimiter=delimiter, fields=fields, agreement=agreement, score=score)


def _is_plain(value: str) -> bool:
    """Whether a value looks like one: a number, a date, or text without what could divide it further."""
    return _TYPED.fullmatch(value) is not None or _SPECIAL.search(value) is None


def looks_like_header(first: Sequence[str], names: Sequence[str] = ()) -> bool:
    """Whether a first record holds one of the names or, where none are known, what names look like."""
    if names:
        known = {name.strip().casefold() for name in names}
        return any(value.strip().casefold() in known for value in first)
    distinct = all(first) and len(set(first)) == len(first)
    return distinct and not any(_TYPED.fullmatch(value) for value in first)


def _records(text: str, delimiter: str, quote: str) -> Iterator[list[str]]:
    """Every record but blank lines; none at all where the delimiter makes a field that is too long."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    try:
        yield from (row for row in rows if row)
    except csv.Error:
        return


def delimiter_of(format_: Format, dialect: Dialect) -> str:
    """The delimiter of the dialect, or the one that the type stands for."""
    return dialect.delimiter or _DEFAULT_DELIMITERS[format_.type]


def whole_lines(text: bytes) -> bytes:
    """Without what follows the last newline, which may be cut off; all of it where there is none."""
    return text[: text.rfind(b"\n") + 1] or text
