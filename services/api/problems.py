"""Errors as the API tells them: RFC 9457 problem details, with our codes and hints, never a stack trace.

The only place that knows which HTTP status an error has.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Struct

from services.api import observed
from shared import errors
from shared.errors import DatasetInvalid, LoadstoneError, Transient
from shared.postgres import failures
from shared.telemetry import logs

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "5"
log = logs.logger()

# An error's own class counts, or else the nearest one above it.
STATUS: Mapping[type[LoadstoneError], HTTPStatus] = {
    errors.Transient: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DatasetInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RequestInvalid: HTTPStatus.BAD_REQUEST,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.VersionRetired: HTTPStatus.GONE,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.DeliveryMissing: HTTPStatus.CONFLICT,
    errors.ObjectChanged: HTTPStatus.CONFLICT,
    errors.ManifestBroken: HTTPStatus.CONFLICT,
    errors.TargetUnusable: HTTPStatus.CONFLICT,
    errors.BucketDenied: HTTPStatus.BAD_GATEWAY,
    errors.LoadstoneError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

# What only HTTP can be wrong about.
HTTP_CODES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: errors.RequestInvalid.code,
    HTTPStatus.NOT_FOUND: errors.NotFound.code,
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "media_type_unsupported",
    HTTPStatus.GATEWAY_TIMEOUT: "request_timed_out",
}


class Problem(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What went wrong, for people and programs. `code` never changes; `problems` lists every mistake."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str = ""
    request_id: str
    problems: list[str] = []


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The answer to a request that failed, whatever the error is."""
    request_id = observed.request_id(request.scope)
    if isinstance(error, HTTPException) and error.status_code in HTTP_CODES:
        return _response(_of_http(request, error, request_id), error.headers or {})
    told = _told(error)
    headers = {}
    if isinstance(told, Transient):
        headers["Retry-After"] = RETRY_AFTER
    if isinstance(told, errors.Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return _response(_of_error(told, request_id), headers)


def status_of(error: LoadstoneError) -> HTTPStatus:
    """The HTTP status that an error is answered with."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def _told(error: Exception) -> LoadstoneError:
    """What a caller may know: our own errors as they are, a database that is away, and no more."""
    if isinstance(error, LoadstoneError):
        return error
    explained = failures.explain(error)
    if isinstance(explained, Transient):
        log.warning("dependency_failed", code=explained.code, reason=explained.message)
        return explained
    log.error("request_failed", exc_info=error)
    return LoadstoneError(
        "the request failed for a reason that was not foreseen",
        hint="This is a defect of Loadstone: please report it with the requestId; the log has the details.",
    )


def _of_error(error: LoadstoneError, request_id: str) -> Problem:
    status = status_of(error)
    return Problem(
        type=f"/errors/{error.code}",
        title=status.phrase,
        status=status,
        detail=error.message,
        code=error.code,
        hint=error.hint,
        request_id=request_id,
        problems=list(error.problems) if isinstance(error, DatasetInvalid) else [],
    )


def _of_http(request: Request[Any, Any, Any], error: HTTPException, request_id: str) -> Problem:
    status = HTTPStatus(error.status_code)
    code = HTTP_CODES[status]
    found = error.extra if isinstance(error.extra, list) else []
    return Problem(
        type=f"/errors/{code}",
        title=status.phrase,
        status=status,
        detail=_detail(request, error),
        code=code,
        hint="GET /schema/openapi.json describes every request.",
        request_id=request_id,
        problems=[f"{_place(request, item)}: {item.get('message')}" for item in found],
    )


def _detail(request: Request[Any, Any, Any], error: HTTPException) -> str:
    """What the framework says, or more where it says no more than the status."""
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return f"there is nothing at {request.url.path}"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return f"{request.url.path} does not take {request.method}"
        case _:
            return error.detail


def _place(request: Request[Any, Any, Any], item: Mapping[str, Any]) -> str:
    """What a mistake is about, by the name that the caller knows and not by that of our parameter."""
    key = str(item.get("key", "body"))
    field = request.route_handler.parsed_fn_signature.parameters.get(key)
    declared = field.kwarg_definition if field else None
    return getattr(declared, "name", None) or key


def _response(problem: Problem, headers: Mapping[str, str]) -> Response[Problem]:
    return Response(problem, status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers))
