"""A delivery's objects: which ones a key pattern means, whether all are there, their identity together."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

import msgspec
from msgspec import Struct, structs

from shared.domain import manifest as manifests
from shared.domain import quantities, wildcards
from shared.domain.dataset import Source
from shared.domain.run import ObjectRef, RunId
from shared.errors import ManifestBroken

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


class Loaded(Struct, frozen=True, kw_only=True):
    """Objects that are no part of another delivery, because their rows are live: taken away, or soon to be.

    `by` is the newest run that loaded objects of the business date.
    """

    objects: Sequence[ObjectRef] = ()
    by: RunId | None = None


class Taken(Struct, frozen=True, kw_only=True):
    """There is nothing that a run has not loaded before."""

    by: RunId


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
    """The longest prefix that all objects of a delivery share, marker and manifest included: what to list."""
    literal = _literal(source, business_date)
    return _folder(literal) if source.complete.marker or source.complete.manifest else literal


def marker_key(source: Source, business_date: date) -> str | None:
    """The key of the marker object: in the folder above the first wildcard of the key pattern."""
    marker = source.complete.marker
    return None if marker is None else _folder(_literal(source, business_date)) + marker


def manifest_key(source: Source, business_date: date) -> str | None:
    """The key of the manifest, which lies where a marker does."""
    manifest = source.complete.manifest
    return None if manifest is None else _folder(_literal(source, business_date)) + manifest


def matches(source: Source, business_date: date, key: str) -> bool:
    """Whether an object of this key may belong to the delivery. Markers, manifests and placeholders don't."""
    apart = (marker_key(source, business_date), manifest_key(source, business_date))
    if key.endswith("/") or key in apart:
        return False
    return wildcards.match(_dated(source.key, business_date), key)


def tells_days_apart(source: Source, business_date: date) -> bool:
    """Whether the objects of this business date are others than those of the next day."""
    return _dated(source.key, business_date) != _dated(source.key, business_date + timedelta(days=1))


def select[Listed: ObjectRef](source: Source, business_date: date, listed: Iterable[Listed]) -> list[Listed]:
    """The objects among `listed` that belong to the delivery, sorted by key."""
    chosen = (found for found in listed if matches(source, business_date, found.key))
    return sorted(chosen, key=lambda found: found.key)


def completeness(
    source: Source,
    business_date: date,
    listed: Sequence[ListedObject],
    now: datetime,
    manifest: bytes | None = None,
    loaded: Loaded = Loaded(),  # noqa: B008 - frozen
) -> Complete | Missing | Taken:
    """Whether the delivery can be imported, judged by everything listed below its `key_prefix`.

    `manifest` is the content of the manifest where there is one. What is `loaded` counts as taken away, at
    whatever moment that is done: else what is left halfway would look like a delivery. Raises ManifestBroken.
    """
    before = {_identity(item) for item in loaded.objects}
    objects = [one for one in select(source, business_date, listed) if _identity(one) not in before]
    if loaded.by is not None and not objects:
        return Taken(by=loaded.by)
    if source.complete.manifest is not None:
        promised = _promised(source, business_date, objects, manifest)
        if isinstance(promised, Missing):
            return promised
        objects = promised
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


def _promised(
    source: Source, business_date: date, objects: Sequence[ListedObject], content: bytes | None
) -> list[ListedObject] | Missing:
    """Those of the objects that the manifest names, with the checksums that it promises."""
    key = manifest_key(source, business_date) or ""
    if content is None:
        return Missing(reason=f"the manifest {key} is not there yet")
    try:
        entries = manifests.parse(content, bucket=source.bucket, folder=_folder(key))
    except ManifestBroken as broken:
        raise ManifestBroken(f"{key}: {broken.message}") from None
    for entry in entries:
        if not matches(source, business_date, entry.key):
            wanted = _dated(source.key, business_date)
            raise ManifestBroken(f"{key}: it names {entry.key}, which does not match source.key ({wanted})")
    reason = manifests.missing(entries, {found.key: found.size for found in objects})
    if reason is not None:
        return Missing(reason=reason)
    checksums = {entry.key: entry.checksum for entry in entries}
    return [
        structs.replace(found, checksum=checksums[found.key]) for found in objects if found.key in checksums
    ]


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


def _literal(source: Source, business_date: date) -> str:
    """The key pattern of a date as far as it holds no wildcard."""
    return _WILDCARD.split(_dated(source.key, business_date), maxsplit=1)[0]


def _folder(key: str) -> str:
    return key[: key.rfind("/") + 1]
