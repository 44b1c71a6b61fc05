"""The coming opening times as an iCalendar file (RFC 5545), for a person's own calendar."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from locator.hours.clock import ZONE, HoursClock, shipped_clock
from locator.hours.rules import State
from locator.hours.wall import Moment, first_shown
from locator.i18n import text

UNSURE = frozenset({"makeup_workday", "calendar_missing"})
"""Notes that make an opening one to confirm first."""


def write_calendar(
    expr: str | None,
    at: datetime,
    *,
    name: str,
    address: str | None = None,
    lang: str = "zh",
    days: int = 28,
    timezone: str = ZONE,
    province: str | None = None,
    point_id: str | None = None,
    clock: HoursClock | None = None,
) -> str:
    """Return an iCalendar text of the times an office is open in the coming days.

    Times that are unknown or by appointment are not in it; an opening that the calendar makes only
    likely (a make-up workday, a year not announced) is tentative.

    Parameters
    ----------
    name, address
        What the events are called, and where they are.
    days
        How far ahead, today included.

    Returns
    -------
    str
        With CRLF line ends, lines of at most 75 octets, times in UTC.

    Raises
    ------
    InvalidInput
        See :meth:`locator.hours.HoursClock.evaluate`.
    """
    used = clock or shipped_clock()
    now = used.moment(at, timezone=timezone, province=province, point_id=point_id)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//locator//opening hours//EN", "CALSCALE:GREGORIAN"]
    for start, end, sure in _openings(used, expr.strip() or None if expr else None, now, days):
        lines += _event(start, end, now.at, text("hours.ics_open" if sure else "hours.ics_unsure", lang, name=name))
        lines += [f"LOCATION:{_escape(address)}"] if address else []
        lines += [f"STATUS:{'CONFIRMED' if sure else 'TENTATIVE'}", "TRANSP:TRANSPARENT", "END:VEVENT"]
    return "".join(_fold(line) for line in [*lines, "END:VCALENDAR"])


def _openings(clock: HoursClock, expr: str | None, now: Moment, days: int) -> Iterator[tuple[datetime, datetime, bool]]:
    """Yield the open times from now on; what runs past midnight is one."""
    running: tuple[datetime, datetime, bool] | None = None
    for day, piece in clock.walk(expr, now, days):
        if piece.state is not State.OPEN:
            continue
        start = first_shown(day, piece.start, now._replace(at=now.at - timedelta(days=2)))
        end = first_shown(day, piece.end, now._replace(at=start))
        notes = {note.partition(":")[0] for note in clock.planner.plan(expr, day, now.scope).notes}
        announced = clock.planner.day(day, now.scope).announced
        sure = not notes & UNSURE and announced
        if running is not None and running[1] == start:
            running = (running[0], end, running[2] and sure)
            continue
        if running is not None:
            yield running
        running = (start, end, sure)
    if running is not None:
        yield running


def _event(start: datetime, end: datetime, stamp: datetime, summary: str) -> list[str]:
    uid = hashlib.sha256(f"{summary}{start.timestamp()}".encode()).hexdigest()[:24]
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}@locator",
        f"DTSTAMP:{_utc(stamp)}",
        f"DTSTART:{_utc(start)}",
        f"DTEND:{_utc(end)}",
        f"SUMMARY:{_escape(summary)}",
    ]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escape(words: str) -> str:
    """Return a TEXT value; control characters, which it may not hold, become spaces."""
    plain = "".join(c if c >= " " and c != "\x7f" else " " for c in words)
    for mark in "\\;,":
        plain = plain.replace(mark, f"\\{mark}")
    return plain


def _fold(line: str) -> str:
    """Return a line folded after 75 octets, never inside a character."""
    pieces, size = [""], 0
    for character in line:
        octets = len(character.encode())
        if size + octets > 75:
            pieces.append(" ")
            size = 1
        pieces[-1] += character
        size += octets
    return "\r\n".join(pieces) + "\r\n"
