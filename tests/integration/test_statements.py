"""Every statement in a .sql file is valid against the migrated schema, and fills its Struct."""

from pathlib import Path

import asyncpg
import msgspec
import pytest

from shared.catalog import (
    after_load,
    attempts,
    audit,
    datasets,
    groups,
    objects,
    parts,
    reuploads,
    runs,
    slices,
    versions,
    waiting,
)
from shared.domain.columns import Column
from shared.domain.release import Member
from shared.domain.run import ObjectRef, Run
from shared.domain.slices import Slice
from shared.domain.version import Version
from shared.domain.volume import PastVersion
from shared.postgres import statements
from shared.postgres.pool import connection
from shared.warehouse import quarantine, statistics, tables

ROOT = Path(__file__).parents[2]
FILES = sorted(path for top in ("services", "shared") for path in (ROOT / top).rglob("*.sql"))
FIXED = [path for path in FILES if path.parent.name != "schema" and (path.with_suffix(".py")).exists()]
# What can't be prepared: utility statements.
UTILITY = {("shared/postgres/migrations.sql", "prepare"), ("shared/postgres/migrations.sql", "lock")}

FILLED: list[tuple[statements.Statements, str, type[msgspec.Struct]]] = [
    (after_load.SQL, "take", after_load.DueObject),
    (after_load.SQL, "loaded", ObjectRef),
    (audit.SQL, "list", audit.AuditLine),
    (datasets.SQL, "read", datasets.DatasetRecord),
    (datasets.SQL, "list", datasets.DatasetRecord),
    (datasets.SQL, "due", datasets.DueDataset),
    (groups.SQL, "locked", Member),
    (parts.SQL, "claim", parts.Part),
    (parts.SQL, "results", parts.LoadedPart),
    (parts.SQL, "standing", parts.Standing),
    (quarantine.SQL, "page", quarantine.Quarantined),
    (attempts.SQL, "list", attempts.Attempt),
    (waiting.SQL, "deadlines", waiting.Deadlines),
    (reuploads.SQL, "due", reuploads.Published),
    (reuploads.SQL, "standing", reuploads.Standing),
    (runs.SQL, "expired", runs.Expired),
    (runs.SQL, "history", Run),
    (objects.SQL, "counts", objects.ObjectRecord),
    (objects.SQL, "pinned", ObjectRef),
    (runs.SQL, "read", Run),
    (runs.SQL, "ready", runs.Ready),
    (slices.SQL, "add", Slice),
    (slices.SQL, "of_version", Slice),
    (slices.SQL, "unneeded", Slice),
    (statistics.SQL, "of_tables", statistics.Found),
    (tables.SQL, "columns", Column),
    (tables.SQL, "comments", tables.Comment),
    (tables.SQL, "grants", tables.Grant),
    (versions.SQL, "add", Version),
    (versions.SQL, "history", PastVersion),
    (versions.SQL, "list", Version),
    (versions.SQL, "live", PastVersion),
    (versions.SQL, "previous", Version),
    (versions.SQL, "read", Version),
    (versions.SQL, "retirable", Version),
]


@pytest.mark.parametrize("path", FIXED, ids=lambda path: str(path.relative_to(ROOT)))
async def test_every_statement_can_be_prepared(database: str, path: Path) -> None:
    broken = []
    async with connection(database, application="test") as db:
        for name, text in statements.read(path):
            if (str(path.relative_to(ROOT)), name) in UTILITY:
                continue
            try:
                await db.prepare(text)
            except asyncpg.PostgresError as error:
                broken.append(f"{name}: {error}")
    assert broken == []


async def test_statements_return_the_columns_of_the_structs_that_they_fill(database: str) -> None:
    different = []
    async with connection(database, application="test") as db:
        for sql, name, kind in FILLED:
            prepared = await db.prepare(getattr(sql, name))
            columns = {attribute.name for attribute in prepared.get_attributes()}
            fields = {field.encode_name for field in msgspec.structs.fields(kind)}
            if columns != fields:
                different.append(f"{kind.__name__}.{name}: {columns ^ fields}")
    assert different == []


@pytest.mark.parametrize("path", FIXED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_statement_is_used(path: Path) -> None:
    code = path.with_suffix(".py").read_text()
    assert [name for name, _ in statements.read(path) if f"SQL.{name}" not in code] == []
