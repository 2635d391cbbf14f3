"""Corrections: rejected records that a person has mended, kept here until a run has read them."""

import hashlib
from collections.abc import AsyncGenerator

from shared.domain.run import DatasetId, ObjectRef, RunId
from shared.errors import NotFound
from shared.postgres import statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)
# No object of a bucket is mistaken for one of these: runs pin either the bucket's objects or a correction.
PREFIX = "loadstone:correction/"


def reference(corrects: RunId, content: bytes) -> ObjectRef:
    """What a run pins in place of an object: the same content for the same run has the same identity."""
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return ObjectRef(key=f"{PREFIX}{corrects}/{digest}", etag=digest, size=len(content))


def is_one(item: ObjectRef) -> bool:
    """Whether what a run pinned is a correction, and not an object of the bucket."""
    return item.key.startswith(PREFIX)


async def add(db: Connection, item: ObjectRef, content: bytes, *, corrects: RunId, run_id: RunId) -> None:
    """Keeps the content for the run that is to read it; one that failed hands it on to the next."""
    await db.execute(SQL.add, item.key, corrects, run_id, content)


async def stream(db: Connection | Pool, item: ObjectRef) -> AsyncGenerator[bytes]:
    """The content, as an object of the bucket is streamed. Raises NotFound when there is none."""
    content: bytes | None = await db.fetchval(SQL.content, item.key)
    if content is None:
        raise NotFound(f"there is no correction {item.key}")
    yield content


async def corrected_by(db: Connection | Pool, run_id: RunId) -> RunId | None:
    """The run whose records this one corrects; None where it corrects none."""
    found: int | None = await db.fetchval(SQL.corrects, run_id)
    return None if found is None else RunId(found)


async def are_of_live(db: Connection | Pool, run_id: RunId, dataset_id: DatasetId) -> bool:
    """Whether the live version has what this run loaded, so that its corrected records belong to it."""
    return bool(await db.fetchval(SQL.in_live, run_id, dataset_id))
