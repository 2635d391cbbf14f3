"""docs/reference/api.md names what there is: operations with their addresses, statuses with their codes."""

import re
from pathlib import Path

import httpx

from services.api import problems

PAGE = (Path(__file__).parents[3] / "docs/reference/api.md").read_text()


async def test_every_operation_has_its_entry(api: httpx.AsyncClient) -> None:
    paths = (await api.get("/schema/openapi.json")).json()["paths"]
    there = {
        (operation["operationId"], method.upper(), address)
        for address, path in paths.items()
        for method, operation in path.items()
    }
    told = set(re.findall(r"^\| `(\w+)` \| `([A-Z]+) ([^`?]+)", PAGE, re.MULTILINE))
    assert told == there


async def test_every_query_that_is_told_of_exists(api: httpx.AsyncClient) -> None:
    paths = (await api.get("/schema/openapi.json")).json()["paths"]
    for address, query in re.findall(r"`GET ([^`?]+)\?([^`]+)`", PAGE):
        known = {each["name"] for each in paths[address]["get"]["parameters"] if each["in"] == "query"}
        assert set(query.rstrip("=").split("=&")) == known, address


def test_every_status_names_its_codes() -> None:
    for kind, status in problems.STATUS.items():
        if kind.code != "internal_error":
            assert re.search(rf"^\| {status} \|.*`{kind.code}`", PAGE, re.MULTILINE), kind
    for number, code in problems.HTTP_CODES.items():
        assert re.search(rf"^\| {number} \|.*`{code}`", PAGE, re.MULTILINE), code
