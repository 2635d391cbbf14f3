"""The OpenAPI document at /schema: as JSON and YAML, without a page that loads scripts from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
    SecurityScheme,
)

from services.api.problems import MEDIA_TYPE, Problem

BEARER = "bearer"
# Any request under /v1 can be refused so.
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)


def refusals(*statuses: int) -> Mapping[int, ResponseSpec]:
    """The answers, besides its success, that a request must be ready for."""
    return {
        int(status): ResponseSpec(
            Problem,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in sorted({*_ALWAYS, *statuses})
    }


def config(release: str) -> OpenAPIConfig:
    """How the document introduces itself."""
    return OpenAPIConfig(
        title="Loadstone",
        version=release,
        description="Imports the files that land in a bucket into PostgreSQL, as checked, numbered versions.",
        path="/schema",
        render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
        components=Components(security_schemes={BEARER: SecurityScheme(type="http", scheme="bearer")}),
    )


@dataclass
class DocumentOperation(Operation):
    """An operation whose body is a dataset document, which is read with all of its mistakes at once."""

    def __post_init__(self) -> None:
        content = Schema(type=OpenAPIType.OBJECT, description="Every key is in docs/reference/dataset.md.")
        self.request_body = RequestBody(
            required=True,
            content={
                "application/json": OpenAPIMediaType(schema=content),
                "application/yaml": OpenAPIMediaType(schema=content),
            },
        )
