"""The section `format`: how a dataset's objects are encoded."""

from typing import Annotated, Literal

from msgspec import Meta, field

from shared.domain.dataset.part import OneChar, Part, Positive

Compression = Literal["auto", "none", "gzip", "zstd", "bzip2", "xz", "zip"]
DialectKey = Literal["delimiter", "quoteChar", "header"]
MemberPattern = Annotated[str, Meta(min_length=1)]


class Dialect(Part, frozen=True, kw_only=True):
    """A Frictionless Table Dialect, and our `footerRows`.

    The delimiter's default is a comma, or a tab where the type is tsv. Rows are numbered by their lines.
    """

    dialect_profile: str | None = field(default=None, name="$schema")
    delimiter: OneChar | None = None
    quote_char: OneChar | None = '"'
    double_quote: bool = True
    escape_char: OneChar | None = None
    line_terminator: str | None = None
    header: bool = True
    header_rows: list[Positive] | None = None
    header_join: str = " "
    footer_rows: Annotated[int, Meta(ge=0, le=1000)] = 0
    comment_char: OneChar | None = None
    comment_rows: list[Positive] = field(default_factory=list)
    skip_initial_space: bool = False
    null_sequence: Annotated[str, Meta(min_length=1)] | None = None
    case_sensitive_header: bool = True


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
