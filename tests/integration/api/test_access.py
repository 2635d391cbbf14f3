"""Who may ask: nobody without the token."""

import re

import httpx
import pytest

from services.api.resources import Resources
from tests.integration.api.conftest import TOKEN, client
from tests.support import catalog


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"],
)
async def test_a_request_without_the_token_is_refused(io: Resources, authorization: str | None) -> None:
    async with client(io, token=None) as stranger:
        headers = {} if authorization is None else {"Authorization": authorization.encode()}
        response = await stranger.get("/v1/datasets", headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["code"] == "unauthorized"


async def test_the_scheme_may_be_written_in_any_case(io: Resources) -> None:
    async with client(io, token=None) as caller:
        response = await caller.get("/v1/datasets", headers={"Authorization": f"bearer {TOKEN}"})
    assert response.status_code == 200


async def test_every_route_under_v1_asks_for_the_token(io: Resources, api: httpx.AsyncClient) -> None:
    paths = (await api.get("/schema/openapi.json")).json()["paths"]
    asked = [(method, path) for path in paths for method in paths[path] if path.startswith("/v1")]
    assert len(asked) > 10
    async with client(io, token=None) as stranger:
        for method, path in asked:
            address = re.sub(r"{\w+}", "1", path.replace("{name}", "flights"))
            response = await stranger.request(method, address)
            assert response.status_code == 401, (method, path)


async def test_what_probes_ask_for_needs_no_token(io: Resources) -> None:
    async with client(io, token=None) as stranger:
        assert (await stranger.get("/live")).json() == {"status": "live"}
        assert (await stranger.get("/ready")).json() == {"status": "ready"}


async def test_a_change_that_is_refused_for_its_token_changes_nothing(
    io: Resources, api: httpx.AsyncClient
) -> None:
    async with client(io, token="wrong") as stranger:
        await stranger.put("/v1/datasets/flights", json=catalog.declared())
    assert (await api.get("/v1/datasets")).json()["items"] == []


async def test_the_audit_trail_names_whoever_the_caller_says(io: Resources, api: httpx.AsyncClient) -> None:
    await api.put("/v1/datasets/a", json=catalog.declared("a"), headers={"X-Loadstone-Actor": "ada"})
    await api.put("/v1/datasets/b", json=catalog.declared("b"))
    found = await io.db.fetch("SELECT actor, action, subject FROM loadstone.audit ORDER BY id")
    assert [tuple(line) for line in found] == [
        ("ada", "dataset.apply", "a"),
        ("api-token", "dataset.apply", "b"),
    ]


@pytest.mark.parametrize("actor", ["", "x" * 101, "tab\there"])
async def test_an_actor_that_no_one_could_read_is_refused(api: httpx.AsyncClient, actor: str) -> None:
    response = await api.put(
        "/v1/datasets/flights", json=catalog.declared(), headers={"X-Loadstone-Actor": actor}
    )
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")
