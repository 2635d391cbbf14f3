"""Slices: the immutable parts of a version, and which of them the next version keeps."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NewType

from msgspec import Struct

from shared.domain import packing
from shared.domain.dataset import Load
from shared.domain.run import ObjectRef, RunId, Trigger

SliceId = NewType("SliceId", int)


class Slice(Struct, frozen=True, kw_only=True):
    """A table that one run loaded and any number of versions share; of one object where it has a key."""

    id: SliceId
    run_id: RunId
    relation: str
    business_date: date
    object_key: str | None
    object_etag: str | None
    rows: int
    bytes: int


def are_made(load: Load) -> bool:
    """Whether a version always consists of slices. Otherwise one that was loaded at once is a table."""
    return load.mode in ("append", "replacePartition") or per_object(load)


def are_composed(load: Load) -> bool:
    """Whether the next version is written anew, from the live one and a delivery of changes."""
    return load.mode == "merge"


def builds_on_live(load: Load, trigger: Trigger) -> bool:
    """Whether the next version is made from the live one, and not from the delivery alone."""
    return load.mode != "replace" or trigger is Trigger.REQUEUE


def per_object(load: Load) -> bool:
    """Whether each object gets a table of its own."""
    return load.mode == "append" or load.on_error == "SKIP_FILE"


def missing(load: Load, objects: Iterable[ObjectRef], live: Iterable[Slice]) -> tuple[ObjectRef, ...]:
    """The objects that have to be loaded: to append means not to load again what the live version has."""
    if load.mode != "append":
        return tuple(objects)
    there = {(one.object_key, one.object_etag) for one in live}
    return tuple(item for item in objects if (item.key, item.etag) not in there)


def kept(
    load: Load, trigger: Trigger, live: Iterable[Slice], business_date: date, loaded: Iterable[ObjectRef]
) -> list[Slice]:
    """The live slices that the next version keeps, in their order, when these objects of a date were loaded.

    A date replaces its partition, an object what was loaded of the same key before, a delivery everything.
    Corrected records come to what is there.
    """
    keys = {item.key for item in loaded}
    match load.mode:
        case "replace" | "replacePartition" if trigger is Trigger.REQUEUE:
            return list(live)
        case "append":
            return [one for one in live if one.object_key not in keys]
        case "replacePartition":
            return [one for one in live if one.business_date != business_date]
        case _:
            return []


def parts(
    load: Load, objects: Sequence[ObjectRef], *, at_most: int, part_bytes: int
) -> list[tuple[ObjectRef, ...]]:
    """The objects of each table that is loaded; several tables where workers can load them side by side."""
    if per_object(load):
        return [(item,) for item in objects]
    if load.mode not in ("replace", "replacePartition"):
        return [tuple(objects)]
    return packing.packed(objects, at_most=at_most, part_bytes=part_bytes)
