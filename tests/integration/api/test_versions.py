"""Versions: listed, rolled back to, read row by row."""

import asyncio
from datetime import date

import asyncpg
import httpx
import pytest

from services.api import rollback
from services.api.resources import Resources
from shared.catalog import datasets, profiles, versions
from shared.domain.profile import ColumnProfile, Profile
from tests.support import catalog

SEEN = "SELECT id, carrier FROM public.flights ORDER BY id"


@pytest.fixture
async def three_versions(io: Resources) -> None:
    await catalog.applied(io.db)
    for number in (1, 2, 3):
        day = date(2013, 1, number)
        await catalog.published(io.db, [(place, f"v{number}") for place in range(250)], business_date=day)


@pytest.mark.usefixtures("three_versions")
async def test_versions_are_listed_newest_first_and_say_which_is_live(api: httpx.AsyncClient) -> None:
    first = (await api.get("/v1/datasets/flights/versions", params={"limit": 2})).json()
    assert [(found["number"], found["live"]) for found in first["items"]] == [(3, True), (2, False)]
    assert (first["items"][0]["rows"], first["items"][0]["businessDate"]) == (250, "2013-01-03")
    second = (await api.get("/v1/datasets/flights/versions", params={"before": first["next"]})).json()
    assert ([found["number"] for found in second["items"]], second["next"]) == ([1], None)


@pytest.mark.usefixtures("three_versions")
async def test_a_rollback_makes_the_version_below_the_live_one_live(
    io: Resources, api: httpx.AsyncClient
) -> None:
    response = await api.post("/v1/datasets/flights/rollback", json={})
    assert response.status_code == 200
    answer = response.json()
    assert answer["version"] == 2
    assert answer["milliseconds"] < 1000
    assert {row["carrier"] for row in await io.db.fetch(SEEN)} == {"v2"}
    assert (await api.get("/v1/datasets/flights")).json()["liveVersion"] == 2
    run = (await api.get(f"/v1/runs/{answer['runId']}")).json()
    assert (run["trigger"], run["state"], run["version"]) == ("rollback", "succeeded", 2)


async def test_a_rollback_that_parts_a_release_group_has_to_say_so(
    io: Resources, api: httpx.AsyncClient
) -> None:
    for name in ("flights", "weather"):
        await catalog.applied(io.db, name, publish={"releaseGroup": "travel"})
        for number in (1, 2):
            await catalog.published(io.db, [(number, "AA")], name, business_date=date(2013, 1, number))
    refused = await api.post("/v1/datasets/flights/rollback", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "weather (2013-01-02)" in refused.json()["detail"]
    assert (await api.post("/v1/datasets/flights/rollback", json={"alone": True})).json()["version"] == 1
    assert (await api.post("/v1/datasets/weather/rollback", json={})).json()["version"] == 1


@pytest.mark.usefixtures("three_versions")
async def test_a_rollback_can_name_its_version_and_be_undone(io: Resources, api: httpx.AsyncClient) -> None:
    for wanted in (1, 3):
        answer = (await api.post("/v1/datasets/flights/rollback", json={"version": wanted})).json()
        assert answer["version"] == wanted
        assert {row["carrier"] for row in await io.db.fetch(SEEN)} == {f"v{wanted}"}
    actions = await io.db.fetch(
        "SELECT before, after FROM loadstone.audit WHERE action = 'dataset.rollback' ORDER BY id"
    )
    assert [line["before"]["liveVersion"] for line in actions] == [3, 1]
    assert [line["after"]["liveVersion"] for line in actions] == [1, 3]


@pytest.mark.usefixtures("three_versions")
async def test_the_next_import_after_a_rollback_gets_the_next_number(
    io: Resources, api: httpx.AsyncClient
) -> None:
    await api.post("/v1/datasets/flights/rollback", json={"version": 1})
    version = await catalog.published(io.db, [(1, "v4")], business_date=date(2013, 1, 4))
    assert version.number == 4


@pytest.mark.usefixtures("three_versions")
@pytest.mark.parametrize(("version", "status"), [(3, 409), (4, 404), (0, 400), (2**40, 400)])
async def test_a_version_that_can_t_become_live_is_refused(
    io: Resources, api: httpx.AsyncClient, version: int, status: int
) -> None:
    response = await api.post("/v1/datasets/flights/rollback", json={"version": version})
    assert response.status_code == status
    assert {row["carrier"] for row in await io.db.fetch(SEEN)} == {"v3"}


@pytest.mark.usefixtures("three_versions")
async def test_a_retired_version_is_gone(io: Resources, api: httpx.AsyncClient) -> None:
    versions = await catalog.retained(io.db)
    await catalog.retired(io.db, versions[1])
    response = await api.post("/v1/datasets/flights/rollback", json={"version": 1})
    assert (response.status_code, response.json()["code"]) == (410, "version_retired")
    await catalog.retired(io.db, versions[2])
    response = await api.post("/v1/datasets/flights/rollback", json={})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


async def test_nothing_can_be_rolled_back_before_the_first_version(
    io: Resources, api: httpx.AsyncClient
) -> None:
    assert (await api.post("/v1/datasets/flights/rollback", json={})).status_code == 404
    await catalog.applied(io.db)
    response = await api.post("/v1/datasets/flights/rollback", json={})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


async def test_a_rollback_keeps_grants_and_dependent_views_across_changed_columns(
    io: Resources, api: httpx.AsyncClient
) -> None:
    await catalog.applied(io.db)
    await catalog.published(io.db, [(1, "AA")])
    fields = [{"name": "id", "type": "integer"}, {"name": "carrier"}, {"name": "tail"}]
    await catalog.applied(io.db, schema={"primaryKey": ["id"], "fields": fields})
    await catalog.published(io.db, [(1, "AA", "N1")], business_date=date(2013, 1, 6))
    await io.db.execute("GRANT SELECT ON public.flights TO PUBLIC")
    assert (await api.post("/v1/datasets/flights/rollback", json={})).status_code == 200
    assert [tuple(row) for row in await io.db.fetch("SELECT * FROM public.flights")] == [(1, "AA")]
    assert await io.db.fetchval("SELECT has_table_privilege('pg_monitor', 'public.flights', 'SELECT')")


@pytest.mark.usefixtures("three_versions")
async def test_a_rollback_waits_for_a_long_reader_and_then_goes_on(
    io: Resources, api: httpx.AsyncClient, database: str
) -> None:
    reader = await asyncpg.connect(database)
    transaction = reader.transaction()
    await transaction.start()
    await reader.fetch(SEEN)
    rolling = asyncio.create_task(api.post("/v1/datasets/flights/rollback", json={}))
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while not await io.db.fetchval(blocked):
        assert not rolling.done()
    await transaction.rollback()
    assert (await rolling).status_code == 200
    await reader.close()


@pytest.mark.usefixtures("three_versions")
async def test_a_reader_that_never_ends_makes_a_rollback_give_up(
    io: Resources, api: httpx.AsyncClient, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollback, "PATIENCE", 0.3)
    reader = await asyncpg.connect(database)
    async with reader.transaction():
        await reader.fetch(SEEN)
        response = await api.post("/v1/datasets/flights/rollback", json={})
        assert (response.status_code, response.json()["code"]) == (503, "publish_blocked")
        assert response.headers["retry-after"]
    await reader.close()
    assert {row["carrier"] for row in await io.db.fetch(SEEN)} == {"v3"}


@pytest.mark.usefixtures("three_versions")
async def test_a_version_is_shown_with_the_profile_of_its_columns(
    io: Resources, api: httpx.AsyncClient
) -> None:
    version = await versions.read(io.db, (await datasets.read(io.db, "flights")).id, 2)
    found = ColumnProfile(name="id", type="integer", nulls=1, minimum="0", maximum="249")
    async with io.db.acquire() as db:
        await profiles.keep(db, version, Profile(rows=250, columns=(found,)))
    shown = (await api.get("/v1/datasets/flights/versions/2")).json()
    listed = (await api.get("/v1/datasets/flights/versions")).json()["items"][1]
    assert {name: value for name, value in shown.items() if name != "profile"} == listed
    assert shown["profile"] == {
        "rows": 250,
        "columns": [
            {
                "name": "id",
                "type": "integer",
                "nulls": 1,
                "minimum": "0",
                "maximum": "249",
                "distinctAtLeast": None,
                "distinctAtMost": None,
                "width": None,
                "nullsEstimated": False,
                "boundsEstimated": False,
            }
        ],
    }


@pytest.mark.usefixtures("three_versions")
async def test_a_version_without_a_profile_is_shown_and_one_that_never_was_is_not_found(
    api: httpx.AsyncClient,
) -> None:
    shown = await api.get("/v1/datasets/flights/versions/3")
    assert (shown.status_code, shown.json()["live"], shown.json()["profile"]) == (200, True, None)
    for path in ("flights/versions/4", "nothing/versions/1"):
        assert (await api.get(f"/v1/datasets/{path}")).status_code == 404
