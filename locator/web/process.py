"""How the page's process is set up: open files, the log, garbage, and the patches to the server under it."""

from __future__ import annotations

import gc
import json
import logging
import threading
import time
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from locator.api.connections import count_spare_files, make_protocol
from locator.api.limits import ClientLimits
from locator.web.streamlit_patches import apply_patches, set_server_options

if TYPE_CHECKING:
    from locator.settings import Settings

log = logging.getLogger(__name__)
GRACE_S = 8
"""How long requests under way may take to finish when the server is told to stop."""
MAX_HEAD_BYTES = 32_768
"""Bytes of the headers of one request."""
INTERVAL_S = 30.0
"""How long garbage stays at most."""
IDLE_SHARE = 0.2
"""A share of one core: a process that used less since the last collection has time to give memory back."""


def configure_process(settings: Settings) -> ClientLimits:
    """Set the process up; once, after the settings are read.

    Returns
    -------
    ClientLimits
        What each client may take of this process, bounded by the files that it may open.
    """
    raise_file_limit()
    apply_patches()
    limits = ClientLimits(settings, files=count_spare_files())
    options = {
        "http_protocol_class": make_protocol(limits),
        "timeout_graceful_shutdown": GRACE_S,
        "h11_max_incomplete_event_size": MAX_HEAD_BYTES,
    }
    set_server_options(options)
    return limits


def raise_file_limit() -> None:
    """Raise the limit of open files and connections to what the machine allows.

    A session holds about four descriptors (Streamlit gives each an event loop of its own), and the usual soft limit
    of 1,024 is there for programs that count on small numbers. Nothing happens where the limit is as it should
    be, where the machine refuses, or where there is no such limit (Windows).
    """
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS: "unlimited" is more than it grants
            log.warning("the limit of open files stays at %d", soft)


def collect_on_timer(*, interval_s: float = INTERVAL_S) -> threading.Event:
    """Freeze what there is, and collect garbage every ``interval_s`` seconds in the background.

    Streamlit calls ``gc.collect`` after each run (``runner.postScriptGC``), which walks every object of the process
    and costs more than the run itself (``docs/OPERATIONS.md`` has the figures). With it off, Python's own collector
    still runs by its thresholds; the timer bounds how long a closed session's cycles can stay. What was made at
    the start is frozen first, so that a collection walks what came since.

    Returns
    -------
    threading.Event
        Set it to stop.
    """
    from locator.layer import give_back_memory

    stop = threading.Event()
    gc.collect()
    gc.freeze()
    give_back_memory()  # what opening the data took

    def work() -> None:
        spent = time.process_time()
        while not stop.wait(interval_s):
            gc.collect()
            before, spent = spent, time.process_time()
            if spent - before < IDLE_SHARE * interval_s:
                give_back_memory()

    threading.Thread(target=work, name="garbage", daemon=True).start()
    return stop


class JsonLines(logging.Formatter):
    """Writes ``{"time", "level", "logger", "event"}``; of an exception its kind and place, never its words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
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


def configure_json_logging() -> None:
    """Log everything under ``locator`` this way, from ``info`` on; no library's log holds an exception's text."""
    ours = logging.getLogger("locator")
    if not any(isinstance(handler.formatter, JsonLines) for handler in ours.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    logging.setLogRecordFactory(WordlessRecord)
    threading.excepthook = _tell_broken_thread
