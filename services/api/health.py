"""Whether the API lives, and whether it can do its work: for load balancers and kubelets, without a token."""

from collections.abc import Mapping
from datetime import timedelta

from litestar import Response, get
from litestar.openapi import ResponseSpec
from msgspec import Struct

from services.api.resources import Io, Resources
from shared.postgres import pool
from shared.telemetry import ops
from shared.telemetry.ops import Check

# Shorter than a kubelet waits by default for a probe with its own time limit of 3 s.
TIME_LIMIT = timedelta(seconds=2)


class Health(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`failed` names what the API can't reach."""

    status: str
    failed: list[str] = []


def checks(io: Resources) -> Mapping[str, Check]:
    """What the API can't work without. Redis is not among it: a run that nobody rings for is found anyway."""
    return {"postgresql": lambda: pool.ping(io.db)}


@get("/live", operation_id="live")
async def live() -> Health:
    """Answers as long as the event loop turns."""
    return Health(status="live")


@get(
    "/ready",
    operation_id="ready",
    responses={503: ResponseSpec(Health, description="Something is out of reach.", generate_examples=False)},
)
async def ready(io: Io) -> Response[Health]:
    """Answers 503 with the names of what can't be reached."""
    failed = await ops.failing(checks(io), TIME_LIMIT)
    if failed:
        return Response(Health(status="not ready", failed=failed), status_code=503)
    return Response(Health(status="ready"))
