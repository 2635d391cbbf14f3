"""Which texts a type accepts, and what they mean: the one definition of both.

The patterns mean the same to Python's `re` and to RE2. docs/reference/types.md is the table for readers.
"""

import math
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from uuid import UUID

from msgspec import Struct

type Value = bool | int | float | Decimal | str | date | time | datetime | UUID

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"  # XML Schema's double, as Table Schema says
_FLOAT = rf"{_NUMBER}|NaN|-?INF"
PATTERNS: Mapping[str, str] = {
    "smallint": r"[+-]?[0-9]+",
    "integer": r"[+-]?[0-9]+",
    "bigint": r"[+-]?[0-9]+",
    "numeric": _NUMBER,
    "double precision": _FLOAT,
    "real": _FLOAT,
    "date": _DATE,
    "time": _TIME,
    "timestamp": rf"{_DATE}[T ]{_TIME}",
    "timestamptz": rf"{_DATE}[T ]{_TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?",
    "uuid": r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
}
TRUE_VALUES = frozenset({"true", "True", "TRUE", "1"})
FALSE_VALUES = frozenset({"false", "False", "FALSE", "0"})
INTEGER_BITS: Mapping[str, int] = {"smallint": 16, "integer": 32, "bigint": 64}

# Completes "… is not "; shown to whoever sent the file.
NAMES: Mapping[str, str] = {
    "smallint": "an integer",
    "integer": "an integer",
    "bigint": "an integer",
    "numeric": "a number",
    "double precision": "a number",
    "real": "a number",
    "boolean": "a boolean (true, True, TRUE, 1, false, False, FALSE, 0)",
    "date": "a date (YYYY-MM-DD)",
    "time": "a time (hh:mm:ss, at most 6 decimals)",
    "timestamp": "a date and time without offset (YYYY-MM-DDThh:mm:ss, at most 6 decimals)",
    "timestamptz": "a date and time (YYYY-MM-DDThh:mm:ss with Z or an offset, at most 6 decimals)",
    "uuid": "a UUID (8-4-4-4-12 hexadecimal digits)",
}


class Physical(Struct, frozen=True, kw_only=True):
    """A PostgreSQL type or an array of it. `precision` and `scale` are numeric's, `length` is varchar's."""

    name: str
    precision: int = 0
    scale: int = 0
    length: int | None = None
    is_array: bool = False

    def __str__(self) -> str:
        array = "[]" if self.is_array else ""
        if self.name == "numeric":
            return f"numeric({self.precision},{self.scale}){array}"
        return f"{self.name}{array}" if self.length is None else f"{self.name}({self.length}){array}"


def parse(text: str, kind: Physical) -> Value:
    """The value that a text means in a type, exactly. Raises ValueError where it means none."""
    if kind.is_array:
        raise ValueError(f"{text!r} can't be compared with {kind}")
    if kind.name in ("text", "varchar"):
        return text
    if kind.name == "boolean":
        if text not in TRUE_VALUES | FALSE_VALUES:
            raise ValueError(f"{text!r} is not {NAMES['boolean']}")
        return text in TRUE_VALUES
    pattern = PATTERNS.get(kind.name)
    if pattern is None:
        raise ValueError(f"{text!r} can't be compared with {kind}")
    if re.fullmatch(pattern, text) is None:
        raise ValueError(f"{text!r} is not {NAMES[kind.name]}")
    return _PARSERS[kind.name](text, kind)


def accepts(text: str, kind: Physical) -> bool:
    """Whether a text that looks like a value of the type is one."""
    try:
        parse(text, kind)
    except ValueError:
        return False
    return True


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def as_text(written: object) -> str:
    """What a contract writes as a value, as a file would have it. Raises ValueError for a list or mapping."""
    match written:
        case bool():
            return str(written).lower()
        case datetime() | date() | time():
            return written.isoformat()
        case str() | int() | float() | Decimal():
            return str(written)
    raise ValueError(f"{written!r} is not a single value")


def _integer(text: str, kind: Physical) -> int:
    number, half = int(text), 2 ** (INTEGER_BITS[kind.name] - 1)
    if not -half <= number < half:
        raise ValueError(f"{text} is out of range for {kind}")
    return number


def _numeric(text: str, kind: Physical) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond 10¹⁸
        raise ValueError(f"{_shortened(text)} does not fit {kind} without rounding") from None
    sign, digits, exponent = number.as_tuple()
    if not number:
        return Decimal(0)
    significant = "".join(map(str, digits)).rstrip("0")
    exponent = int(exponent) + len(digits) - len(significant)
    if -exponent > kind.scale or len(significant) + exponent > kind.precision - kind.scale:
        raise ValueError(f"{_shortened(text)} does not fit {kind} without rounding")
    return Decimal((sign, tuple(map(int, significant)), exponent))


def _float(text: str, kind: Physical) -> float:
    number = float(text.replace("INF", "inf"))
    if kind.name == "real":
        try:
            (number,) = struct.unpack("f", struct.pack("f", number))
        except OverflowError:
            raise ValueError(f"{_shortened(text)} is out of range for {kind}") from None
    vanished = number == 0 and re.match(r"[+-]?[0.]*[1-9]", text)
    if vanished or (math.isinf(number) and "INF" not in text):
        raise ValueError(f"{_shortened(text)} is out of range for {kind}")
    return number


def _timestamptz(text: str, _: Physical) -> datetime:
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} is not between the years 1 and 9999") from None


_PARSERS: Mapping[str, Callable[[str, Physical], Value]] = {
    "smallint": _integer,
    "integer": _integer,
    "bigint": _integer,
    "numeric": _numeric,
    "double precision": _float,
    "real": _float,
    "date": lambda text, _: date.fromisoformat(text),
    "time": lambda text, _: time.fromisoformat(text),
    "timestamp": lambda text, _: datetime.fromisoformat(text),
    "timestamptz": _timestamptz,
    "uuid": lambda text, _: UUID(text),
}
