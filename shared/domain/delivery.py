"""A delivery's objects: which ones a key pattern means, whether all are there, their identity together."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

import msgspec
from msgspec import Struct

from shared.domain import quantities, wildcards
from shared.domain.dataset import Source
from shared.domain.run import ObjectRef

# Only directives whose result no locale changes, and that name a day.
_DATE_DIRECTIVES = frozenset("Ymdyj")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_WILDCARD = re.compile(r"[*?]")


class ListedObject(ObjectRef, frozen=True, kw_only=True):
    """An object as the bucket lists it. `etag` is without quotes, `last_modified` is aware."""

    last_modified: datetime


class Complete(Struct, frozen=True, kw_only=True):
    """Every condition of `source` holds: these are the delivery's objects, sorted by key."""

    objects: tuple[ListedObject, ...]


class Missing(Struct, frozen=True, kw_only=True):
    """The delivery can't be imported now. `hopeless` means that waiting will not help."""

    reason: str
    hopeless: bool = False


def pattern_mistakes(pattern: str) -> Iterator[str]:
    """What is wrong with a key pattern, in words; nothing where it can be used."""
    if pattern.startswith("/"):
        yield "starts with a slash, which S3 keys don't"
    if "**" in pattern:
        yield "holds `**`; `*` matches within one path segment, and there is nothing that crosses segments"
    for placeholder in _PLACEHOLDER.findall(pattern):
        name, _, template = placeholder.partition(":")
        if name != "businessDate":
            yield f"holds `{{{placeholder}}}`, expected `{{businessDate:%Y/%m/%d}}`"
        for directive in re.findall(r"%(.?)", template):
            if directive not in _DATE_DIRECTIVES:
                yield f"holds `%{directive}`; a business date is written with %Y, %y, %m, %d and %j"
    if re.search(r"[{}]", _PLACEHOLDER.sub("", pattern)):
        yield "holds a brace without its partner"


def key_prefix(source: Source, business_date: date) -> str:
    """The longest prefix that all objects of a delivery share, its marker included: what to list."""
    key = _dated(source.key, business_date)
    literal = key[: _wildcard_at(key)]
    return _folder(literal) if source.complete.marker else literal


def marker_key(source: Source, business_date: date) -> str | None:
    """The key of the marker object: in the folder above the first wildcard of the key pattern."""
    if source.complete.marker is None:
        return None
    key = _dated(source.key, business_date)
    return _folder(key[: _wildcard_at(key)]) + source.complete.marker


def matches(source: Source, business_date: date, key: str) -> bool:
    """Whether the object of this key belongs to the delivery. Markers and folder placeholders don't."""
    if key.endswith("/") or key == marker_key(source, business_date):
        return False
    return wildcards.match(_dated(source.key, business_date), key)


def select[Listed: ObjectRef](source: Source, business_date: date, listed: Iterable[Listed]) -> list[Listed]:
    """The objects among `listed` that belong to the delivery, sorted by key."""
    chosen = (found for found in listed if matches(source, business_date, found.key))
    return sorted(chosen, key=lambda found: found.key)


def completeness(
    source: Source, business_date: date, listed: Sequence[ListedObject], now: datetime
) -> Complete | Missing:
    """Whether the delivery can be imported, judged by everything listed below its `key_prefix`."""
    objects = select(source, business_date, listed)
    wanted = _dated(source.key, business_date)
    if len(objects) > source.files.max:
        return Missing(
            reason=f"{_count(objects)} {wanted}, and source.files.max is {source.files.max}: "
            "waiting will not help; remove what is not part of the delivery, or raise the limit",
            hopeless=True,
        )
    if len(objects) < source.files.min:
        return Missing(reason=f"{_count(objects)} {wanted}, at least {source.files.min} expected")
    marker = marker_key(source, business_date)
    if marker is not None and all(found.key != marker for found in listed):
        return Missing(reason=f"the marker {marker} is not there yet")
    return _unstable(source, objects, now) or Complete(objects=tuple(objects))


def delivery_key(
    dataset: str,
    contract_version: int,
    business_date: date,
    objects: Iterable[ObjectRef],
    nonce: str | None = None,
) -> str:
    """The identity of a delivery under a contract: equal keys mean that nothing new would be imported.

    The order of `objects` does not matter. A `nonce` makes it another delivery on purpose.
    """
    identities = sorted({_identity(found) for found in objects})
    parts = (dataset, contract_version, business_date, identities, nonce)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _identity(item: ObjectRef) -> tuple[str | int, ...]:
    versioned = (item.version_id,) if item.version_id else ()
    return (item.key, item.etag, item.size, *versioned)


def _unstable(source: Source, objects: Sequence[ListedObject], now: datetime) -> Missing | None:
    if source.complete.stable_for is None or not objects:
        return None
    youngest = max(objects, key=lambda found: found.last_modified)
    age = now - youngest.last_modified
    if age >= timedelta(seconds=quantities.seconds(source.complete.stable_for)):
        return None
    return Missing(
        reason=f"{youngest.key} changed {max(0, round(age.total_seconds()))} s ago, "
        f"and must stay unchanged for {source.complete.stable_for}"
    )


def _count(objects: Sequence[ListedObject]) -> str:
    return "1 object matches" if len(objects) == 1 else f"{len(objects) or 'no'} objects match"


def _dated(pattern: str, business_date: date) -> str:
    return _PLACEHOLDER.sub(
        lambda found: business_date.strftime(found[1].partition(":")[2] or "%Y-%m-%d"), pattern
    )


def _wildcard_at(key: str) -> int:
    found = _WILDCARD.search(key)
    return found.start() if found else len(key)


def _folder(key: str) -> str:
    return key[: key.rfind("/") + 1]
