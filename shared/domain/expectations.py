"""Whether a load as a whole keeps its promises: the error budget, and the rules over its rows."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct

from shared.domain import measured
from shared.domain.dataset import Expectation, Load, Severity
from shared.domain.measured import Measured

# When a percentage is first judged, and by how much the records still to come may exceed the estimate.
FIRST_JUDGEMENT = 0.1
SLACK = 4


class _Comparison(NamedTuple):
    key: str
    words: str
    holds: Callable[[float, Any], bool]


_COMPARISONS: Mapping[str, _Comparison] = {
    "must_be": _Comparison("mustBe", "exactly {}", operator.eq),
    "must_not_be": _Comparison("mustNotBe", "anything but {}", operator.ne),
    "must_be_greater_than": _Comparison("mustBeGreaterThan", "more than {}", operator.gt),
    "must_be_greater_or_equal_to": _Comparison("mustBeGreaterOrEqualTo", "at least {}", operator.ge),
    "must_be_less_than": _Comparison("mustBeLessThan", "less than {}", operator.lt),
    "must_be_less_or_equal_to": _Comparison("mustBeLessOrEqualTo", "at most {}", operator.le),
    "must_be_between": _Comparison(
        "mustBeBetween", "{} to {}", lambda value, ends: ends[0] <= value <= ends[1]
    ),
    "must_not_be_between": _Comparison(
        "mustNotBeBetween", "anything but {} to {}", lambda value, ends: not ends[0] <= value <= ends[1]
    ),
}


_UNITS: Mapping[str, str] = {"percent": "%", "s": "s", "min": "min", "h": "h", "d": "days"}


class Finding(Struct, frozen=True, kw_only=True):
    """A rule that does not hold, in words. Only those of severity error keep a version from going live.

    `found` is None where the rule could not be measured; `samples` are values that break it, at most a few.
    """

    id: str
    metric: str
    severity: Severity
    expected: str
    found: float | None
    message: str
    samples: tuple[str, ...] = ()


def judge(rule: Expectation, found: Measured) -> Finding | None:
    """The finding about a rule that does not hold; None where it does. Ranges include their ends."""
    if found.moot or (found.value is not None and _holds(rule, found.value)):
        return None
    wanted = _wanted(rule)
    expected = f"{wanted} {_UNITS[rule.unit]}" if rule.unit and rule.unit != "rows" else wanted
    shown = f"; such as {', '.join(sample or "''" for sample in found.samples)}" if found.samples else ""
    return Finding(
        id=rule.id,
        metric=rule.metric or rule.type,
        severity=rule.severity,
        expected=expected,
        found=found.value,
        message=f"{rule.id}: {found.words}, {expected} expected{shown}",
        samples=found.samples,
    )


def reason_to_hold(gate: str, findings: Sequence[Finding]) -> str | None:
    """Why a checked version waits for a person, in words; None where it goes live by itself."""
    warnings = [finding.message for finding in findings if finding.severity == "warning"]
    if gate == "auto" or (gate == "on_warning" and not warnings):
        return None
    return "; ".join(warnings) or "publish.gate is always"


def check_rows(quality: Sequence[Expectation], rows: int) -> list[Finding]:
    """Those of the rules that a load of so many rows breaks, whatever the rows and earlier versions hold."""
    found = (judge(rule, measured.row_count(rows)) for rule in quality if rule.metric == "rowCount")
    return [finding for finding in found if finding]


def budget_exceeded(load: Load, rejected: int, read: int, share: float) -> str | None:
    """Why no more records may be rejected, in words; None while the load may go on.

    Both limits must hold. `share` is how much of the delivery's bytes was read, 1 for all of them. Before
    that good records may follow: the percentage ends a load early only when the whole would have to hold more
    than `SLACK` times as many records as its bytes suggest. The first tenth of them suggests too little.
    """
    if load.on_error != "CONTINUE":
        return f"a record was rejected, and load.onError is {load.on_error}" if rejected else None
    if load.max_errors is not None and rejected > load.max_errors:
        records = "record" if rejected == 1 else "records"
        return f"{rejected} {records} rejected, load.maxErrors allows {load.max_errors}"
    percent = load.max_error_percent
    if percent is None or share < FIRST_JUDGEMENT:
        return None
    expected = Decimal(read) if share >= 1 else SLACK * read / Decimal(share)
    if rejected * 100 <= Decimal(str(percent)) * expected:
        return None
    so_far = "" if share >= 1 else f" in the first {share:.0%}"
    return f"{rejected} of {read} records rejected{so_far}, load.maxErrorPercent allows {percent:g} %"


def operator_mistakes(rule: Expectation) -> Iterator[str]:
    """What is wrong with a rule's comparison, in words: there must be one, and ranges run upwards."""
    given = _operators(rule)
    if len(given) != 1:
        named = [_COMPARISONS[name].key for name in given]
        yield f"{' and '.join(named) or 'no comparison'} found, one expected, such as mustBeBetween"
    for name in given:
        bounds = getattr(rule, name)
        if isinstance(bounds, tuple) and bounds[0] > bounds[1]:
            yield f"{_COMPARISONS[name].key} runs from {bounds[0]:g} down to {bounds[1]:g}"


def _operators(rule: Expectation) -> list[str]:
    return [name for name in _COMPARISONS if getattr(rule, name) is not None]


def _holds(rule: Expectation, value: float) -> bool:
    (name,) = _operators(rule)
    return _COMPARISONS[name].holds(value, getattr(rule, name))


def _wanted(rule: Expectation) -> str:
    (name,) = _operators(rule)
    bound = getattr(rule, name)
    numbers = bound if isinstance(bound, tuple) else (bound,)
    return _COMPARISONS[name].words.format(*(f"{number:.15g}" for number in numbers))
