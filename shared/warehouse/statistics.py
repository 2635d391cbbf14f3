"""Statistics: what ANALYZE found in staging tables."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from shared.domain import profile
from shared.domain.dataset import Field
from shared.domain.sampling import Sampled
from shared.postgres import rows, statements
from shared.postgres.pool import Connection, Pool
from shared.warehouse import naming
from shared.warehouse.naming import Relation

SQL = statements.beside(__file__)


class Found(Struct, frozen=True, kw_only=True):
    """A column of a table, and what is known about it."""

    table: str
    column: str
    null_share: float
    distinct: float
    width: int
    lower: str | None
    upper: str | None


async def of_tables(
    db: Connection | Pool, tables: Iterable[Relation], bounded: Iterable[Field]
) -> Mapping[str, Mapping[str, Sampled]]:
    """By table and column; with bounds for these fields. What was not analysed is left out."""
    fields = [*bounded]
    found = await db.fetch(
        SQL.of_tables,
        naming.STAGING,
        [table.name for table in tables],
        [field.name for field in fields],
        [field.name for field in fields if profile.is_number(field)],
    )
    sampled: defaultdict[str, dict[str, Sampled]] = defaultdict(dict)
    for each in rows.structs(found, Found):
        sampled[each.table][each.column] = msgspec.convert(each, Sampled, from_attributes=True)
    return sampled
