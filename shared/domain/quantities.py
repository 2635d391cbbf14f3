"""Durations and sizes as a dataset document writes them."""

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def seconds(duration: str) -> float:
    """The seconds of a duration such as `30s`, `250ms` or `2h`."""
    number, unit = _split(duration)
    return number * _SECONDS[unit]


def size(text: str) -> int:
    """The bytes of a size such as `20GiB`."""
    number, unit = _split(text)
    return number * _BYTES[unit]


def _split(text: str) -> tuple[int, str]:
    unit = text.lstrip("0123456789")
    return int(text.removesuffix(unit)), unit
