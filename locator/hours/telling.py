"""The state in words: "open until 12:00", "opens Thu 8 Oct after National Day", the week, a calendar file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from locator.hours.calendar import shipped_calendar
from locator.hours.clock import ZONE, HoursClock, LocalTime, first_shown, shipped_clock
from locator.hours.expression import Join, OpenState, check_hours, parse
from locator.hours.schedule import DaySchedule
from locator.i18n import SOURCE_LANGS, choose, find_template, text
from locator.model import HoursState, ServicePoint
from locator.wording import say_day, say_moment

if TYPE_CHECKING:
    from locator.hours.reader import HoursText


def describe(state: HoursState, at: datetime, lang: str, *, notes: bool = True) -> str:
    """Return the state in a sentence: until when, when again, and what to know.

    Parameters
    ----------
    at
        The instant it was evaluated at.
    notes
        Whether the sentences of ``state.notes`` follow.
    """
    zone = (state.until or state.reopens or at).tzinfo
    local = at.astimezone(zone)
    sentence = _main(state, local, lang)
    if not notes:
        return sentence
    return text("hours.join", lang).join([sentence, *describe_notes(state, lang)])


def _main(state: HoursState, at: datetime, lang: str) -> str:
    reason = state.reason or ("hours_unknown" if state.state == "unknown" else None)
    code = f"hours.{state.state}" if reason is None else f"hours.{state.state}_{reason}"
    said = text(code, lang)
    if state.state == "open" and state.until is not None:
        key = "closes_reopens" if state.reopens else "closes"
        until = say_moment(state.until, at, lang)
        again = say_moment(state.reopens, at, lang) if state.reopens else ""
        return said + text(f"hours.{key}", lang, until=until, again=again)
    if state.reopens is not None:
        after = next((note.split(":", 1)[1] for note in state.notes if note.startswith("after:")), None)
        name = holiday_name(after, lang) if after and (state.reopens.date() - at.date()).days > 1 else ""
        key = "opens_after" if name else "opens"
        return said + text(f"hours.{key}", lang, opens=say_moment(state.reopens, at, lang), holiday=name)
    return said


_NAMED = frozenset({"holiday", "perhaps_holiday", "bridging", "closed_day"})
"""Notes whose value is a holiday's name."""


def describe_notes(state: HoursState, lang: str) -> list[str]:
    """Return the sentences of a state's notes; a note that only serves another sentence has none."""
    said = list[str]()
    for note in state.notes:
        code, _, value = note.partition(":")
        template = find_template(f"hours.note_{code}", lang)
        if template:
            shown = holiday_name(value, lang) if code in _NAMED else value
            said.append(template.format(value=shown))
    return said


def holiday_name(name: str, lang: str) -> str:
    """Return a holiday's name: from the catalogue, or from an override's ``中文|English``."""
    if "|" in name:
        return choose(dict(zip(SOURCE_LANGS, name.split("|", 1), strict=True)), lang) or name
    return find_template(f"hours.holiday_{name}", lang) or name or text("hours.holiday_generic", lang)


def say_usual(state: HoursState, lang: str) -> str | None:
    """Return the sentence on what is usual now, for an office whose hours are not known; None where nothing is.

    It is said beside "unknown", never as the office's hours.
    """
    if state.usual is None:
        return None
    code, _, value = state.usual.partition(":")
    if code not in ("weekend", "perhaps_weekend"):
        return text(f"hours.usual_{code}", lang, value=holiday_name(value, lang))
    weekday, _, region = value.partition(":")
    said = text(f"hours.usual_{code}", lang, value=text("hours.usual_weekdays", lang).split()[int(weekday)])
    local = shipped_calendar().usual.get(region)
    return said if local is None else said + text("hours.usual_local", lang, value=choose(local.text, lang) or "")


class WeekDay(NamedTuple):
    """A line of the week view."""

    day: date
    today: bool
    hours: str
    """``09:00-12:00, 13:30-17:00``, or what is known instead of it."""
    special: str
    """Why the day is not as its weekday usually is, or empty."""


def week_view(
    expr: str | None,
    at: datetime,
    lang: str = "zh",
    *,
    timezone: str = ZONE,
    province: str | None = None,
    point_id: str | None = None,
    clock: HoursClock | None = None,
) -> list[WeekDay]:
    """Return the seven days of this week (Monday first), then the exceptions of the next fortnight.

    The first day of a year whose calendar is not in the program says so.

    Raises
    ------
    InvalidInput
        See :meth:`locator.hours.clock.HoursClock.evaluate`.
    """
    used = clock or shipped_clock()
    now = used.moment(at, timezone=timezone, province=province, point_id=point_id)
    expr = expr.strip() if expr and expr.strip() else None
    today = now.at.date()
    monday = today - timedelta(days=today.weekday())
    ahead = [monday + timedelta(days=n) for n in range(max(7, (today - monday).days + 15))]
    lines = [_week_day(day, today, used.scheduler.schedule(expr, day, now.scope), lang) for day in ahead]
    unannounced = next((n for n, day in enumerate(ahead) if not used.scheduler.day(day, now.scope).announced), None)
    if unannounced is not None and now.scope.china and expr is not None and not parse(expr).always:
        line = lines[unannounced]
        note = text("hours.short_calendar_missing", lang, value=line.day.year)
        special = text("hours.list", lang).join(filter(None, [line.special, note]))
        lines[unannounced] = line._replace(special=special)
    return lines[:7] + [line for line in lines[7:] if line.special]


def _week_day(day: date, today: date, schedule: DaySchedule, lang: str) -> WeekDay:
    words = []
    for interval in schedule.intervals:
        if interval.state is OpenState.CLOSED:
            continue
        span = (
            text("hours.all_day", lang)
            if interval[:2] == (0, 1440)
            else f"{_clock(interval.start)}-{_clock(interval.end)}"
        )
        words.append(
            span if interval.state is OpenState.OPEN else f"{span} {text(f'hours.short_{interval.reason}', lang)}"
        )
    special = [_special(note, lang) for note in schedule.notes]
    hours = text("hours.list", lang).join(words) or text("hours.short_closed", lang)
    return WeekDay(day, day == today, hours, text("hours.list", lang).join(filter(None, special)))


def _special(note: str, lang: str) -> str:
    code, _, value = note.partition(":")
    if code in ("holiday", "closed_day") and value:
        return holiday_name(value, lang)
    return (find_template(f"hours.short_{code}", lang) or "").format(value=holiday_name(value, lang))


def _clock(minutes: int) -> str:
    """Return 24:00 for midnight at the end, 26:00 for two in the morning after."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def week_of(point: ServicePoint, at: datetime, lang: str = "zh", clock: HoursClock | None = None) -> list[WeekDay]:
    """Return a point's :func:`week_view`; no lines where its hours are not known or nobody can read them.

    Parameters
    ----------
    clock
        Whose calendar counts: that of the engines, on which the operator's own days are; the shipped one when None.
    """
    if not point.hours:
        return []
    where = {"timezone": point.timezone, "province": point.adcode, "point_id": point.id}
    try:
        return week_view(point.hours, at, lang, clock=clock, **where)  # type: ignore[arg-type]
    except Exception:  # as HoursClock.evaluate_point: one office's hours never end an answer
        return []


def week_text(lines: list[WeekDay], lang: str) -> str:
    """Return a week view as text, one line a day, today marked with ``▸``; exceptions have no other mark."""
    return "\n".join(
        f"{'▸ ' if line.today else '  '}{say_day(line.day, lang)} {line.hours}"
        + (text("hours.in_brackets", lang, what=line.special) if line.special else "")
        for line in lines
    )


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
    """Return an iCalendar text (RFC 5545) of the times an office is open in the coming days.

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
        See :meth:`locator.hours.clock.HoursClock.evaluate`.
    """
    used = clock or shipped_clock()
    now = used.moment(at, timezone=timezone, province=province, point_id=point_id)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//locator//opening hours//EN", "CALSCALE:GREGORIAN"]
    for start, end, sure in _openings(used, expr.strip() or None if expr else None, now, days):
        lines += _event(start, end, now.at, text("hours.ics_open" if sure else "hours.ics_unsure", lang, name=name))
        lines += [f"LOCATION:{_escape(address)}"] if address else []
        lines += [f"STATUS:{'CONFIRMED' if sure else 'TENTATIVE'}", "TRANSP:TRANSPARENT", "END:VEVENT"]
    return "".join(_fold(line) for line in [*lines, "END:VCALENDAR"])


def _openings(
    clock: HoursClock, expr: str | None, now: LocalTime, days: int
) -> Iterator[tuple[datetime, datetime, bool]]:
    """Yield the open times from now on; what runs past midnight is one."""
    running: tuple[datetime, datetime, bool] | None = None
    for day, interval in clock.walk(expr, now, days):
        if interval.state is not OpenState.OPEN:
            continue
        start = first_shown(day, interval.start, now._replace(at=now.at - timedelta(days=2)))
        end = first_shown(day, interval.end, now._replace(at=start))
        notes = {note.partition(":")[0] for note in clock.scheduler.schedule(expr, day, now.scope).notes}
        announced = clock.scheduler.day(day, now.scope).announced
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
    parts, size = [""], 0
    for character in line:
        octets = len(character.encode())
        if size + octets > 75:
            parts.append(" ")
            size = 1
        parts[-1] += character
        size += octets
    return "\r\n".join(parts) + "\r\n"


_SIGNS = {Join.NORMAL: "; ", Join.ADDITIONAL: ", ", Join.FALLBACK: " || "}


def say_days(text: str) -> str:
    """Return an expression with ``Mo-Su`` before times without a day, as OpenStreetMap means them.

    Raises
    ------
    InvalidInput
        See :func:`~locator.hours.expression.check_hours`.

    Examples
    --------
    >>> say_days("09:00-12:00,13:00-17:00; PH off")
    'Mo-Su 09:00-12:00,13:00-17:00; PH off'
    >>> say_days("Mo-Fr 09:00-17:00; 12:00-13:00 off")
    'Mo-Fr 09:00-17:00; 12:00-13:00 off'
    """
    said = ""
    for rule in parse(check_hours(text)).rules:
        said += (_SIGNS[rule.join] if said else "") + ("Mo-Su " if rule.bare else "") + rule.text
    return said


_DAY_NAMES = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_SHUT = re.compile(r"(?:休息?|不办公|不开放|不营业|不上班|闭馆|关闭|closed|off|shut|[-—–/×xX])", re.IGNORECASE)


def join_weekdays(cells: Mapping[int, str | None]) -> HoursText:
    """Return the hours of a table with a column for each weekday.

    Parameters
    ----------
    cells
        By weekday (0 is Monday, 7 public holidays) what the cell holds: times, a
        word for shut (``休息``, ``closed``, ``-``), or nothing, which says nothing: that day is unknown.

    Returns
    -------
    HoursText
        ``expr`` is None, and ``note`` all cells, when one of them cannot be read for certain.
    """
    from locator.hours.reader import HoursText, read_hours_text

    said = {day: (cells.get(day) or "").strip() for day in range(8)}
    if not any(said.values()):
        return HoursText(None, None)
    rules, runs = list[str](), list[tuple[list[int], str]]()
    for day in range(7):
        if runs and runs[-1][1] == said[day]:
            runs[-1][0].append(day)
        else:
            runs.append(([day], said[day]))
    runs += [([7], said[7])] if said[7] else []
    for days, cell in runs:
        names = "-".join(dict.fromkeys([_OSM[days[0]], _OSM[days[-1]]]))
        found = read_hours_text(f"周一{cell}") if cell and not _SHUT.fullmatch(cell) else None
        if found is not None and (found.expr is None or len(parse(found.expr).rules) > 1 or found.expr[:3] != "Mo "):
            return HoursText(None, "；".join(f"{_CELL_NAMES[day]} {text}" for day, text in said.items() if text))
        told = found.expr.removeprefix("Mo ") if found is not None and found.expr else "off" if cell else "unknown"
        rules.append(f"{names} {told}")
    return HoursText(check_hours("; ".join(rules)), None)


_OSM = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH")
_CELL_NAMES = (*_DAY_NAMES, "节假日")
