"""Version tables and the stable view that readers know: made live, rolled back, retired."""

from collections.abc import Sequence
from contextlib import suppress

import asyncpg
from msgspec import Struct

from shared.domain.columns import Column
from shared.domain.dataset import Dataset
from shared.domain.version import Version
from shared.errors import TargetUnusable
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool
from shared.warehouse import ddl, naming
from shared.warehouse.ddl import slices as ddl_slices
from shared.warehouse.naming import Relation, Sql

SQL = statements.beside(__file__)


class Grant(Struct, frozen=True, kw_only=True):
    """One privilege on a view or a column of it, as somebody granted it; an empty role is PUBLIC.

    `option` is what follows in SQL where the role may pass it on.
    """

    role: str
    privilege: str
    option: Sql
    column: str | None


class Comment(Struct, frozen=True, kw_only=True):
    """A comment on a view or a column of it."""

    column: str | None
    text: str


async def take(db: Connection, staged: Relation, name: str) -> None:
    """Takes a loaded table out of staging, inside the publish transaction."""
    for statement in ddl.move_to_versions(staged, name):
        await db.execute(statement)


async def point_view(db: Connection, version: Version, dataset: Dataset) -> None:
    """Points the published view at the relation of any retained version, inside the caller's transaction.

    Readers see the version before until it commits. Raises TargetUnusable, or asyncpg's LockNotAvailableError
    when readers hold the view for too long.
    """
    view = naming.published(dataset.load.target)
    table = naming.version(version.relation)
    found = await columns_of(db, table)
    await _open_schema(db, view.schema, dataset.access.read)
    await _refuse_other_relation(db, dataset)
    present = await columns_of(db, view)
    options = await db.fetchval(SQL.options, view.sql)
    columns = _shown(present, found, dataset)
    replace = ddl.replace_view(view, table, ddl_slices.branch(table, columns, found).values, options)
    if columns[: len(present)] == present:
        await db.execute(replace)
    else:
        await _make_anew(db, view, replace)
    for role in dataset.access.read:
        await _grant(db, "SELECT", "TABLE", view.sql, role)


def _shown(present: list[Column], found: list[Column], dataset: Dataset) -> list[Column]:
    """The columns that the view is to have: those of the version's relation.

    Where columns evolve, the view's present ones keep their places and new ones follow, so that whatever
    depends on it stays; one that evolved later than the version is there, without values.
    """
    names = {column.name for column in found}
    evolved = {field.name for field in dataset.schema.fields if field.evolved} - names
    kept = all(column in found or column.name in evolved for column in present)
    if dataset.evolution.new_columns != "evolve" or not kept:
        return found
    return [*present, *(column for column in found if column not in present)]


async def _open_schema(db: Connection, schema: str, readers: Sequence[str]) -> None:
    """Makes the view's schema and lets its readers in; nearly always that is so already.

    Two transactions that do it at once would break each other: PostgreSQL knows no queue for schemas.
    """
    name = naming.quote(schema)
    if await db.fetchval(SQL.schema_is_open, name, readers):
        return
    await db.execute(SQL.lock_schema, schema)
    # IF NOT EXISTS goes by what was known before the wait for the lock.
    with suppress(asyncpg.UniqueViolationError):
        async with db.transaction():
            await db.execute(ddl.create_schema(schema))
    for role in readers:
        await _grant(db, "USAGE", "SCHEMA", name, role)


async def _make_anew(db: Connection, view: Relation, replace: Sql) -> None:
    """A view's columns can only be added to; other changes need a new view with the old one's grants."""
    grants = rows.structs(await db.fetch(SQL.grants, view.sql), Grant)
    comments = rows.structs(await db.fetch(SQL.comments, view.sql), Comment)
    try:
        await db.execute(ddl.drop_view(view))
    except asyncpg.DependentObjectsStillExistError as error:
        raise TargetUnusable(
            f"the columns of {view} change, but other objects depend on them: {error.detail}",
            hint="Drop the dependent views, import again, and make them anew.",
        ) from None
    await db.execute(replace)
    present = {None, *(column.name for column in await columns_of(db, view))}
    for given in grants:
        if given.column in present:
            await db.execute(ddl.grant_again(view, given.privilege, given.column, given.role, given.option))
    for comment in comments:
        if comment.column in present:
            await db.execute(ddl.comment_again(view, comment.column, comment.text))


async def _grant(db: Connection, privilege: str, kind: str, name: Sql, role: str) -> None:
    try:
        await db.execute(ddl.grant(privilege, kind, name, role))
    except asyncpg.UndefinedObjectError:
        raise _no_such_role(role) from None


def _no_such_role(role: str) -> TargetUnusable:
    return TargetUnusable(
        f'access.read names the role "{role}", which does not exist',
        hint=f"Create it (CREATE ROLE {naming.quote(role)}), or take it out of the dataset.",
    )


async def _refuse_other_relation(db: Connection, dataset: Dataset) -> None:
    """The target must be free, or a view on one of the dataset's versions."""
    view = naming.published(dataset.load.target)
    kind = await db.fetchval(SQL.kind, view.sql, dataset.name)
    if kind is not None and kind != "ours":
        raise TargetUnusable(
            f"{view} exists already and was not made by Loadstone",
            hint="Choose another load.target, or rename what is there.",
        )


async def check_target(db: Connection, dataset: Dataset) -> None:
    """Raises TargetUnusable early, when a dataset is applied, for what a publish would find later."""
    await _refuse_other_relation(db, dataset)
    known = {row["name"] for row in await db.fetch(SQL.roles, list(dataset.access.read))}
    for role in dataset.access.read:
        if role not in known:
            raise _no_such_role(role)


async def drop(db: Connection, version: Version) -> None:
    """Drops the view of a retired version, or its table."""
    relation = naming.version(version.relation)
    await db.execute(ddl.drop_view(relation) if version.sliced else ddl.drop_table(relation))


async def columns_of(db: Connection | Pool, relation: Relation) -> list[Column]:
    """The columns of a relation in their order; none where there is no such relation."""
    return rows.structs(await db.fetch(SQL.columns, relation.sql), Column)
