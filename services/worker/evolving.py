"""Lets a contract evolve with the headers of a delivery, before anything of that is loaded."""

from collections.abc import Sequence
from contextlib import aclosing

from msgspec import structs

from services.worker.progress import Progress
from services.worker.resources import Resources
from shared.catalog import audit, datasets, runs
from shared.domain import delivery, evolving
from shared.domain.contract import Contract
from shared.domain.run import ObjectRef, Trigger
from shared.files import newcolumns
from shared.files.newcolumns import HeaderReader
from shared.postgres.pool import Connection

ACTOR = "evolution"


async def evolve(io: Resources, progress: Progress) -> None:
    """Add the delivery's new columns to the contract, and go by that; other deliveries' new columns included.

    A contract that somebody has changed otherwise since the run was accepted is left alone, and not adopted.
    Raises DeliverySuperseded, LeaseLost.
    """
    run = progress.run
    if progress.contract.evolution.new_columns != "evolve" or run.trigger is Trigger.REQUEUE:
        return
    progress.enter("headers")
    headers = [await _names(io, progress, item) for item in progress.objects]
    async with io.db.acquire() as db, db.transaction():
        await datasets.lock(db, run.dataset_id)
        await runs.hold_fence(db, run)
        now = await datasets.read(db, run.dataset)
        present = Contract(dataset_id=now.id, version=now.contract_version, document=now.document)
        if not evolving.differ_by_evolution(progress.contract, present.document):
            return
        contract = await _evolved(db, progress, present, headers)
        if contract.version == run.contract_version:
            return
        nonce = await runs.nonce(db, run.id)
        identity = delivery.delivery_key(
            run.dataset, contract.version, run.business_date, progress.objects, nonce
        )
        await runs.adopt(db, run, contract.version, identity)
    progress.adopt(contract)


async def _names(io: Resources, progress: Progress, item: ObjectRef) -> Sequence[str]:
    """The columns that an object's header names."""
    reader = HeaderReader(progress.dataset, max_ratio=io.max_compression_ratio)
    async with aclosing(io.bucket.stream(progress.dataset.source.bucket, item)) as chunks:
        async for chunk in chunks:
            if (names := reader.names(chunk)) is not None:
                return names
    return reader.names(None) or []


async def _evolved(
    db: Connection, progress: Progress, present: Contract, headers: Sequence[Sequence[str]]
) -> Contract:
    """The present contract, or the next version of it, which has the new columns too."""
    document = present.document
    for names in headers:
        document = newcolumns.evolved(document, names)
    known = len(present.document.schema.fields)
    added = [field.name for field in document.schema.fields[known:]]
    if not added:
        return present
    version = present.version + 1
    await datasets.use(db, present.dataset_id, version, document, actor=ACTOR)
    await audit.add(
        db,
        actor=ACTOR,
        action="dataset.evolve",
        subject=progress.run.dataset,
        before={"contractVersion": present.version},
        after={"contractVersion": version, "fields": added, "run": progress.run.id},
    )
    return structs.replace(present, version=version, document=document)
