"""Runs: started, listed, read, cancelled."""

from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import RequestBody
from msgspec import Struct

from services.api import paging, starting
from services.api.auth import Actor
from services.api.paging import Page
from services.api.parameters import BeforeId, DatasetName, InState, Limit, OfDataset, RunNumber
from services.api.reference import refusals
from services.api.resources import Io
from shared.catalog import attempts, audit, datasets, objects, runs
from shared.domain.disposal import Outcome
from shared.domain.run import Run, RunId, RunState, Trigger
from shared.errors import Conflict
from shared.postgres.pool import Connection, Pool


class StartRun(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which delivery to import. `force` imports it again although nothing about it has changed."""

    business_date: date
    force: bool = False


class RunAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A run: where it is, how far, and why it failed."""

    id: int
    dataset: str
    business_date: date
    state: RunState
    trigger: Trigger
    contract_version: int
    attempt: int
    max_attempts: int
    stage: str | None
    worker: str | None
    rows_done: int
    bytes_done: int
    bytes_total: int
    version: int | None
    error_code: str | None
    error_message: str | None
    error_hint: str | None
    requested_by: str | None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    late_at: datetime | None
    cancel_requested_at: datetime | None
    release_group: str | None


class AttemptAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """One execution of a run by a worker."""

    number: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    error_code: str | None
    error_message: str | None


class ObjectAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """One object of a run's delivery; the counts are there once the run has succeeded."""

    key: str
    etag: str
    version_id: str | None
    size: int
    bytes_read: int | None
    records_read: int | None
    rows_loaded: int | None
    rows_quarantined: int | None
    blank_lines: int | None
    after_load: str | None
    after_load_outcome: Outcome | None
    after_load_message: str | None


class RunDetail(RunAnswer, frozen=True, kw_only=True, rename="camel"):
    """A run with everything that is known of it."""

    attempts: list[AttemptAnswer]
    objects: list[ObjectAnswer]
    report: dict[str, Any] | None


@post(
    "/datasets/{name:str}/runs",
    operation_id="startRun",
    status_code=202,
    responses={
        200: ResponseSpec(
            RunAnswer,
            description="The run that imports the delivery already, or one that ended as `unchanged`.",
            generate_examples=False,
        ),
        **refusals(404, 409, 502),
    },
)
async def start_run(
    name: DatasetName, data: RequestBody[StartRun], io: Io, actor: Actor
) -> Response[RunAnswer]:
    """Import the delivery of a business date.

    Answers 200 when there is nothing to do: with the run that imports the delivery already, or with one that
    ended as `unchanged` and names the version that holds it.
    """
    dataset = await datasets.read(io.db, name)
    run, new = await starting.start(io, dataset, data.business_date, force=data.force, actor=actor)
    return Response(answer(run), status_code=202 if new else 200, headers={"Location": f"/v1/runs/{run.id}"})


@get("/runs", operation_id="listRuns", responses=refusals(404))
async def list_runs(
    io: Io,
    dataset: OfDataset = None,
    in_state: InState = None,
    before: BeforeId = runs.NO_LIMIT,
    limit: Limit = 50,
) -> Page[RunAnswer]:
    """The newest runs, of one dataset or of all, in one state or in any."""
    if dataset is not None:
        await datasets.read(io.db, dataset)  # a mistyped name is not a dataset without runs
    found = await runs.history(io.db, dataset=dataset, state=in_state, before=before, limit=limit + 1)
    return paging.page(found, limit, key=lambda run: run.id, show=answer)


@get("/runs/{run_id:int}", operation_id="readRun", responses=refusals(404))
async def read_run(run_id: RunNumber, io: Io) -> RunDetail:
    """One run with its attempts, its objects, and what it found."""
    async with io.db.acquire() as db:
        return await _detail(db, RunId(run_id))


@post("/runs/{run_id:int}/cancel", operation_id="cancelRun", status_code=202, responses=refusals(404, 409))
async def cancel_run(run_id: RunNumber, io: Io, actor: Actor) -> RunAnswer:
    """Ask for a cancellation: at once where no worker holds the run, else at its worker's next heartbeat."""
    async with io.db.acquire() as db, db.transaction():
        cancelled = await runs.cancel(db, RunId(run_id))
        run = await runs.read(db, RunId(run_id))
        if not cancelled:
            raise Conflict(f"run {run_id} is {run.state}", hint="Nothing is left to cancel.")
        await audit.add(
            db,
            actor=actor,
            action="run.cancel",
            subject=run.dataset,
            after={"run": run_id, "state": run.state},
        )
    return answer(run)


async def _detail(db: Connection | Pool, run_id: RunId) -> RunDetail:
    run = await runs.read(db, run_id)
    return RunDetail(
        **msgspec.structs.asdict(answer(run)),
        attempts=msgspec.convert(
            await attempts.listing(db, run_id), list[AttemptAnswer], from_attributes=True
        ),
        objects=msgspec.convert(await objects.listing(db, run_id), list[ObjectAnswer], from_attributes=True),
        report=await runs.report(db, run_id),
    )


def answer(run: Run) -> RunAnswer:
    """A run, as the API tells it."""
    return msgspec.convert(run, RunAnswer, from_attributes=True)
