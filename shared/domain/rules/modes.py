"""Rules of `load.mode`: what each mode needs, and the names of the columns that are added."""

from collections.abc import Iterator, Mapping

from shared.domain.additions import LINEAGE
from shared.domain.dataset import Load, TableSchema
from shared.domain.markup import Mistake
from shared.domain.rules import identifiers


def mode_mistakes(load: Load, schema: TableSchema) -> Iterator[Mistake]:
    """Keys that another mode has or this one lacks, and names of added columns that are taken."""
    kinds: dict[str, str] = {field.name: field.type for field in schema.fields}
    yield from _partition(load, kinds)
    yield from _merge(load, schema, kinds)
    for name in LINEAGE if load.lineage else ():
        if name in kinds:
            text = f"true found, which adds the column {name}, and a field is called so"
            yield Mistake(path=("load", "lineage"), text=text)


def _partition(load: Load, kinds: Mapping[str, str]) -> Iterator[Mistake]:
    at, by = ("load", "partitionBy"), load.partition_by
    if load.mode == "replacePartition" and by is None:
        yield Mistake(path=at, text="nothing found, which mode replacePartition needs: column and from")
    if by is None:
        return
    if load.mode != "replacePartition":
        yield Mistake(path=at, text=f"found with mode {load.mode}, replacePartition expected")
    column = (*at, "column")
    yield from identifiers.identifiers([by.column], column)
    if kinds.get(by.column, "date") != "date":
        text = f"{by.column!r} found, a field of type {kinds[by.column]}; type date expected, or a new name"
        yield Mistake(path=column, text=text)
    if by.column in LINEAGE:
        yield Mistake(path=column, text=f"{by.column!r} found, which load.lineage keeps for itself")


def _merge(load: Load, schema: TableSchema, kinds: Mapping[str, str]) -> Iterator[Mistake]:
    if load.mode == "merge" and not schema.primary_key:
        text = "merge found, which tells rows by schema.primaryKey, and there is none"
        yield Mistake(path=("load", "mode"), text=text)
    if load.mode == "merge" and load.on_error == "SKIP_FILE":
        text = "SKIP_FILE found, which needs a slice for each object, beside mode merge, which has none"
        yield Mistake(path=("load", "onError"), text=text)
    marker = load.delete_marker
    if marker is None:
        return
    if load.mode != "merge":
        text = f"found with mode {load.mode}, merge expected"
        yield Mistake(path=("load", "deleteMarker"), text=text)
    yield from identifiers.columns([marker.column], kinds, ("load", "deleteMarker", "column"))
