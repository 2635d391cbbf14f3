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


class Load(Part, frozen=True, kw_only=True):
    """What happens in PostgreSQL, and how many bad records are tolerated (both limits must hold)."""

    target: Target
    mode: Literal["replace", "append"] = "replace"
    on_error: Literal["ABORT_STATEMENT", "CONTINUE"] = "ABORT_STATEMENT"
    max_errors: NotNegative | None = None
    max_error_percent: Annotated[float, Meta(ge=0, le=100)] | None = None
    indexes: list[Index] = field(default_factory=list)
    analyze: Literal[True] = True
