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
QUIET = ("aiobotocore", "aiohttp.access", "arq", "asyncio", "botocore", "uvicorn.access", "uvicorn.error")

FIRST = ("time", "level", "service", "event")

# Whatever ends a line or commands a terminal. JSON leaves those from 7F on as they are.
_ESCAPES = {number: f"\\u{number:04x}" for number in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
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
    sink = stream or sys.stderr
    rendering = _json() if log.format == "json" else _console(colors=sink.isatty())
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*before, structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
    handler = logging.StreamHandler(sink)
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
        ordered = {name: event[name] for name in FIRST if name in event} | dict(event)
        return encoder.encode(ordered).decode().translate(_ESCAPES)

    return [
        structlog.processors.format_exc_info,
        _mask,
        structlog.processors.JSONRenderer(serializer=encode),
    ]


def _console(*, colors: bool) -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=colors, timestamp_key="time", pad_event_to=24, exception_formatter=_write_traceback
    )
    return [_mask, _on_one_line, renderer]


def _mask(_logger: object, _method: str, event: Event) -> Event:
    """Mask the passwords of URLs, wherever they stand; a Secret has masked itself already."""
    return {name: _safe(value) for name, value in event.items()}


def _safe(value: object) -> object:
    match value:
        case str():
            return _text(value)
        case Mapping():
            return {_text(str(name)): _safe(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_safe(item) for item in value]
        case BaseException():
            return _text(f"{type(value).__name__}: {value}")
        case _:
            return value


def _text(text: str) -> str:
    """Mask a text, and make it one that can be encoded: a key from S3 or a file name may not be."""
    return masked(text).encode(errors="backslashreplace").decode()


def _on_one_line(_logger: object, _method: str, event: Event) -> Event:
    """Escape line breaks and terminal sequences, so that no value forges a line."""
    return {
        name: value if name == "exc_info" or isinstance(value, bool | int | float) else _escaped(value)
        for name, value in event.items()
    }


def _escaped(value: object) -> str:
    return str(value).translate(_ESCAPES)


def _write_traceback(sink: TextIO, exc_info: ExcInfo) -> None:
    sink.write("\n" + _text("".join(traceback.format_exception(*exc_info))).rstrip())
