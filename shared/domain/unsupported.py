"""What the standards and the finished product know and this release does not: refused by name.

A path is spelled without indices: `schema.fields[].aliases` is the key of any field.
"""

from collections.abc import Mapping

from shared.domain.markup import Path


def _under(prefix: str, keys: str) -> frozenset[str]:
    return frozenset(f"{prefix}{key}" for key in keys.split())


KEYS: frozenset[str] = frozenset().union(
    _under("", "calendar notify lineage"),
    # Of the Table Dialect's keys these are about spreadsheets, databases and JSON: no text has them.
    _under("format.dialect.", "csvddfVersion property itemType itemKeys sheetNumber sheetName table"),
    _under("quality[].", "method rule engine implementation scheduler schedule customProperties"),
    _under("sla[].", "unit element valueExt description scheduler schedule"),
    _under("access.", "operate approve"),
)

VALUES: Mapping[str, frozenset[str]] = {
    "source.triggers[]": frozenset({"s3-event"}),
    "load.mode": frozenset({"scd2"}),
    "load.indexes[].method": frozenset({"gist", "spgist"}),
    "quality[].type": frozenset({"text", "custom"}),
    "sla[].property": frozenset(
        {"frequency", "latency", "generalAvailability", "endOfSupport", "endOfLife", "retention"}
    ),
}


def is_key(path: Path) -> bool:
    """Whether the path is a key that is known and not supported yet."""
    return _generic(path) in KEYS


def is_value(path: Path, value: object) -> bool:
    """Whether the value is one that is known for its key and not supported yet."""
    generic = _generic(path)
    if isinstance(value, bool):
        return str(value).lower() in VALUES.get(generic, ())
    return isinstance(value, str) and value in VALUES.get(generic, ())


def _generic(path: Path) -> str:
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
