"""Quarantine: the records that a run rejected, as a list, as a file, and corrected."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.response import Stream
from msgspec import Struct

from services.api import paging, requeueing
from services.api.auth import Actor
from services.api.paging import Page
from services.api.parameters import AfterId, Limit, OfObject, RunNumber
from services.api.reference import refusals
from services.api.resources import Io
from services.api.routes.runs import RunAnswer
from shared.catalog import datasets, runs
from shared.domain.dataset import Dataset
from shared.domain.report import Reject, RejectCode
from shared.domain.run import RunId
from shared.errors import Conflict
from shared.files import corrections
from shared.postgres.pool import Pool
from shared.warehouse import quarantine
from shared.warehouse.quarantine import Quarantined

AT_ONCE = 1000
# Beyond this many corrected bytes the file itself had better be corrected.
LARGEST_CORRECTION = 16 << 20


class QuarantinedAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    r"""A rejected record: where it stands, and why. Bytes of `raw` that are not UTF-8 are written as \xNN."""

    id: int
    object: str
    line: int
    column: str | None
    code: str
    message: str
    raw: str
    at: datetime


@get("/runs/{run_id:int}/quarantine", operation_id="listQuarantine", responses=refusals(404))
async def list_quarantine(
    run_id: RunNumber, io: Io, after: AfterId = 0, limit: Limit = 100
) -> Page[QuarantinedAnswer]:
    """The records that a run's last attempt rejected, in the order in which they were found."""
    await runs.read(io.db, RunId(run_id))
    found = await quarantine.page(io.db, RunId(run_id), after=after, limit=limit + 1)
    return paging.page(found, limit, key=lambda record: record.id, show=_answer)


@get(
    "/runs/{run_id:int}/quarantine/file",
    operation_id="downloadQuarantine",
    media_type="application/octet-stream",
    responses=refusals(404, 409),
)
async def download_quarantine(run_id: RunNumber, io: Io, of_object: OfObject = None) -> Stream:
    """The rejected records as they stand in the files, each behind object, line, column, code and message.

    To be corrected, and sent to `requeueRun`. The records of one object, where the headers of several differ.
    """
    run = await runs.read(io.db, RunId(run_id))
    contract = await datasets.contract(io.db, run.dataset_id, run.contract_version)
    report = await runs.report(io.db, run.id) or {}
    keys = [of_object] if of_object is not None else await quarantine.objects(io.db, run.id)
    forms = [_form(report.get("read", {}).get(key, {})) for key in keys]
    if any(form != forms[0] for form in forms):
        raise Conflict(
            f"run {run_id} rejected records of {len(keys)} objects whose headers or dialects differ",
            hint="Ask for one object at a time: ?object=KEY.",
        )
    found = forms[0] if forms else {}
    dataset = corrections.as_found(contract.document, found)
    name = f"{run.dataset}-{run.business_date}-run-{run.id}.{_ending(contract.document)}"
    return Stream(
        _lines(io.db, dataset, run.id, of_object, found.get("header")),
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@post(
    "/runs/{run_id:int}/requeue",
    operation_id="requeueRun",
    status_code=202,
    request_max_body_size=LARGEST_CORRECTION,
    responses={
        200: ResponseSpec(
            RunAnswer,
            description="The run that loads just these records already, or has loaded them.",
            generate_examples=False,
        ),
        **refusals(404, 409, 413),
    },
)
async def requeue_run(
    run_id: RunNumber, request: Request[Any, Any, Any], io: Io, actor: Actor
) -> Response[RunAnswer]:
    """Add corrected records of a run to the live version: the body is a file as `downloadQuarantine` gives.

    Makes a new version from the live one and the records of the body, which are checked like any other.
    """
    content = await request.body()
    run, new = await requeueing.requeue(io, RunId(run_id), content, actor=actor)
    answer = msgspec.convert(run, RunAnswer, from_attributes=True)
    return Response(answer, status_code=202 if new else 200, headers={"Location": f"/v1/runs/{run.id}"})


async def _lines(
    db: Pool, dataset: Dataset, run_id: RunId, key: str | None, header: Sequence[str] | None
) -> AsyncGenerator[bytes]:
    yield corrections.heading(dataset, header)
    last = 0
    while page := await quarantine.page(db, run_id, after=last, limit=AT_ONCE, key=key):
        yield b"".join(corrections.record(dataset, record.object, _reject(record)) for record in page)
        last = page[-1].id


def _form(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: found[key] for key in ("header", "delimiter", "quoteChar") if key in found}


def _reject(record: Quarantined) -> Reject:
    return Reject(
        line=record.line,
        column=record.column,
        code=RejectCode(record.code),
        message=record.message,
        raw=record.raw,
    )


def _ending(dataset: Dataset) -> str:
    return dataset.format.type if corrections.is_delimited(dataset) else "ndjson"


def _answer(record: Quarantined) -> QuarantinedAnswer:
    return QuarantinedAnswer(
        id=record.id,
        object=record.object,
        line=record.line,
        column=record.column,
        code=record.code,
        message=record.message,
        raw=record.text,
        at=record.at,
    )
