"""A dataset's document: what its author declares, and nothing more.

The keys of `schema` are Frictionless Table Schema 2.0, those of `format.dialect` Frictionless Table Dialect,
those of `quality` and `sla` Open Data Contract Standard 3.1. Keys that the finished product knows and this
release does not are listed in `shared.domain.unsupported` and refused by name.
"""

from typing import Literal

from msgspec import field

from shared.domain.dataset.evolution import Evolution
from shared.domain.dataset.format import Compression, Dialect, DialectKey, Format
from shared.domain.dataset.load import DeleteMarker, Index, Load, PartitionBy, Target
from shared.domain.dataset.operation import Access, Backoff, Limits, Owner, Retention, Schedule, ServiceLevel
from shared.domain.dataset.part import (
    Duration,
    Identifier,
    Name,
    NotNegative,
    OneChar,
    Part,
    Positive,
    Size,
    TimeOfDay,
)
from shared.domain.dataset.quality import Arguments, Expectation, Metric, Preserved, Publish, Severity
from shared.domain.dataset.schema import Constraints, Field, FieldType, ForeignKey, Reference, TableSchema
from shared.domain.dataset.source import AfterLoad, Complete, FileCount, OnReupload, Source, StartedBy

__all__ = [
    "Access",
    "AfterLoad",
    "Arguments",
    "Backoff",
    "Complete",
    "Compression",
    "Constraints",
    "Dataset",
    "DeleteMarker",
    "Dialect",
    "DialectKey",
    "Duration",
    "Evolution",
    "Expectation",
    "Field",
    "FieldType",
    "FileCount",
    "ForeignKey",
    "Format",
    "Identifier",
    "Index",
    "Limits",
    "Load",
    "Metric",
    "Name",
    "NotNegative",
    "OnReupload",
    "OneChar",
    "Owner",
    "Part",
    "PartitionBy",
    "Positive",
    "Preserved",
    "Publish",
    "Reference",
    "Retention",
    "Schedule",
    "ServiceLevel",
    "Severity",
    "Size",
    "Source",
    "StartedBy",
    "TableSchema",
    "Target",
    "TimeOfDay",
]


class Dataset(Part, frozen=True, kw_only=True):
    """A whole dataset document."""

    api_version: Literal["loadstone/v1"]
    kind: Literal["Dataset"]
    name: Name
    title: str | None = None
    description: str | None = None
    status: Literal["proposed", "draft", "active", "deprecated", "retired"] = "active"
    owner: Owner = Owner()
    tags: list[str] = field(default_factory=list)
    source: Source
    format: Format = Format()
    schema: TableSchema
    evolution: Evolution = Evolution()
    load: Load
    quality: list[Expectation] = field(default_factory=list)
    publish: Publish = Publish()
    schedule: Schedule | None = None
    sla: list[ServiceLevel] = field(default_factory=list)
    retention: Retention = Retention()
    limits: Limits = Limits()
    access: Access = Access()
