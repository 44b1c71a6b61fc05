"""A day at an office: its hours and the calendar together, midnight to midnight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from locator.hours.calendar import Calendar, Day, DayKind
from locator.hours.plan import (
    Piece,
    Plan,
    agree,
    compose,
    names_day,
    order,
    paint,
    regular_plan,
    rules_on_holiday,
    whole_day,
)
from locator.hours.rules import DAY, Expression, Join, State, parse

_ABROAD = Day(DayKind.REGULAR, announced=False)


class Scope(NamedTuple):
    """Whose calendar holds: China's or none, with a region's and an office's own days over it."""

    china: bool = True
    region: str | None = None
    point_id: str | None = None


class Planner:
    """Plans days on one calendar; keeps what it made. Safe to share between threads."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.plan = lru_cache(maxsize=65536)(self._plan)
        self.stretches = lru_cache(maxsize=65536)(self._stretches)

    def day(self, day: date, scope: Scope) -> Day:
        """Return what a day is in a scope; abroad every day is an ordinary one, not announced."""
        if not scope.china:
            return _ABROAD
        return self.calendar.day(day, region=scope.region, point_id=scope.point_id)

    def _stretches(self, expr: str | None, day: date, scope: Scope) -> tuple[Piece, ...]:
        """Return the whole of a day as pieces that follow one another from 0 to 1440."""
        plan, before = self.plan(expr, day, scope), self.plan(expr, day - timedelta(days=1), scope)
        pieces = [p._replace(start=max(p.start - DAY, 0), end=p.end - DAY) for p in before.pieces if p.end > DAY]
        for piece in plan.pieces:
            if piece.start < DAY:
                pieces = paint(pieces, piece._replace(end=min(piece.end, DAY)))
        return tuple(_close_gaps(pieces, plan.rule))

    def _plan(self, expr: str | None, day: date, scope: Scope) -> Plan:
        """Return what begins on this day."""
        special = self.day(day, scope)
        if special.kind is DayKind.CLOSED:
            return whole_day(State.CLOSED, None, "calendar: closed", f"closed_day:{special.name or ''}")
        if special.kind is DayKind.HOURS:
            return regular_plan(parse(special.hours or "off"), day)._replace(notes=("special_hours",))
        if expr is None:
            return whole_day(State.UNKNOWN, "hours_unknown", None)
        expression = parse(expr)
        if special.kind is DayKind.HOLIDAY:
            return self._holiday(expression, day, special, scope)
        if special.kind is DayKind.MAKEUP:
            return makeup_plan(expression, day)
        plan = self._ordinary(expression, day, scope)
        if special.kind is DayKind.UNCERTAIN and not expression.always:
            return agree([plan, self._holiday(expression, day, special, scope)], f"perhaps_holiday:{special.name}")
        return plan

    def _ordinary(self, expression: Expression, day: date, scope: Scope) -> Plan:
        offsets = self._offsets(expression, day, scope)
        plan = compose(rules_on_holiday(expression, day, offsets)) if offsets else regular_plan(expression, day)
        if expression.names("SH"):
            return agree([plan, regular_plan(expression, day, school=True)], "school_holidays")
        return plan

    def _offsets(self, expression: Expression, day: date, scope: Scope) -> frozenset[int]:
        """Return which of the expression's ``PH +n days`` fall on this day (0 is not among them)."""
        wanted = {offset for rule in expression.rules for kind, offset in rule.holidays if kind == "PH" and offset}
        return frozenset(n for n in wanted if self.day(day - timedelta(days=n), scope).kind is DayKind.HOLIDAY)

    def _holiday(self, expression: Expression, day: date, special: Day, scope: Scope) -> Plan:
        rules = rules_on_holiday(expression, day, self._offsets(expression, day, scope) | {0})
        spoken = any(
            rule.always or ("PH", 0) in rule.holidays or names_day(rule, day)
            for rule in rules
            if rule.join is not Join.FALLBACK
        )
        notes = () if expression.always else (f"holiday:{special.name or ''}",)
        if spoken:
            plans = [compose(rules), compose(order(rules, lambda rule: bool(rule.holidays)))]
            alike = hours_of(plans[0]) == hours_of(plans[1])
            plan = plans[0] if alike else agree(plans, "order_unclear")
            return plan._replace(notes=(*notes, *plan.notes))
        rule = f"calendar: {special.name or 'holiday'} (no rule names PH)"
        return whole_day(State.UNKNOWN, "calendar", rule, *notes, "no_holiday_rule")


def makeup_plan(expression: Expression, day: date) -> Plan:
    """Return the plan of a weekend day on which China works: the weekdays' hours where they are all alike."""
    own = regular_plan(expression, day)
    if expression.always or any(names_day(rule, day) for rule in expression.rules):
        return own
    around = sorted((day + timedelta(days=n) for n in range(-6, 7)), key=lambda other: abs((other - day).days))
    weekdays = [next(other for other in around if other.weekday() == weekday) for weekday in range(5)]
    plans = [regular_plan(expression, day, like=other) for other in weekdays]
    if all(hours_of(plan) == hours_of(plans[0]) for plan in plans):
        return plans[0]._replace(notes=("makeup_workday",))
    return agree(plans, "weekdays_differ", keep=frozenset({State.CLOSED}))


def hours_of(plan: Plan) -> list[tuple[int, int, State, str | None]]:
    """Return what a plan says, without which rule says it."""
    told = list[tuple[int, int, State, str | None]]()
    for piece in plan.pieces:
        if told and told[-1][1:] == (piece.start, piece.state, piece.comment):
            told[-1] = (told[-1][0], piece.end, piece.state, piece.comment)
        else:
            told.append((piece.start, piece.end, piece.state, piece.comment))
    return told


def _close_gaps(pieces: Iterable[Piece], rule: str | None) -> Iterator[Piece]:
    at = 0
    for piece in pieces:
        if piece.start > at:
            yield Piece(at, piece.start, State.CLOSED, None, rule)
        yield piece
        at = piece.end
    if at < DAY:
        yield Piece(at, DAY, State.CLOSED, None, rule)
