"""The section `load`: what happens in PostgreSQL."""

from typing import Annotated, Literal

from msgspec import Meta, field

from shared.domain.dataset.part import Identifier, NotNegative, Part


class Target(Part, frozen=True, kw_only=True):
    """The published relation: a view of this name."""

    schema: Identifier
    table: Identifier


class Index(Part, frozen=True, kw_only=True):
    """An index on each version's table."""

    columns: Annotated[list[Identifier], Meta(min_length=1)]
    method: Literal["btree", "hash", "gin", "brin"] = "btree"


class PartitionBy(Part, frozen=True, kw_only=True):
    """The date column that tells a version's slices apart: a field, or a column that Loadstone adds."""

    column: Identifier
    source: Literal["businessDate"] = field(name="from")


class DeleteMarker(Part, frozen=True, kw_only=True):
    """How a record says that the row of its key is to go: the value of a column, as text."""

    column: Identifier
    value: str


class Load(Part, frozen=True, kw_only=True):
    """What happens in PostgreSQL, and how many bad records are tolerated (both limits must hold)."""

    target: Target
    mode: Literal["replace", "replacePartition", "append", "merge"] = "replace"
    partition_by: PartitionBy | None = None
    delete_marker: DeleteMarker | None = None
    lineage: bool = False
    on_error: Literal["ABORT_STATEMENT", "CONTINUE", "SKIP_FILE"] = "ABORT_STATEMENT"
    max_errors: NotNegative | None = None
    max_error_percent: Annotated[float, Meta(ge=0, le=100)] | None = None
    indexes: list[Index] = field(default_factory=list)
    analyze: bool = True
