"""The program's own log: one line of JSON for each event, on the standard error stream, nothing a person typed."""

from __future__ import annotations

import json
import logging
import threading
import traceback
from datetime import UTC, datetime

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """Writes ``{"time", "level", "room", "event"}``; of an exception its kind and place, never its words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "room": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"], line["at"] = type(record.exc_info[1]).__name__, find_place(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class WordlessRecord(logging.LogRecord):
    """What a library logs, but of an exception only its kind and place: its words may be what a person typed."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        if self.name.partition(".")[0] == "locator":
            return  # ours say what they mean to, and go to JsonLines
        self.msg = _name_fault(self.msg)
        if isinstance(self.args, tuple):
            self.args = tuple(map(_name_fault, self.args))
        error = self.exc_info[1] if self.exc_info else None
        if error is not None:
            said = self.getMessage().replace(str(error) or "\0", "…")  # asyncio's message holds the exception's
            self.msg, self.args, self.exc_info = f"{said}: {_name_fault(error)}", None, None


def find_place(error: BaseException) -> str:
    """Return where an exception was raised: ``file.py:12``, or nothing when it never was."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{'/'.join(frames[-1].filename.rsplit('/', 3)[-3:])}:{frames[-1].lineno}" if frames else ""


def _name_fault(value: object) -> object:
    return f"{type(value).__name__} at {find_place(value)}" if isinstance(value, BaseException) else value


def _tell_broken_thread(broken: threading.ExceptHookArgs) -> None:
    log.error("a thread broke", exc_info=broken.exc_value or True)


def write_json_lines() -> None:
    """Let all under ``locator`` be logged so, from ``info`` on, and no library's log hold an exception's words."""
    ours = logging.getLogger("locator")
    if not any(isinstance(handler.formatter, JsonLines) for handler in ours.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    logging.setLogRecordFactory(WordlessRecord)
    threading.excepthook = _tell_broken_thread
