"""Logs: one line per event, as JSON for machines or coloured for people, our own and those of the libraries.

An event is a constant with fields: `log.info("version_published", version=7)`. Values are masked and kept
on one line here, so that no caller has to think of it.
"""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.typing import ExcInfo, FilteringBoundLogger, Processor

from shared.settings import Log
from shared.settings.variables import masked

# Their INFO lines repeat what our own events say, once or more per job or request.
QUIET = ("aiobotocore", "aiohttp.access", "arq", "asyncio", "botocore", "uvicorn.access")

_LINE_BREAKS = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))} | {
    0x0A: "\\n",
    0x0D: "\\r",
    0x09: "\\t",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}

type Event = MutableMapping[str, Any]


def logger() -> FilteringBoundLogger:
    """Return a logger; it may be made before `configure` is called."""
    return cast("FilteringBoundLogger", structlog.get_logger())


def bound(
    *, run: int | None = None, dataset: str | None = None, attempt: int | None = None
) -> AbstractContextManager[None]:
    """Put these fields into every event inside the `with` block, also in tasks that are started there."""
    fields = {"run": run, "dataset": dataset, "attempt": attempt}
    return structlog.contextvars.bound_contextvars(
        **{name: value for name, value in fields.items() if value is not None}
    )


def configure(log: Log, *, service: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process, of libraries too, to `stream` (standard error) in one format."""

    def of_service(_logger: object, _method: str, event: Event) -> Event:
        return {"service": service, **event}

    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        of_service,
    ]
    rendering = _json() if log.format == "json" else _console()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*before, structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    level = logging.getLevelNamesMapping()[log.level.upper()]
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _json() -> list[Processor]:
    encoder = msgspec.json.Encoder(enc_hook=str)

    def encode(event: Event, **_options: object) -> str:
        return encoder.encode(event).decode()

    return [
        structlog.processors.format_exc_info,
        _mask,
        structlog.processors.JSONRenderer(serializer=encode),
    ]


def _console() -> list[Processor]:
    return [_mask, _on_one_line, structlog.dev.ConsoleRenderer(exception_formatter=_write_traceback)]


def _mask(_logger: object, _method: str, event: Event) -> Event:
    """Mask the passwords of URLs, wherever they stand; a Secret has masked itself already."""
    return {name: _safe(value) for name, value in event.items()}


def _safe(value: object) -> object:
    match value:
        case str():
            return masked(value)
        case Mapping():
            return {str(name): _safe(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_safe(item) for item in value]
        case BaseException():
            return masked(f"{type(value).__name__}: {value}")
        case _:
            return value


def _on_one_line(_logger: object, _method: str, event: Event) -> Event:
    """Escape line breaks and terminal sequences, so that no value forges a line, as JSON does by itself."""
    return {
        name: value if name == "exc_info" or isinstance(value, bool | int | float) else _escaped(value)
        for name, value in event.items()
    }


def _escaped(value: object) -> str:
    return str(value).translate(_LINE_BREAKS)


def _write_traceback(sink: TextIO, exc_info: ExcInfo) -> None:
    sink.write(masked("".join(traceback.format_exception(*exc_info))).rstrip())
