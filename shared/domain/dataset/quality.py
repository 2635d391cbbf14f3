"""The sections `quality` and `publish`: what a load must hold, and who decides that it becomes live."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from shared.domain.dataset.part import Duration, Identifier, Name, Part

Preserved = Literal["views", "grants", "comments"]
Metric = Literal[
    "rowCount",
    "rowCountChange",
    "rowCountAnomaly",
    "nullValues",
    "missingValues",
    "invalidValues",
    "duplicateValues",
    "freshness",
]
Severity = Literal["error", "warning"]


class Arguments(Part, frozen=True, kw_only=True):
    """What a metric needs to know besides the column; each belongs to some metrics only."""

    valid_values: Annotated[list[Any], Meta(min_length=1)] | None = None
    pattern: str | None = None
    missing_values: Annotated[list[Any], Meta(min_length=1)] | None = None
    properties: Annotated[list[Identifier], Meta(min_length=1)] | None = None
    baseline: Literal["live", "median"] | None = None
    window: Annotated[int, Meta(ge=1, le=365)] | None = None
    same_weekday: bool | None = None
    reference: Literal["businessDate", "now"] | None = None


class Expectation(Part, frozen=True, kw_only=True):
    """A rule over a whole load, in the words of ODCS data quality."""

    id: Annotated[str, Meta(min_length=1)]
    type: Literal["library", "sql"] = "library"
    metric: Metric | None = None
    query: Annotated[str, Meta(min_length=1)] | None = None
    element: Identifier | None = None
    unit: Literal["rows", "percent", "s", "min", "h", "d"] | None = None
    arguments: Arguments = Arguments()
    severity: Severity = "error"
    name: str | None = None
    description: str | None = None
    dimension: (
        Literal[
            "accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness"
        ]
        | None
    ) = None
    business_impact: str | None = None
    tags: list[str] = field(default_factory=list)
    must_be: float | None = None
    must_not_be: float | None = None
    must_be_greater_than: float | None = None
    must_be_greater_or_equal_to: float | None = None
    must_be_less_than: float | None = None
    must_be_less_or_equal_to: float | None = None
    must_be_between: tuple[float, float] | None = None
    must_not_be_between: tuple[float, float] | None = None


class Publish(Part, frozen=True, kw_only=True):
    """Who decides that a checked version becomes live, and which datasets do so together."""

    gate: Literal["auto", "on_warning", "always"] = "auto"
    hold_for: Duration = "72h"
    release_group: Name | None = None
    preserve: list[Preserved] = field(default_factory=lambda: ["views", "grants", "comments"])
