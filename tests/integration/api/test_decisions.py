"""A held run over HTTP: looked at, approved, rejected."""

import httpx

from services.api.resources import Resources
from tests.support import catalog


async def test_a_held_version_can_be_read_and_then_approved(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    version = await catalog.held(io.db, [(1, "AA")])
    run = f"/v1/runs/{version.run_id}"
    found = (await api.get(run)).json()
    assert (found["state"], found["stage"], found["version"]) == ("held", "few: 1 row", 1)
    [listed] = (await api.get("/v1/datasets/flights/versions")).json()["items"]
    assert (listed["held"], listed["live"]) == (True, False)
    assert (await api.get("/v1/datasets/flights/rows")).status_code == 404
    rows = (await api.get("/v1/datasets/flights/rows", params={"version": 1})).json()
    assert rows["items"] == [{"id": 1, "carrier": "AA"}]
    assert (await api.post(f"{run}/cancel")).status_code == 409
    approved = await api.post(f"{run}/approve", json={})
    assert (approved.status_code, approved.json()["state"]) == (200, "succeeded")
    assert (await api.get("/v1/datasets/flights")).json()["liveVersion"] == 1
    again = await api.post(f"{run}/approve", json={"force": True})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_a_rejection_wants_a_reason_and_keeps_it(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    run = f"/v1/runs/{(await catalog.held(io.db, [])).run_id}"
    assert (await api.post(f"{run}/reject", json={"reason": ""})).status_code == 400
    rejected = await api.post(
        f"{run}/reject", json={"reason": "too few"}, headers={"X-Loadstone-Actor": "ann"}
    )
    assert rejected.json()["state"] == "rejected"
    assert rejected.json()["errorMessage"] == "ann rejected it: too few"
    assert (await api.post(f"{run}/approve", json={})).status_code == 409
