"""Open, closed or unknown at an instant, and what comes next: the one clock behind every face."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from locator.errors import InvalidInput
from locator.hours.calendar import Calendar, DayKind, shipped_calendar
from locator.hours.day import Planner, Scope
from locator.hours.plan import Piece
from locator.hours.rules import State, parse
from locator.model import HoursState

ZONE = "Asia/Shanghai"
CHINA = frozenset({ZONE, "Asia/Urumqi", "Asia/Kashgar", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "PRC"})
"""Zones whose offices follow the State Council's calendar."""
HORIZON = 400
"""Days looked ahead for the next change; beyond, it is not known."""
FIRST_YEAR, LAST_YEAR = 1971, 2199
type Column = Sequence[str | None] | tuple[NDArray[np.int32], list[str | None]]
"""Texts one for each office, or numbers and the texts they stand for."""


class Moment(NamedTuple):
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
        self.planner = Planner(self.calendar)

    def moment(
        self, at: datetime, *, timezone: str = ZONE, province: str | None = None, point_id: str | None = None
    ) -> Moment:
        """Return an instant in the office's own zone, with whose calendar holds there.

        Raises
        ------
        InvalidInput
            ``at`` has no zone or lies outside 1971 to 2199, or the zone's name is unknown.
        """
        try:
            zone = _zone(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInput(f"{timezone!r} is not a time zone", code="hours_zone", zone=timezone) from error
        if at.tzinfo is None:
            raise InvalidInput(f"{at.isoformat()} has no time zone", code="hours_naive", at=at.isoformat())
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise InvalidInput(f"{at.year} is outside {FIRST_YEAR}-{LAST_YEAR}", code="hours_year", year=at.year)
        region = self.calendar.region_code(province)
        own = point_id if point_id in self.calendar.points else None
        return Moment(at.astimezone(zone), zone, Scope(timezone in CHINA, region, own))

    def evaluate(
        self,
        expr: str | None,
        at: datetime,
        *,
        timezone: str = ZONE,
        province: str | None = None,
        point_id: str | None = None,
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
        here = self._piece(expr, now)
        until = self._next(expr, now, lambda state: state is not here.state)
        reopens = None
        if until is not None and here.state is State.OPEN:
            after = self._next(expr, now._replace(at=until), lambda state: state is State.OPEN)
            reopens = after if after is not None and after.date() == now.at.date() else None
        elif until is not None:
            reopens = self._next(expr, now, lambda state: state is State.OPEN)
        notes = self._notes(expr, now, here, reopens if here.state is not State.OPEN else None)
        return HoursState(
            state=str(here.state), reason=here.reason, until=until, reopens=reopens, rule=here.rule, notes=notes
        )

    def _piece(self, expr: str | None, now: Moment) -> Piece:
        pieces = self.planner.stretches(expr, now.at.date(), now.scope)
        return next(piece for piece in pieces if piece.end > now.minute)

    def walk(self, expr: str | None, now: Moment, days: int = HORIZON) -> Iterator[tuple[date, Piece]]:
        """Yield the pieces from the one that holds now, with their days."""
        for n in range(days):
            day = now.at.date() + timedelta(days=n)
            for piece in self.planner.stretches(expr, day, now.scope):
                if n or piece.end > now.minute:
                    yield day, piece

    def _next(self, expr: str | None, now: Moment, wanted: Callable[[State], bool]) -> datetime | None:
        """Return when a wanted state next begins, by the clock on the wall."""
        if self._never_changes(expr, now.scope):
            return None
        found = next(
            (_instant(day, piece.start, now) for day, piece in self.walk(expr, now) if wanted(piece.state)), None
        )
        turn = _clock_change(now)
        if turn is None or (found is not None and found <= turn.at):
            return found
        return turn.at if wanted(self._piece(expr, turn).state) else self._next(expr, turn, wanted)

    def _never_changes(self, expr: str | None, scope: Scope) -> bool:
        return (expr is None or parse(expr).always) and scope.point_id is None and not self.calendar.overrules

    def _notes(self, expr: str | None, now: Moment, here: Piece, opens: datetime | None) -> tuple[str, ...]:
        """Return the codes of what to say beside the state; see ``docs/HOURS.md`` for all of them."""
        today = now.at.date()
        notes = list(self.planner.plan(expr, today, now.scope).notes)
        if opens is not None and opens.date() != today:
            notes += [n for n in self.planner.plan(expr, opens.date(), now.scope).notes if n == "makeup_workday"]
            notes += self._after(now, opens.date())
        if expr is not None and not parse(expr).always:
            days = {today, *([opens.date()] if opens else [])}
            missing = sorted(day.year for day in days if not self.planner.day(day, now.scope).announced)
            foreign = not now.scope.china
            notes += ["calendar_foreign"] if foreign else [f"calendar_missing:{year}" for year in missing[:1]]
        return tuple(dict.fromkeys([*notes, *_comment_notes(here, now.minute)]))

    def _after(self, now: Moment, opens: date) -> list[str]:
        """Name the holiday that lies between now and an opening day."""
        first = now.at.date()
        for n in range((opens - first).days - 1, -1, -1):
            day = self.planner.day(first + timedelta(days=n), now.scope)
            if day.kind is DayKind.HOLIDAY and day.name:
                return [f"after:{day.name}"]
        return []

    def open_states(
        self,
        exprs: Column,
        at: datetime,
        *,
        timezones: Column | str = ZONE,
        provinces: Column | None = None,
        point_ids: Sequence[str | None] | None = None,
    ) -> NDArray[np.int8]:
        """Return the state of many offices at one instant.

        Parameters
        ----------
        exprs
            One expression (or None) for each office, or what :meth:`locator.layer.Layer.codes` returns.
        timezones, provinces
            Likewise; one zone for all as a text. A null zone is Asia/Shanghai.
        point_ids
            The offices' ids, for overrides of one office.

        Returns
        -------
        array of int8, shape (n,)
            1 open, 0 unknown (also what cannot be read), -1 closed.
        """
        codes, texts = _factorize(exprs)
        zone_codes, zones = _factorize(timezones) if not isinstance(timezones, str) else (None, [timezones])
        regions = _factorize(provinces) if provinces is not None and self.calendar.regional else (None, [None])
        key, shape = _combine(codes, len(texts), zone_codes, len(zones), regions[0], len(regions[1]))
        states = np.zeros(len(codes), dtype=np.int8)
        distinct, inverse = (np.arange(shape), key) if key is codes else np.unique(key, return_inverse=True)
        if len(distinct):
            values = [self._code(*_parts(int(k), texts, zones, regions[1]), None, at) for k in distinct]
            states = np.array(values, dtype=np.int8)[inverse]
        for row in _rows_of(point_ids, self.calendar.points):
            parts = _parts(int(key[row]), texts, zones, regions[1])
            states[row] = self._code(*parts, point_ids[row] if point_ids else None, at)
        return states

    def _code(self, expr: str | None, zone: str | None, region: str | None, point: str | None, at: datetime) -> int:
        now = self.moment(at, timezone=zone or ZONE, province=region, point_id=point)
        try:
            return _CODES[self._piece(expr.strip() or None if expr else None, now).state]
        except InvalidInput:
            return 0


_CODES = {State.OPEN: 1, State.UNKNOWN: 0, State.CLOSED: -1}


def _factorize(values: Column) -> tuple[NDArray[np.int32], list[str | None]]:
    """Return numbers and the texts they stand for; null is the last text."""
    if isinstance(values, tuple) and len(values) == 2 and isinstance(values[0], np.ndarray):
        codes, texts = values[0], list(values[1])
        return np.where(codes < 0, len(texts), codes).astype(np.int32), [*texts, None]
    index = dict[str | None, int]()
    found = [index.setdefault(value, len(index)) for value in values]
    return np.array(found, dtype=np.int32), list(index)


def _combine(
    codes: NDArray[np.int32], n: int, zones: NDArray[np.int32] | None, n_zones: int,
    regions: NDArray[np.int32] | None, n_regions: int,
) -> tuple[NDArray[np.int32], int]:  # fmt: skip
    """Return one number for each distinct expression, zone and region; :func:`_parts` takes it apart."""
    key = codes
    if n_zones > 1 or n_regions > 1:
        key = codes * n_zones * n_regions
        key += 0 if zones is None else zones * n_regions
        key += 0 if regions is None else regions
    return key, n * n_zones * n_regions


def _parts(
    key: int, texts: Sequence[str | None], zones: Sequence[str | None], regions: Sequence[str | None]
) -> tuple[str | None, str | None, str | None]:
    rest, region = divmod(key, len(regions))
    text, zone = divmod(rest, len(zones))
    return texts[text], zones[zone], regions[region]


def _rows_of(ids: Sequence[str | None] | None, wanted: Container[str]) -> list[int]:
    return [] if ids is None or not wanted else [row for row, value in enumerate(ids) if value in wanted]


_LAST_TICKET = re.compile(r"取号|last ticket|ticket", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})")
_BEFORE = re.compile(r"(\d+)\s*(?:分钟|min)", re.IGNORECASE)


def _comment_notes(here: Piece, minute: int) -> list[str]:
    """Say an open office's own remark, or its last ticket when the remark states one."""
    if here.state is not State.OPEN or not here.comment:
        return []
    if not _LAST_TICKET.search(here.comment):
        return [f"comment:{here.comment}"]
    stated = [int(h) * 60 + int(m) for h, m in _CLOCK.findall(here.comment)]
    before = _BEFORE.search(here.comment)
    last = next((t for t in stated if here.start <= t <= here.end), here.end - int(before[1]) if before else None)
    if last is None:
        return [f"comment:{here.comment}"]
    return [f"{'last_ticket_over' if minute >= last else 'last_ticket'}:{last // 60:02d}:{last % 60:02d}"]


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _instant(day: date, minute: int, now: Moment) -> datetime:
    """Return the instant at which the clock on the wall first shows a time, not before now."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    at = wall.replace(tzinfo=now.zone)
    if at.astimezone(UTC).astimezone(now.zone).replace(tzinfo=None) != wall:
        before = Moment(at.replace(fold=1).astimezone(UTC).astimezone(now.zone), now.zone, now.scope)
        turn = _clock_change(before)
        return turn.at if turn else at
    return at if at.astimezone(UTC) > now.at.astimezone(UTC) else at.replace(fold=1)


def _clock_change(now: Moment, hours: int = 3) -> Moment | None:
    """Return when the zone's clocks are next put forward or back, if within some hours."""
    start = now.at.astimezone(UTC)
    offsets = [(start + timedelta(minutes=n)).astimezone(now.zone) for n in (0, hours * 60)]
    if offsets[0].utcoffset() == offsets[1].utcoffset():
        return None
    low, high = 0, hours * 60
    while high - low > 1:
        middle = (low + high) // 2
        same = (start + timedelta(minutes=middle)).astimezone(now.zone).utcoffset() == offsets[0].utcoffset()
        low, high = (middle, high) if same else (low, middle)
    turn = (start + timedelta(minutes=high)).replace(second=0, microsecond=0)
    return now._replace(at=turn.astimezone(now.zone))


@cache
def shipped_clock() -> HoursClock:
    """Return the clock on the calendar that ships with the program."""
    return HoursClock()
