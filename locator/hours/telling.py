"""The state in words: "open until 12:00", "opens Thu 8 Oct after National Day", the week, the arrival."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from locator.errors import InvalidInput
from locator.hours.clock import HoursClock, shipped_clock
from locator.hours.plan import Plan
from locator.hours.rules import State, parse
from locator.i18n import load_catalogue, text
from locator.model import HoursState, ServicePoint


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
        until = format_moment(state.until, at, lang)
        again = format_moment(state.reopens, at, lang) if state.reopens else ""
        return said + text(f"hours.{key}", lang, until=until, again=again)
    if state.reopens is not None:
        after = next((note.split(":", 1)[1] for note in state.notes if note.startswith("after:")), None)
        name = holiday_name(after, lang) if after and (state.reopens.date() - at.date()).days > 1 else ""
        key = "opens_after" if name else "opens"
        return said + text(f"hours.{key}", lang, opens=format_moment(state.reopens, at, lang), holiday=name)
    return said


def describe_notes(state: HoursState, lang: str) -> list[str]:
    """Return the sentences of a state's notes; a note that only serves another sentence has none."""
    catalogue, said = load_catalogue(lang), list[str]()
    for note in state.notes:
        code, _, value = note.partition(":")
        template = catalogue.get(f"hours.note_{code}")
        if template:
            shown = holiday_name(value, lang) if code in ("holiday", "perhaps_holiday", "closed_day") else value
            said.append(template.format(value=shown))
    return said


def holiday_name(name: str, lang: str) -> str:
    """Return a holiday's name: from the catalogue, or from an override's ``中文|English``."""
    if "|" in name:
        zh, en = name.split("|", 1)
        return zh if lang == "zh" else en
    return load_catalogue(lang).get(f"hours.holiday_{name}", name or text("hours.holiday_generic", lang))


def format_moment(moment: datetime, at: datetime, lang: str) -> str:
    """Return a moment as a person at ``at`` says it: ``12:00``, ``tomorrow 09:00``, ``Thu 8 Oct 09:00``."""
    days = (moment.date() - at.date()).days
    clock = f"{moment:%H:%M}"
    if days == 0:
        return clock
    if days == 1:
        return text("hours.tomorrow", lang, clock=clock)
    return text("hours.on_day", lang, day=format_day(moment.date(), lang, year=moment.year != at.year), clock=clock)


def format_day(day: date, lang: str, *, year: bool = False) -> str:
    """Return ``10月8日（周四）`` or ``Thu 8 Oct``, with the year when asked."""
    weekday = text("hours.weekdays", lang).split()[day.weekday()]
    month = text("hours.months", lang).split()[day.month - 1]
    key = "hours.day_year" if year else "hours.day"
    return text(key, lang, weekday=weekday, month=month, day=day.day, year=day.year)


def describe_arrival(state: HoursState, at: datetime, arrival: datetime, lang: str) -> str:
    """Return what a person who arrives later finds.

    Parameters
    ----------
    state
        The state *at the arrival*, from the same clock.
    at
        Now.
    arrival
        When the person would be there.
    """
    zone = (state.until or state.reopens or arrival).tzinfo
    there, now = arrival.astimezone(zone), at.astimezone(zone)
    shown = format_moment(there, now, lang)
    if state.state == "open" and state.until is not None:
        minutes = int((state.until - arrival).total_seconds() // 60)
        if minutes < 60:
            return text("hours.arrive_before", lang, clock=shown, minutes=minutes)
        return text("hours.arrive_open", lang, clock=shown, until=format_moment(state.until, there, lang))
    key = "arrive_closed" if state.state == "closed" else "arrive_unknown"
    return text(f"hours.{key}", lang, clock=shown, state=describe(state, there, lang, notes=False))


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
    timezone: str = "Asia/Shanghai",
    province: str | None = None,
    point_id: str | None = None,
    clock: HoursClock | None = None,
    days: int = 14,
) -> list[WeekDay]:
    """Return the seven days of this week (Monday first), then the exceptions of the next ``days`` days.

    The first day of a year whose calendar is not in the program says so.

    Raises
    ------
    InvalidInput
        See :meth:`locator.hours.HoursClock.evaluate`.
    """
    used = clock or shipped_clock()
    now = used.moment(at, timezone=timezone, province=province, point_id=point_id)
    expr = expr.strip() if expr and expr.strip() else None
    today = now.at.date()
    monday = today - timedelta(days=today.weekday())
    ahead = [monday + timedelta(days=n) for n in range(max(7, (today - monday).days + days + 1))]
    lines = [_week_day(day, today, used.planner.plan(expr, day, now.scope), lang) for day in ahead]
    unannounced = next((n for n, day in enumerate(ahead) if not used.planner.day(day, now.scope).announced), None)
    if unannounced is not None and now.scope.china and expr is not None and not parse(expr).always:
        line = lines[unannounced]
        note = text("hours.short_calendar_missing", lang, value=line.day.year)
        special = text("hours.list", lang).join(filter(None, [line.special, note]))
        lines[unannounced] = line._replace(special=special)
    return lines[:7] + [line for line in lines[7:] if line.special]


def _week_day(day: date, today: date, plan: Plan, lang: str) -> WeekDay:
    words = []
    for piece in plan.pieces:
        if piece.state is State.CLOSED:
            continue
        span = text("hours.all_day", lang) if piece[:2] == (0, 1440) else f"{_clock(piece.start)}-{_clock(piece.end)}"
        words.append(span if piece.state is State.OPEN else f"{span} {text(f'hours.short_{piece.reason}', lang)}")
    special = [_special(note, lang) for note in plan.notes]
    hours = text("hours.list", lang).join(words) or text("hours.short_closed", lang)
    return WeekDay(day, day == today, hours, text("hours.list", lang).join(filter(None, special)))


def _special(note: str, lang: str) -> str:
    code, _, value = note.partition(":")
    if code in ("holiday", "closed_day") and value:
        return holiday_name(value, lang)
    return load_catalogue(lang).get(f"hours.short_{code}", "").format(value=holiday_name(value, lang))


def _clock(minutes: int) -> str:
    """Return 24:00 for midnight at the end, 26:00 for two in the morning after."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def week_of(point: ServicePoint, at: datetime, lang: str = "zh") -> list[WeekDay]:
    """Return a point's :func:`week_view`; no lines where its hours are not known or nobody can read them."""
    if not point.hours:
        return []
    try:
        return week_view(point.hours, at, lang, timezone=point.timezone, province=point.adcode, point_id=point.id)
    except InvalidInput:
        return []


def week_text(lines: list[WeekDay], lang: str) -> str:
    """Return a week view as text, one line a day, today marked with ``▸``; exceptions have no other mark."""
    return "\n".join(
        f"{'▸ ' if line.today else '  '}{format_day(line.day, lang)} {line.hours}"
        + (text("hours.in_brackets", lang, what=line.special) if line.special else "")
        for line in lines
    )
