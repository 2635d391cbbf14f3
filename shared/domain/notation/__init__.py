"""How a field writes its values where that is not its type's own way, and what they are in that way.

A notation is a pattern, which Python's `re` and RE2 understand alike, and a rewriting into the type's own
notation. `shared.files.notations` rewrites whole columns; here a contract's bounds and choices are rewritten.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from shared.domain import fieldvalues
from shared.domain.dataset import Field
from shared.domain.notation import moments, numbers

MOMENTS = frozenset({"date", "time", "datetime"})
NUMBERS = frozenset({"integer", "number"})
_DEFAULTS = Field(name="any")
_TAKEN_BY: Mapping[str, frozenset[str]] = {
    "true_values": frozenset({"boolean"}),
    "false_values": frozenset({"boolean"}),
    "decimal_char": frozenset({"number"}),
    "group_char": NUMBERS,
    "bare_number": NUMBERS,
    "timezone": frozenset({"datetime"}),
    "item_type": frozenset({"list"}),
    "delimiter": frozenset({"list"}),
    "categories": frozenset({"string", "integer"}),
    "categories_ordered": frozenset({"string", "integer"}),
}
_FORMATS: Mapping[str, tuple[str, ...]] = {"geopoint": ("default", "array")}
YEAR = r"-?[0-9]{4,}"
YEAR_MONTH = r"[0-9]{4}-[0-9]{2}"


def plain(field: Field, written: object) -> str:
    """What a contract writes as a bound or choice, in the type's own notation.

    A text may be written as the field's values are, or in the type's own way; the first counts where it is
    both. Raises ValueError for a list or mapping.
    """
    text = fieldvalues.as_text(written)
    rewrite = _REWRITINGS.get(field.type)
    if rewrite is None or not isinstance(written, str):
        return f"{text}-01" if field.type == "yearmonth" and re.fullmatch(YEAR_MONTH, text) else text
    try:
        return rewrite(text, field)
    except ValueError:
        return text


def problems(field: Field) -> Iterator[str]:
    """What is wrong with how a field writes its values, each as `key: what is wrong`."""
    for key, types in _TAKEN_BY.items():
        if field.type not in types and getattr(field, key) != getattr(_DEFAULTS, key):
            yield f"{_camel(key)}: a field of type {field.type} takes none"
    if field.type in MOMENTS and field.format != "default":
        yield from moments.problems(field)
    known = _FORMATS.get(field.type, ("default",))
    if field.type not in MOMENTS and field.type != "string" and field.format not in known:
        yield f"format: {field.format!r} found, {' or '.join(known)} expected for the type {field.type}"
    if field.type in NUMBERS:
        yield from numbers.problems(field)
    both = sorted({*field.true_values} & {*field.false_values})
    if both:
        yield f"falseValues: {both[0]!r} found, which is among trueValues too"


def has_offset(field: Field) -> bool:
    """Whether the field's strptime pattern has an offset."""
    return "offset" in moments.layout(field.format).parts


def _number(text: str, field: Field) -> str:
    if not numbers.is_special(field):
        return text
    return numbers.rewrite(text, field)


def _moment(text: str, field: Field) -> str:
    return text if field.format == "default" else moments.rewrite(text, field)


def _boolean(text: str, field: Field) -> str:
    if text in field.true_values:
        return "true"
    return "false" if text in field.false_values else text


_REWRITINGS: Mapping[str, Callable[[str, Field], str]] = {
    "boolean": _boolean,
    "integer": _number,
    "number": _number,
    "date": _moment,
    "time": _moment,
    "datetime": _moment,
}


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)
