"""Structured logs: one JSON object a line, with codes and ids but no bodies, names or addresses."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar

from core import clock

request_id: ContextVar[str] = ContextVar("request_id", default="")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "request",
    "taskName",
    "color_message",
}


class JsonLines(logging.Formatter):
    """Formats a record as JSON: time, level, logger, event, `extra` fields, and its exception.

    An exception is named by its class and line, never by its message, because messages of foreign
    code quote their input.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": clock.to_rfc3339(clock.now()),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }

        if current := request_id.get():
            line["request_id"] = current
        line |= {key: str(value) for key, value in vars(record).items() if key not in _STANDARD}

        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["where"] = _trace_places(record.exc_info[2])

        return json.dumps(line, ensure_ascii=False, default=str)


def build_log_config(level: str) -> dict[str, object]:
    """Return the configuration for `dictConfig`: lines of `level` and above to stderr."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "core.json_logging.JsonLines"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": sys.stderr}
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The framework's own request log holds paths, and a signing link is a path with a
            # secret in it. Errors of pages are logged without it, by
            # `config.middleware.page_errors`.
            "django.request": {"level": "CRITICAL"},
            "django.security.csrf": {"level": "CRITICAL"},
            "django.server": {"level": "ERROR"},
            "uvicorn.access": {"level": "CRITICAL"},
            # A line for every task that went well would be five a second from the log's sequencer
            # alone.
            "celery.app.trace": {"level": "WARNING"},
            # Nor are the lines of the beat that sends it, and of the worker that receives it.
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            # What a pool of connections does all the time.
            "psycopg.pool": {"level": "WARNING"},
        },
    }


def _trace_places(trace: object) -> list[str]:
    steps = []
    while trace is not None:
        frame = getattr(trace, "tb_frame", None)
        if frame is None:
            break
        steps.append(f"{frame.f_globals.get('__name__')}:{getattr(trace, 'tb_lineno', 0)}")
        trace = getattr(trace, "tb_next", None)

    return steps[-8:]
