"""Who may ask, and in whose name the audit trail remembers it."""

import hmac
from typing import Annotated, Any

from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import HeaderParameter
from litestar.types import Guard

from shared.errors import RequestInvalid, Unauthorized
from shared.settings.variables import Secret

TOKEN_ACTOR = "api-token"  # noqa: S105 - a name, not a secret
LONGEST_ACTOR = 100
# What a route takes to know who is asking.
Actor = NamedDependency[str]


def guard(token: Secret) -> Guard:
    """A guard that lets nobody pass without `Authorization: Bearer <token>`."""
    expected = token.reveal().encode()

    def require_token(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), expected):
            raise Unauthorized("the request carries no valid bearer token")

    return require_token


async def actor(
    loadstone_actor: Annotated[
        str | None,
        HeaderParameter(
            name="X-Loadstone-Actor", description="Who is asking, for the audit trail.", required=False
        ),
    ] = None,
) -> str:
    """The name in the audit trail: what the caller says, or else the token's. Raises RequestInvalid."""
    if loadstone_actor is None:
        return TOKEN_ACTOR
    if not 0 < len(loadstone_actor) <= LONGEST_ACTOR or not loadstone_actor.isprintable():
        raise RequestInvalid(f"X-Loadstone-Actor takes 1 to {LONGEST_ACTOR} printable characters")
    return loadstone_actor
