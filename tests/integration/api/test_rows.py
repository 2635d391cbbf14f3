"""Rows: pages of one version, whatever is published meanwhile; and the records that were not loaded."""

from datetime import date
from typing import Any

import httpx
import pytest

from services.api import paging
from services.api.paging import Cursor
from services.api.resources import Resources
from shared.catalog import datasets
from shared.domain.report import Reject, RejectCode
from tests.support import catalog

ADDRESS = "/v1/datasets/flights/rows"


async def test_rows_come_as_json_with_the_version_they_are_of(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    await catalog.published(io.db, [(1, 'A"A'), (2, None)])
    response = await api.get(ADDRESS)
    assert response.json() == {
        "version": 1,
        "businessDate": "2013-01-05",
        "items": [{"id": 1, "carrier": 'A"A'}, {"id": 2, "carrier": None}],
        "next": None,
    }
    assert response.headers["x-dataset-version"] == "1"


async def test_paging_stays_on_its_version_across_a_publish(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    await catalog.published(io.db, [(number, "old") for number in range(2500)])
    seen: list[Any] = []
    cursor = None
    while True:
        query = {"limit": 400} if cursor is None else {"limit": 400, "cursor": cursor}
        page = (await api.get(ADDRESS, params=query)).json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
        if len(seen) == 800:
            await catalog.published(io.db, [(1, "new")], business_date=date(2013, 1, 6))
    assert seen == [{"id": number, "carrier": "old"} for number in range(2500)]
    assert (await api.get(ADDRESS)).json()["items"] == [{"id": 1, "carrier": "new"}]


async def test_paging_on_a_version_that_is_gone_says_so(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    version = await catalog.published(io.db, [(1, "AA"), (2, "AA")])
    cursor = (await api.get(ADDRESS, params={"limit": 1})).json()["next"]
    await catalog.published(io.db, [(3, "AA")], business_date=date(2013, 1, 6))
    await catalog.retired(io.db, version)
    response = await api.get(ADDRESS, params={"cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (410, "version_retired")


async def test_a_page_that_is_known_is_not_sent_again(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    await catalog.published(io.db, [(1, "AA"), (2, "AA")])
    tag = (await api.get(ADDRESS)).headers["etag"]
    assert tag.startswith('"')
    known = await api.get(ADDRESS, headers={"If-None-Match": tag})
    assert (known.status_code, known.content) == (304, b"")
    assert (await api.get(ADDRESS, params={"limit": 1})).headers["etag"] != tag
    await catalog.published(io.db, [(3, "AA")], business_date=date(2013, 1, 6))
    assert (await api.get(ADDRESS, headers={"If-None-Match": tag})).status_code == 200


async def test_a_dataset_without_a_version_has_no_rows(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    response = await api.get(ADDRESS)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("place", ["", "(x,y)", "(99999999999,1)", "(1,99999)"])
async def test_a_place_that_is_none_is_refused(io: Resources, api: httpx.AsyncClient, place: str) -> None:
    await catalog.applied(io.db)
    await catalog.published(io.db, [(1, "AA")])
    dataset = await datasets.read(io.db, "flights")
    cursor = paging.written(Cursor(dataset_id=dataset.id, version=1, place=place))
    response = await api.get(ADDRESS, params={"cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


@pytest.mark.parametrize("cursor", ["", "x", "é", "W10", "e30", "WzEsMSwxXQ", "bnVsbA", "_-_-", "A" * 499])
async def test_a_cursor_of_another_make_is_refused(
    io: Resources, api: httpx.AsyncClient, cursor: str
) -> None:
    await catalog.applied(io.db)
    await catalog.published(io.db, [(1, "AA")])
    response = await api.get(ADDRESS, params={"cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


async def test_a_cursor_of_another_dataset_is_refused(io: Resources, api: httpx.AsyncClient) -> None:
    for name in ("flights", "weather"):
        await catalog.applied(io.db, name)
        await catalog.published(io.db, [(1, "AA"), (2, "AA")], name)
    cursor = (await api.get("/v1/datasets/weather/rows", params={"limit": 1})).json()["next"]
    response = await api.get(ADDRESS, params={"cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


async def test_quarantined_records_are_listed_page_by_page(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db)
    run_id = await catalog.queued(io.db)
    rejects = [
        Reject(line=line, column="id", code=RejectCode.TYPE_MISMATCH, message="no integer", raw=b"x\xff,AA")
        for line in (3, 8, 9)
    ]
    await catalog.rejected(io.db, run_id, rejects)
    address = f"/v1/runs/{run_id}/quarantine"
    first = (await api.get(address, params={"limit": 2})).json()
    assert [record["line"] for record in first["items"]] == [3, 8]
    assert first["items"][0]["object"] == "flights/2013-01-05.csv"
    assert (first["items"][0]["code"], first["items"][0]["raw"]) == ("type_mismatch", "x\\xff,AA")
    second = (await api.get(address, params={"limit": 2, "after": first["next"]})).json()
    assert ([record["line"] for record in second["items"]], second["next"]) == ([9], None)
