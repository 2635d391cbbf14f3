"""The section `source`: where a dataset's objects land, and which they are."""

from typing import Annotated, Literal

from msgspec import Meta, field

from shared.domain.dataset.part import Duration, Part, Positive

OnReupload = Literal["supersede", "ignore", "fail"]
StartedBy = Literal["schedule", "manual"]


class FileCount(Part, frozen=True, kw_only=True):
    """How many objects the key pattern must match for one business date."""

    min: Positive = 1
    max: Positive = 1


class Complete(Part, frozen=True, kw_only=True):
    """When a delivery is complete, besides its number of objects."""

    marker: str | None = None
    manifest: str | None = None
    stable_for: Duration | None = None


class AfterLoad(Part, frozen=True, kw_only=True):
    """What is done with the objects of a delivery once a version that is live has their rows."""

    action: Literal["keep", "tag", "move", "delete"] = "keep"
    tag: dict[str, str] = field(default_factory=dict)
    to: str | None = None

    @property
    def takes_away(self) -> bool:
        """Whether the objects are not found again afterwards."""
        return self.action in ("move", "delete")


class Source(Part, frozen=True, kw_only=True):
    """Where a dataset's objects land, and which they are.

    `key` is a pattern: `{businessDate:%Y/%m/%d}` is replaced by the date, `*` and `?` match within a path
    segment. `on_reupload` says what becomes of a delivery whose objects are replaced.
    """

    bucket: Annotated[str, Meta(min_length=1)]
    key: Annotated[str, Meta(min_length=1)]
    files: FileCount = FileCount()
    complete: Complete = Complete()
    on_reupload: OnReupload = "supersede"
    triggers: Annotated[list[StartedBy], Meta(min_length=1)] = field(
        default_factory=lambda: ["schedule", "manual"]
    )
    after_load: AfterLoad = AfterLoad()
