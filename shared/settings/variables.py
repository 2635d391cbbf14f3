"""What declares a setting: a variable, how its text becomes a value, and what stays secret."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

KIB = 1024


class Secret:
    """A text that no log, trace, message or traceback shows: only `reveal()` gives it away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return "****"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def masked(text: str) -> str:
    """Return `text` with the user and password of every URL in it replaced by `****`."""
    return re.sub(r"(?<=://)[^/\s@]*@", "****@", text)


class Kind(Struct, frozen=True):
    """How a variable's text becomes a value: `read` raises ValueError, `expected` says what it would take."""

    expected: str
    read: Callable[[str], Any]
    secret: bool = False


class Variable(Struct, frozen=True):
    """An environment variable (`name` is without its prefix), what it is for, and its default in dev alone.

    A default that holds in every profile is the field's own. A variable with neither must be set.
    """

    name: str
    kind: Kind
    purpose: str
    dev: str | None = None


def duration(text: str) -> timedelta:
    """Return `100ms`, `30s`, `5m`, `24h` or `7d` as a timedelta; ValueError for anything else, also zero."""
    amount, unit = _amount(text, "ms|s|m|h|d")
    names = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    return timedelta(**{names[unit]: amount})


def size(text: str) -> int:
    """Return `4B`, `256KiB`, `4MiB` or `1GiB` in bytes; ValueError for anything else, also zero."""
    amount, unit = _amount(text, "B|KiB|MiB|GiB")
    return amount * int(KIB ** ("B", "KiB", "MiB", "GiB").index(unit))


def between(low: int, high: int) -> Kind:
    """Return the kind of whole numbers in a range, both ends included."""

    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    return Kind(f"a whole number from {low} to {high}", read)


def one_of(*choices: str) -> Kind:
    """Return the kind of a few fixed words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return Kind(f"one of {', '.join(choices)}", read)


def _amount(text: str, units: str) -> tuple[int, str]:
    match = re.fullmatch(rf"([0-9]{{1,5}})({units})", text)
    if match is None or int(match[1]) == 0:
        raise ValueError(text)
    return int(match[1]), match[2]


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(text)
        _ = parts.port  # raises ValueError where it is not a port
        return text

    return read


def _secretly(read: Callable[[str], str]) -> Callable[[str], Secret]:
    return lambda text: Secret(read(text))


TEXT = Kind("a text", str)
SECRET = Kind("a text", Secret, secret=True)
PORT = between(1, 65535)
DURATION = Kind("a duration such as 100ms, 30s, 5m or 24h", duration)
SIZE = Kind("a size such as 256KiB or 4MiB", size)
HTTP_URL = Kind("a URL such as http://host:8080", _url("http", "https"))
POSTGRES_URL = Kind(
    "a URL such as postgresql://user:password@host:5432/database",
    _secretly(_url("postgresql", "postgres")),
    secret=True,
)
REDIS_URL = Kind(
    "a URL such as redis://:password@host:6379/0", _secretly(_url("redis", "rediss")), secret=True
)
