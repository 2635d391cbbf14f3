"""Whether a load has as many rows as one would expect from the versions before it."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

from msgspec import Struct

from shared.domain.dataset import Expectation

WINDOW = 28
# Below so many versions nothing is known about how much they vary.
FEWEST = 4
# Scales a median absolute deviation to the standard deviation of normally distributed counts.
_TO_DEVIATION = 1.4826
# Counts that hardly ever vary would make an anomaly of every row: one per cent always goes.
_LEAST_SHARE = 0.01


class Baseline(Struct, frozen=True, kw_only=True):
    """What a row count is compared with, and that in words: `the 900 rows of version 7`."""

    rows: float
    words: str


class PastVersion(Struct, frozen=True, kw_only=True):
    """An earlier version's number and row count."""

    number: int
    rows: int


def history_needed(rule: Expectation) -> tuple[int, bool] | None:
    """How many of the last versions a rule looks at, and whether only those of the same weekday."""
    given = rule.arguments
    if rule.metric == "rowCountAnomaly" or (rule.metric == "rowCountChange" and given.baseline == "median"):
        return given.window or WINDOW, bool(given.same_weekday)
    return None


def median_of(history: Sequence[PastVersion]) -> Baseline | None:
    """The median of the versions there are, however few; None without any."""
    if not history:
        return None
    middle = median(version.rows for version in history)
    return Baseline(rows=middle, words=f"a median of {middle:g} rows in the last {_versions(len(history))}")


def of_live(live: PastVersion | None) -> Baseline | None:
    """The live version; None where nothing is live yet."""
    return (
        None
        if live is None
        else Baseline(rows=live.rows, words=f"the {live.rows} rows of version {live.number}")
    )


def change(rows: int, baseline: Baseline, unit: Literal["rows", "percent"]) -> float:
    """By how much `rows` differ from the baseline; from no rows to some is an infinite percentage."""
    difference = rows - baseline.rows
    if unit == "rows":
        return difference
    if baseline.rows == 0:
        return float("inf") if difference else 0.0
    return 100 * difference / baseline.rows


def anomaly(rows: int, history: Sequence[PastVersion]) -> float | None:
    """How many deviations `rows` are from the median of the history; None where that is too short to say.

    A deviation is 1.4826 × the median absolute deviation, and at least one per cent of the median and a row.
    Neither of them is moved by a few versions that were wrong themselves.
    """
    if len(history) < FEWEST:
        return None
    middle = median(version.rows for version in history)
    spread = median(abs(version.rows - middle) for version in history)
    return abs(rows - middle) / max(_TO_DEVIATION * spread, _LEAST_SHARE * middle, 1.0)


def _versions(count: int) -> str:
    return "version" if count == 1 else f"{count} versions"
