"""What the client makes of answers: items of many pages, refusals, and answers of somebody else."""

import json
from collections.abc import Callable

import httpx
import pytest

from services.cli.client import Client
from shared.errors import (
    ApiUnreachable,
    DatabaseUnavailable,
    DatasetInvalid,
    LoadstoneError,
    NotFound,
    RequestInvalid,
    Unauthorized,
)

type Answering = Callable[[httpx.Request], httpx.Response]


def _client(answering: Answering) -> Client:
    return Client(httpx.Client(transport=httpx.MockTransport(answering), base_url="http://api"))


def _refused(status: int, **problem: object) -> Client:
    return _client(lambda _: httpx.Response(status, json=problem))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("not_found", NotFound),
        ("unauthorized", Unauthorized),
        ("database_unavailable", DatabaseUnavailable),
        ("from_a_newer_api", LoadstoneError),
    ],
)
def test_a_refusal_is_raised_as_the_error_that_the_api_means(code: str, kind: type[LoadstoneError]) -> None:
    with pytest.raises(LoadstoneError) as caught:
        _refused(418, code=code, detail="there is no run 7", hint="Look again.").run(7)
    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.hint) == ("there is no run 7", "Look again.")


def test_an_invalid_document_keeps_all_of_its_problems() -> None:
    with pytest.raises(DatasetInvalid) as caught:
        _refused(422, code="dataset_invalid", detail="2 mistakes", problems=["a", "b"]).datasets()
    assert caught.value.problems == ("a", "b")


def test_what_is_wrong_with_a_request_stands_in_the_message() -> None:
    with pytest.raises(RequestInvalid, match="limit: expected at most 1000"):
        _refused(
            400, code="request_invalid", detail="no", problems=["limit: expected at most 1000"]
        ).datasets()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>Bad Gateway</html>"),
        httpx.Response(200, text="<html>Welcome to nginx!</html>"),
        httpx.Response(200, json={"unexpected": True}),
        httpx.Response(404, json={"detail": "Not Found"}),
    ],
)
def test_an_answer_of_somebody_else_is_not_taken_for_one_of_the_api(answer: httpx.Response) -> None:
    with pytest.raises(ApiUnreachable) as caught:
        _client(lambda _: answer).datasets()
    assert "http://api/v1/datasets" in caught.value.message
    assert "LOADSTONE_API_URL" in caught.value.hint


def _quarantine_of(count: int) -> Answering:
    """An API whose run has rejected this many records."""

    def answer(request: httpx.Request) -> httpx.Response:
        after, limit = int(request.url.params.get("after", 0)), int(request.url.params["limit"])
        assert limit <= 1000
        ids = range(after + 1, min(count, after + limit) + 1)
        items = [
            {
                "id": number,
                "object": "a.csv",
                "line": number,
                "code": "required",
                "message": "is empty",
                "raw": "",
                "at": "2013-01-05T00:00:00Z",
            }
            for number in ids
        ]
        return httpx.Response(
            200, json={"items": items, "next": ids[-1] if ids and ids[-1] < count else None}
        )

    return answer


@pytest.mark.parametrize(
    ("count", "limit", "expected"), [(0, 50, 0), (30, 50, 30), (350, 50, 50), (350, 320, 320)]
)
def test_items_are_gathered_over_as_many_pages_as_it_takes(count: int, limit: int, expected: int) -> None:
    found = _client(_quarantine_of(count)).quarantine(7, limit=limit)
    assert [item.id for item in found] == list(range(1, expected + 1))


def test_rows_of_all_pages_are_of_the_version_that_the_cursor_names() -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        start = int(request.url.params.get("cursor", 0))
        end = start + int(request.url.params["limit"])
        body = {"version": 3, "businessDate": "2013-01-05", "items": [{"id": n} for n in range(start, end)]}
        return httpx.Response(200, json={**body, "next": str(end)})

    page = _client(answer).rows("flights", limit=250)
    assert [json.loads(bytes(item))["id"] for item in page.items] == list(range(250))
    assert asked == [{"limit": "100"}, {"cursor": "100", "limit": "100"}, {"cursor": "200", "limit": "50"}]
