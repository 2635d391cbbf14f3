"""Columns that Loadstone adds to a run's table: what is the same in every row is a default of it."""

from collections.abc import Iterator, Mapping

from shared.domain import additions
from shared.domain.dataset import Dataset
from shared.domain.run import Run
from shared.warehouse.naming import Sql, quote


def definitions(dataset: Dataset, run: Run) -> Iterator[Sql]:
    """The columns that follow those of the contract, and what holds for a partition as a whole.

    A CHECK lets the planner leave out the slices of other dates, and keeps them apart where it does not.
    """
    date = f"date '{run.business_date.isoformat()}'"
    kinds: Mapping[str, str] = {
        "_file": "text",
        "_line": "bigint",
        "_run_id": f"bigint DEFAULT {int(run.id)}",
        "_loaded_at": "timestamp with time zone DEFAULT now()",
    }
    for name in additions.added(dataset):
        yield Sql(f"{quote(name)} {kinds.get(name, f'date DEFAULT {date}')} NOT NULL")
    if column := additions.partition_column(dataset):
        yield Sql(f"CHECK ({quote(column)} = {date})")
