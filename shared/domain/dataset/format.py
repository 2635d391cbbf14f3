"""The section `format`: how a dataset's objects are encoded."""

from typing import Annotated, Literal

from msgspec import Meta, field

from shared.domain.dataset.part import OneChar, Part

Compression = Literal["auto", "none", "gzip", "zstd", "bzip2", "xz", "zip"]
DialectKey = Literal["delimiter", "quoteChar", "header"]
MemberPattern = Annotated[str, Meta(min_length=1)]


class Dialect(Part, frozen=True, kw_only=True):
    """A Frictionless Table Dialect. The delimiter's default is a comma, or a tab where the type is tsv."""

    delimiter: OneChar | None = None
    quote_char: OneChar = '"'
    double_quote: Literal[True] = True
    header: bool = True


class Format(Part, frozen=True, kw_only=True):
    """How a dataset's objects are encoded. `detect` names what of the dialect each object itself tells."""

    type: Literal["csv", "tsv", "ndjson", "parquet"] = "csv"
    compression: Compression = "auto"
    member: MemberPattern | None = None
    encoding: Annotated[str, Meta(min_length=1)] = "utf-8"
    on_invalid_bytes: Literal["reject", "replace", "fail"] = "reject"
    on_nul_byte: Literal["reject", "strip", "fail"] = "reject"
    detect: list[DialectKey] = field(default_factory=list)
    dialect: Dialect = Dialect()
