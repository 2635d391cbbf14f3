"""Rules of the section `load`."""

from collections.abc import Iterator, Mapping

from shared.domain.dataset import Index, Load, TableSchema, Target
from shared.domain.markup import Mistake, Path
from shared.domain.rules import identifiers

_JSON_TYPES = frozenset({"object", "array", "geojson"})


def load_mistakes(load: Load) -> Iterator[Mistake]:
    """A target that is not ours to take, and a budget that its error policy contradicts."""
    yield from _target(load.target)
    budget = (load.max_errors, load.max_error_percent)
    if load.on_error == "CONTINUE" and budget == (None, None):
        text = "CONTINUE found without a budget; say maxErrors, maxErrorPercent or both"
        yield Mistake(path=("load", "onError"), text=text)
    if load.on_error != "CONTINUE" and budget != (None, None):
        text = f"{load.on_error} found, which tolerates no rejected record, beside a budget; say CONTINUE"
        yield Mistake(path=("load", "onError"), text=text)


def _target(target: Target) -> Iterator[Mistake]:
    yield from identifiers.identifiers([target.schema], ("load", "target", "schema"))
    yield from identifiers.identifiers([target.table], ("load", "target", "table"))
    if target.schema == "information_schema" or target.schema.startswith(("loadstone", "pg_")):
        text = f"{target.schema!r} found, a schema that is neither PostgreSQL's nor Loadstone's own expected"
        yield Mistake(path=("load", "target", "schema"), text=text)


def index_mistakes(load: Load, schema: TableSchema) -> Iterator[Mistake]:
    """Indexes on columns that are not there, or that their method can't take."""
    kinds: dict[str, str] = {field.name: field.type for field in schema.fields}
    for number, index in enumerate(load.indexes):
        at: Path = ("load", "indexes", number)
        yield from identifiers.columns(index.columns, kinds, (*at, "columns"))
        yield from _index_method(index, kinds, (*at, "method"))


def _index_method(index: Index, kinds: Mapping[str, str], at: Path) -> Iterator[Mistake]:
    """PostgreSQL's own operator classes decide which columns an index method can take."""
    types = {kinds[column] for column in index.columns if column in kinds}
    if index.method == "hash" and len(index.columns) > 1:
        yield Mistake(path=at, text=f"hash found with {len(index.columns)} columns, one expected")
    if index.method == "gin" and types - _JSON_TYPES - {"list"}:
        yield Mistake(path=at, text="gin found, which takes columns of JSON types and of lists only")
    if index.method == "brin" and types & (_JSON_TYPES | {"boolean", "list"}):
        yield Mistake(path=at, text="brin found, which takes no columns of JSON types, lists and booleans")
    if "geopoint" in types:
        yield Mistake(path=at, text=f"{index.method} found, which takes no columns of the type geopoint")
