"""Every statement whose text depends on a contract: the one place where SQL is put together."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from shared.domain.dataset import Dataset, Field, TableSchema
from shared.domain.fieldtypes import physical_type
from shared.warehouse.naming import VERSIONS, Relation, Sql, quote

# Of a key that several records share, in a message for a person.
SHOWN_CHARACTERS = 100


class IndexBuild(Struct, frozen=True, kw_only=True):
    """An index to build on a loaded table; `attach` makes the primary key of it."""

    name: str
    create: Sql
    columns: tuple[str, ...]
    attach: Sql | None = None


class Comparison(Struct, frozen=True, kw_only=True):
    """A column that two relations, `o` and `n`, both have. Values of different types are compared as text."""

    column: str
    as_text: bool

    @property
    def differs(self) -> Sql:
        """Whether the column's values differ."""
        cast = "::text" if self.as_text else ""
        return Sql(f"o.{quote(self.column)}{cast} IS DISTINCT FROM n.{quote(self.column)}{cast}")


def create_table(table: Relation, dataset: Dataset, added: Iterable[Sql] = ()) -> Sql:
    """The table of one load. It is logged: an unlogged one would be empty after a crash."""
    required = set(dataset.schema.primary_key)
    columns = [_column(field, required) for field in dataset.schema.fields]
    return Sql(f"CREATE TABLE {table.sql} ({', '.join([*columns, *added])})")


def _column(field: Field, required: set[str]) -> str:
    needed = field.constraints.required or field.name in required
    not_null = " NOT NULL" if needed and field.mask != "null" else ""
    return f"{quote(field.name)} {physical_type(field)}{not_null}"


def unique_keys(schema: TableSchema) -> list[Sequence[str]]:
    """The columns of each unique key but the primary one."""
    return [*schema.unique_keys, *([field.name] for field in schema.fields if field.constraints.unique)]


def index_builds(table: Relation, dataset: Dataset) -> list[IndexBuild]:
    """Primary key first, then unique keys, then the other indexes, each independent of the rest."""
    schema = dataset.schema
    builds = []
    if schema.primary_key:
        name = f"{table.name}_pk"
        attach = Sql(f"ALTER TABLE {table.sql} ADD PRIMARY KEY USING INDEX {quote(name)}")
        builds.append(_unique(table, name, schema.primary_key, attach))
    for place, key in enumerate(unique_keys(schema), start=1):
        builds.append(_unique(table, f"{table.name}_u{place}", key, None))
    for place, index in enumerate(dataset.load.indexes, start=1):
        name = f"{table.name}_i{place}"
        create = f"CREATE INDEX {quote(name)} ON {table.sql} USING {index.method} ({_list(index.columns)})"
        builds.append(IndexBuild(name=name, create=Sql(create), columns=tuple(index.columns)))
    return builds


def _unique(table: Relation, name: str, key: Sequence[str], attach: Sql | None) -> IndexBuild:
    create = Sql(f"CREATE UNIQUE INDEX {quote(name)} ON {table.sql} ({_list(key)})")
    return IndexBuild(name=name, create=create, columns=tuple(key), attach=attach)


def duplicates(table: Relation, key: Sequence[str], limit: int) -> Sql:
    """The places, counted from 1 in the order of loading, of the first records that share a key.

    COPY fills a new table front to back, so that the order of ctid is the order of the records.
    """
    known = " AND ".join(f"{quote(column)} IS NOT NULL" for column in key)
    return Sql(
        f"SELECT place, left(key, {SHOWN_CHARACTERS}) AS key FROM ("  # noqa: S608 - names are quoted
        f"SELECT row_number() OVER (ORDER BY ctid) AS place, row({_list(key)})::text AS key,"
        f" {known} AS known, count(*) OVER (PARTITION BY {_list(key)}) AS copies FROM {table.sql}) counted"
        f" WHERE copies > 1 AND known ORDER BY counted.key, place LIMIT {int(limit)}"
    )


def analyze(table: Relation) -> Sql:
    """Statistics for the planner, before the first reader comes."""
    return Sql(f"ANALYZE {table.sql}")


def drop_table(table: Relation) -> Sql:
    """Without CASCADE: a view that still needs the table keeps it."""
    return Sql(f"DROP TABLE IF EXISTS {table.sql}")


def move_to_versions(staged: Relation, name: str) -> list[Sql]:
    """Takes a table out of staging, under the name of its version."""
    moved = Relation(VERSIONS, staged.name)
    return [
        Sql(f"ALTER TABLE {staged.sql} SET SCHEMA {quote(VERSIONS)}"),
        Sql(f"ALTER TABLE {moved.sql} RENAME TO {quote(name)}"),
    ]


def create_schema(name: str) -> Sql:
    """The schema of a published view."""
    return Sql(f"CREATE SCHEMA IF NOT EXISTS {quote(name)}")


def replace_view(view: Relation, table: Relation, values: Sql, options: Sql | None) -> Sql:
    """Points the view at columns of a table; grants, comments, dependent views stay, options where named."""
    kept = f" WITH ({options})" if options else ""
    return Sql(f"CREATE OR REPLACE VIEW {view.sql}{kept} AS SELECT {values} FROM {table.sql}")  # noqa: S608


def drop_view(view: Relation) -> Sql:
    """Without CASCADE: what depends on the view is never dropped with it."""
    return Sql(f"DROP VIEW {view.sql}")


def grant(privilege: str, kind: str, name: Sql, role: str) -> Sql:
    """Gives a role a privilege on a schema or relation."""
    return Sql(f"GRANT {privilege} ON {kind} {name} TO {quote(role)}")


def grant_again(view: Relation, privilege: str, column: str | None, role: str, option: Sql) -> Sql:
    """Gives back a privilege on a view or one of its columns; PUBLIC is written as an empty role."""
    on = f" ({quote(column)})" if column else ""
    grantee = quote(role) if role else Sql("PUBLIC")
    return Sql(f"GRANT {privilege}{on} ON {view.sql} TO {grantee}{option}")


def comment_again(view: Relation, column: str | None, text: str) -> Sql:
    """Puts a comment back on a view that had to be made anew, or on one of its columns."""
    on = f"COLUMN {view.sql}.{quote(column)}" if column else f"VIEW {view.sql}"
    literal = text.replace("'", "''").replace("\\", "\\\\")
    return Sql(f"COMMENT ON {on} IS E'{literal}'")


def page(table: Relation) -> Sql:
    """A page of rows as JSON, in the order of loading, from a place on; stable, as versions never change.

    A TID range scan reads just that part of the table, without a sort:
    https://www.postgresql.org/docs/18/runtime-config-query.html#GUC-ENABLE-TIDSCAN
    """
    return Sql(
        f"SELECT ctid::text AS place, to_json(t)::text AS row FROM {table.sql} t"  # noqa: S608 - quoted
        " WHERE ctid > $1::text::tid LIMIT $2"
    )


def count(relation: Relation) -> Sql:
    """How many rows there are."""
    return Sql(f"SELECT count(*) FROM {relation.sql}")  # noqa: S608 - quoted


def _list(columns: Iterable[str]) -> str:
    return ", ".join(quote(column) for column in columns)


def difference_counts(
    old: Relation, new: Relation, key: Sequence[str], compared: Sequence[Comparison]
) -> Sql:
    """One row: how many keys were added, removed and changed, and `c0`, `c1`, … values of each column."""
    changed = [f"({_is_kept(key)}) AND {each.differs}" for each in compared]
    counts = [
        f"count(*) FILTER (WHERE o.{quote(key[0])} IS NULL) AS added",
        f"count(*) FILTER (WHERE n.{quote(key[0])} IS NULL) AS removed",
        f"count(*) FILTER (WHERE {' OR '.join(changed) or 'false'}) AS changed",
        *(f"count(*) FILTER (WHERE {test}) AS {quote(f'c{place}')}" for place, test in enumerate(changed)),
    ]
    return Sql(
        f"SELECT {', '.join(counts)} FROM {old.sql} o FULL JOIN {new.sql} n ON {_same_key(key)}"  # noqa: S608
    )


def only_in(relation: Relation, other: Relation, key: Sequence[str]) -> Sql:
    """The first rows, by key, whose key the other relation does not have, as JSON."""
    return Sql(
        f"SELECT to_json(o)::text AS row FROM {relation.sql} o"  # noqa: S608 - names are quoted
        f" WHERE NOT EXISTS (SELECT FROM {other.sql} n WHERE {_same_key(key)})"
        f" ORDER BY {', '.join(f'o.{quote(column)}' for column in key)} LIMIT $1"
    )


def changed_rows(old: Relation, new: Relation, key: Sequence[str], compared: Sequence[Comparison]) -> Sql:
    """The first rows, by key, that both relations have and that differ, before and after, as JSON."""
    return Sql(
        f"SELECT to_json(o)::text AS before, to_json(n)::text AS after"  # noqa: S608 - names are quoted
        f" FROM {old.sql} o JOIN {new.sql} n ON {_same_key(key)}"
        f" WHERE {' OR '.join(each.differs for each in compared) or 'false'}"
        f" ORDER BY {', '.join(f'o.{quote(column)}' for column in key)} LIMIT $1"
    )


def _same_key(key: Sequence[str]) -> Sql:
    return Sql(" AND ".join(f"o.{quote(column)} = n.{quote(column)}" for column in key))


def _is_kept(key: Sequence[str]) -> Sql:
    return Sql(f"o.{quote(key[0])} IS NOT NULL AND n.{quote(key[0])} IS NOT NULL")
