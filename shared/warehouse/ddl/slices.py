"""Statements over the slices of a version: a view that unites them, and its rows page by page."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from shared.domain import columns
from shared.domain.columns import Column
from shared.warehouse.ddl import SHOWN_CHARACTERS
from shared.warehouse.naming import Relation, Sql, quote


class Branch(Struct, frozen=True, kw_only=True):
    """A slice as a version shows it: `values` are the version's columns, written in those of the slice."""

    relation: Relation
    values: Sql


class TypesDiffer(Exception):
    """A slice holds a column in a type whose values are not all values of the type that is wanted."""

    def __init__(self, relation: Relation, wanted: Column, present: str) -> None:
        self.message = f"{relation} holds {wanted.name} as {present}, and it is to be {wanted.type}"
        super().__init__(self.message)


def branch(relation: Relation, wanted: Sequence[Column], present: Iterable[Column]) -> Branch:
    """A slice in the row type `wanted`; a column that it lacks is NULL. Raises TypesDiffer."""
    types = {column.name: column.type for column in present}
    values = ", ".join(_value(relation, column, types) for column in wanted)
    return Branch(relation=relation, values=Sql(values))


def _value(relation: Relation, wanted: Column, types: Mapping[str, str]) -> str:
    name = quote(wanted.name)
    present = types.get(wanted.name)
    if present is None:
        return f"NULL::{wanted.type} AS {name}"
    if not columns.takes(wanted.type, present):
        raise TypesDiffer(relation, wanted, present)
    # A cast that changes nothing would hide the column from the planner.
    return name if present == wanted.type else f"{name}::{wanted.type} AS {name}"


def unite(view: Relation, branches: Iterable[Branch]) -> Sql:
    """A view of all rows of some slices."""
    selects = (f"SELECT {each.values} FROM {each.relation.sql}" for each in branches)  # noqa: S608 - quoted
    return Sql(f"CREATE VIEW {view.sql} AS {' UNION ALL '.join(selects)}")


def page(shown: Branch) -> Sql:
    """A page of a slice's rows as JSON, in the order of loading, from a place on, as `ddl.page`."""
    return Sql(
        f"SELECT s.ctid::text AS place, to_json(t)::text AS row FROM {shown.relation.sql} s"  # noqa: S608
        f" CROSS JOIN LATERAL (SELECT {shown.values}) t WHERE s.ctid > $1::text::tid LIMIT $2"
    )


def repeats(view: Relation, key: Sequence[str]) -> Sql:
    """Whether a key occurs twice; one that is partly NULL never does."""
    names = ", ".join(quote(column) for column in key)
    known = " AND ".join(f"{quote(column)} IS NOT NULL" for column in key)
    return Sql(
        f"SELECT EXISTS (SELECT FROM {view.sql} WHERE {known}"  # noqa: S608 - names are quoted
        f" GROUP BY {names} HAVING count(*) > 1)"
    )


def shared_keys(new: Relation, others: Sequence[Branch], key: Sequence[str], limit: int) -> Sql:
    """The first records of a new table whose key another slice has too, with the number of that slice from 1.

    Their places count from 1 in the order of loading; each branch has the key's columns alone.
    """
    rest = " UNION ALL ".join(
        f"SELECT {number} AS slice, {each.values} FROM {each.relation.sql}"  # noqa: S608 - names are quoted
        for number, each in enumerate(others, start=1)
    )
    same = " AND ".join(f"n.{quote(column)} = o.{quote(column)}" for column in key)
    names = ", ".join(f"n.{quote(column)}" for column in key)
    shown = f"left(row({names})::text, {SHOWN_CHARACTERS})"
    return Sql(
        f"WITH found AS MATERIALIZED (SELECT n.ctid AS at, {shown} AS key,"  # noqa: S608 - names are quoted
        f" o.slice FROM {new.sql} n JOIN ({rest}) o ON {same} ORDER BY n.ctid LIMIT {int(limit)})"
        f" SELECT (SELECT count(*) FROM {new.sql} WHERE ctid <= found.at) AS place, key, slice FROM found"
    )
