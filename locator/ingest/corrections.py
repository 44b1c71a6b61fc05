""" "Report an error": a link that the operator chose, or a line in a file of the data folder; no login.

A report names an office's or a guide line's id and the field that is wrong. With ``LOCATOR_REPORT_URL``
set, it is a link there (mail or issue tracker). Without it, :func:`write_correction` adds one JSON line
to ``corrections.jsonl``; nothing about who reported is kept.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from locator.errors import DataError, InvalidInput
from locator.settings import Settings

FILE = "corrections.jsonl"
MAX_MESSAGE = 2000
"""Characters of one report."""
OLDER = "corrections.1.jsonl"
MAX_FILE_BYTES = 10_000_000
"""A full file becomes the older one, whose reports go: nobody can fill the disk, and nobody can keep others out."""


def report_link(settings: Settings, entry_id: str, field: str) -> str | None:
    """Return where an error in a field of an office or a guide line is reported, or None for the local file.

    ``{id}`` and ``{field}`` in the setting are filled in; an address without them gets both as its query
    (a mail address as its subject).
    """
    address = settings.report_url
    if address is None:
        return None
    shown_id, shown_field = quote(entry_id, safe=""), quote(field, safe="")
    if "{id}" in address or "{field}" in address:
        return address.replace("{id}", shown_id).replace("{field}", shown_field)
    joint = "&" if "?" in address else "?"
    if address.startswith("mailto:"):
        return f"{address}{joint}subject={shown_id}%20{shown_field}"
    return f"{address}{joint}id={shown_id}&field={shown_field}"


def write_correction(settings: Settings, *, entry_id: str, field: str, message: str, now: datetime) -> None:
    """Add a report to ``corrections.jsonl`` in the data folder.

    Raises
    ------
    InvalidInput
        The message is empty or longer than ``MAX_MESSAGE`` characters, or the id or field than 200.
    DataError
        The file cannot be written.
    """
    message = _plain(message)
    if not message or len(message) > MAX_MESSAGE or not 0 < len(entry_id) <= 200 or len(field) > 200:
        raise InvalidInput(
            f"a report needs an id and 1 to {MAX_MESSAGE} characters", code="correction", limit=MAX_MESSAGE
        )
    record = {"time": now.isoformat(), "id": _plain(entry_id), "field": _plain(field), "message": message}
    line = json.dumps(record, ensure_ascii=False) + "\n"
    path = settings.data / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size + len(line.encode()) > MAX_FILE_BYTES:
            path.replace(path.with_name(OLDER))
        _append(path, line.encode())
    except OSError as error:
        raise DataError(f"{path} cannot be written", code="corrections_file", path=str(path)) from error


def read_corrections(settings: Settings) -> Iterator[dict[str, str]]:
    """Yield the reports of the local file, oldest first; a broken line is passed over."""
    for path in (settings.data / OLDER, settings.data / FILE):
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(record, dict):
                    yield {str(key): str(value) for key, value in record.items()}


def _append(path: Path, line: bytes) -> None:
    """Write a line in one piece: an append of this size is not cut by another process's."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


def _plain(words: str) -> str:
    kept = (c for c in words if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    return "".join(kept).strip()
