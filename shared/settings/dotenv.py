"""The `.env` file: a small, strict part of what shells understand."""

import re

_ASSIGNMENT = re.compile(
    r"""(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
        (?: "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>[^']*)' | (?P<bare>[^"'\s\#](?:[^\#]|(?<!\s)\#)*)? )
        \s*(?:\#.*)?""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def parse(content: str) -> tuple[dict[str, str], list[int]]:
    r"""Return what a `.env` file sets, and the numbers of the lines that can't be read.

    A line is `NAME=value`, with or without `export` before it; `#` begins a comment at the start of a line or
    after a blank. Single quotes keep everything as it is; in double quotes `\n`, `\r`, `\t`, `\"` and `\\`
    are escapes. Nothing is expanded. The last of two lines for one name counts.
    """
    texts: dict[str, str] = {}
    broken: list[int] = []
    for number, line in enumerate(content.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _ASSIGNMENT.fullmatch(stripped)
        if match is None:
            broken.append(number)
            continue
        double, single, bare = match["double"], match["single"], match["bare"]
        if double is not None:
            single = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), double)
        texts[match["name"]] = single if single is not None else (bare or "").strip()
    return texts, broken
