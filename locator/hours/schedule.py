"""A day at an office: what an expression and the calendar say together, midnight to midnight.

A rule acts on the rules before it as the specification of ``opening_hours`` says: ``;`` replaces the
day (``off`` with times only takes those away), ``, `` adds, ``||`` fills what is neither open nor
unknown. A rule for holidays alone acts after the others wherever it stands, because a bureau that
writes ``PH off; Mo-Fr 09:00-17:00`` does not open on National Day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from locator.adcode import ancestors
from locator.hours.calendar import Calendar, Day, DayKind
from locator.hours.expression import DAY, Expression, Join, OpenState, Rule, Span, holds, parse

APPOINTMENT = ("预约", "預約", "appointment", "appt", "booking")
"""Words in a comment that make an unknown time one by appointment."""
NAMED_DAYS = 16
"""A dated rule over at most this many consecutive days means a holiday; a longer one is a season."""


class Interval(NamedTuple):
    """A stretch of one state; minutes from the day's midnight."""

    start: int
    end: int
    state: OpenState
    reason: str | None = None
    rule: str | None = None
    comment: str | None = None
    fallback: bool = False
    """Whether a rule after ``||`` says it: then it gives way to whatever else is open or unknown."""


class DaySchedule(NamedTuple):
    """A day's own intervals, in order, without gaps filled; ``rule`` decided what lies between them."""

    intervals: tuple[Interval, ...]
    rule: str | None = None
    notes: tuple[str, ...] = ()
    """Codes of what to say about the day (``makeup_workday`` …)."""


def whole_day(state: OpenState, reason: str | None, rule: str | None, *notes: str) -> DaySchedule:
    """Return a schedule of one state from midnight to midnight."""
    return DaySchedule((Interval(0, DAY, state, reason, rule),), rule, notes)


def _interval_of(rule: Rule, span: Span) -> Interval:
    state = rule.state if span.sure or rule.state is OpenState.CLOSED else OpenState.UNKNOWN
    reason = None
    if state is OpenState.UNKNOWN:
        comment = (rule.comment or "").lower()
        reason = "appointment" if any(word in comment for word in APPOINTMENT) else "hours_unknown"
    return Interval(span.start, span.end, state, reason, rule.text, rule.comment, rule.join is Join.FALLBACK)


def cut(intervals: Iterable[Interval], start: int, end: int) -> list[Interval]:
    """Return the intervals without the minutes from ``start`` to ``end``."""
    kept = list[Interval]()
    for interval in intervals:
        if interval.start < start:
            kept.append(interval._replace(end=min(interval.end, start)))
        if interval.end > end:
            kept.append(interval._replace(start=max(interval.start, end)))
    return [interval for interval in kept if interval.start < interval.end]


def paint(intervals: Iterable[Interval], new: Interval) -> list[Interval]:
    """Return the intervals with a new one laid over them."""
    return sorted([*cut(intervals, new.start, new.end), new])


def _fill(intervals: Sequence[Interval], new: Interval) -> list[Interval]:
    """Return the intervals with a new one laid where nothing is open or unknown."""
    free = [new]
    for interval in intervals:
        if interval.state is not OpenState.CLOSED:
            free = cut(free, interval.start, interval.end)
    result = list(intervals)
    for part in free:
        result = paint(result, part)
    return result


def compose(rules: Iterable[Rule]) -> DaySchedule:
    """Return the day's schedule from the rules that hold on it, in the order in which they act."""
    intervals, decided = list[Interval](), None
    for rule in rules:
        new = [_interval_of(rule, span) for span in rule.minutes]
        if rule.join is Join.FALLBACK:
            for interval in new:
                intervals = _fill(intervals, interval)
            continue
        decided = rule.text
        if rule.state is OpenState.CLOSED and rule.spans is None:
            intervals = []
            continue
        if rule.join is Join.NORMAL and rule.state is not OpenState.CLOSED:
            intervals = []
        for interval in new:
            intervals = paint(intervals, interval)
    return DaySchedule(tuple(intervals), decided)


def order(rules: Iterable[Rule], named: Callable[[Rule], bool]) -> list[Rule]:
    """Return the rules with the named ones behind the others that open, up to each fallback.

    A later ``off`` stays behind: it takes away from whatever was said before it.
    """
    result, group = list[Rule](), list[Rule]()
    for rule in [*rules, None]:
        if rule is not None and rule.join is not Join.FALLBACK:
            group.append(rule)
            continue
        last = max((i for i, r in enumerate(group) if not named(r) and r.state is not OpenState.CLOSED), default=-1)
        result += [r for r in group[: last + 1] if not named(r)] + [r for r in group[: last + 1] if named(r)]
        result += group[last + 1 :] + ([rule] if rule is not None else [])
        group = []
    return result


def regular_schedule(
    expression: Expression, day: date, *, school: bool = False, like: date | None = None
) -> DaySchedule:
    """Return the schedule of a day that is no holiday.

    Parameters
    ----------
    school
        Whether it is a school holiday.
    like
        A day whose weekday's hours are asked for, on ``day``'s own date: a make-up workday.
    """
    return compose(
        rule
        for rule in expression.rules
        if (not rule.only_holidays and holds(rule.dates, day) and holds(rule.weekdays, like or day))
        or (school and any(kind == "SH" for kind, _ in rule.holidays) and _narrowed(rule, day))
    )


def _narrowed(rule: Rule, day: date) -> bool:
    """Whether a day that is a holiday is also what else the rule asks for."""
    return holds(rule.selector if rule.only_holidays else rule.dates, day)


def rules_on_holiday(expression: Expression, day: date, offsets: frozenset[int]) -> list[Rule]:
    """Return the rules that hold, those for holidays alone after the others.

    ``offsets``: 0 when the day is a public holiday, 1 when it is the day after one, -1 the day before.
    """
    chosen = list[Rule]()
    for rule in expression.rules:
        named = any(kind == "PH" and offset in offsets for kind, offset in rule.holidays)
        if (named and _narrowed(rule, day)) or (holds(rule.selector, day) and not rule.only_holidays):
            chosen.append(rule)
    return order(chosen, lambda rule: rule.only_holidays)


def names_day(rule: Rule, day: date) -> bool:
    """Return whether a dated rule speaks of this very day and not of a season around it."""
    if not rule.dates or "week" in rule.dates or rule.join is Join.FALLBACK or not holds(rule.selector, day):
        return False
    run = 1
    for step in (1, -1):
        other = day + timedelta(days=step)
        while run <= NAMED_DAYS and holds(rule.dates, other):
            run += 1
            other += timedelta(days=step)
    return run <= NAMED_DAYS


def agree(
    schedules: Sequence[DaySchedule], note: str, *, keep: frozenset[OpenState] = frozenset(OpenState)
) -> DaySchedule:
    """Return what all schedules say alike, of the states to keep; the rest is unknown by the calendar."""
    edges = sorted(
        {0, DAY} | {edge for schedule in schedules for interval in schedule.intervals for edge in interval[:2]}
    )
    intervals = list[Interval]()
    for start, end in pairwise(edges):
        here = [next((p for p in schedule.intervals if p.start <= start < p.end), None) for schedule in schedules]
        states = {OpenState.CLOSED if interval is None else interval.state for interval in here}
        first = here[0]
        if len(states) == 1 and states <= keep:
            intervals += [] if first is None or None in here else [first._replace(start=start, end=end)]
        elif start < DAY or states != {OpenState.CLOSED}:
            last = all(each is None or each.fallback or each.state is OpenState.CLOSED for each in here)
            intervals.append(Interval(start, end, OpenState.UNKNOWN, "calendar", schedules[0].rule, None, last))
    return DaySchedule(tuple(intervals), schedules[0].rule, (note,))


_ABROAD = Day(DayKind.REGULAR, announced=False)


class Scope(NamedTuple):
    """Whose calendar holds: China's or none, with a region's and an office's own days over it."""

    china: bool = True
    region: str | None = None
    point_id: str | None = None


_USUAL = (
    (6 * 60, "night"), (9 * 60, "early"), (12 * 60, "day"), (13 * 60 + 30, "noon"), (18 * 60, "day"), (DAY, "night"),
)  # fmt: skip
"""The minute of a workday until which each code holds."""
_LATER = ("54", "65")
"""Tibet and Xinjiang, where the day begins up to two hours later; no source says when offices open there."""


class Scheduler:
    """Plans days on one calendar; keeps what it made. Safe to share between threads."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.schedule = lru_cache(maxsize=65536)(self._schedule)
        self.intervals = lru_cache(maxsize=65536)(self._intervals)

    def day(self, day: date, scope: Scope) -> Day:
        """Return what a day is in a scope; abroad every day is an ordinary one, not announced."""
        if not scope.china:
            return _ABROAD
        return self.calendar.day(day, region=scope.region, point_id=scope.point_id)

    def usual(self, at: datetime, scope: Scope) -> str | None:
        """Return what is usual at an hour, as a code of ``hours.usual_<code>``; None outside China.

        It comes from the calendar and from sourced patterns (``data/calendar/usual.yaml``), for an office
        whose own hours are not known. ``at`` is in the office's zone.
        """
        if not scope.china:
            return None
        day = self.day(at.date(), scope)
        if day.kind in (DayKind.HOLIDAY, DayKind.UNCERTAIN):
            return f"{day.kind}:{day.name or ''}"
        if at.weekday() > 4 and day.kind is not DayKind.MAKEUP:
            near = (scope.region, *ancestors(scope.region)) if scope.region else ()
            kind = "weekend" if day.announced else "perhaps_weekend"  # or a make-up workday, once the year is announced
            return f"{kind}:{at.weekday()}:{next((code for code in near if code in self.calendar.usual), '')}"
        if (scope.region or "")[:2] in _LATER:
            return None
        return next(code for until, code in _USUAL if at.hour * 60 + at.minute < until)

    def _intervals(self, expr: str | None, day: date, scope: Scope) -> tuple[Interval, ...]:
        """Return the whole of a day as intervals that follow one another from 0 to 1440."""
        schedule, before = self.schedule(expr, day, scope), self.schedule(expr, day - timedelta(days=1), scope)
        late = [p._replace(start=max(p.start - DAY, 0), end=p.end - DAY) for p in before.intervals if p.end > DAY]
        own = [p._replace(end=min(p.end, DAY)) for p in schedule.intervals if p.start < DAY]
        intervals = [interval for interval in late if not interval.fallback]
        for interval in (interval for interval in own if not interval.fallback):
            intervals = paint(intervals, interval)
        for interval in (interval for interval in (*own, *late) if interval.fallback):
            intervals = _fill(intervals, interval)
        return tuple(_close_gaps(intervals, schedule.rule))

    def _schedule(self, expr: str | None, day: date, scope: Scope) -> DaySchedule:
        """Return what begins on this day."""
        special = self.day(day, scope)
        if special.kind is DayKind.CLOSED:
            return whole_day(OpenState.CLOSED, None, "calendar: closed", f"closed_day:{special.name or ''}")
        if special.kind is DayKind.HOURS:
            return regular_schedule(parse(special.hours or "off"), day)._replace(notes=("special_hours",))
        if expr is None:
            return whole_day(OpenState.UNKNOWN, "hours_unknown", None)
        expression = parse(expr)
        if expression.last_year is not None and day.year > expression.last_year:
            return whole_day(OpenState.UNKNOWN, "hours_unknown", None, f"ended:{expression.last_year}")
        if special.kind is DayKind.HOLIDAY:
            return self._holiday(expression, day, special, scope)
        if special.kind is DayKind.MAKEUP:
            return makeup_schedule(expression, day)
        schedule = self._ordinary(expression, day, scope)
        if special.kind is DayKind.UNCERTAIN and not expression.always:
            perhaps = [schedule, self._holiday(expression, day, special, scope)]
            if special.announced:
                return agree(perhaps, f"perhaps_holiday:{special.name}")
            perhaps += [makeup_schedule(expression, day)] if day.weekday() > 4 else []
            return agree(perhaps, f"bridging:{special.name}")
        return schedule

    def _ordinary(self, expression: Expression, day: date, scope: Scope) -> DaySchedule:
        offsets = self._offsets(expression, day, scope)
        schedule = compose(rules_on_holiday(expression, day, offsets)) if offsets else regular_schedule(expression, day)
        if expression.names("SH"):
            return agree([schedule, regular_schedule(expression, day, school=True)], "school_holidays")
        return schedule

    def _offsets(self, expression: Expression, day: date, scope: Scope) -> frozenset[int]:
        """Return which of the expression's ``PH +n days`` fall on this day (0 is not among them)."""
        wanted = {offset for rule in expression.rules for kind, offset in rule.holidays if kind == "PH" and offset}
        return frozenset(n for n in wanted if self.day(day - timedelta(days=n), scope).kind is DayKind.HOLIDAY)

    def _holiday(self, expression: Expression, day: date, special: Day, scope: Scope) -> DaySchedule:
        rules = rules_on_holiday(expression, day, self._offsets(expression, day, scope) | {0})
        spoken = any(
            rule.always or ("PH", 0) in rule.holidays or names_day(rule, day)
            for rule in rules
            if rule.join is not Join.FALLBACK
        )
        notes = () if expression.always else (f"holiday:{special.name or ''}",)
        if spoken:
            schedules = [compose(rules), compose(order(rules, lambda rule: bool(rule.holidays)))]
            alike = hours_of(schedules[0]) == hours_of(schedules[1])
            schedule = schedules[0] if alike else agree(schedules, "order_unclear")
            return schedule._replace(notes=(*notes, *schedule.notes))
        rule = f"calendar: {special.name or 'holiday'} (no rule names PH)"
        return whole_day(OpenState.UNKNOWN, "calendar", rule, *notes, "no_holiday_rule")


def makeup_schedule(expression: Expression, day: date, *, school: bool | None = None) -> DaySchedule:
    """Return the schedule of a weekend day on which China works: the weekdays' hours where they are all alike.

    Parameters
    ----------
    school
        Whether it is a school holiday; None when nobody knows.
    """
    if school is None and expression.names("SH"):
        perhaps = [makeup_schedule(expression, day, school=school) for school in (False, True)]
        return agree(perhaps, "school_holidays")._replace(notes=(*perhaps[0].notes, "school_holidays"))
    own = regular_schedule(expression, day, school=bool(school))
    if expression.always or any(names_day(rule, day) for rule in expression.rules if not rule.only_holidays):
        return own
    around = sorted((day + timedelta(days=n) for n in range(-6, 7)), key=lambda other: abs((other - day).days))
    weekdays = [next(other for other in around if other.weekday() == weekday) for weekday in range(5)]
    schedules = [regular_schedule(expression, day, school=bool(school), like=other) for other in weekdays]
    if all(hours_of(schedule) == hours_of(schedules[0]) for schedule in schedules):
        return schedules[0]._replace(notes=("makeup_workday",))
    return agree(schedules, "weekdays_differ", keep=frozenset({OpenState.CLOSED}))


def hours_of(schedule: DaySchedule) -> list[tuple[int, int, OpenState, str | None]]:
    """Return what a schedule says, without which rule says it."""
    told = list[tuple[int, int, OpenState, str | None]]()
    for interval in schedule.intervals:
        if told and told[-1][1:] == (interval.start, interval.state, interval.comment):
            told[-1] = (told[-1][0], interval.end, interval.state, interval.comment)
        else:
            told.append((interval.start, interval.end, interval.state, interval.comment))
    return told


def _close_gaps(intervals: Iterable[Interval], rule: str | None) -> Iterator[Interval]:
    at = 0
    for interval in intervals:
        if interval.start > at:
            yield Interval(at, interval.start, OpenState.CLOSED, None, rule)
        yield interval
        at = interval.end
    if at < DAY:
        yield Interval(at, DAY, OpenState.CLOSED, None, rule)


_LAST_TICKET = re.compile(r"取号|last ticket|ticket", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})")
_BEFORE = re.compile(r"(?<!\d)(\d++)\s*+(?:分钟|min)", re.IGNORECASE)


def comment_notes(here: Interval, minute: int) -> list[str]:
    """Say an open office's own remark, or its last ticket when the remark states one."""
    if here.state is not OpenState.OPEN or not here.comment:
        return []
    if not _LAST_TICKET.search(here.comment):
        return [f"comment:{here.comment}"]
    stated = [int(h) * 60 + int(m) for h, m in _CLOCK.findall(here.comment)]
    before = _BEFORE.search(here.comment)
    last = next((t for t in stated if here.start <= t <= here.end), here.end - int(before[1]) if before else None)
    if last is None:
        return [f"comment:{here.comment}"]
    return [f"{'last_ticket_over' if minute >= last else 'last_ticket'}:{last // 60:02d}:{last % 60:02d}"]


STALE_DAYS = 365
"""Hours whose source is older are said to be old."""


def is_stale(hours_date: str | None, at: datetime, *, days: int = STALE_DAYS) -> bool:
    """Return whether hours of a date (``2018-07-25``, ``2018-07``, ``2018``) are old; no date is not said to be."""
    if not hours_date or not hours_date[:4].isdigit():
        return False
    parts = [int(part) for part in hours_date[:10].split("-") if part.isdigit()]
    try:
        # a month or a year counts from its end: the source may be that young
        last = date(parts[0], 12, 31) if len(parts) == 1 else date(*parts) if len(parts) == 3 else _month_end(*parts)
    except (ValueError, TypeError):
        return False
    return (at.date() - last).days > days


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
