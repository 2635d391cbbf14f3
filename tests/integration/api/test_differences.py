"""Differences between versions, counted and shown."""

from datetime import date
from decimal import Decimal

import httpx
import pytest

from services.api.resources import Resources
from tests.support import catalog

FIELDS = [{"name": "id", "type": "integer"}, {"name": "carrier"}, {"name": "seats", "type": "integer"}]
KEYED = {"primaryKey": ["id"], "fields": FIELDS}
DIFF = "/v1/datasets/flights/versions/{}/diff"
FIRST = [(1, "AA", 100), (2, "BB", 200), (3, None, 300), (4, "DD", None)]
SECOND = [(2, "BB", 201), (3, "CC", 300), (4, "DD", None), (5, "EE", 500)]


@pytest.fixture
async def two_versions(io: Resources) -> None:
    await catalog.applied(io.db, schema=KEYED)
    await catalog.published(io.db, FIRST, business_date=date(2013, 1, 1))
    await catalog.published(io.db, SECOND, business_date=date(2013, 1, 2))


@pytest.mark.usefixtures("two_versions")
async def test_added_removed_and_changed_rows_are_told_by_their_key(api: httpx.AsyncClient) -> None:
    found = (await api.get(DIFF.format(2))).json()
    assert (found["oldVersion"], found["newVersion"]) == (1, 2)
    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 2)
    assert found["columns"] == {"carrier": 1, "seats": 1}
    assert found["addedRows"] == [{"id": 5, "carrier": "EE", "seats": 500}]
    assert found["removedRows"] == [{"id": 1, "carrier": "AA", "seats": 100}]
    assert found["changedRows"] == [
        {"key": {"id": 2}, "before": {"seats": 200}, "after": {"seats": 201}},
        {"key": {"id": 3}, "before": {"carrier": None}, "after": {"carrier": "CC"}},
    ]


@pytest.mark.usefixtures("two_versions")
async def test_samples_bound_the_rows_that_are_shown_and_not_those_that_are_counted(
    api: httpx.AsyncClient,
) -> None:
    found = (await api.get(DIFF.format(2), params={"samples": 1})).json()
    assert (found["changed"], len(found["changedRows"])) == (2, 1)
    nothing = (await api.get(DIFF.format(2), params={"samples": 0})).json()
    assert (nothing["added"], nothing["addedRows"]) == (1, [])


@pytest.mark.usefixtures("two_versions")
async def test_versions_can_be_compared_backwards_and_with_themselves(api: httpx.AsyncClient) -> None:
    backwards = (await api.get(DIFF.format(1), params={"against": 2})).json()
    assert (backwards["added"], backwards["removed"], backwards["changed"]) == (1, 1, 2)
    assert backwards["addedRows"] == [{"id": 1, "carrier": "AA", "seats": 100}]
    same = (await api.get(DIFF.format(2), params={"against": 2})).json()
    assert (same["added"], same["removed"], same["changed"], same["columns"]) == (0, 0, 0, {})


@pytest.mark.usefixtures("two_versions")
async def test_columns_that_one_version_lacks_and_types_that_changed_are_told(
    io: Resources, api: httpx.AsyncClient
) -> None:
    fields = [{"name": "id", "type": "integer"}, {"name": "seats"}, {"name": "gate"}]
    await catalog.applied(io.db, schema={"primaryKey": ["id"], "fields": fields})
    await catalog.published(io.db, [(2, "201", "A1"), (3, "0300", None)], business_date=date(2013, 1, 3))
    found = (await api.get(DIFF.format(3))).json()
    assert (found["addedColumns"], found["removedColumns"]) == (["gate"], ["carrier"])
    assert (found["changed"], found["columns"]) == (1, {"seats": 1})
    assert found["changedRows"] == [{"key": {"id": 3}, "before": {"seats": 300}, "after": {"seats": "0300"}}]


async def test_keys_of_several_columns_and_odd_names_compare(io: Resources, api: httpx.AsyncClient) -> None:
    fields = [{"name": 'a"b'}, {"name": "no", "type": "integer"}, {"name": "J", "type": "number"}]
    await catalog.applied(io.db, schema={"primaryKey": ['a"b', "no"], "fields": fields})
    await catalog.published(io.db, [("x", 1, Decimal("0.1")), ("x", 2, None)], business_date=date(2013, 1, 1))
    await catalog.published(io.db, [("x", 1, Decimal("0.2")), ("y", 2, None)], business_date=date(2013, 1, 2))
    found = (await api.get(DIFF.format(2))).json()
    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 1)
    assert found["changedRows"] == [{"key": {'a"b': "x", "no": 1}, "before": {"J": 0.1}, "after": {"J": 0.2}}]


async def test_rows_without_a_key_are_not_compared(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db, schema={"fields": FIELDS})
    await catalog.published(io.db, FIRST, business_date=date(2013, 1, 1))
    await catalog.published(io.db, SECOND, business_date=date(2013, 1, 2))
    refused = await api.get(DIFF.format(2))
    assert (refused.status_code, "no primary key" in refused.json()["detail"]) == (409, True)


@pytest.mark.usefixtures("two_versions")
async def test_a_changed_key_is_no_key_to_compare_by(io: Resources, api: httpx.AsyncClient) -> None:
    await catalog.applied(io.db, schema={"primaryKey": ["carrier"], "fields": FIELDS})
    await catalog.published(io.db, [(1, "AA", 1)], business_date=date(2013, 1, 3))
    refused = await api.get(DIFF.format(3))
    assert (refused.status_code, "from (id) to (carrier)" in refused.json()["detail"]) == (409, True)


@pytest.mark.usefixtures("two_versions")
async def test_versions_that_are_not_there_are_refused(io: Resources, api: httpx.AsyncClient) -> None:
    assert (await api.get(DIFF.format(9))).status_code == 404
    assert (await api.get(DIFF.format(1))).status_code == 409  # nothing is older
    await io.db.execute("DROP VIEW public.flights; DROP TABLE loadstone_versions.flights_v1")
    assert (await api.get(DIFF.format(2))).status_code == 410
    await io.db.execute("UPDATE loadstone.version SET retired_at = now() WHERE number = 1")
    assert (await api.get(DIFF.format(2), params={"against": 1})).status_code == 410
