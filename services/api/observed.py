"""Every request as seen from outside: its id, its line in the log, its metrics.

It wraps the whole application, because the framework runs no middleware for a path that it doesn't know.
"""

import re
import time
import uuid
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry import logs, metrics

HEADER = b"x-request-id"
_SANE = re.compile(r"[A-Za-z0-9._:/+=-]{1,100}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by whoever keeps the process alive.
_PROBES = frozenset({"/live", "/ready"})
log = logs.logger()


def observed(app: ASGIApp) -> ASGIApp:
    """The same application, with X-Request-Id on every answer, whatever the answer is."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        name = _name(scope)
        scope["state"] = {"request_id": name}
        started, status = time.perf_counter(), 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"] = [*message.get("headers", ()), (HEADER, name.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request=name):
            try:
                await app(scope, receive, send_on)
            finally:
                _tell(scope, status, time.perf_counter() - started)

    return answer


def request_id(scope: Any) -> str:  # noqa: ANN401 - the framework's scopes are of two types
    """The id of the request that is being answered."""
    return str(scope["state"]["request_id"])


def _name(scope: Scope) -> str:
    """The caller's id for the request where it is harmless in a header and a log, or else a new one."""
    given = next((value for header, value in scope["headers"] if header.lower() == HEADER), b"")
    text = given.decode("latin-1")
    return text if _SANE.fullmatch(text) else uuid.uuid4().hex


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = str(scope.get("path_template", "unknown"))
    given = str(scope.get("method", ""))
    method = given if given in _METHODS else "other"
    metrics.API_REQUESTS_TOTAL.labels(route, method, status).inc()
    metrics.API_REQUEST_DURATION.labels(route, method).observe(seconds)
    if route not in _PROBES:
        log.info(
            "request_answered",
            method=method,
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )
