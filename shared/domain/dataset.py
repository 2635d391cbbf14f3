"""A dataset's document: what its author declares, and nothing more.

The keys of `schema` are Frictionless Table Schema 2.0, those of `format.dialect` Frictionless Table Dialect,
those of `quality` and `sla` Open Data Contract Standard 3.1. Keys that the finished product knows and this
release does not are listed in `shared.domain.unsupported` and refused by name.
"""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]{0,47}$",
        description="a name of at most 48 small letters, digits and underscores, a letter first",
    ),
]
Identifier = Annotated[str, Meta(min_length=1, max_length=63)]
Duration = Annotated[
    str, Meta(pattern=r"^[0-9]{1,6}(ms|s|m|h|d)$", description="a duration such as 30s, 15m or 2h")
]
Size = Annotated[
    str, Meta(pattern=r"^[0-9]{1,9}(B|KiB|MiB|GiB)$", description="a size such as 4MiB or 20GiB")
]
TimeOfDay = Annotated[
    str,
    Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="a time of day such as 07:30"),
]
OneChar = Annotated[str, Meta(min_length=1, max_length=1)]
Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]

FieldType = Literal["integer", "number", "string", "boolean", "date", "time", "datetime", "object", "array"]
Preserved = Literal["views", "grants", "comments"]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Any mapping inside a dataset document."""


class Owner(Part, frozen=True, kw_only=True):
    """Who answers for the dataset."""

    team: str | None = None
    contact: str | None = None


class FileCount(Part, frozen=True, kw_only=True):
    """How many objects the key pattern must match for one business date."""

    min: Positive = 1
    max: Positive = 1


class Complete(Part, frozen=True, kw_only=True):
    """When a delivery is complete, besides its number of objects."""

    marker: str | None = None
    stable_for: Duration | None = None


class Source(Part, frozen=True, kw_only=True):
    """Where a dataset's objects land, and which they are.

    `key` is a pattern: `{businessDate:%Y/%m/%d}` is replaced by the date, `*` and `?` match within a path
    segment.
    """

    bucket: Annotated[str, Meta(min_length=1)]
    key: Annotated[str, Meta(min_length=1)]
    files: FileCount = FileCount()
    complete: Complete = Complete()


class Dialect(Part, frozen=True, kw_only=True):
    """A Frictionless Table Dialect. The delimiter's default is a comma, or a tab where the type is tsv."""

    delimiter: OneChar | None = None
    quote_char: OneChar = '"'
    double_quote: Literal[True] = True
    header: bool = True


class Format(Part, frozen=True, kw_only=True):
    """How a dataset's objects are encoded."""

    type: Literal["csv", "tsv"] = "csv"
    compression: Literal["auto", "none", "gzip"] = "auto"
    encoding: Literal["utf-8"] = "utf-8"
    on_invalid_bytes: Literal["reject"] = "reject"
    on_nul_byte: Literal["reject"] = "reject"
    dialect: Dialect = Dialect()


class Constraints(Part, frozen=True, kw_only=True):
    """Table Schema constraints. Bounds are of the field's type, written as its values are."""

    required: bool = False
    unique: bool = False
    min_length: NotNegative | None = None
    max_length: NotNegative | None = None
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None
    json_schema: dict[str, Any] | None = None
    pattern: str | None = None
    enum: Annotated[list[Any], Meta(min_length=1)] | None = None


class Field(Part, frozen=True, kw_only=True):
    """One column. `physicalType` is the PostgreSQL type; without one it follows from the type."""

    name: Identifier
    type: FieldType = "string"
    format: str = "default"
    title: str | None = None
    description: str | None = None
    physical_type: str | None = None
    constraints: Constraints = Constraints()


class TableSchema(Part, frozen=True, kw_only=True):
    """A Frictionless Table Schema: the columns in order, and how they are matched with a header."""

    fields: Annotated[list[Field], Meta(min_length=1)]
    fields_match: Literal["exact", "equal", "subset", "superset", "partial"] = "exact"
    missing_values: list[str] = field(default_factory=lambda: [""])
    primary_key: list[Identifier] = []
    unique_keys: list[Annotated[list[Identifier], Meta(min_length=1)]] = []


class Target(Part, frozen=True, kw_only=True):
    """The published relation: a view of this name."""

    schema: Identifier
    table: Identifier


class Index(Part, frozen=True, kw_only=True):
    """An index on each version's table."""

    columns: Annotated[list[Identifier], Meta(min_length=1)]
    method: Literal["btree", "hash", "gin", "brin"] = "btree"


class Load(Part, frozen=True, kw_only=True):
    """What happens in PostgreSQL, and how many bad records are tolerated (both limits must hold)."""

    target: Target
    mode: Literal["replace"] = "replace"
    on_error: Literal["ABORT_STATEMENT", "CONTINUE"] = "ABORT_STATEMENT"
    max_errors: NotNegative | None = None
    max_error_percent: Annotated[float, Meta(ge=0, le=100)] | None = None
    indexes: list[Index] = []
    analyze: Literal[True] = True


class Expectation(Part, frozen=True, kw_only=True):
    """A rule over a whole load, in the words of ODCS data quality."""

    id: Annotated[str, Meta(min_length=1)]
    metric: Literal["rowCount"]
    severity: Literal["error", "warning"] = "error"
    must_be: float | None = None
    must_not_be: float | None = None
    must_be_greater_than: float | None = None
    must_be_greater_or_equal_to: float | None = None
    must_be_less_than: float | None = None
    must_be_less_or_equal_to: float | None = None
    must_be_between: tuple[float, float] | None = None
    must_not_be_between: tuple[float, float] | None = None


class Publish(Part, frozen=True, kw_only=True):
    """Who decides that a checked version becomes live."""

    gate: Literal["auto"] = "auto"
    preserve: list[Preserved] = field(default_factory=lambda: ["views", "grants", "comments"])


class Schedule(Part, frozen=True, kw_only=True):
    """When a delivery is due. `start` and `end` bound the business dates that are planned."""

    cron: Annotated[str, Meta(min_length=1)]
    timezone: str = "UTC"
    catch_up: bool = True
    business_date: Literal["today", "yesterday"] = "yesterday"
    start: date | None = None
    end: date | None = None


class ServiceLevel(Part, frozen=True, kw_only=True):
    """An ODCS service level: by when, in the schedule's time zone, the day's version is expected."""

    property: Literal["timeOfAvailability"]
    value: TimeOfDay
    driver: Literal["regulatory", "analytics", "operational"] | None = None


class Retention(Part, frozen=True, kw_only=True):
    """How many versions are kept, the live one included, and for how long quarantined records are."""

    versions: Annotated[int, Meta(ge=2)] = 7
    quarantine_days: Positive = 30


class Backoff(Part, frozen=True, kw_only=True):
    """How long to wait before the next attempt: doubling from `initial` up to `max`."""

    initial: Duration = "30s"
    max: Duration = "15m"
    jitter: bool = True


class Limits(Part, frozen=True, kw_only=True):
    """Where an import stops being one. `retries` counts attempts, the first included."""

    max_file_bytes: Size = "20GiB"
    max_row_bytes: Size = "4MiB"
    timeout: Duration = "2h"
    retries: Annotated[int, Meta(ge=1, le=20)] = 3
    backoff: Backoff = Backoff()


class Access(Part, frozen=True, kw_only=True):
    """Which database roles may read the published view."""

    read: list[Identifier] = []


class Dataset(Part, frozen=True, kw_only=True):
    """A whole dataset document."""

    api_version: Literal["loadstone/v1"]
    kind: Literal["Dataset"]
    name: Name
    title: str | None = None
    description: str | None = None
    status: Literal["proposed", "draft", "active", "deprecated", "retired"] = "active"
    owner: Owner = Owner()
    tags: list[str] = []
    source: Source
    format: Format = Format()
    schema: TableSchema
    load: Load
    quality: list[Expectation] = []
    publish: Publish = Publish()
    schedule: Schedule | None = None
    sla: list[ServiceLevel] = []
    retention: Retention = Retention()
    limits: Limits = Limits()
    access: Access = Access()
