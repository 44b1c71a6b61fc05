""" "Report an error": a link that the operator chose, or a line in a file of the data folder; no login.

A report names an office's or a guide line's id and the field that is wrong. With ``LOCATOR_REPORT_URL``
set, it is a link there (mail or issue tracker). Without it, :func:`write_correction` adds one JSON line
to ``corrections.jsonl``; nothing about who reported is kept.


What operators correct is kept as a source of its own (:data:`locator.stores.merge.EDITS`): a correction has its
date and source, and stays when the office's own source is imported again. A report that is accepted becomes one.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from locator.disk import exclusive_lock
from locator.errors import DataError, InvalidInput, NotFound
from locator.ingest import Draft, RawRecord
from locator.ingest.fields import check_fields, is_web_address
from locator.ingest.positions import PositionFault, read_position
from locator.ingest.values import clean_text, find_text_fault, read_status
from locator.layer import COLUMNS, Layer
from locator.model import Precision, Provenance, ServicePoint
from locator.settings import Settings
from locator.stores import Near
from locator.stores.merge import APART, DECISIONS, EDITS, OWN, SAME, VANISHED, qualify, read_decisions

FILE = "corrections.jsonl"
DECIDED = "corrections.decided.jsonl"
"""Which reports were accepted or rejected, and when."""
EDITABLE = frozenset(COLUMNS) - {
    "id", "origins", "source", "source_url", "source_date", "verified", "confidence", "licence", "hours_date",
    "hours_source", "serves_basis",
}  # fmt: skip
"""Columns that an operator may correct in one office."""
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
    for name in (OLDER, FILE):
        yield from _read_lines(settings.data / name)


class Report(NamedTuple):
    """What somebody reported, and the id by which it is accepted or rejected."""

    report_id: str
    time: str
    entry_id: str
    field: str
    message: str


def list_reports(settings: Settings) -> list[Report]:
    """Return the reports that wait for a decision, oldest first."""
    decided = {line.get("report", "") for line in _read_lines(settings.data / DECIDED)}
    found = []
    for record in read_corrections(settings):
        mark = blake2b(json.dumps(record, sort_keys=True).encode(), digest_size=4).hexdigest()
        if mark not in decided:
            values = (record.get(name, "") for name in ("time", "id", "field", "message"))
            found.append(Report(mark, *values))
    return found


def decide_report(
    settings: Settings, report_id: str, *, accept: bool, values: Mapping[str, str], source: str, now: datetime
) -> ServicePoint | None:
    """Turn a report into a correction of the office, or file it away.

    Parameters
    ----------
    values
        What the office's fields become; where there are none, the report's message is the value of its field.
    source
        Where the operator looked it up; needed to accept.

    Returns
    -------
    ServicePoint or None
        The office as it is served now; None for a report that was rejected.

    Raises
    ------
    NotFound
        No report of this id waits.
    InvalidInput
        A value is none for its field.
    """
    report = next((each for each in list_reports(settings) if each.report_id == report_id), None)
    if report is None:
        raise NotFound(f"no report {report_id} waits", code="report_missing", id=report_id)
    point = None
    if accept:
        point = edit_office(settings, report.entry_id, values or {report.field: report.message}, source=source, now=now)
    line = {"report": report_id, "accepted": "yes" if accept else "no", "time": now.isoformat()}
    _append(settings.data / DECIDED, (json.dumps(line) + "\n").encode())
    return point


def edit_office(
    settings: Settings, point_id: str, values: Mapping[str, str], *, source: str, now: datetime
) -> ServicePoint:
    """Correct fields of an office; the correction survives the next import of the office's source.

    Parameters
    ----------
    values
        Texts by column; an empty one takes the value away. ``status=vanished`` takes the office off the map.
    source
        Where that is said: an address on the web, or words.
    now
        The day of the correction.

    Returns
    -------
    ServicePoint
        The office as it is served now.

    Raises
    ------
    NotFound
        There is no such office.
    InvalidInput
        A column that cannot be edited, a value that is none, or no source.
    """
    from locator.geocode.index_files import note_pending, open_data_gazetteer
    from locator.ingest.shipped import ensure_data, index_offices, open_own_store
    from locator.ingest.validate import holders_of

    source = _check_source(source)
    ensure_data(settings)
    store = open_own_store(settings)
    point = store.point(point_id)
    if point is None:
        raise NotFound(f"no office has the id {point_id[:80]}", code="point_missing", id=point_id[:80])
    changes = _check_values(point, values)
    code = changes.get("adcode")
    if code and not any(map(open_data_gazetteer(settings).division, holders_of(code))):
        fault = "import.fault.adcode_unknown"
        raise InvalidInput(f"no adcode {code}", code="edit_value", field="adcode", value=code, fault=fault)
    address = source if source.startswith(("https://", "http://")) else None
    origin = Provenance(source=source, url=address, date=now.date().isoformat(), verified=now.date().isoformat())
    fields = ["lon" if name == "lat" else name for name in values]
    with exclusive_lock(settings.data / EDITS), note_pending(settings):  # who edits at once edits one after the other
        parts = store.parts()
        known = {edit.id: edit for edit in (parts[EDITS].points() if EDITS in parts else ())}
        base = known.get(point_id) or ServicePoint(
            id=point_id, name=point.name, kind=point.kind, status=point.status, provenance=Provenance(source=EDITS)
        )
        known[point_id] = replace(base, **changes, origins={**base.origins, **dict.fromkeys(fields, origin)})
        store.replace(EDITS, known.values())
        index_offices(settings, store)
    edited = store.point(point_id)
    if edited is None:
        raise DataError(f"{point_id} is not served any more", code="point_missing", id=point_id)
    return edited


def decide_same(
    settings: Settings, one: str, other: str, *, apart: bool = False, source: str = "operator", now: datetime
) -> ServicePoint:
    """Say that two offices of the layer are one, or that they are two; that survives the next import of either.

    Parameters
    ----------
    one, other
        Their ids. The office that is served of both keeps the id of the source that came first.
    apart
        True: they are two, and nobody is asked again.
    source
        Who says so, or where.
    now
        The day of the decision.

    Returns
    -------
    ServicePoint
        The first office as it is served now; as its source gives it where both are served under a third's id.

    Raises
    ------
    NotFound
        There is no office of one of the ids.
    InvalidInput
        Both ids are one.
    """
    from locator.ingest.shipped import ensure_data, open_own_store

    source = _check_source(source)
    if one == other:
        raise InvalidInput(f"{one} is one office already", code="same_one", id=one)
    ensure_data(settings)
    store = open_own_store(settings)
    parts = {name: part for name, part in store.parts().items() if name not in OWN}
    named = [_find_row(parts, point_id, store.point(point_id)) for point_id in (one, other)]
    day = now.date().isoformat()
    pairs = {(named[0][0], named[1][0]), *([(one, other)] if apart else [])}  # apart also as they are listed
    decisions = [
        ServicePoint(
            id=" ".join(sorted(pair)), name=APART if apart else SAME, serves=pair,
            provenance=Provenance(source=source, date=day, verified=day),
        )
        for pair in pairs
    ]  # fmt: skip
    store.replace(DECISIONS, decisions, partial=True)
    return store.point(one) or store.point(other) or named[0][1]


def _find_row(parts: Mapping[str, Layer], point_id: str, served: ServicePoint | None) -> tuple[str, ServicePoint]:
    """Return how a decision names an office, and the row of its source; ``X.2`` is served for another's ``X``.

    Raises
    ------
    NotFound
        There is none.
    """
    for part in parts.values():
        if (row := part.row_of(point_id)) is not None:
            return point_id, part.point(row)
    stem = point_id.rpartition(".")[0]
    for name, part in parts.items():
        row = part.row_of(stem) if stem and served is not None else None
        if row is not None and served is not None and part.point(row).name == served.name:
            return qualify(stem, name), part.point(row)
    raise NotFound(f"no office has the id {point_id[:80]}", code="point_missing", id=point_id[:80])


def list_near(settings: Settings) -> tuple[Near, ...]:
    """Return the pairs of offices of the layer that may be one, and without those that were declared to be two."""
    from locator.ingest.shipped import ensure_data, open_own_store
    from locator.stores.contents import find_near

    ensure_data(settings)
    store = open_own_store(settings)
    return find_near(store.layer(), None, read_decisions(store.parts()))


def _check_source(source: str) -> str:
    """Return where a change is said, as it is kept: an address on the web, or words.

    Raises
    ------
    InvalidInput
        It is blank, too long, mark-up or a formula, or an address that no browser opens.
    """
    said = clean_text(source)
    on_web = is_web_address(said)
    if (
        not said
        or find_text_fault("source_url" if on_web else "source", said)
        or (not on_web and ("://" in said or said.startswith("www.")))
    ):
        raise InvalidInput(f"{said[:80]!r} is no source", code="edit_source", given=said[:80] or "–")
    return said


def _check_values(point: ServicePoint, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that texts become, as an import would read them.

    Raises
    ------
    InvalidInput
        One of them is none.
    """
    strange = sorted(set(values) - EDITABLE)
    if strange or not values:
        raise InvalidInput(
            f"{strange[0] if strange else 'nothing'} cannot be edited; expected {', '.join(sorted(EDITABLE))}",
            code="edit_field", field=(strange[0][:80] if strange else "") or "–", expected=", ".join(sorted(EDITABLE)),
        )  # fmt: skip
    record = RawRecord(source=EDITS, file="edit", row=1, fields={"name": point.name, **values, "status": ""})
    draft = Draft(record=record)
    check_fields(draft)
    position = read_position(values.get("lon", ""), values.get("lat", ""))
    if isinstance(position, PositionFault):
        draft.add_issue(*position)
    fault = next((issue for issue in draft.rejects if issue.severity != "doubt"), None)
    if fault is not None:
        raise InvalidInput(
            f"{fault.column}: {fault.reason}",
            code="edit_value",
            field=fault.column,
            value=fault.value,
            fault=f"import.fault.{fault.code}",
        )
    if (is_open := read_status(values.get("status", ""))) is not None:
        values = {**values, "status": "listed" if is_open else VANISHED}
    if values.get("status", "listed") not in ("listed", VANISHED):
        raise InvalidInput(
            "status is listed or vanished",
            code="edit_value", field="status", value=values["status"], fault="listed, vanished",
        )  # fmt: skip
    changes: dict[str, Any] = {name: draft.values[name] for name in values if name in draft.values}
    if "status" in values:
        changes["status"] = values["status"]
    if position is not None and not isinstance(position, PositionFault):
        changes |= {"lon": position[0], "lat": position[1], "position": draft.values["position"] or Precision.POI}
    elif "lon" in values:
        changes |= {"lon": None, "lat": None, "position": None}
    if "hours" in values:
        changes |= {name: draft.values.get(name) for name in ("hours", "hours_text")}
    return changes


def _read_lines(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        return
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
