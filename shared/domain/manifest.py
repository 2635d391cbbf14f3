"""Manifests: the object that names a delivery's objects, with their sizes and checksums if it tells them."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from shared.errors import ManifestBroken

# The length of each in bytes.
CHECKSUMS = {"md5": 16, "sha256": 32, "crc32c": 4}


class Entry(Struct, frozen=True, kw_only=True):
    """One object that a manifest names; without `mandatory` the delivery is complete without it, too."""

    key: str
    size: int | None = None
    checksum: str | None = None
    mandatory: bool = True


class _Meta(Struct, frozen=True, kw_only=True):
    content_length: int | None = None


class _Written(Struct, frozen=True, kw_only=True):
    key: str | None = None
    url: str | None = None
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None
    crc32c: str | None = None
    mandatory: bool = True
    meta: _Meta = _Meta()


class _Entries(Struct, frozen=True, kw_only=True):
    entries: list[_Written | str]


def parse(content: bytes, *, bucket: str, folder: str) -> tuple[Entry, ...]:
    """What a manifest in `folder` names, in its order. Raises ManifestBroken for what can't be understood.

    A manifest is a JSON list, a JSON object with such a list in `entries` (as Redshift's UNLOAD writes it),
    or a text of one key or URL a line. A name without a slash lies in the folder, any other is a whole key.
    https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
    """
    found = tuple(_entry(written, bucket, folder) for written in _written(content))
    if not found:
        raise ManifestBroken("it names no object")
    seen: set[str] = set()
    for entry in found:
        if entry.key in seen:
            raise ManifestBroken(f"it names {entry.key} twice")
        seen.add(entry.key)
    return found


def _written(content: bytes) -> Iterator[_Written]:
    start = content.lstrip()[:1]
    try:
        if start == b"[":
            listed = msgspec.json.decode(content, type=list[_Written | str])
        elif start == b"{":
            listed = msgspec.json.decode(content, type=_Entries).entries
        else:
            listed = [line.strip() for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ManifestBroken(f"it is neither JSON of a known form nor a list of keys: {error}") from None
    for each in listed:
        yield _Written(url=each) if isinstance(each, str) and "://" in each else _named(each)


def _named(each: _Written | str) -> _Written:
    return _Written(key=each) if isinstance(each, str) else each


def _entry(written: _Written, bucket: str, folder: str) -> Entry:
    key = written.key or _key_of(written.url, bucket)
    if not key:
        raise ManifestBroken("an entry has neither key nor url")
    size = written.meta.content_length if written.size is None else written.size
    checksums = [
        f"{algorithm}:{_hex(algorithm, value, key)}"
        for algorithm in ("sha256", "md5", "crc32c")
        if (value := getattr(written, algorithm))
    ]
    return Entry(
        key=key if "/" in key else folder + key,
        size=size,
        checksum=checksums[0] if checksums else None,
        mandatory=written.mandatory,
    )


def _key_of(url: str | None, bucket: str) -> str | None:
    if url is None:
        return None
    found = re.fullmatch(r"s3[an]?://([^/]+)/(.+)", url)
    if not found or found[1] != bucket:
        raise ManifestBroken(f"it names {url}, which is not in the bucket {bucket}")
    return found[2]


def _hex(algorithm: str, value: str, key: str) -> str:
    """A checksum, written in hexadecimal or base64, in hexadecimal."""
    length = CHECKSUMS[algorithm]
    if re.fullmatch(r"[0-9a-fA-F]+", value) and len(value) == 2 * length:
        return value.lower()
    try:
        raw = base64.b64decode(value, validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != length:
        raise ManifestBroken(f"{algorithm} of {key} is {value!r}, expected {length} bytes as hex or base64")
    return raw.hex()


def missing(entries: Sequence[Entry], sizes: dict[str, int]) -> str | None:
    """What is not as the manifest says, given the sizes of the objects that are there; None when all is."""
    for entry in entries:
        size = sizes.get(entry.key)
        if size is None and entry.mandatory:
            return f"the manifest names {entry.key}, which is not there yet"
        if size is not None and entry.size is not None and size != entry.size:
            return f"{entry.key} has {size} bytes, and the manifest says {entry.size}"
    return None
