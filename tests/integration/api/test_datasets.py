"""Datasets: applied, tried, listed, read."""

from datetime import UTC, datetime

import httpx
import pytest
import yaml

from services.api.resources import Resources
from shared.catalog import datasets
from tests.support import catalog


async def test_a_new_dataset_is_created(api: httpx.AsyncClient) -> None:
    response = await api.put("/v1/datasets/flights", json=catalog.declared())
    assert response.status_code == 201
    answer = response.json()
    assert (answer["contractVersion"], answer["changed"], answer["created"]) == (1, True, True)


async def test_the_same_document_changes_nothing(io: Resources, api: httpx.AsyncClient) -> None:
    await api.put("/v1/datasets/flights", json=catalog.declared())
    response = await api.put("/v1/datasets/flights", json=catalog.declared())
    assert response.status_code == 200
    assert response.json() == {
        "name": "flights",
        "contractVersion": 1,
        "changed": False,
        "created": False,
        "changes": [],
    }
    assert await io.db.fetchval("SELECT count(*) FROM loadstone.audit") == 1


async def test_a_changed_document_is_a_new_contract_and_says_what_changed(api: httpx.AsyncClient) -> None:
    await api.put("/v1/datasets/flights", json=catalog.declared())
    answer = (await api.put("/v1/datasets/flights", json=catalog.declared(title="Flights"))).json()
    assert answer["contractVersion"] == 2
    assert answer["changes"] == [{"path": "title", "kind": "added", "before": None, "after": "Flights"}]


async def test_yaml_is_taken_too(api: httpx.AsyncClient) -> None:
    response = await api.put(
        "/v1/datasets/flights",
        content=yaml.safe_dump(catalog.declared()),
        headers={"Content-Type": "application/yaml"},
    )
    assert response.status_code == 201


async def test_a_dry_run_says_the_same_and_changes_nothing(io: Resources, api: httpx.AsyncClient) -> None:
    tried = await api.put("/v1/datasets/flights", json=catalog.declared(), params={"dryRun": "true"})
    assert tried.status_code == 200
    assert await io.db.fetchval("SELECT count(*) FROM loadstone.dataset") == 0
    assert await io.db.fetchval("SELECT count(*) FROM loadstone.audit") == 0
    done = await api.put("/v1/datasets/flights", json=catalog.declared())
    assert done.json() == tried.json()


async def test_all_mistakes_of_a_document_come_at_once(api: httpx.AsyncClient) -> None:
    document = catalog.declared(sorce={}, title=7, retention={"versions": 0})
    response = await api.put("/v1/datasets/flights", json=document)
    assert response.status_code == 422
    problem = response.json()
    assert problem["code"] == "dataset_invalid"
    paths = {line.partition(":")[0] for line in problem["problems"]}
    assert {"sorce", "title", "retention.versions"} <= paths


async def test_a_pattern_that_can_not_be_compiled_is_refused_before_a_worker_meets_it(
    api: httpx.AsyncClient,
) -> None:
    document = catalog.declared("flights")
    document["schema"]["fields"][0] = {
        "name": "id",
        "type": "string",
        "constraints": {"pattern": "(unclosed"},
    }
    response = await api.put("/v1/datasets/flights", json=document)
    assert response.status_code == 422
    assert any("constraints.pattern" in problem for problem in response.json()["problems"])


@pytest.mark.parametrize("body", [b"", b"[", b"\xff\xfe", b"- a\n- b\n", b"42"])
async def test_what_is_no_document_is_refused_with_a_reason(api: httpx.AsyncClient, body: bytes) -> None:
    response = await api.put("/v1/datasets/flights", content=body)
    assert response.status_code == 422
    assert response.json()["problems"]


async def test_the_name_in_the_address_must_be_the_document_s(api: httpx.AsyncClient) -> None:
    response = await api.put("/v1/datasets/other", json=catalog.declared("flights"))
    assert response.status_code == 422
    assert "'other'" in response.json()["problems"][0]


async def test_a_document_beyond_all_measure_is_refused(api: httpx.AsyncClient) -> None:
    response = await api.put("/v1/datasets/flights", json=catalog.declared(description="x" * 1_100_000))
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


async def test_two_datasets_can_t_publish_to_the_same_relation(api: httpx.AsyncClient) -> None:
    await api.put("/v1/datasets/flights", json=catalog.declared())
    load = {"target": {"schema": "public", "table": "flights"}}
    response = await api.put("/v1/datasets/other", json=catalog.declared("other", load=load))
    assert response.status_code == 422
    assert "flights already" in response.json()["problems"][0]


async def test_a_target_that_is_somebody_else_s_table_is_refused(
    io: Resources, api: httpx.AsyncClient
) -> None:
    await io.db.execute("CREATE TABLE public.flights (id integer)")
    response = await api.put("/v1/datasets/flights", json=catalog.declared())
    assert (response.status_code, response.json()["code"]) == (409, "target_unusable")


async def test_readers_that_do_not_exist_are_refused(api: httpx.AsyncClient) -> None:
    response = await api.put("/v1/datasets/flights", json=catalog.declared(access={"read": ["nobody_x"]}))
    assert (response.status_code, response.json()["code"]) == (409, "target_unusable")


async def test_a_live_version_s_target_can_t_be_moved(io: Resources, api: httpx.AsyncClient) -> None:
    await api.put("/v1/datasets/flights", json=catalog.declared())
    moved = catalog.declared(load={"target": {"schema": "public", "table": "elsewhere"}})
    assert (await api.put("/v1/datasets/flights", json=moved, params={"dryRun": "true"})).status_code == 200
    await catalog.published(io.db, [(1, "AA")])
    response = await api.put("/v1/datasets/flights", json=moved)
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert "new dataset name" in response.json()["hint"]


@pytest.mark.parametrize(
    ("schedule", "next_fire_at"),
    [
        (None, None),
        # Without a start the latest firing is owed, and the scheduler plans it at once.
        ({"cron": "0 6 * * *"}, datetime(2013, 1, 6, 6, tzinfo=UTC)),
        # With one the first firing is, so that the scheduler catches up from there.
        ({"cron": "0 6 * * *", "start": "2013-01-01"}, datetime(2013, 1, 2, 6, tzinfo=UTC)),
        ({"cron": "0 6 * * *", "start": "2013-02-01"}, datetime(2013, 2, 2, 6, tzinfo=UTC)),
        (
            {"cron": "0 6 * * *", "start": "2012-01-01", "end": "2012-01-01"},
            datetime(2012, 1, 2, 6, tzinfo=UTC),
        ),
    ],
)
async def test_an_applied_schedule_is_due_at_its_first_tick(
    io: Resources, api: httpx.AsyncClient, schedule: dict[str, str] | None, next_fire_at: datetime | None
) -> None:
    document = catalog.declared() if schedule is None else catalog.declared(schedule=schedule)
    await api.put("/v1/datasets/flights", json=document)
    found = await datasets.read(io.db, "flights")
    assert (found.next_fire_at, found.planned_until) == (next_fire_at, None)


async def test_a_changed_schedule_goes_on_where_planning_had_come_to(
    io: Resources, api: httpx.AsyncClient
) -> None:
    before = {"cron": "0 6 * * *", "start": "2013-01-01"}
    await api.put("/v1/datasets/flights", json=catalog.declared(schedule=before))
    planned = datetime(2013, 1, 6, 6, tzinfo=UTC)
    async with io.db.acquire() as db:
        await datasets.plan(
            db, (await datasets.read(db, "flights")).id, next_fire_at=planned, planned_until=planned
        )
    await api.put("/v1/datasets/flights", json=catalog.declared(schedule={**before, "cron": "0 8 * * *"}))
    found = await datasets.read(io.db, "flights")
    assert found.planned_until == planned
    assert found.next_fire_at == datetime(2013, 1, 6, 8, tzinfo=UTC)


async def test_a_dataset_is_read_with_its_document_and_what_is_live(
    io: Resources, api: httpx.AsyncClient
) -> None:
    await api.put("/v1/datasets/flights", json=catalog.declared(title="Flights"))
    await catalog.published(io.db, [(1, "AA"), (2, "UA")])
    answer = (await api.get("/v1/datasets/flights")).json()
    assert answer["document"] == catalog.declared(title="Flights")
    assert (answer["title"], answer["liveVersion"], answer["liveRows"]) == ("Flights", 1, 2)
    assert (answer["liveBusinessDate"], answer["status"]) == ("2013-01-05", "active")


async def test_datasets_are_listed_page_by_page(io: Resources, api: httpx.AsyncClient) -> None:
    for name in ("c", "a", "b"):
        await catalog.applied(io.db, name)
    first = (await api.get("/v1/datasets", params={"limit": 2})).json()
    assert ([item["name"] for item in first["items"]], first["next"]) == (["a", "b"], "b")
    second = (await api.get("/v1/datasets", params={"limit": 2, "after": first["next"]})).json()
    assert ([item["name"] for item in second["items"]], second["next"]) == (["c"], None)


@pytest.mark.parametrize("name", ["x'; DROP TABLE loadstone.run; --", '"', "a" * 500, "..%2F..", "ü"])
async def test_a_name_that_no_dataset_can_have_is_not_found(api: httpx.AsyncClient, name: str) -> None:
    for address in (f"/v1/datasets/{name}", f"/v1/datasets/{name}/versions", f"/v1/datasets/{name}/rows"):
        response = await api.get(address)
        assert (response.status_code, response.json()["code"]) == (404, "not_found"), address
    assert (await api.get("/v1/runs", params={"dataset": name})).status_code == 404


async def test_a_nul_in_a_name_is_a_mistake_of_the_request(api: httpx.AsyncClient) -> None:
    for address in ("/v1/datasets/a%00b", "/v1/datasets/a%00b/rows", "/v1/datasets?after=%00"):
        response = await api.get(address)
        assert (response.status_code, response.json()["code"]) == (400, "request_invalid"), address
        assert response.json()["problems"], address
