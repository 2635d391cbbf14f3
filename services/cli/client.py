"""The API as functions. Answers are Structs; refusals are raised as the errors that the API means."""

import getpass
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from services.cli import configuration
from services.cli.answers import (
    Applied,
    DatasetAnswer,
    DatasetSummary,
    DifferenceAnswer,
    Page,
    Problem,
    Quarantined,
    RolledBack,
    RowPage,
    RunAnswer,
    RunDetail,
    VersionAnswer,
    VersionDetail,
)
from services.cli.configuration import ClientSettings
from shared.domain import document
from shared.domain.dataset import Dataset
from shared.domain.run import RunState
from shared.errors import ApiUnreachable, DatasetInvalid, LoadstoneError
from shared.files.preview import Preview

TIMEOUT = 30.0
PAGE = 100
_BYTES = "application/octet-stream"


class Client:
    """One API, with a token."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @property
    def url(self) -> str:
        """Where the API is."""
        return str(self._http.base_url).rstrip("/")

    def is_ready(self) -> bool:
        """Whether the API can reach what it needs."""
        return self._send("GET", "/ready").is_success

    def apply(self, dataset: Dataset, *, dry_run: bool) -> Applied:
        """Makes a document the one that holds, or says what that would change."""
        content = msgspec.json.encode(document.dump(dataset))
        query = {"dryRun": "true"} if dry_run else {}
        path = f"/v1/datasets/{dataset.name}"
        return self._ask("PUT", path, Applied, query=query, content=content)

    def datasets(self) -> list[DatasetSummary]:
        """All datasets, by name."""
        return list(self._items("/v1/datasets", Page[DatasetSummary], cursor="after"))

    def dataset(self, name: str) -> DatasetAnswer:
        """One dataset with its document."""
        return self._ask("GET", f"/v1/datasets/{name}", DatasetAnswer)

    def start(self, dataset: str, business_date: date, *, force: bool) -> tuple[RunAnswer, bool]:
        """Asks for an import; the run that stands for the delivery, and whether it is a new one."""
        content = msgspec.json.encode({"businessDate": business_date, "force": force})
        response = self._send("POST", f"/v1/datasets/{dataset}/runs", content=content)
        return _answer(response, RunAnswer), response.status_code == httpx.codes.ACCEPTED

    def runs(
        self, *, dataset: str | None = None, state: RunState | None = None, limit: int
    ) -> list[RunAnswer]:
        """The newest runs."""
        query = {"dataset": dataset, "state": state}
        return self._first(limit, "/v1/runs", Page[RunAnswer], cursor="before", query=query)

    def run(self, run_id: int) -> RunDetail:
        """One run with its attempts and objects."""
        return self._ask("GET", f"/v1/runs/{run_id}", RunDetail)

    def preview(self, bucket: str, key: str, dataset: str | None) -> Preview:
        """What the start of an object in the bucket tells."""
        content = msgspec.json.encode({"bucket": bucket, "key": key, "dataset": dataset})
        return self._ask("POST", "/v1/preview", Preview, content=content)

    def cancel(self, run_id: int) -> RunAnswer:
        """Asks for a run to be cancelled; the run as it is then."""
        return self._ask("POST", f"/v1/runs/{run_id}/cancel", RunAnswer)

    def approve(self, run_id: int, *, force: bool) -> RunAnswer:
        """Makes the version of a held run live; the run as it is then."""
        content = msgspec.json.encode({"force": force})
        return self._ask("POST", f"/v1/runs/{run_id}/approve", RunAnswer, content=content)

    def reject(self, run_id: int, *, reason: str) -> RunAnswer:
        """Ends a held run without a live version; the run as it is then."""
        content = msgspec.json.encode({"reason": reason})
        return self._ask("POST", f"/v1/runs/{run_id}/reject", RunAnswer, content=content)

    def quarantine(self, run_id: int, *, limit: int) -> list[Quarantined]:
        """The first records that a run rejected."""
        return self._first(limit, f"/v1/runs/{run_id}/quarantine", Page[Quarantined], cursor="after")

    def quarantine_file(self, run_id: int, *, key: str | None) -> bytes:
        """The records that a run rejected, of all objects or of one, as a file to correct."""
        response = self._send("GET", f"/v1/runs/{run_id}/quarantine/file", query={"object": key})
        if not response.is_success:
            raise _refusal(response)
        return response.content

    def requeue(self, run_id: int, content: bytes) -> tuple[RunAnswer, bool]:
        """Hands corrected records of a run back; the run that loads them, and whether it is a new one."""
        response = self._send("POST", f"/v1/runs/{run_id}/requeue", content=content, kind=_BYTES)
        return _answer(response, RunAnswer), response.status_code == httpx.codes.ACCEPTED

    def versions(self, dataset: str, *, limit: int) -> list[VersionAnswer]:
        """The newest versions."""
        return self._first(limit, f"/v1/datasets/{dataset}/versions", Page[VersionAnswer], cursor="before")

    def version(self, dataset: str, number: int) -> VersionDetail:
        """One version with its profile."""
        return self._ask("GET", f"/v1/datasets/{dataset}/versions/{number}", VersionDetail)

    def difference(
        self, dataset: str, version: int, *, against: int | None, samples: int
    ) -> DifferenceAnswer:
        """What a version changed against an older one: that one, or the newest retained below."""
        query = {"against": against, "samples": samples}
        return self._ask(
            "GET", f"/v1/datasets/{dataset}/versions/{version}/diff", DifferenceAnswer, query=query
        )

    def rollback(self, dataset: str, version: int | None, *, alone: bool = False) -> RolledBack:
        """Makes an earlier version live: that one, or the newest below the live one."""
        asked = {**({} if version is None else {"version": version}), **({"alone": True} if alone else {})}
        content = msgspec.json.encode(asked)
        return self._ask("POST", f"/v1/datasets/{dataset}/rollback", RolledBack, content=content)

    def rows(self, dataset: str, *, version: int | None = None, limit: int) -> RowPage:
        """The first rows of the live version, or another one, all of the same version."""
        path = f"/v1/datasets/{dataset}/rows"
        page = self._ask("GET", path, RowPage, query={"version": version, "limit": min(limit, PAGE)})
        items = page.items
        while page.next is not None and len(items) < limit:
            query = {"cursor": page.next, "limit": min(limit - len(items), PAGE)}
            page = self._ask("GET", path, RowPage, query=query)
            items += page.items
        return msgspec.structs.replace(page, items=items)

    def _first[Item](
        self,
        limit: int,
        path: str,
        kind: type[Page[Item]],
        *,
        cursor: str,
        query: Mapping[str, object] | None = None,
    ) -> list[Item]:
        wanted = {**(query or {}), "limit": min(limit, PAGE)}
        found = self._items(path, kind, cursor=cursor, query=wanted)
        return list(islice(found, limit))

    def _items[Item](
        self, path: str, kind: type[Page[Item]], *, cursor: str, query: Mapping[str, object] | None = None
    ) -> Iterator[Item]:
        page = self._ask("GET", path, kind, query=query)
        yield from page.items
        while page.next is not None:
            page = self._ask("GET", path, kind, query={**(query or {}), cursor: page.next})
            yield from page.items

    def _ask[Kind: Struct](self, method: str, path: str, kind: type[Kind], **request: Any) -> Kind:  # noqa: ANN401
        return _answer(self._send(method, path, **request), kind)

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        content: bytes | None = None,
        kind: str = "application/json",
    ) -> httpx.Response:
        asked: Any = {name: value for name, value in (query or {}).items() if value is not None}
        headers = {} if content is None else {"Content-Type": kind}
        try:
            return self._http.request(method, path, params=asked, content=content, headers=headers)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise ApiUnreachable(f"can't reach the API at {self.url}: {reason}") from error


@contextmanager
def connect(*, timeout: float = TIMEOUT) -> Generator[Client]:
    """The API that the settings name."""
    settings = configuration.read(ClientSettings).client
    with at(settings.url, settings.token.reveal(), timeout=timeout) as api:
        yield api


@contextmanager
def at(url: str, token: str, *, timeout: float = TIMEOUT) -> Generator[Client]:
    """The API at this address."""
    headers = {"Authorization": f"Bearer {token}", "X-Loadstone-Actor": actor()}
    # A proxy for the world outside is none for this machine.
    outside = urlsplit(url).hostname not in ("127.0.0.1", "::1", "localhost")
    with httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=outside) as http:
        yield Client(http)


def actor() -> str:
    """Who is asking, for the audit trail: the user's name on this machine."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        name = ""
    return name if name.isascii() and name.isprintable() and 0 < len(name) <= 100 else "cli"


def _answer[Kind: Struct](response: httpx.Response, kind: type[Kind]) -> Kind:
    """The answer, decoded; raises what the API refused with."""
    if not response.is_success:
        raise _refusal(response)
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.DecodeError as error:
        raise ApiUnreachable(
            f"{response.request.url} answers, but not as Loadstone's API does: {error}",
            hint="Does LOADSTONE_API_URL name the API, and has it the same release as this command line?",
        ) from None


def _refusal(response: httpx.Response) -> LoadstoneError:
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except msgspec.DecodeError:
        problem = Problem()
    if not problem.code:
        return ApiUnreachable(
            f"{response.request.url} answered {response.status_code} {response.reason_phrase}, "
            "which is not an answer of Loadstone's API",
            hint="Does LOADSTONE_API_URL name the API? Is there a proxy in between?",
        )
    return _as_error(problem)


def _as_error(problem: Problem) -> LoadstoneError:
    kind = _kinds().get(problem.code, LoadstoneError)
    message = problem.detail or problem.title
    if issubclass(kind, DatasetInvalid):
        return kind(message, problems=problem.problems, hint=problem.hint)
    return kind("\n  ".join([message, *problem.problems]), hint=problem.hint)


def _kinds() -> dict[str, type[LoadstoneError]]:
    """Every error by its code."""
    found: dict[str, type[LoadstoneError]] = {}
    unseen: list[type[LoadstoneError]] = [LoadstoneError]
    while unseen:
        kind = unseen.pop()
        unseen += kind.__subclasses__()
        found.setdefault(kind.code, kind)
    return found
