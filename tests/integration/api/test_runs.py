"""Runs: accepted once, waiting where the delivery is incomplete, listed, cancelled."""

import asyncio
from typing import Any

import httpx
import pytest
from msgspec import structs

from services.api.resources import Resources
from shared import queue
from shared.catalog import runs
from shared.domain.run import RunId
from shared.settings import Redis
from shared.settings.variables import Secret
from tests.integration.api.conftest import client
from tests.support import catalog

KEY = "flights/2013-01-05.csv"
DELIVERY = {"businessDate": "2013-01-05"}


async def with_dataset(io: Resources, bucket: str, **source: Any) -> None:
    """The flights dataset, whose files land in this bucket every day."""
    key = "flights/{businessDate:%Y-%m-%d}.csv"
    daily = {"cron": "0 6 * * *"}
    await catalog.applied(io.db, schedule=daily, source={"bucket": bucket, "key": key, **source})


async def start(api: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await api.post("/v1/datasets/flights/runs", json={**DELIVERY, **body})


async def test_a_person_starts_no_import_where_the_triggers_do_not_have_that(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await with_dataset(io, bucket_name, triggers=["schedule"])
    refused = await start(api)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "has no `manual`" in refused.json()["detail"]
    assert await runs.history(io.db) == []


async def test_a_complete_delivery_is_accepted_with_its_objects_pinned(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await with_dataset(io, bucket_name)
    stored = await io.bucket.put(bucket_name, KEY, b"id,carrier\n1,AA\n")
    response = await start(api)
    assert response.status_code == 202
    run = response.json()
    assert response.headers["location"] == f"/v1/runs/{run['id']}"
    assert (run["state"], run["trigger"], run["bytesTotal"]) == ("queued", "manual", stored.size)
    detail = (await api.get(response.headers["location"])).json()
    assert [(found["key"], found["etag"]) for found in detail["objects"]] == [(KEY, stored.etag)]


async def test_an_accepted_run_has_a_job(io: Resources, api: httpx.AsyncClient, bucket_name: str) -> None:
    await with_dataset(io, bucket_name)
    await io.bucket.put(bucket_name, KEY, b"id,carrier\n")
    await start(api)
    assert await queue.depth(io.queue) == 1
    assert await io.db.fetchval("SELECT rung_at FROM loadstone.run") is not None


async def test_the_same_delivery_asked_twice_gives_the_same_run(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await with_dataset(io, bucket_name)
    await io.bucket.put(bucket_name, KEY, b"id,carrier\n")
    first, second = await start(api), await start(api)
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.headers["location"] == second.headers["location"]
    assert await io.db.fetchval("SELECT count(*) FROM loadstone.run") == 1
    assert await io.db.fetchval("SELECT count(*) FROM loadstone.audit WHERE action = 'run.start'") == 1


@pytest.mark.parametrize("action", [{"action": "move", "to": "archive/"}, {"action": "delete"}])
async def test_a_delivery_that_was_taken_away_after_its_load_is_not_waited_for(
    io: Resources, api: httpx.AsyncClient, bucket_name: str, action: dict[str, str]
) -> None:
    await with_dataset(io, bucket_name, afterLoad=action)
    await io.bucket.put(bucket_name, KEY, b"id,carrier\n1,AA\n")
    first = RunId((await start(api)).json()["id"])
    await catalog.succeeded(io.db, await catalog.claimed(io.db, first))
    disposed = "UPDATE loadstone.run_object SET after_load = $1, after_load_outcome = 'done'"
    await io.db.execute(disposed, action["action"])
    again = await start(api)
    assert (again.status_code, again.json()["state"], again.json()["version"]) == (200, "unchanged", 1)
    detail = (await api.get(f"/v1/runs/{first}")).json()
    assert (detail["objects"][0]["afterLoad"], detail["objects"][0]["afterLoadOutcome"]) == (
        action["action"],
        "done",
    )
    assert (await start(api, force=True)).json()["state"] == "queued"  # somebody has put it back


async def test_a_delivery_that_a_version_holds_is_not_imported_again(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await with_dataset(io, bucket_name)
    await io.bucket.put(bucket_name, KEY, b"id,carrier\n")
    first = RunId((await start(api)).json()["id"])
    await catalog.succeeded(io.db, await catalog.claimed(io.db, first))
    again = await start(api)
    assert (again.status_code, again.json()["state"], again.json()["version"]) == (200, "unchanged", 1)
    assert again.json()["id"] != first
    told = (await api.get(again.headers["location"])).json()
    assert told["report"] == {"sameAs": {"run": first, "version": 1}}
    assert (await start(api, force=True)).status_code == 202


async def test_a_forced_import_is_another_run(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await with_dataset(io, bucket_name)
    await io.bucket.put(bucket_name, KEY, b"id,carrier\n")
    first, forced = await start(api), await start(api, force=True)
    assert forced.status_code == 202
    assert forced.json()["id"] != first.json()["id"]


async def test_an_incomplete_delivery_waits_and_says_what_is_missing(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await with_dataset(io, bucket_name)
    response = await start(api)
    assert response.status_code == 202
    run = response.json()
    assert run["state"] == "waiting"
    assert f"no objects match {KEY}" in run["stage"]
    again = await start(api)
    assert (again.status_code, again.json()["id"]) == (200, run["id"])


async def test_a_delivery_that_waiting_can_t_complete_is_refused(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await with_dataset(io, bucket_name, key="flights/{businessDate:%Y-%m-%d}*.csv")
    for part in ("a", "b"):
        await io.bucket.put(bucket_name, f"flights/2013-01-05{part}.csv", b"id,carrier\n")
    response = await start(api)
    assert (response.status_code, response.json()["code"]) == (409, "delivery_missing")
    assert await io.db.fetchval("SELECT count(*) FROM loadstone.run") == 0


async def test_a_bucket_that_does_not_exist_is_named(io: Resources, api: httpx.AsyncClient) -> None:
    await with_dataset(io, "no-such-bucket")
    response = await start(api)
    assert (response.status_code, response.json()["code"]) == (502, "bucket_denied")
    assert "no-such-bucket" in response.json()["detail"]


async def test_a_run_is_accepted_while_redis_is_away(io: Resources, bucket_name: str) -> None:
    await with_dataset(io, bucket_name)
    await io.bucket.put(bucket_name, KEY, b"id,carrier\n")
    async with (
        queue.connect(Redis(url=Secret("redis://127.0.0.1:1/0"))) as nobody,
        client(structs.replace(io, queue=nobody)) as api,
    ):
        response = await start(api)
        assert (response.status_code, response.json()["state"]) == (202, "queued")
        assert response.elapsed.total_seconds() < 2.5
        assert (await api.get("/ready")).status_code == 200
    assert await io.db.fetchval("SELECT rung_at FROM loadstone.run") is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"businessDate": "yesterday"},
        {"businessDate": "2013-02-30"},
        {"businessDate": "2013-01-05", "forced": True},
        {"businessDate": "2013-01-05", "force": "yes"},
        [],
        None,
    ],
)
async def test_a_body_that_is_not_understood_is_refused_with_its_mistake(
    io: Resources, api: httpx.AsyncClient, body: object
) -> None:
    await with_dataset(io, "landing")
    response = await api.post("/v1/datasets/flights/runs", json=body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "request_invalid")
    assert problem["problems"] or problem["detail"]


async def test_a_body_that_is_no_json_is_refused(io: Resources, api: httpx.AsyncClient) -> None:
    await with_dataset(io, "landing")
    headers = {"Content-Type": "application/json"}
    response = await api.post("/v1/datasets/flights/runs", content=b"{", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


async def test_a_run_of_no_dataset_is_not_found(api: httpx.AsyncClient) -> None:
    assert (await start(api)).status_code == 404


@pytest.mark.parametrize("state", ["waiting", "queued"])
async def test_a_run_that_nobody_holds_is_cancelled_at_once(
    io: Resources, api: httpx.AsyncClient, bucket_name: str, state: str
) -> None:
    await with_dataset(io, bucket_name)
    if state == "queued":
        await io.bucket.put(bucket_name, KEY, b"id,carrier\n")
    run = (await start(api)).json()
    assert run["state"] == state
    response = await api.post(f"/v1/runs/{run['id']}/cancel")
    assert (response.status_code, response.json()["state"]) == (202, "cancelled")
    again = await api.post(f"/v1/runs/{run['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert "cancelled" in again.json()["detail"]


async def test_a_running_run_is_asked_to_stop(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    held = await catalog.claimed(io.db, await catalog.queued(io.db))
    response = await api.post(f"/v1/runs/{held.run.id}/cancel")
    assert (response.status_code, response.json()["state"]) == (202, "running")
    assert response.json()["cancelRequestedAt"] is not None
    assert await runs.beat(io.db, held.run, lease=10.0, stage="load", rows_done=1, bytes_done=1)


async def test_runs_are_listed_newest_first_page_by_page(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db, "a")
    await catalog.applied(io.db, "b")
    accepted = [await catalog.queued(io.db, name, etag=tag) for name in "ab" for tag in "xyz"]
    first = (await api.get("/v1/runs", params={"limit": 4})).json()
    second = (await api.get("/v1/runs", params={"limit": 4, "before": first["next"]})).json()
    assert [run["id"] for run in first["items"] + second["items"]] == accepted[::-1]
    assert second["next"] is None
    only = (await api.get("/v1/runs", params={"dataset": "b", "state": "queued"})).json()
    assert [run["id"] for run in only["items"]] == accepted[:2:-1]
    assert (await api.get("/v1/runs", params={"state": "failed"})).json()["items"] == []


async def test_a_mistyped_dataset_is_not_a_dataset_without_runs(api: httpx.AsyncClient) -> None:
    response = await api.get("/v1/runs", params={"dataset": "flihgts"})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "query", ["state=done", "limit=0", "limit=1001", "before=0", "before=x", f"before={2**70}"]
)
async def test_a_query_out_of_bounds_is_refused(api: httpx.AsyncClient, query: str) -> None:
    response = await api.get(f"/v1/runs?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")
    assert response.json()["problems"][0].startswith(query.partition("=")[0])


async def test_a_run_is_read_with_its_attempts(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    version = await catalog.published(io.db, [(1, "AA")])
    detail = (await api.get(f"/v1/runs/{version.run_id}")).json()
    assert (detail["state"], detail["version"], detail["rowsDone"]) == ("succeeded", 1, 1)
    assert [(each["number"], each["outcome"]) for each in detail["attempts"]] == [(1, "succeeded")]


@pytest.mark.parametrize("run_id", [str(2**40), "0", str(2**64), "x"])
async def test_a_run_that_there_is_not_is_refused(api: httpx.AsyncClient, run_id: str) -> None:
    for address in (f"/v1/runs/{run_id}", f"/v1/runs/{run_id}/quarantine"):
        assert (await api.get(address)).status_code in (400, 404), address
    assert (await api.post(f"/v1/runs/{run_id}/cancel")).status_code in (400, 404)


async def test_concurrent_requests_for_one_delivery_make_one_run(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await with_dataset(io, bucket_name)
    await io.bucket.put(bucket_name, KEY, b"id,carrier\n")
    answers = await asyncio.gather(*(start(api) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert {answer.json()["id"] for answer in answers} == {RunId(answers[0].json()["id"])}
