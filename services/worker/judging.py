"""Measures a loaded relation against the rules of its contract, and says which of them do not hold."""

from collections.abc import Sequence

import asyncpg
from msgspec import Struct, structs

from services.worker.progress import Progress
from services.worker.resources import Resources
from shared.catalog import datasets, versions
from shared.domain import expectations, measured, volume
from shared.domain.dataset import Expectation, ForeignKey
from shared.domain.expectations import Finding
from shared.domain.measured import Measured
from shared.domain.volume import PastVersion
from shared.errors import ExpectationFailed
from shared.postgres.pool import Connection
from shared.warehouse import customsql, foreignkeys, measures, naming
from shared.warehouse.measures import Values


class Load(Struct, frozen=True, kw_only=True):
    """What the rules are about: a loaded relation, its rows, and what was measured of it in one scan."""

    db: Connection
    io: Resources
    progress: Progress
    values: Values
    live: PastVersion | None


async def judge(io: Resources, progress: Progress, rows: int) -> list[Finding]:
    """Every rule that the load breaks, foreign keys included. Raises ExpectationFailed, CheckRoleMissing."""
    progress.enter("check")
    run, dataset = progress.run, progress.dataset
    async with io.db.acquire() as db:
        values = Values(rows=rows, by_rule={})
        if any(rule.metric in measures.MEASURED for rule in dataset.quality):
            # A merge measures the whole next version; how many rows there are is said of the delivery.
            values = structs.replace(await _measure(db, progress), rows=rows)
        live = await versions.live(db, run.dataset_id)
        load = Load(db=db, io=io, progress=progress, values=values, live=live)
        found = [await _judge(load, rule) for rule in dataset.quality]
        found += [await _foreign_key(load, key) for key in dataset.schema.foreign_keys]
    return [finding for finding in found if finding]


async def _measure(db: Connection, progress: Progress) -> Values:
    rules, date = progress.dataset.quality, progress.run.business_date
    try:
        return await measures.measure(db, progress.table, rules, progress.dataset, date)
    except asyncpg.DataError as error:  # such as a pattern that PostgreSQL does not understand
        raise ExpectationFailed(
            f"a rule could not be measured: {error}", hint="Look at the arguments of the quality rules."
        ) from None


async def _judge(load: Load, rule: Expectation) -> Finding | None:
    finding = expectations.judge(rule, await _measured(load, rule))
    if finding is None:
        return None
    samples = await measures.samples(load.db, load.progress.table, rule, load.progress.dataset)
    if not samples:
        return finding
    told = measured.of_columns(rule, finding.found, measures.columns_of(rule), samples)
    return expectations.judge(rule, told)


async def _measured(load: Load, rule: Expectation) -> Measured:
    rows = load.values.rows
    if rule.query is not None:
        return await _asked(load, rule.query)
    if rule.metric == "rowCount":
        return measured.row_count(rows)
    if rule.metric == "rowCountChange":
        return measured.of_change(rule, rows, load.live, await _history(load, rule))
    if rule.metric == "rowCountAnomaly":
        return measured.of_anomaly(rows, await _history(load, rule))
    return measured.of_columns(rule, load.values.by_rule[rule.id], measures.columns_of(rule))


async def _history(load: Load, rule: Expectation) -> Sequence[PastVersion]:
    needed = volume.history_needed(rule)
    if needed is None:
        return []
    window, same_weekday = needed
    return await versions.history(load.db, load.progress.run, window=window, same_weekday=same_weekday)


async def _asked(load: Load, query: str) -> Measured:
    await customsql.refuse_unless_ready(load.db)
    await customsql.let_see(load.db, query)
    limit = load.io.check_timeout
    answer = await customsql.ask(load.db, load.progress.table, query, limit=limit)
    return measured.of_query(answer.value, answer.problem)


async def _foreign_key(load: Load, key: ForeignKey) -> Finding | None:
    other, table = key.reference.resource, load.progress.table
    columns = f"({', '.join(key.fields)})"
    pointed_at = f"{other or load.progress.run.dataset} ({', '.join(key.reference.fields)})"
    if other:
        target = await datasets.published_at(load.db, other)
        if target is None:
            return _stray(columns, pointed_at, None, f"there is no live version of dataset {other}")
        table = naming.published(target)
    strays = await foreignkeys.strays(load.db, load.progress.table, key, table)
    if strays.problem:
        return _stray(columns, pointed_at, None, f"can't be compared: {strays.problem}")
    if not strays.rows:
        return None
    return _stray(
        columns, pointed_at, strays.rows, f"{strays.rows} rows point at nothing", samples=strays.values
    )


def _stray(
    columns: str, pointed_at: str, rows: int | None, words: str, *, samples: tuple[str, ...] = ()
) -> Finding:
    shown = f"; such as {', '.join(samples)}" if samples else ""
    return Finding(
        id=f"foreign key {columns}",
        metric="foreignKey",
        severity="error",
        expected=f"a row of {pointed_at} for each",
        found=rows,
        message=f"foreign key {columns} to {pointed_at}: {words}{shown}",
        samples=samples,
    )
