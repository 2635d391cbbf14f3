"""The sections `quality` and `publish`: what a load must hold, and who decides that it becomes live."""

from typing import Annotated, Literal

from msgspec import Meta, field

from shared.domain.dataset.part import Part

Preserved = Literal["views", "grants", "comments"]


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
