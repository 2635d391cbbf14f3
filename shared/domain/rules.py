"""Rules of a dataset document that concern more than one value, or the world outside it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from shared.domain import delivery, expectations, planning, quantities
from shared.domain.dataset import (
    Access,
    Expectation,
    Field,
    Format,
    Index,
    Limits,
    Load,
    Schedule,
    ServiceLevel,
    Source,
    TableSchema,
    Target,
)
from shared.domain.markup import Mistake, Path

# pg_attribute's own columns: PostgreSQL refuses to create others of these names.
_SYSTEM_COLUMNS = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})
_MAX_IDENTIFIER_BYTES = 63  # NAMEDATALEN - 1; longer names would be cut off silently
_MAX_COLUMNS = 1_600  # MaxHeapAttributeNumber
_MAX_INDEX_COLUMNS = 32  # INDEX_MAX_KEYS
_JSON_TYPES = frozenset({"object", "array"})


type FieldCheck = Callable[[Field], Sequence[str]]


def broken(sections: Mapping[str, Any], check_field: FieldCheck) -> Iterator[Mistake]:
    """The rules that the sections of a document break.

    Sections whose shape is wrong are left out of `sections`, and so are the rules that need them.
    `check_field` says what is wrong with a field by itself, each as `key: what is wrong`.
    """
    for needed, rule in _RULES:
        if all(name in sections for name in needed):
            yield from rule(*(sections[name] for name in needed))
    if "schema" in sections:
        yield from _fields(sections["schema"], check_field)


def _source(source: Source) -> Iterator[Mistake]:
    for text in delivery.pattern_mistakes(source.key):
        yield Mistake(path=("source", "key"), text=text)
    if source.files.min > source.files.max:
        text = f"{source.files.min} found, at most source.files.max ({source.files.max}) expected"
        yield Mistake(path=("source", "files", "min"), text=text)
    marker = source.complete.marker
    if marker is not None and (not marker or set(marker) & set("/*?{}")):
        text = f"{marker!r} found, the name of an object without / * ? {{ }} expected"
        yield Mistake(path=("source", "complete", "marker"), text=text)


def _format(format_: Format) -> Iterator[Mistake]:
    at: Path = ("format", "dialect")
    delimiter, quote = format_.dialect.delimiter, format_.dialect.quote_char
    if delimiter is not None and delimiter == quote:
        yield Mistake(path=(*at, "delimiter"), text=f"{delimiter!r} found, which is the quoteChar too")
    for key, char in (("delimiter", delimiter), ("quoteChar", quote)):
        if char is not None and (char in "\r\n" or not char.isascii()):
            text = f"{char!r} found, an ASCII character that does not end a line expected"
            yield Mistake(path=(*at, key), text=text)


def _schema(schema: TableSchema) -> Iterator[Mistake]:
    names = [field.name for field in schema.fields]
    if len(names) > _MAX_COLUMNS:
        text = f"{len(names)} fields found, at most {_MAX_COLUMNS} expected"
        yield Mistake(path=("schema", "fields"), text=text)
    for index, field in enumerate(schema.fields):
        yield from _field(field, names[:index], ("schema", "fields", index))
    yield from _columns(schema.primary_key, names, ("schema", "primaryKey"))
    for index, key in enumerate(schema.unique_keys):
        yield from _columns(key, names, ("schema", "uniqueKeys", index))


def _fields(schema: TableSchema, check_field: FieldCheck) -> Iterator[Mistake]:
    for index, field in enumerate(schema.fields):
        for problem in check_field(field):
            key, _, text = problem.partition(": ")
            inner = (int(step) if step.isdigit() else step for step in key.split("."))
            yield Mistake(path=("schema", "fields", index, *inner), text=text)


def _field(field: Field, earlier: Sequence[str], at: Path) -> Iterator[Mistake]:
    if field.name in earlier:
        yield Mistake(path=(*at, "name"), text=f"{field.name!r} found, which an earlier field is called")
    if field.name in _SYSTEM_COLUMNS:
        text = f"{field.name!r} found, which PostgreSQL keeps for itself"
        yield Mistake(path=(*at, "name"), text=text)
    yield from _identifiers([field.name], (*at, "name"))


def _load(load: Load) -> Iterator[Mistake]:
    yield from _target(load.target)
    budget = (load.max_errors, load.max_error_percent)
    if load.on_error == "CONTINUE" and budget == (None, None):
        text = "CONTINUE found without a budget; say maxErrors, maxErrorPercent or both"
        yield Mistake(path=("load", "onError"), text=text)
    if load.on_error == "ABORT_STATEMENT" and budget != (None, None):
        text = "ABORT_STATEMENT found, which tolerates no rejected record, beside a budget; say CONTINUE"
        yield Mistake(path=("load", "onError"), text=text)


def _target(target: Target) -> Iterator[Mistake]:
    yield from _identifiers([target.schema], ("load", "target", "schema"))
    yield from _identifiers([target.table], ("load", "target", "table"))
    if target.schema == "information_schema" or target.schema.startswith(("loadstone", "pg_")):
        text = f"{target.schema!r} found, a schema that is neither PostgreSQL's nor Loadstone's own expected"
        yield Mistake(path=("load", "target", "schema"), text=text)


def _indexes(load: Load, schema: TableSchema) -> Iterator[Mistake]:
    kinds: dict[str, str] = {field.name: field.type for field in schema.fields}
    for number, index in enumerate(load.indexes):
        at: Path = ("load", "indexes", number)
        yield from _columns(index.columns, kinds, (*at, "columns"))
        yield from _index_method(index, kinds, (*at, "method"))


def _index_method(index: Index, kinds: Mapping[str, str], at: Path) -> Iterator[Mistake]:
    """PostgreSQL's own operator classes decide which columns an index method can take."""
    types = {kinds[column] for column in index.columns if column in kinds}
    if index.method == "hash" and len(index.columns) > 1:
        yield Mistake(path=at, text=f"hash found with {len(index.columns)} columns, one expected")
    if index.method == "gin" and types - _JSON_TYPES:
        yield Mistake(path=at, text="gin found, which takes columns of the types object and array only")
    if index.method == "brin" and types & (_JSON_TYPES | {"boolean"}):
        yield Mistake(
            path=at, text="brin found, which takes no columns of the types object, array and boolean"
        )


def _columns(columns: Sequence[str], names: Iterable[str], at: Path) -> Iterator[Mistake]:
    if len(columns) > _MAX_INDEX_COLUMNS:
        text = f"{len(columns)} columns found, at most {_MAX_INDEX_COLUMNS} expected"
        yield Mistake(path=at, text=text)
    for index, column in enumerate(columns):
        if column not in names:
            yield Mistake(path=(*at, index), text=f"{column!r} found, the name of a field expected")
        if column in columns[:index]:
            yield Mistake(path=(*at, index), text=f"{column!r} found twice")


def _quality(quality: Sequence[Expectation]) -> Iterator[Mistake]:
    count = Counter(rule.id for rule in quality)
    for index, rule in enumerate(quality):
        if count[rule.id] > 1:
            yield Mistake(path=("quality", index, "id"), text=f"{rule.id!r} found more than once")
        for text in expectations.operator_mistakes(rule):
            yield Mistake(path=("quality", index), text=text)


def _schedule(schedule: Schedule | None) -> Iterator[Mistake]:
    if schedule is None:
        return
    if text := planning.cron_mistake(schedule.cron):
        yield Mistake(path=("schedule", "cron"), text=f"{schedule.cron!r} found: {text}")
    if not _is_zone(schedule.timezone):
        text = f"{schedule.timezone!r} found, the name of a time zone such as Europe/Berlin expected"
        yield Mistake(path=("schedule", "timezone"), text=text)
    for key, bound in (("start", schedule.start), ("end", schedule.end)):
        if bound is not None and not 1970 <= bound.year <= 2199:
            yield Mistake(path=("schedule", key), text=f"{bound} found, a date from 1970 to 2199 expected")
    if schedule.start is not None and schedule.end is not None and schedule.start > schedule.end:
        text = f"{schedule.start} found, a date not after schedule.end ({schedule.end}) expected"
        yield Mistake(path=("schedule", "start"), text=text)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of the zone database, a path out of it
        return False
    return True


def _sla(sla: Sequence[ServiceLevel], schedule: Schedule | None) -> Iterator[Mistake]:
    if sla and schedule is None:
        text = "a time of availability found without a schedule, which says on which days"
        yield Mistake(path=("sla",), text=text)
    if len(sla) > 1:
        yield Mistake(path=("sla", 1), text="timeOfAvailability found a second time")


def _limits(limits: Limits) -> Iterator[Mistake]:
    for key, value in (("timeout", limits.timeout), ("maxFileBytes", limits.max_file_bytes)):
        if value.lstrip("0")[:1].isalpha():
            yield Mistake(path=("limits", key), text=f"{value!r} found, more than nothing expected")
    if quantities.size(limits.max_row_bytes) > quantities.size(limits.max_file_bytes):
        text = f"{limits.max_row_bytes} found, at most maxFileBytes ({limits.max_file_bytes}) expected"
        yield Mistake(path=("limits", "maxRowBytes"), text=text)
    if quantities.seconds(limits.backoff.initial) > quantities.seconds(limits.backoff.max):
        text = f"{limits.backoff.initial} found, at most backoff.max ({limits.backoff.max}) expected"
        yield Mistake(path=("limits", "backoff", "initial"), text=text)


def _access(access: Access) -> Iterator[Mistake]:
    yield from _identifiers(access.read, ("access", "read"))


def _identifiers(names: Sequence[str], at: Path) -> Iterator[Mistake]:
    for name in names:
        if len(name.encode()) > _MAX_IDENTIFIER_BYTES:
            text = f"{name!r} found, at most {_MAX_IDENTIFIER_BYTES} bytes in UTF-8 expected"
            yield Mistake(path=at, text=text)


_RULES: Sequence[tuple[tuple[str, ...], Callable[..., Iterator[Mistake]]]] = (
    (("source",), _source),
    (("format",), _format),
    (("schema",), _schema),
    (("load",), _load),
    (("load", "schema"), _indexes),
    (("quality",), _quality),
    (("schedule",), _schedule),
    (("sla", "schedule"), _sla),
    (("limits",), _limits),
    (("access",), _access),
)
