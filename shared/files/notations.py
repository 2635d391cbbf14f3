"""Rewrites columns of text from a field's own notation into that of its type."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow.compute as pc
from msgspec import Struct

from shared.domain import notation
from shared.domain.dataset import Field
from shared.domain.notation import moments as layouts
from shared.domain.notation import numbers
from shared.files import moments, texts
from shared.files.texts import TextArray

_pc: Any = pc
_STRINGS = {
    "email": (
        r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
        r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*",  # HTML's: whatwg.org, "valid e-mail address"
        "is not an e-mail address",
    ),
    "uri": (
        r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+",  # RFC 3986
        "is not a URI",
    ),
    "binary": (
        r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",  # RFC 4648, section 4
        "is not base64",
    ),
}


class Notation(Struct, frozen=True, kw_only=True):
    """What values must look like, and how those that do are written in their type's own way."""

    pattern: str
    rewrite: Callable[[TextArray], TextArray]
    rule: str


def of(field: Field) -> Notation | None:
    """The notation of a field; None where that is its type's own."""
    if field.type in notation.NUMBERS and numbers.is_special(field):
        rewrite = partial(_numbers, field=field)
        return Notation(pattern=numbers.pattern(field), rewrite=rewrite, rule=f"is not {numbers.name(field)}")
    if field.type in notation.MOMENTS and field.format != "default":
        layout = layouts.layout(field.format)
        rewrite = partial(moments.rewrite, layout=layout, kind=field.type)
        rule = f"is not a {field.type} written as {field.format}"
        return Notation(pattern=layout.pattern, rewrite=rewrite, rule=rule)
    if field.type == "string" and field.format in _STRINGS:
        pattern, rule = _STRINGS[field.format]
        return Notation(pattern=pattern, rewrite=lambda column: column, rule=rule)
    if field.type == "year":
        return Notation(pattern=notation.YEAR, rewrite=lambda column: column, rule="is not a year (YYYY)")
    if field.type == "yearmonth":
        rule = "is not a month of a year (YYYY-MM)"
        return Notation(pattern=notation.YEAR_MONTH, rewrite=_first_of_month, rule=rule)
    return None


def _first_of_month(column: TextArray) -> TextArray:
    return texts.joined(column, texts.of("-01")[0])


def _numbers(column: TextArray, *, field: Field) -> TextArray:
    if not field.bare_number:
        found = _pc.extract_regex(column, rf"\A(?s:{numbers.pattern(field)})\z")
        column = _pc.struct_field(found, "number")
    if field.group_char:
        column = _pc.replace_substring(column, field.group_char, "")
    if field.type == "number" and field.decimal_char != ".":
        column = _pc.replace_substring(column, field.decimal_char, ".")
    return column
