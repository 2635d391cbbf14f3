"""Queries that make the rows of the next version from the live one and a delivery of changes."""

from collections.abc import Iterable, Sequence

from shared.domain.columns import Column
from shared.domain.dataset import DeleteMarker
from shared.warehouse.ddl.slices import Branch
from shared.warehouse.naming import Relation, Sql, quote


def merged(
    live: Branch | None,
    changes: Relation,
    columns: Iterable[Column],
    key: Sequence[str],
    marker: DeleteMarker | None,
) -> Sql:
    """The live rows whose key no change has, and then the changes, without those that delete."""
    names = ", ".join(quote(column.name) for column in columns)
    selects = [f"SELECT {names} FROM {changes.sql}{_without_deletes(marker)}"]  # noqa: S608 - names are quoted
    if live is not None:
        same = " AND ".join(f"c.{quote(column)} = o.{quote(column)}" for column in key)
        untouched = f"NOT EXISTS (SELECT FROM {changes.sql} c WHERE {same})"
        selects.insert(0, f"SELECT {live.values} FROM {live.relation.sql} o WHERE {untouched}")  # noqa: S608
    return Sql(" UNION ALL ".join(selects))


def _without_deletes(marker: DeleteMarker | None) -> str:
    if marker is None:
        return ""
    value = marker.value.replace("'", "''").replace("\\", "\\\\")
    return f" WHERE {quote(marker.column)}::text IS DISTINCT FROM E'{value}'"
