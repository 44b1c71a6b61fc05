"""What an expression says of one day: a timetable from its midnight on, which may run past the next.

A rule acts on the rules before it as the specification of ``opening_hours`` says: ``;`` replaces the
day (``off`` with times only takes those away), ``, `` adds, ``||`` fills what is neither open nor
unknown. A rule for holidays alone acts after the others wherever it stands, because a bureau that
writes ``PH off; Mo-Fr 09:00-17:00`` does not open on National Day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from locator.hours.rules import DAY, Expression, Join, Rule, Span, State, holds

APPOINTMENT = ("预约", "預約", "appointment", "appt", "booking")
"""Words in a comment that make an unknown time one by appointment."""
NAMED_DAYS = 16
"""A dated rule over at most so many days on end speaks of a holiday; a longer one is a season."""


class Piece(NamedTuple):
    """A stretch of one state; minutes from the day's midnight."""

    start: int
    end: int
    state: State
    reason: str | None = None
    rule: str | None = None
    comment: str | None = None


class Plan(NamedTuple):
    """A day's own pieces, in order, without gaps filled; ``rule`` decided what lies between them."""

    pieces: tuple[Piece, ...]
    rule: str | None = None
    notes: tuple[str, ...] = ()
    """Codes of what to say about the day (``makeup_workday`` …)."""


def whole_day(state: State, reason: str | None, rule: str | None, *notes: str) -> Plan:
    """Return a plan of one state from midnight to midnight."""
    return Plan((Piece(0, DAY, state, reason, rule),), rule, notes)


def _piece(rule: Rule, span: Span) -> Piece:
    state = rule.state if span.sure or rule.state is State.CLOSED else State.UNKNOWN
    reason = None
    if state is State.UNKNOWN:
        comment = (rule.comment or "").lower()
        reason = "appointment" if any(word in comment for word in APPOINTMENT) else "hours_unknown"
    return Piece(span.start, span.end, state, reason, rule.text, rule.comment)


def cut(pieces: Iterable[Piece], start: int, end: int) -> list[Piece]:
    """Return the pieces without the minutes from ``start`` to ``end``."""
    kept = list[Piece]()
    for piece in pieces:
        if piece.start < start:
            kept.append(piece._replace(end=min(piece.end, start)))
        if piece.end > end:
            kept.append(piece._replace(start=max(piece.start, end)))
    return [piece for piece in kept if piece.start < piece.end]


def paint(pieces: Iterable[Piece], new: Piece) -> list[Piece]:
    """Return the pieces with a new one laid over them."""
    return sorted([*cut(pieces, new.start, new.end), new])


def _fill(pieces: Sequence[Piece], new: Piece) -> list[Piece]:
    """Return the pieces with a new one laid where nothing is open or unknown."""
    free = [new]
    for piece in pieces:
        if piece.state is not State.CLOSED:
            free = cut(free, piece.start, piece.end)
    result = list(pieces)
    for part in free:
        result = paint(result, part)
    return result


def compose(rules: Iterable[Rule]) -> Plan:
    """Return the day's plan from the rules that hold on it, in the order in which they act."""
    pieces, decided = list[Piece](), None
    for rule in rules:
        new = [_piece(rule, span) for span in rule.minutes]
        if rule.join is Join.FALLBACK:
            for piece in new:
                pieces = _fill(pieces, piece)
            continue
        decided = rule.text
        if rule.state is State.CLOSED and rule.spans is None:
            pieces = []
            continue
        if rule.join is Join.NORMAL and rule.state is not State.CLOSED:
            pieces = []
        for piece in new:
            pieces = paint(pieces, piece)
    return Plan(tuple(pieces), decided)


def order(rules: Iterable[Rule], named: Callable[[Rule], bool]) -> list[Rule]:
    """Return the rules with the named ones behind the others that open, up to each fallback.

    A later ``off`` stays behind: it takes away from whatever was said before it.
    """
    result, group = list[Rule](), list[Rule]()
    for rule in [*rules, None]:
        if rule is not None and rule.join is not Join.FALLBACK:
            group.append(rule)
            continue
        last = max((i for i, r in enumerate(group) if not named(r) and r.state is not State.CLOSED), default=-1)
        result += [r for r in group[: last + 1] if not named(r)] + [r for r in group[: last + 1] if named(r)]
        result += group[last + 1 :] + ([rule] if rule is not None else [])
        group = []
    return result


def regular_plan(expression: Expression, day: date, *, school: bool = False, like: date | None = None) -> Plan:
    """Return the plan of a day that is no holiday.

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


def agree(plans: Sequence[Plan], note: str, *, keep: frozenset[State] = frozenset(State)) -> Plan:
    """Return what all plans say alike, of the states to keep; the rest is unknown by the calendar."""
    edges = sorted({0, DAY} | {edge for plan in plans for piece in plan.pieces for edge in piece[:2]})
    pieces = list[Piece]()
    for start, end in pairwise(edges):
        here = [next((p for p in plan.pieces if p.start <= start < p.end), None) for plan in plans]
        states = {State.CLOSED if piece is None else piece.state for piece in here}
        first = here[0]
        if len(states) == 1 and states <= keep:
            pieces += [] if first is None or None in here else [first._replace(start=start, end=end)]
        elif start < DAY or states != {State.CLOSED}:
            pieces.append(Piece(start, end, State.UNKNOWN, "calendar", plans[0].rule))
    return Plan(tuple(pieces), plans[0].rule, (note,))
