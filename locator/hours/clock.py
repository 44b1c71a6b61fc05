"""Open, closed or unknown at an instant, and what comes next: the one clock behind every face."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from locator.errors import InvalidInput
from locator.hours.calendar import Calendar, DayKind, load_calendar, shipped_calendar
from locator.hours.expression import OpenState, parse
from locator.hours.schedule import Interval, Scheduler, Scope, comment_notes, is_stale
from locator.model import HoursState, Kind, ServicePoint
from locator.settings import shipped_dir

logger = logging.getLogger(__name__)
ZONE = "Asia/Shanghai"
CHINA = frozenset({ZONE, "Asia/Urumqi", "Asia/Kashgar", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "PRC"})
"""Zones whose offices follow the State Council's calendar."""
HORIZON = 400
"""Days looked ahead for the next change; beyond, it is not known."""
FIRST_YEAR, LAST_YEAR = 1971, 2199


class LocalTime(NamedTuple):
    """An instant as the office's clock shows it."""

    at: datetime
    """Aware, in the office's zone."""
    zone: ZoneInfo
    scope: Scope

    @property
    def minute(self) -> int:
        """Minutes since midnight by the clock on the wall."""
        return self.at.hour * 60 + self.at.minute


class HoursClock:
    """Evaluates expressions on one calendar. Safe to share between threads.

    Parameters
    ----------
    calendar
        The working calendar; the shipped one when None.
    """

    def __init__(self, calendar: Calendar | None = None) -> None:
        self.calendar = calendar if calendar is not None else shipped_calendar()
        self.scheduler = Scheduler(self.calendar)

    def moment(
        self, at: datetime, *, timezone: str = ZONE, province: str | None = None, point_id: str | None = None
    ) -> LocalTime:
        """Return an instant in the office's own zone, with whose calendar holds there.

        Raises
        ------
        InvalidInput
            ``at`` has no zone or lies outside 1971 to 2199, or the zone's name is unknown.
        """
        if not is_zone(timezone):
            raise InvalidInput(f"{timezone!r} is not a time zone", code="hours_zone", zone=timezone)
        zone = _zone(timezone)
        if at.tzinfo is None:
            raise InvalidInput(f"{at.isoformat()} has no time zone", code="hours_naive", at=at.isoformat())
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise InvalidInput(f"{at.year} is outside {FIRST_YEAR}-{LAST_YEAR}", code="hours_year", year=at.year)
        region = self.calendar.region_code(province)
        own = point_id if point_id in self.calendar.points else None
        return LocalTime(at.astimezone(zone), zone, Scope(timezone in CHINA, region, own))

    def evaluate(
        self,
        expr: str | None,
        at: datetime,
        *,
        timezone: str = ZONE,
        province: str | None = None,
        point_id: str | None = None,
        hours_date: str | None = None,
    ) -> HoursState:
        """Return whether an office is open at an instant, until when, and by which rule.

        Parameters
        ----------
        expr
            OSM ``opening_hours``, or None when the hours are not known.
        at
            An aware instant, in any zone.
        timezone
            The office's own zone; outside China no holiday calendar is known.
        province
            The office's adcode, or its province's name: for regional holidays.
        point_id
            The office's id: for overrides of one office.
        hours_date
            The day (or month, or year) of the hours' source; old hours get the note ``stale``.

        Returns
        -------
        HoursState
            ``until`` is when the state changes. ``reopens`` is, for an open office, the next opening on
            the same day, and else the next opening. Both are aware, in the office's zone.

        Raises
        ------
        InvalidInput
            The expression cannot be read, or see :meth:`moment`.
        """
        expr = expr.strip() if expr and expr.strip() else None
        now = self.moment(at, timezone=timezone, province=province, point_id=point_id)
        here = self._interval(expr, now)
        until = self._next(expr, now, lambda state: state is not here.state)
        reopens = None
        if until is not None and here.state is OpenState.OPEN:
            after = self._next(expr, now._replace(at=until), lambda state: state is OpenState.OPEN)
            reopens = after if after is not None and after.date() == now.at.date() else None
        elif until is not None:
            reopens = self._next(expr, now, lambda state: state is OpenState.OPEN)
        notes = self._notes(expr, now, here, reopens if here.state is not OpenState.OPEN else None)
        notes += (f"stale:{hours_date}",) if expr is not None and is_stale(hours_date, now.at) else ()
        return HoursState(
            state=str(here.state), reason=here.reason, until=until, reopens=reopens, rule=here.rule, notes=notes
        )

    def evaluate_point(self, point: ServicePoint, at: datetime) -> HoursState:
        """Return the state of a point of the layer, whatever stands in its fields.

        Hours that cannot be read or evaluated are unknown with the note ``hours_unreadable``; a zone that
        does not exist is China's. One office's hours never end an answer.

        Raises
        ------
        InvalidInput
            The instant cannot be asked for, see :meth:`moment`.
        """
        self.moment(at)
        options = {"province": point.adcode or point.province, "point_id": point.id}
        zone = point.timezone if is_zone(point.timezone) else ZONE
        try:
            state = self.evaluate(point.hours, at, timezone=zone, hours_date=point.hours_date, **options)
            known = bool(point.hours and point.hours.strip())
        except Exception as error:  # whatever it is, the other offices are answered
            _note_fault(point.hours, error)
            state, known = self.evaluate(None, at, timezone=zone, **options), False
            state = replace(state, notes=(*state.notes, "hours_unreadable"))
        if known or state.reason != "hours_unknown" or point.kind is Kind.BANK:
            return state  # a bank's own hours are no office's
        now = self.moment(at, timezone=zone, **options)
        return replace(state, usual=self.scheduler.usual(now.at, now.scope))

    def _interval(self, expr: str | None, now: LocalTime) -> Interval:
        intervals = self.scheduler.intervals(expr, now.at.date(), now.scope)
        return next(interval for interval in intervals if interval.end > now.minute)

    def walk(self, expr: str | None, now: LocalTime, days: int = HORIZON) -> Iterator[tuple[date, Interval]]:
        """Yield the intervals from the one that holds now, with their days."""
        for n in range(days):
            day = now.at.date() + timedelta(days=n)
            for interval in self.scheduler.intervals(expr, day, now.scope):
                if n or interval.end > now.minute:
                    yield day, interval

    def _next(self, expr: str | None, now: LocalTime, wanted: Callable[[OpenState], bool]) -> datetime | None:
        """Return when a wanted state next begins, by the clock on the wall."""
        if self._never_changes(expr, now.scope):
            return None
        found = next(self._begins(expr, now, wanted), None)
        turn = clock_change(now)
        if turn is None or (found is not None and found.astimezone(UTC) <= turn.at.astimezone(UTC)):
            return found
        return turn.at if wanted(self._interval(expr, turn).state) else self._next(expr, turn, wanted)

    def _begins(self, expr: str | None, now: LocalTime, wanted: Callable[[OpenState], bool]) -> Iterator[datetime]:
        """Yield when intervals of a wanted state begin, except those that clocks put forward jump over."""
        for day, interval in self.walk(expr, now):
            if wanted(interval.state):
                start = first_shown(day, interval.start, now)
                if start.astimezone(UTC) < first_shown(day, interval.end, now).astimezone(UTC):
                    yield start

    def _never_changes(self, expr: str | None, scope: Scope) -> bool:
        return (expr is None or parse(expr).always) and scope.point_id is None and not self.calendar.overrules

    def _notes(self, expr: str | None, now: LocalTime, here: Interval, opens: datetime | None) -> tuple[str, ...]:
        """Return the codes of what to say beside the state; see ``docs/HOURS.md`` for all of them."""
        today = now.at.date()
        notes = list(self.scheduler.schedule(expr, today, now.scope).notes)
        if opens is not None and opens.date() != today:
            notes += [n for n in self.scheduler.schedule(expr, opens.date(), now.scope).notes if n == "makeup_workday"]
            notes += self._after(expr, now, opens.date())
        if expr is not None and not parse(expr).always and not any(note.startswith("bridging:") for note in notes):
            days = {today, *([opens.date()] if opens else [])}
            missing = sorted(day.year for day in days if not self.scheduler.day(day, now.scope).announced)
            foreign = not now.scope.china
            notes += ["calendar_foreign"] if foreign else [f"calendar_missing:{year}" for year in missing[:1]]
        return tuple(dict.fromkeys([*notes, *comment_notes(here, now.minute)]))

    def _after(self, expr: str | None, now: LocalTime, opens: date) -> list[str]:
        """Name the holiday that lies between now and an opening day, and whether its hours are not stated."""
        first = now.at.date()
        for n in range((opens - first).days - 1, -1, -1):
            day = self.scheduler.day(first + timedelta(days=n), now.scope)
            if day.kind is DayKind.HOLIDAY and day.name:
                unsaid = "no_holiday_rule" in self.scheduler.schedule(expr, first + timedelta(days=n), now.scope).notes
                return [f"after:{day.name}", *(["no_holiday_rule"] if unsaid else [])]
        return []


def _note_fault(expr: str | None, error: Exception) -> None:
    """Log hours that a layer holds and nobody can evaluate; what the checks refuse is not worth a line."""
    if not isinstance(error, InvalidInput):
        logger.warning("hours %r cannot be evaluated: %s", (expr or "")[:80], error)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def is_zone(name: str) -> bool:
    """Return whether a time zone of this name exists."""
    try:
        _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@cache
def shipped_clock() -> HoursClock:
    """Return the clock on the calendar that ships with the program."""
    return HoursClock()


def open_clock(data: Path) -> HoursClock:
    """Return the clock on the shipped calendar with the operator's own over it.

    Parameters
    ----------
    data
        The folder ``LOCATOR_DATA``; its ``calendar/overrides/*.yaml``, if any, win over the shipped ones.

    Raises
    ------
    DataError
        A calendar file is broken.
    """
    own = data / "calendar"
    return HoursClock(load_calendar(shipped_dir() / "calendar", own)) if own.is_dir() else shipped_clock()


def first_shown(day: date, minute: int, now: LocalTime) -> datetime:
    """Return the instant at which the clock on the wall first shows a time, not before now."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    at = wall.replace(tzinfo=now.zone)
    if at.astimezone(UTC).astimezone(now.zone).replace(tzinfo=None) != wall:
        before = LocalTime(at.replace(fold=1).astimezone(UTC).astimezone(now.zone), now.zone, now.scope)
        turn = clock_change(before)
        return turn.at if turn else at
    return at if at.astimezone(UTC) > now.at.astimezone(UTC) else at.replace(fold=1)


def clock_change(now: LocalTime) -> LocalTime | None:
    """Return when the zone's clocks are next put forward or back, if within three hours."""
    start = now.at.astimezone(UTC)
    offsets = [(start + timedelta(minutes=n)).astimezone(now.zone) for n in (0, 180)]
    if offsets[0].utcoffset() == offsets[1].utcoffset():
        return None
    low, high = 0, 180
    while high - low > 1:
        middle = (low + high) // 2
        same = (start + timedelta(minutes=middle)).astimezone(now.zone).utcoffset() == offsets[0].utcoffset()
        low, high = (middle, high) if same else (low, middle)
    turn = (start + timedelta(minutes=high)).replace(second=0, microsecond=0)
    return now._replace(at=turn.astimezone(now.zone))
