"""Decisions: a held run is approved or rejected by a person."""

from typing import Annotated

from litestar import post
from litestar.params import RequestBody
from msgspec import Meta, Struct

from services.api import approval
from services.api.auth import Actor
from services.api.parameters import RunNumber
from services.api.reference import refusals
from services.api.resources import Io
from services.api.routes.runs import RunAnswer, answer
from shared.domain.run import RunId


class Approve(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`force` makes the version live although a newer one is live by now."""

    force: bool = False


class Reject(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why the version must not go live; kept with the run and in the audit trail."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


@post("/runs/{run_id:int}/approve", operation_id="approveRun", status_code=200, responses=refusals(404, 409))
async def approve_run(run_id: RunNumber, data: RequestBody[Approve], io: Io, actor: Actor) -> RunAnswer:
    """Make the version of a held run live. The view changes exactly once, however often this is asked."""
    async with io.db.acquire() as db:
        return answer(await approval.approve(db, RunId(run_id), force=data.force, actor=actor))


@post("/runs/{run_id:int}/reject", operation_id="rejectRun", status_code=200, responses=refusals(404, 409))
async def reject_run(run_id: RunNumber, data: RequestBody[Reject], io: Io, actor: Actor) -> RunAnswer:
    """End a held run without making its version live; the version is dropped."""
    async with io.db.acquire() as db:
        return answer(await approval.reject(db, RunId(run_id), reason=data.reason, actor=actor))
