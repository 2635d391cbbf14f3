"""Errors: one shape for all of them, with a request id, and nothing that only a programmer could use."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
import yaml
from msgspec import structs

from services.api import app, problems
from services.api.problems import Problem
from services.api.resources import Resources
from shared import bucket, errors
from shared.domain.run import RunState
from shared.errors import LoadstoneError
from shared.settings import ObjectStore
from tests.integration.api.conftest import client, opened
from tests.support import catalog, proxy
from tests.support.servers import Store


def problem_of(response: httpx.Response) -> Problem:
    """The problem in an answer; fails where the answer isn't one, whole and consistent."""
    assert response.headers["content-type"].partition(";")[0] == "application/problem+json"
    found = msgspec.json.decode(response.content, type=Problem, strict=True)
    assert found.status == response.status_code
    assert found.type == f"/errors/{found.code}"
    assert found.request_id == response.headers["x-request-id"]
    assert found.title
    assert found.detail
    assert found.hint
    return found


@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("DELETE", "/v1/datasets", 405, "method_not_allowed"),
        ("GET", "/v1/datasets/none", 404, "not_found"),
        ("GET", "/v1/runs?limit=many", 400, "request_invalid"),
        ("PUT", "/v1/datasets/none", 422, "dataset_invalid"),
    ],
)
async def test_every_refusal_has_the_same_shape(
    api: httpx.AsyncClient, method: str, address: str, status: int, code: str
) -> None:
    found = problem_of(await api.request(method, address))
    assert (found.status, found.code) == (status, code)


async def test_a_method_that_is_not_allowed_says_which_are(api: httpx.AsyncClient) -> None:
    response = await api.delete("/v1/datasets")
    assert "GET" in response.headers["allow"]
    assert problem_of(response).detail == "/v1/datasets does not take DELETE"


async def test_an_address_where_nothing_is_is_named(api: httpx.AsyncClient) -> None:
    assert problem_of(await api.get("/v1/runs/last")).detail == "there is nothing at /v1/runs/last"


async def test_a_defect_is_reported_without_its_inside(io: Resources) -> None:
    broken: Any = "no pool"
    async with client(structs.replace(io, db=broken)) as api:
        response = await api.get("/v1/datasets")
    found = problem_of(response)
    assert (found.status, found.code) == (500, "internal_error")
    assert "Traceback" not in response.text
    assert "no pool" not in response.text
    assert "attribute" not in response.text


@asynccontextmanager
async def cut_off(database: str, redis_url: str, s3: Store) -> AsyncGenerator[httpx.AsyncClient]:
    """An API whose PostgreSQL went away after the API had started."""
    address = urlsplit(database)
    assert address.port is not None
    async with proxy.between(address.port) as between:
        through = database.replace(f":{address.port}/", f":{between.port}/")
        resources = opened(through, redis_url, s3)
        io = await resources.__aenter__()
    try:
        async with client(io) as api:
            yield api
    finally:
        await resources.__aexit__(None, None, None)


async def test_without_postgresql_requests_are_to_be_tried_again(
    database: str, redis_url: str, s3: Store
) -> None:
    async with cut_off(database, redis_url, s3) as api:
        for _ in range(3):
            response = await api.get("/v1/datasets")
            found = problem_of(response)
            assert (found.status, found.code) == (503, "database_unavailable")
            assert response.headers["retry-after"]


async def test_without_postgresql_the_api_lives_but_is_not_ready(
    database: str, redis_url: str, s3: Store
) -> None:
    async with cut_off(database, redis_url, s3) as api:
        assert (await api.get("/live")).status_code == 200
        ready = await api.get("/ready")
    assert ready.status_code == 503
    assert ready.json() == {"status": "not ready", "failed": ["postgresql"]}


async def test_without_a_bucket_a_run_is_to_be_asked_for_again(io: Resources) -> None:
    await catalog.applied(io.db)
    nowhere = ObjectStore(endpoint_url="http://127.0.0.1:1", region="us-east-1")
    async with bucket.connect(nowhere) as objects, client(structs.replace(io, bucket=objects)) as api:
        response = await api.post("/v1/datasets/flights/runs", json={"businessDate": "2013-01-05"})
    assert problem_of(response).status in (502, 503)


async def test_a_request_that_takes_too_long_is_given_up(
    io: Resources, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "TIME_LIMIT", 0.2)
    async with io.db.acquire() as db, db.transaction():
        await db.execute("LOCK TABLE loadstone.dataset")
        found = problem_of(await api.get("/v1/datasets"))
    assert (found.status, found.code) == (504, "request_timed_out")
    assert (await api.get("/v1/datasets")).status_code == 200


async def test_a_request_keeps_the_id_that_it_came_with(api: httpx.AsyncClient) -> None:
    response = await api.get("/v1/datasets", headers={"X-Request-Id": "abc-123"})
    assert response.headers["x-request-id"] == "abc-123"


@pytest.mark.parametrize("given", ["", "a b", "x" * 101, "é", '"'])
async def test_an_id_that_would_break_a_log_is_replaced(api: httpx.AsyncClient, given: str) -> None:
    response = await api.get("/live", headers={"X-Request-Id": given.encode()})  # type: ignore[arg-type]
    assert len(response.headers["x-request-id"]) == 32


def test_every_error_has_a_status() -> None:
    def kinds(above: type[LoadstoneError]) -> list[type[LoadstoneError]]:
        return [found for kind in above.__subclasses__() for found in (kind, *kinds(kind))]

    for kind in kinds(LoadstoneError):
        transient = issubclass(kind, errors.Transient)
        assert (problems.status_of(kind("message")) == 503) is transient, kind


async def test_the_openapi_document_describes_every_answer(api: httpx.AsyncClient) -> None:
    document = json.loads((await api.get("/schema/openapi.json")).content)
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    assert {"applyDataset", "startRun", "cancelRun", "rollBack", "readRows"} <= set(names)
    for address, path in document["paths"].items():
        for operation in path.values():
            if address.startswith("/v1"):
                assert {"400", "401", "503"} <= set(operation["responses"]), operation["operationId"]
                assert operation["security"] == [{"bearer": []}]
                assert "application/problem+json" in operation["responses"]["401"]["content"]


async def test_the_openapi_document_names_what_the_api_answers_with(api: httpx.AsyncClient) -> None:
    document = (await api.get("/schema/openapi.json")).json()
    start = document["paths"]["/v1/datasets/{name}/runs"]["post"]
    assert {"200", "202", "404", "409"} <= set(start["responses"])
    apply = document["paths"]["/v1/datasets/{name}"]["put"]
    assert {"application/json", "application/yaml"} == set(apply["requestBody"]["content"])
    schemas = document["components"]["schemas"]
    run = next(schema for name, schema in schemas.items() if name.endswith("RunAnswer"))
    assert {"businessDate", "maxAttempts", "errorHint"} <= set(run["properties"])
    assert set(RunState) == set(
        next(schema["enum"] for schema in schemas.values() if "superseded" in schema.get("enum", []))
    )


async def test_the_openapi_document_is_there_as_yaml_too(api: httpx.AsyncClient) -> None:
    as_yaml = yaml.safe_load((await api.get("/schema/openapi.yaml")).text)
    assert as_yaml["paths"].keys() == (await api.get("/schema/openapi.json")).json()["paths"].keys()
