"""Checks a typed column against its field's constraints, all rows at once.

A pattern (RE2) must match the whole value, lengths count characters, bounds and choices are compared as
values of the type. NaN is within no bounds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from shared.domain import fieldtypes, notation
from shared.domain.dataset import Constraints, Field
from shared.domain.report import RejectCode
from shared.files import texts
from shared.files.convert import Fault, plain_converter
from shared.files.texts import AnyArray, TextArray

type Rule = Callable[[AnyArray], Fault | None]

_HOLDS: Mapping[str, tuple[Callable[..., pa.BooleanArray], RejectCode, str]] = {
    "minimum": (pc.greater_equal, RejectCode.MINIMUM, "is less than the minimum"),
    "maximum": (pc.less_equal, RejectCode.MAXIMUM, "is greater than the maximum"),
    "exclusive_minimum": (pc.greater, RejectCode.MINIMUM, "is not greater than the exclusive minimum"),
    "exclusive_maximum": (pc.less, RejectCode.MAXIMUM, "is not less than the exclusive maximum"),
}
_SHOWN_CHOICES = 10


def missing(column: TextArray) -> Fault | None:
    """The rows without a value, for a field that must have one."""
    return _where_not(column.is_valid(), RejectCode.REQUIRED, "is missing, and required")


def rules(field: Field) -> tuple[Rule, ...]:
    """The rules for a field's values, in the order in which they count. A null breaks none of them."""
    return tuple(_rules(field))


def _rules(field: Field) -> Iterator[Rule]:
    constraints = field.constraints
    if field.type == "list":
        yield from _list_rules(constraints)
    if field.type == "string" and constraints.min_length is not None:
        yield _at_least(constraints.min_length)
    if field.type == "string" and constraints.max_length is not None:
        yield _at_most(constraints.max_length)
    for key in _HOLDS:
        written = getattr(constraints, key)
        if written is not None:
            yield _bound(field, key, written)
    if constraints.pattern is not None:
        yield _pattern(constraints.pattern)
    for choices in (constraints.enum, fieldtypes.choices(field)):
        if choices is not None:
            yield _choice(field, choices)


def _list_rules(constraints: Constraints) -> Iterator[Rule]:
    if (least := constraints.min_length) is not None:
        yield _counted(pc.greater_equal, least, RejectCode.MIN_LENGTH, f"has fewer than {least} items")
    if (most := constraints.max_length) is not None:
        yield _counted(pc.less_equal, most, RejectCode.MAX_LENGTH, f"has more than {most} items")


def _counted(holds: Callable[..., pa.BooleanArray], bound: int, code: RejectCode, rule: str) -> Rule:
    length = texts.of(str(bound)).cast(pa.int32())[0]
    return lambda column: _where_not(holds(pc.list_value_length(column), length), code, rule)


def _at_least(length: int) -> Rule:
    least = texts.of(str(length)).cast(pa.int32())[0]
    rule = f"is shorter than {length} characters (minLength)"

    def check(column: AnyArray) -> Fault | None:
        return _where_not(
            pc.greater_equal(texts.characters(column), least),
            RejectCode.MIN_LENGTH,
            rule,
        )

    return check


def _at_most(length: int) -> Rule:
    most = texts.of(str(length)).cast(pa.int32())[0]
    rule = f"is longer than {length} characters (maxLength)"

    def check(column: AnyArray) -> Fault | None:
        if texts.lengths(column)[1] <= length:  # no more characters than bytes
            return None
        return _where_not(pc.less_equal(texts.characters(column), most), RejectCode.MAX_LENGTH, rule)

    return check


def _bound(field: Field, key: str, written: object) -> Rule:
    holds, code, words = _HOLDS[key]
    bound = _values(field, written)[0]

    def check(column: AnyArray) -> Fault | None:
        return _where_not(holds(column, bound), code, f"{words}, {written}")

    return check


def _pattern(pattern: str) -> Rule:
    def check(column: AnyArray) -> Fault | None:
        return _where_not(
            texts.matches(column, pattern), RejectCode.PATTERN, f"does not match the pattern {pattern}"
        )

    return check


def _choice(field: Field, choices: Sequence[Any]) -> Rule:
    allowed = _values(field, *choices)
    shown = ", ".join(str(choice) for choice in choices[:_SHOWN_CHOICES])
    rule = f"is not one of {shown}{', …' if len(choices) > _SHOWN_CHOICES else ''}"

    def check(column: AnyArray) -> Fault | None:
        # Looking up each value in the set is 20 times slower than looking up the different ones.
        encoded = column.dictionary_encode()
        known = pc.is_in(encoded.dictionary, value_set=allowed)
        return _where_not(known.take(encoded.indices), RejectCode.ENUM, rule)

    return check


def _values(field: Field, *written: object) -> AnyArray:
    """What a contract writes as bounds or choices, as values of the field's type."""
    plain = texts.of(*(notation.plain(field, value) for value in written))
    return plain_converter(structs.replace(field, true_values=["true"], false_values=["false"]))(plain).array


def _where_not(holds: pa.BooleanArray, code: RejectCode, rule: str) -> Fault | None:
    """The rows where it doesn't hold; where that is unknown, there is nothing to check."""
    if pc.all(holds).as_py() is not False:
        return None
    return Fault(code=code, rows=texts.mask(pc.invert(holds)), rule=rule)
