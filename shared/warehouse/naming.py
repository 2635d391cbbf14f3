"""Names in the warehouse: which schemas, which relations, and how an identifier is quoted."""

import re
from typing import NewType

from msgspec import Struct

from shared.domain.dataset import Target
from shared.domain.run import Run, RunId

# SQL text that is safe to put into a statement as it stands.
Sql = NewType("Sql", str)

STAGING = "loadstone_staging"
VERSIONS = "loadstone_versions"
# Of a dataset's name, so that with a run's number, a fence, a part and an index's ending it keeps within 63
# bytes: PostgreSQL would cut off the rest, and then two names are one.
_KEPT = 20
_STAGED = re.compile(r"^[a-z][a-z0-9_]*_r(\d+)_f(\d+)(?:_p\d+(?:_\d+)?)?$")


class Relation(Struct, frozen=True):
    """A table or view by schema and name."""

    schema: str
    name: str

    @property
    def sql(self) -> Sql:
        """The qualified name, quoted."""
        return Sql(f"{quote(self.schema)}.{quote(self.name)}")

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def quote(identifier: str) -> Sql:
    """An identifier, quoted so that it means exactly itself."""
    return Sql('"' + identifier.replace('"', '""') + '"')


def staging(run: Run, part: int | None = None, part_fence: int | None = None) -> Relation:
    """Where one attempt of a run loads, or one part of it; parts count from 1.

    The fences are part of the name: a zombie never meets its successor.
    """
    suffix = "" if part is None else f"_p{part}" if part_fence is None else f"_p{part}_{part_fence}"
    return Relation(STAGING, f"{run.dataset[:_KEPT]}_r{run.id}_f{run.fence}{suffix}")


def version(name: str) -> Relation:
    """The table or view of a version, or the table of a slice."""
    return Relation(VERSIONS, name)


def published(target: Target) -> Relation:
    """The view that readers use."""
    return Relation(target.schema, target.table)


def attempt_of(staged: str) -> tuple[RunId, int] | None:
    """The (run, fence) that a staging table or view belongs to, or None when it is none of ours."""
    found = _STAGED.match(staged)
    return (RunId(int(found[1])), int(found[2])) if found else None
