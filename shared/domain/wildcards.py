"""Patterns of names: `*` is any text and `?` any character within one segment of a path."""

import re

_MEANINGS = {"*": "[^/]*", "?": "[^/]"}


def match(pattern: str, name: str) -> bool:
    """Whether the pattern means the whole name. All but the wildcards is literal."""
    expression = "".join(_MEANINGS.get(char) or re.escape(char) for char in pattern)
    return re.fullmatch(expression, name, re.DOTALL) is not None
