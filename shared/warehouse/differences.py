"""What changed from one relation to another, row by row, told by their key."""

from collections.abc import Sequence

import asyncpg
import msgspec
from msgspec import Raw, Struct

from shared.postgres.pool import Connection
from shared.warehouse import ddl, tables
from shared.warehouse.ddl import Comparison
from shared.warehouse.naming import Relation

# Types without an equality of their own.
_AS_TEXT = frozenset({"point", "json", "xml"})


class ChangedRow(Struct, frozen=True, kw_only=True):
    """A row that both relations have: its key, and its changed values before and after."""

    key: dict[str, Raw]
    before: dict[str, Raw]
    after: dict[str, Raw]


class Difference(Struct, frozen=True, kw_only=True):
    """How many rows were added, removed and changed, with the first of each in the order of the key.

    `columns` counts the changed values of each column that both relations have, most first, those without a
    change left out.
    """

    added: int
    removed: int
    changed: int
    columns: dict[str, int]
    added_columns: tuple[str, ...]
    removed_columns: tuple[str, ...]
    added_rows: list[Raw]
    removed_rows: list[Raw]
    changed_rows: list[ChangedRow]


async def compare(
    db: Connection, old: Relation, new: Relation, key: Sequence[str], *, samples: int
) -> Difference:
    """The difference between two relations that both have the key's columns, which are never null in them."""
    before = {column.name: column.type for column in await tables.columns_of(db, old)}
    after = {column.name: column.type for column in await tables.columns_of(db, new)}
    compared = [
        Comparison(column=name, as_text=before[name] != after[name] or after[name] in _AS_TEXT)
        for name in after
        if name in before and name not in key
    ]
    [counts] = await db.fetch(ddl.difference_counts(old, new, key, compared))
    added = await db.fetch(ddl.only_in(new, old, key), samples)
    removed = await db.fetch(ddl.only_in(old, new, key), samples)
    changed = await db.fetch(ddl.changed_rows(old, new, key, compared), samples)
    by_column = {each.column: counts[f"c{place}"] for place, each in enumerate(compared)}
    return Difference(
        added=counts["added"],
        removed=counts["removed"],
        changed=counts["changed"],
        columns={name: count for name, count in sorted(by_column.items(), key=_most_first) if count},
        added_columns=tuple(name for name in after if name not in before),
        removed_columns=tuple(name for name in before if name not in after),
        added_rows=[Raw(row["row"].encode()) for row in added],
        removed_rows=[Raw(row["row"].encode()) for row in removed],
        changed_rows=[_changed(row, key, compared) for row in changed],
    )


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _changed(row: asyncpg.Record, key: Sequence[str], compared: Sequence[Comparison]) -> ChangedRow:
    before = msgspec.json.decode(row["before"], type=dict[str, Raw])
    after = msgspec.json.decode(row["after"], type=dict[str, Raw])
    names = [each.column for each in compared if bytes(before[each.column]) != bytes(after[each.column])]
    return ChangedRow(
        key={column: after[column] for column in key},
        before={name: before[name] for name in names},
        after={name: after[name] for name in names},
    )
