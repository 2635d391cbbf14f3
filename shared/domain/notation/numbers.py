"""Numbers with another decimal mark, with grouped digits, or with text around them.

Grouped digits must be grouped: threes, or threes behind twos as in India. So a mark that is not what the
contract thinks it is (1.5 where a point groups) is never read as another number. Nor is text stripped that
may belong to the number: signs, brackets, a decimal mark beside it.
"""

import re
from collections.abc import Iterator

from shared.domain.dataset import Field

_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_NEVER_A_MARK = frozenset("0123456789+-eE")
# What stands around a number and would change it: other signs, and brackets, which accountants read as minus.
_TELLING = r"0-9+()\-‐‑‒–—−±"


def is_special(field: Field) -> bool:
    """Whether numbers are not written in the type's own way."""
    return field.decimal_char != "." or field.group_char is not None or not field.bare_number


def pattern(field: Field) -> str:
    """What a value looks like as a whole; the group `number` holds the number itself."""
    number = _number(field)
    if field.bare_number:
        return f"(?P<number>{number})"
    mark = re.escape(field.decimal_char) if field.type == "number" else ".,"
    before = rf"(?:[^{_TELLING}]*[^{_TELLING}{mark}])?"
    after = rf"(?:[^{_TELLING}{mark}][^{_TELLING}]*)?"
    return rf"{before}(?P<number>{number}){after}"


def rewrite(text: str, field: Field) -> str:
    """The number in its type's own notation. Raises ValueError where the text is none."""
    found = re.fullmatch(pattern(field), text, re.DOTALL)
    if found is None:
        raise ValueError(f"{text!r} is not {name(field)}")
    number = found["number"].replace(field.group_char or "", "") if field.group_char else found["number"]
    return number.replace(field.decimal_char, ".") if field.type == "number" else number


def name(field: Field) -> str:
    """What a value is, in words."""
    kind = "an integer" if field.type == "integer" else "a number"
    marks = [f"decimalChar {field.decimal_char!r}"] if field.type == "number" else []
    marks += [f"groupChar {field.group_char!r}"] if field.group_char is not None else []
    marks += [] if field.bare_number else ["text around it"]
    return f"{kind} ({', '.join(marks)})" if marks else kind


def problems(field: Field) -> Iterator[str]:
    """What is wrong with a field's marks, each as `key: what is wrong`."""
    group = field.group_char
    if field.decimal_char in _NEVER_A_MARK:
        yield f"decimalChar: {field.decimal_char!r} is part of numbers"
    if group is not None and (not group or _NEVER_A_MARK.intersection(group)):
        yield f"groupChar: {group!r} found, text without digits, signs and the letter e expected"
    if group is not None and field.type == "number" and field.decimal_char in group:
        yield f"groupChar: {group!r} found, which decimalChar is or is part of"


def _number(field: Field) -> str:
    whole = "[0-9]+"
    if field.group_char:
        group = re.escape(field.group_char)
        whole = rf"(?:[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}|[0-9]+)"
    if field.type == "integer":
        return rf"[+-]?{whole}"
    mark = re.escape(field.decimal_char)
    if not field.bare_number:
        return rf"[+-]?{whole}(?:{mark}[0-9]*)?{_EXPONENT}"
    return rf"[+-]?(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+){_EXPONENT}|NaN|-?INF"
