"""What a rule found about a load, in words that a person can read."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from shared.domain import volume
from shared.domain.dataset import Expectation
from shared.domain.volume import PastVersion

_UNITS: Mapping[str, str] = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


class Measured(Struct, frozen=True, kw_only=True):
    """What a rule is about, as it was found: its value, and a sentence that holds it.

    Without a value the words say why, and the rule counts as broken, unless `moot`: then there was nothing
    to compare with, and it holds.
    """

    value: float | None
    words: str
    samples: tuple[str, ...] = ()
    moot: bool = False


def row_count(rows: int) -> Measured:
    """How many rows were loaded."""
    return Measured(value=rows, words=f"{rows} rows loaded")


def of_columns(
    rule: Expectation, value: float | None, columns: Sequence[str], samples: tuple[str, ...] = ()
) -> Measured:
    """What was counted of columns, or how old the newest value is."""
    named = ", ".join(columns)
    if rule.metric == "freshness":
        if value is None:
            return Measured(value=None, words=f"no row has a value in {named}")
        since = "now" if rule.arguments.reference == "now" else "the business date"
        return Measured(
            value=value,
            words=f"the newest {named} is {_short(value)} {_UNITS[rule.unit or 'd']} before {since}",
        )
    how_many = f"{_short(value or 0.0)} {'% of the rows' if rule.unit == 'percent' else 'rows'}"
    what = {
        "nullValues": f"have no value in {named}",
        "missingValues": f"have a missing value in {named}",
        "invalidValues": f"have an invalid value in {named}",
        "duplicateValues": f"repeat the ({named}) of another row",
    }[rule.metric or ""]
    return Measured(value=value, words=f"{how_many} {what}", samples=samples)


def of_change(
    rule: Expectation, rows: int, live: PastVersion | None, history: Sequence[PastVersion]
) -> Measured:
    """By how much the row count differs from the live version, or from the median of the last ones."""
    median = rule.arguments.baseline == "median"
    baseline = volume.median_of(history) if median else volume.of_live(live)
    if baseline is None:
        return Measured(value=None, words="no version to compare with", moot=True)
    value = volume.change(rows, baseline, "percent" if rule.unit == "percent" else "rows")
    unit = " %" if rule.unit == "percent" else " rows"
    return Measured(value=value, words=f"{rows} rows loaded, {_signed(value)}{unit} against {baseline.words}")


def of_anomaly(rows: int, history: Sequence[PastVersion]) -> Measured:
    """How far the row count is from what the last versions had."""
    value, baseline = volume.anomaly(rows, history), volume.median_of(history)
    if value is None or baseline is None:
        return Measured(value=None, words="too few versions to compare with", moot=True)
    return Measured(
        value=value, words=f"{rows} rows loaded, {_short(value)} deviations from {baseline.words}"
    )


def of_query(value: float | None, problem: str | None) -> Measured:
    """What a query answered."""
    if problem is not None:
        return Measured(value=None, words=f"the query failed: {problem}")
    if value is None:
        return Measured(value=None, words="the query answered no number")
    return Measured(value=value, words=f"the query answered {_short(value)}")


def _short(value: float) -> str:
    """Whole numbers as they are, others with four significant digits."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.4g}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{_short(value)}"
