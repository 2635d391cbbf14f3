"""A log line is one line, tells what it is about, and no secret."""

import asyncio
import io
import logging
import warnings
from collections.abc import Generator
from datetime import date
from typing import Any, Literal

import msgspec
import pytest
import structlog

from shared.settings import Database, Log
from shared.settings.variables import Secret
from shared.telemetry import logs

URL = "postgresql://loadstone:hunter2@db:5432/loadstone"


class Output:
    """What was logged."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def configure(self, format: Literal["json", "console"], level: Literal["debug", "info"] = "info") -> None:  # noqa: A002
        logs.configure(Log(format=format, level=level), service="worker", stream=self.stream)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.lines]


@pytest.fixture
def output() -> Generator[Output]:
    """A place for logs; the logging of the test run itself is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Output()
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_an_event_is_a_line_of_json_with_its_fields(output: Output) -> None:
    output.configure("json")
    logs.logger().info("version_published", version=7, business_date=date(2026, 3, 1))
    [event] = output.events
    assert [*event][:4] == ["time", "level", "service", "event"]
    assert event.pop("time").endswith("Z")
    assert event == {
        "service": "worker",
        "level": "info",
        "event": "version_published",
        "version": 7,
        "business_date": "2026-03-01",
    }


def test_a_logger_made_before_the_configuration_obeys_it(output: Output) -> None:
    log = logs.logger()
    output.configure("json")
    log.debug("unheard")
    log.info("heard")
    assert [event["event"] for event in output.events] == ["heard"]


async def test_bound_fields_are_in_every_event_of_the_block_and_of_its_tasks(output: Output) -> None:
    output.configure("json")

    async def task() -> None:
        logs.logger().info("inside")

    with logs.bound(run=7, dataset="flights"):
        await asyncio.create_task(task())
    logs.logger().info("outside")
    inside, outside = output.events
    assert (inside["run"], inside["dataset"]) == (7, "flights")
    assert "attempt" not in inside
    assert "run" not in outside


@pytest.mark.parametrize("format", ["json", "console"])
def test_secrets_are_masked_wherever_they_stand(output: Output, format: Literal["json", "console"]) -> None:  # noqa: A002
    output.configure(format)
    log = logs.logger()
    log.info("a", secret=Secret("hunter2"), settings=Database(url=Secret(URL)), nested={"urls": [URL]})
    log.warning("b", error=ConnectionError(f"cannot reach {URL}"))
    log.info(URL)
    logging.getLogger("library").error("no answer from %s", URL)
    try:
        raise ValueError(URL)
    except ValueError:
        log.exception("d")
    assert "****" in output.stream.getvalue()
    assert "hunter2" not in output.stream.getvalue()


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_value_can_not_forge_a_line(output: Output, format: Literal["json", "console"]) -> None:  # noqa: A002
    output.configure(format)
    forged = 'x\n2026-01-01 level=info event=forged\r\x1b[2J\u2028"}'
    logs.logger().info("read", key=forged, keys=[forged], error=ValueError(forged))
    logging.getLogger("library").error("no %s", forged)
    assert len(output.stream.getvalue().split("\n")) == 3  # two lines, and the end of the second
    assert not set("\r\x85\u2028") & set(output.stream.getvalue())
    assert "\x1b[2J" not in output.stream.getvalue()


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_key_that_is_no_text_is_told_all_the_same(
    output: Output,
    format: Literal["json", "console"],  # noqa: A002
) -> None:
    output.configure(format)
    logs.logger().info("read", key="b\udce9b\u00e9", raw=b"\xff", of={1: {2}})
    assert "b\u00e9" in output.stream.getvalue()


def test_an_exception_is_told_with_its_traceback_in_the_same_line(output: Output) -> None:
    output.configure("json")
    try:
        raise ValueError("why")
    except ValueError:
        logs.logger().exception("failed")
    [event] = output.events
    assert event["exception"].startswith("Traceback")
    assert event["exception"].endswith("ValueError: why")


def test_libraries_log_through_the_same_renderer(output: Output) -> None:
    output.configure("json")
    logging.getLogger("uvicorn.error").warning("lost %d", 3, extra={"peer": "10.0.0.1"})
    [event] = output.events
    assert (event["event"], event["logger"], event["level"]) == ("lost 3", "uvicorn.error", "warning")
    assert event["peer"] == "10.0.0.1"
    assert event["service"] == "worker"


def test_chatty_libraries_are_heard_from_warnings_on(output: Output) -> None:
    output.configure("json", level="debug")
    logging.getLogger("arq.worker").info("0.10s → run:7:1:import_run(7)")
    logging.getLogger("arq.worker").warning("job expired")
    logging.getLogger("uvicorn.error").info("Uvicorn running on http://127.0.0.1:8080")
    assert [event["event"] for event in output.events] == ["job expired"]


def test_warnings_become_log_lines(output: Output) -> None:
    output.configure("json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", stacklevel=1)
    [event] = output.events
    assert event["logger"] == "py.warnings"
