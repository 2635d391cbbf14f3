"""Rules of the section `schema`, its fields one by one included."""

from collections.abc import Callable, Iterator, Sequence

from shared.domain.dataset import Field, ForeignKey, TableSchema
from shared.domain.markup import Mistake, Path
from shared.domain.rules import identifiers

type FieldCheck = Callable[[Field], Sequence[str]]

# pg_attribute's own columns: PostgreSQL refuses to create others of these names.
_SYSTEM_COLUMNS = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})
_MAX_COLUMNS = 1_600  # MaxHeapAttributeNumber


def schema_mistakes(schema: TableSchema) -> Iterator[Mistake]:
    """Fields and keys that PostgreSQL could not hold."""
    names = [field.name for field in schema.fields]
    if len(names) > _MAX_COLUMNS:
        text = f"{len(names)} fields found, at most {_MAX_COLUMNS} expected"
        yield Mistake(path=("schema", "fields"), text=text)
    for index, field in enumerate(schema.fields):
        yield from _field(field, names[:index], ("schema", "fields", index))
    yield from _alias_mistakes(schema)
    yield from identifiers.columns(schema.primary_key, names, ("schema", "primaryKey"))
    for index, key in enumerate(schema.unique_keys):
        yield from identifiers.columns(key, names, ("schema", "uniqueKeys", index))
    for index, foreign in enumerate(schema.foreign_keys):
        yield from _foreign_key(foreign, names, ("schema", "foreignKeys", index))
    yield from _points_in_keys(schema)
    yield from _masked_keys(schema)


def _points_in_keys(schema: TableSchema) -> Iterator[Mistake]:
    """PostgreSQL has no order of points, and so no unique index on them."""
    keys = {
        "primaryKey": schema.primary_key,
        "uniqueKeys": [name for key in schema.unique_keys for name in key],
    }
    points = {field.name for field in schema.fields if field.type == "geopoint"}
    for key, names in keys.items():
        for name in points.intersection(names):
            yield Mistake(path=("schema", key), text=f"{name!r} found, a geopoint, which no key can have")
    for index, field in enumerate(schema.fields):
        if field.type == "geopoint" and field.constraints.unique:
            at: Path = ("schema", "fields", index, "constraints", "unique")
            yield Mistake(path=at, text="a field of type geopoint takes none")


def _foreign_key(key: ForeignKey, names: Sequence[str], at: Path) -> Iterator[Mistake]:
    yield from identifiers.columns(key.fields, names, (*at, "fields"))
    pointed_at: Path = (*at, "reference", "fields")
    if len(key.reference.fields) != len(key.fields):
        text = f"{len(key.reference.fields)} found, as many as in fields ({len(key.fields)}) expected"
        yield Mistake(path=pointed_at, text=text)
    if not key.reference.resource:
        yield from identifiers.columns(key.reference.fields, names, pointed_at)


def _masked_keys(schema: TableSchema) -> Iterator[Mistake]:
    """Of masked values only hashes are still different where the values are."""
    keys = {*schema.primary_key, *(name for key in schema.unique_keys for name in key)}
    for index, field in enumerate(schema.fields):
        if field.name in keys and field.mask in ("null", "partial"):
            text = f"{field.mask} found, in a key, where only sha256 keeps values apart"
            yield Mistake(path=("schema", "fields", index, "mask"), text=text)


def field_mistakes(schema: TableSchema, check_field: FieldCheck) -> Iterator[Mistake]:
    """What `check_field` finds wrong with each field by itself."""
    for index, field in enumerate(schema.fields):
        for problem in check_field(field):
            key, _, text = problem.partition(": ")
            inner = (int(step) if step.isdigit() else step for step in key.split("."))
            yield Mistake(path=("schema", "fields", index, *inner), text=text)


def _alias_mistakes(schema: TableSchema) -> Iterator[Mistake]:
    """Spellings of a header that would mean two fields."""
    owners = {field.name: field.name for field in schema.fields}
    for index, field in enumerate(schema.fields):
        for place, alias in enumerate(field.aliases):
            owner = owners.setdefault(alias.strip(), field.name)
            if owner != field.name:
                text = f"{alias!r} found, which means field {owner!r} already"
                yield Mistake(path=("schema", "fields", index, "aliases", place), text=text)


def _field(field: Field, earlier: Sequence[str], at: Path) -> Iterator[Mistake]:
    if field.name in earlier:
        yield Mistake(path=(*at, "name"), text=f"{field.name!r} found, which an earlier field is called")
    if field.name in _SYSTEM_COLUMNS:
        text = f"{field.name!r} found, which PostgreSQL keeps for itself"
        yield Mistake(path=(*at, "name"), text=text)
    yield from identifiers.identifiers([field.name], (*at, "name"))
