"""Dates and times that are written as a strptime pattern says.

A pattern must say all that its type needs, and nothing twice. Numbers take one digit or two, as in Python,
but two where no other text parts them; names of months and days are English. The name of a weekday is not
held against its date.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from msgspec import Struct

from shared.domain.dataset import Field

MONTHS: Sequence[str] = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTHANDS = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M"}
_STEP = re.compile(r"%(.)|([^%])", re.DOTALL)


class Directive(NamedTuple):
    """What a directive stands for. It may be written as `loose` where other text parts it from digits."""

    means: str
    exact: str
    loose: str
    width: int = 0  # of a number that is always written in full


def _number(means: str, width: int) -> Directive:
    return Directive(means, f"[0-9]{{{width}}}", f"[0-9]{{1,{width}}}", width)


def _words(means: str, words: Sequence[str]) -> Directive:
    found = f"(?i:{'|'.join(words)})"
    return Directive(means, found, found)


DIRECTIVES = {
    "Y": Directive("year", "[0-9]{4}", "[0-9]{4}", 4),
    "y": Directive("short_year", "[0-9]{2}", "[0-9]{2}"),
    "m": _number("month", 2),
    "B": _words("month_name", MONTHS),
    "b": _words("month_name", [month[:3] for month in MONTHS]),
    "d": _number("day", 2),
    "j": Directive("day_of_year", "[0-9]{3}", "[0-9]{1,3}"),
    "A": _words("weekday", _DAYS),
    "a": _words("weekday", [day[:3] for day in _DAYS]),
    "H": _number("hour", 2),
    "I": Directive("hour_of_half", "(?:0[1-9]|1[0-2])", "(?:0?[1-9]|1[0-2])"),
    "p": _words("half", ["am", "pm"]),
    "M": _number("minute", 2),
    "S": _number("second", 2),
    "f": Directive("fraction", "[0-9]{6}", "[0-9]{1,6}"),
    "z": Directive("offset", "(?:Z|[+-][0-9]{2}:?[0-9]{2})", "(?:Z|[+-][0-9]{2}:?[0-9]{2})"),
}
_DAY = frozenset({"year", "short_year", "month", "month_name", "day", "day_of_year", "weekday"})
_TIME = frozenset({"hour", "hour_of_half", "half", "minute", "second", "fraction", "offset"})
_ALTERNATIVES = (("year", "short_year"), ("month", "month_name"), ("hour", "hour_of_half"))


class Layout(Struct, frozen=True, kw_only=True):
    """A compiled strptime pattern: `pattern` has a group for each of `parts`.

    `shape` is what a value written in full looks like with its digits put to 0, and `order` says which part
    stands where in it; None where values don't all look alike.
    """

    pattern: str
    parts: frozenset[str]
    shape: str | None
    places: dict[str, slice]


@cache
def layout(written: str) -> Layout:
    """The layout that a strptime pattern describes. Raises ValueError where it can't be."""
    steps = _steps(written)
    pattern, shape, places, alike = "", "", {}, True
    parts: list[str] = []
    for number, step in enumerate(steps):
        if isinstance(step, str):
            pattern += re.escape(step)
            shape += step
            alike = alike and step.isascii() and not step.isdigit()
            continue
        near = [steps[place] for place in (number - 1, number + 1) if 0 <= place < len(steps)]
        tight = any(_has_digits(beside) for beside in near)
        pattern += f"(?P<{step.means}>{step.exact if tight else step.loose})"
        places[step.means] = slice(len(shape), len(shape) + step.width)
        shape += "0" * step.width
        alike = alike and bool(step.width)
        parts.append(step.means)
    if len(set(parts)) < len(parts):
        raise ValueError("a part is written twice")
    return Layout(pattern=pattern, parts=frozenset(parts), shape=shape if alike else None, places=places)


def rewrite(text: str, field: Field) -> str:
    """The value in its type's own notation. Raises ValueError where the text is none."""
    if re.fullmatch(layout(field.format).pattern, text) is None:
        raise ValueError(f"{text!r} is not written as {field.format}")
    moment = datetime.strptime(text, _in_full(field.format))  # noqa: DTZ007 - a contract's bound
    if field.type == "date":
        return moment.date().isoformat()
    return moment.timetz().isoformat() if field.type == "time" else moment.isoformat()


def problems(field: Field) -> Iterator[str]:
    """What is wrong with a field's pattern, each as `format: what is wrong`."""
    if field.format == "any":
        yield "format: any is not supported: it would have to guess whether 01.02.2013 is in January; say how"
        return
    try:
        parts = layout(field.format).parts
    except ValueError as problem:
        yield f"format: {field.format!r} found, {problem}"
        return
    for one, other in _ALTERNATIVES:
        if {one, other} <= parts:
            yield f"format: {field.format!r} found, which says {_said(one)} twice"
    yield from (f"format: {field.format!r} found, {problem}" for problem in _incomplete(field, parts))


def _incomplete(field: Field, parts: frozenset[str]) -> Iterator[str]:
    if field.type == "time" and parts & _DAY:
        yield "which has more than a time"
    elif field.type != "time":
        yield from _incomplete_day(parts)
    if field.type == "date" and parts & _TIME:
        yield "which has more than a date"
    elif field.type != "date":
        yield from _incomplete_time(parts)
    if field.type == "time" and "offset" in parts:
        yield "a time has no offset"


def _incomplete_day(parts: frozenset[str]) -> Iterator[str]:
    if not parts & {"year", "short_year"}:
        yield "a date needs %Y or %y"
    if "day_of_year" in parts and parts & {"month", "month_name", "day"}:
        yield "%j stands beside a month or day"
    if "day_of_year" not in parts and not (parts & {"month", "month_name"} and "day" in parts):
        yield "a date needs %d with %m or %b, or %j"


def _incomplete_time(parts: frozenset[str]) -> Iterator[str]:
    if not parts & {"hour", "hour_of_half"}:
        yield "a time needs %H, or %I with %p"
    if ("hour_of_half" in parts) != ("half" in parts):
        yield "%I and %p need each other"
    for finer, coarser in (("fraction", "second"), ("second", "minute")):
        if finer in parts and coarser not in parts:
            yield f"which has a {finer} and no {coarser}"


def _said(part: str) -> str:
    return {"year": "the year", "month": "the month", "hour": "the hour"}[part]


def _in_full(written: str) -> str:
    for short, long in _SHORTHANDS.items():
        written = written.replace(short, long)
    return written


def _steps(written: str) -> list[Directive | str]:
    steps: list[Directive | str] = []
    full = _in_full(written)
    found = list(_STEP.finditer(full))
    if "".join(match[0] for match in found) != full:
        raise ValueError("a % at the end means nothing")
    for match in found:
        directive, literal = match[1], match[2]
        if directive is None or directive == "%":
            steps.append(literal or "%")
        elif directive in DIRECTIVES:
            steps.append(DIRECTIVES[directive])
        else:
            raise ValueError(f"%{directive} is not supported, known are %{' %'.join(DIRECTIVES)}")
    if not any(isinstance(step, Directive) for step in steps):
        raise ValueError("default or a strptime pattern such as %d.%m.%Y expected")
    return steps


def _has_digits(step: Directive | str) -> bool:
    return step.isdigit() if isinstance(step, str) else step.exact.startswith(("[0-9]", "(?:0"))
