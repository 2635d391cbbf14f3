"""Streams a delivery through the parser into COPY. Rejected records go to quarantine on the way.

Downloading, parsing and the server's work overlap: a task of its own reads and parses up to `AHEAD` blocks
before COPY asks for them.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from msgspec import Struct, structs

from services.worker import skipping
from services.worker.overlap import ahead
from services.worker.prefetch import prefetching
from services.worker.progress import Progress, Staged
from services.worker.resources import Resources
from shared.domain import expectations, misfits
from shared.domain.report import ObjectCounts, Reject
from shared.errors import RecordRejected, TooManyErrors
from shared.files.batch import Batch
from shared.files.profiling import Profiler
from shared.warehouse import quarantine, staging
from shared.warehouse import slices as warehouse_slices
from shared.warehouse.staging import Encoder

AHEAD = 2
# A smaller delivery is read to its end in seconds, whatever it holds.
HOPELESS_BYTES = 16 << 20


class Loaded(Struct, frozen=True, kw_only=True):
    """Filled staging tables: the rows that PostgreSQL counted, and what the parser counted per object.

    `beside` are the live rows of the same business date that they complete.
    """

    rows: int
    beside: int = 0
    objects: list[ObjectCounts]


class Encoded(Struct, frozen=True, kw_only=True):
    """A batch, and its rows as COPY takes them."""

    batch: Batch
    data: bytes


async def load(io: Resources, progress: Progress) -> Loaded:
    """Load the delivery into this attempt's staging tables, each in one transaction.

    Raises FileRefused, RecordRejected or TooManyErrors as the contract says.
    """
    progress.enter("load")
    await quarantine.forget_earlier_attempts(io.db, progress.run)
    counts: list[ObjectCounts] = []
    if progress.dataset.load.on_error == "SKIP_FILE":
        progress.staged = await skipping.load_some(
            progress, lambda part: load_part(io, progress, part, counts)
        )
    else:
        progress.staged = [await load_part(io, progress, part, counts) for part in progress.staged]
    return await unite(io, progress, counts)


async def load_part(io: Resources, progress: Progress, part: Staged, counts: list[ObjectCounts]) -> Staged:
    """Load one table, in one transaction."""
    profiler = Profiler(progress.dataset)
    async with io.db.acquire() as db, ahead(_copy_data(io, progress, part, counts, profiler), AHEAD) as data:
        rows = await staging.load(db, part.relation, progress.dataset, progress.run, data)
    return structs.replace(part, rows=rows, profile=profiler.profile())


async def unite(io: Resources, progress: Progress, counts: list[ObjectCounts]) -> Loaded:
    """Look at all loaded tables as one. Raises TooManyErrors."""
    refuse_beyond_budget(progress, share=1)
    if progress.sliced:
        async with io.db.acquire() as db:
            await warehouse_slices.gather(db, progress.table, [part.relation for part in progress.staged])
    loaded = sum(part.rows for part in progress.staged)
    return Loaded(rows=loaded, beside=progress.beside, objects=counts)


async def _copy_data(
    io: Resources, progress: Progress, part: Staged, counts: list[ObjectCounts], profiler: Profiler
) -> AsyncGenerator[bytes]:
    encoder, traces = Encoder(progress.dataset), progress.dataset.load.lineage

    def encode(key: str, batch: Batch) -> Encoded:
        started = time.perf_counter()
        data = encoder.batch(batch, key)
        encoded = time.perf_counter()
        profiler.add(batch.rows)
        progress.spend("encode", encoded - started)
        progress.spend("profile", time.perf_counter() - encoded)
        return Encoded(batch=batch, data=data)

    yield encoder.header()
    async with prefetching(io, progress.dataset, part.objects) as prefetch:
        for item in part.objects:
            total, bytes_before = ObjectCounts(key=item.key), progress.bytes_done
            read = prefetch.batches(item, partial(encode, item.key), meter=progress, keep_lines=traces)
            async with aclosing(read) as found:
                async for encoded in found:
                    total = _added(total, encoded.batch)
                    progress.records_read += encoded.batch.records
                    progress.misread(item.key, encoded.batch.misfits)
                    await _reject(io, progress, item.key, encoded.batch.rejects)
                    progress.rows_done += encoded.batch.rows.num_rows
                    yield encoded.data
            counts.append(structs.replace(total, bytes_read=progress.bytes_done - bytes_before))
    yield encoder.trailer()


def _added(total: ObjectCounts, batch: Batch) -> ObjectCounts:
    return ObjectCounts(
        key=total.key,
        records_read=total.records_read + batch.records,
        rows_loaded=total.rows_loaded + batch.rows.num_rows,
        rows_quarantined=total.rows_quarantined + len(batch.rejects),
        blank_lines=total.blank_lines + batch.blank_lines,
    )


async def _reject(io: Resources, progress: Progress, key: str, rejects: tuple[Reject, ...]) -> None:
    """Quarantines rejected records, and refuses the delivery when its contract tolerates no more."""
    if not rejects:
        return
    tolerated = progress.dataset.load.on_error == "CONTINUE"
    kept = rejects if tolerated else rejects[:1]
    progress.rejected += len(kept)
    progress.first_reject = progress.first_reject or f"{key} line {kept[0].line}: {kept[0].message}"
    await quarantine.add(io.db, progress.run, key, kept)
    if progress.dataset.evolution.type_mismatch == "freeze":
        _refuse_mismatch(key, rejects, progress.suggestion)
    if not tolerated:
        raise RecordRejected(f"{progress.first_reject} ({kept[0].code}){progress.suggestion}")
    refuse_beyond_budget(progress, share=_share(progress))


def _refuse_mismatch(key: str, rejects: tuple[Reject, ...], suggestion: str) -> None:
    for reject in rejects:
        if reject.code in misfits.CODES:
            rule = f"{reject.code}, evolution.typeMismatch: freeze"
            raise RecordRejected(f"{key} line {reject.line}: {reject.message} ({rule}){suggestion}")


def _share(progress: Progress) -> float:
    """How much of the delivery was read; 0 where it is so small that most of it may not be parsed yet."""
    total = sum(item.size for item in progress.objects)
    return progress.bytes_done / total if total > HOPELESS_BYTES and progress.bytes_done < total else 0


def refuse_beyond_budget(progress: Progress, *, share: float) -> None:
    """Raises TooManyErrors when the contract tolerates no more; `share` of the delivery was read."""
    exceeded = expectations.budget_exceeded(
        progress.dataset.load, rejected=progress.rejected, read=progress.records_read, share=share
    )
    if exceeded:
        raise TooManyErrors(f"{exceeded}; the first is {progress.first_reject}{progress.suggestion}")
