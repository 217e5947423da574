"""JSON logs, one object a line, without personal data: only the fields named here are written, never a message's text.

An exception is written as its type and the places it passed through; its own words may quote a citizen and stay out.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

#: The only extras that reach a log line. Ids, kinds and counts; no names, numbers, addresses or texts.
FIELDS = (
    "channel", "queue", "event", "outbox", "attachment", "attempt", "outcome", "code", "error", "reason",
    "new", "repeats", "count", "path", "status", "milliseconds", "version", "delay",
)  # fmt: skip
#: Libraries whose INFO lines hold whole addresses (the Telegram token is part of a path) or bodies.
QUIET = (
    "httpx",
    "httpcore",
    "twilio",
    "telegram",
    "urllib3",
    "rq",
    "mail.log",  # aiosmtpd's
    "alembic",
    "sqlalchemy",
    "werkzeug",
    "imap_tools",
)


class JsonLines(logging.Formatter):
    """Calling this will format log records as JSON lines in UTC."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        """Calling this will make one line of ASCII: JSON itself escapes line breaks and control characters."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self.process,
            "logger": record.name,
            "message": record.getMessage() if record.name.startswith("aduan") else str(record.msg)[:200],
        }
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])
            line["exception"] = record.exc_info[0].__name__
            line["frames"] = [
                f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]
            ]
        return json.dumps(line, default=str)


class _StandardError(logging.StreamHandler[TextIO]):
    """What stands for standard error when a line is written, not when logging began: it may have been exchanged."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def configure(process: str) -> None:
    """Calling this will send all logs of this process to standard error as JSON lines, and quieten chatty libraries.

    An exception that nobody caught ends the process as a log line too: Python's own traceback would quote its words.
    """
    handler = _StandardError()
    handler.setFormatter(JsonLines(process))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _log_last_words


def _log_last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("aduan.process").critical("the process broke", exc_info=(kind, error, trace))
