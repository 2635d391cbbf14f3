"""Quarantine: the records that a run rejected."""

from datetime import datetime

from litestar import get
from msgspec import Struct

from services.api import paging
from services.api.paging import Page
from services.api.parameters import AfterId, Limit, RunNumber
from services.api.reference import refusals
from services.api.resources import Io
from shared.catalog import runs
from shared.domain.run import RunId
from shared.warehouse import quarantine
from shared.warehouse.quarantine import Quarantined


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
