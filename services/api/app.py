"""The composition root: the whole API as one ASGI application."""

import asyncio
from importlib.metadata import PackageNotFoundError, version

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from services.api import auth, health, observed, problems, reference
from services.api.resources import Resources
from services.api.routes import datasets, decisions, differences, preview, quarantine, rows, runs, versions

# A dataset document with a thousand columns has about 100 kB.
LARGEST_BODY = 1_000_000
TIME_LIMIT = 30.0
ROUTES = [
    datasets.apply_dataset,
    datasets.list_datasets,
    datasets.read_dataset,
    datasets.roll_back,
    runs.start_run,
    runs.list_runs,
    runs.read_run,
    runs.cancel_run,
    decisions.approve_run,
    decisions.reject_run,
    quarantine.list_quarantine,
    preview.preview_object,
    quarantine.download_quarantine,
    quarantine.requeue_run,
    versions.list_versions,
    versions.read_version,
    differences.compare_versions,
    rows.read_rows,
]


def build(io: Resources) -> ASGIApp:
    """The API over these resources, which the caller opens and closes."""
    v1 = Router(
        "/v1",
        route_handlers=ROUTES,
        # A guard on the router needs no list of paths that are exempt, which is where such lists go wrong.
        guards=[auth.guard(io.token)],
        middleware=[time_limited],
        dependencies={"actor": Provide(auth.actor)},
        security=[{reference.BEARER: []}],
    )
    return observed.observed(
        Litestar(
            route_handlers=[v1, health.live, health.ready],
            dependencies={"io": Provide(lambda: io, sync_to_thread=False)},
            exception_handlers={Exception: problems.answer},
            openapi_config=reference.config(_release()),
            request_max_body_size=LARGEST_BODY,
            logging_config=None,
            debug=False,
        )
    )


def time_limited(app: ASGIApp) -> ASGIApp:
    """The same application, which gives up after TIME_LIMIT seconds; its transaction is rolled back then."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(TIME_LIMIT) as limit:
                await app(scope, receive, send)
        except TimeoutError:
            if not limit.expired():  # another time limit, inside
                raise
            raise HTTPException(
                f"the request was given up after {TIME_LIMIT:.0f} s", status_code=504
            ) from None

    return answer


def _release() -> str:
    try:
        return version("loadstone")
    except PackageNotFoundError:  # started from a source tree that is not installed
        return "source"
