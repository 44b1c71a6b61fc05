"""Opening hours with China's working calendar: open, closed or unknown, and what comes next.

The functions here use the calendar that ships with the program; :class:`HoursClock` takes another one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from locator.errors import InvalidInput
from locator.hours.bulk import Column
from locator.hours.calendar import Calendar, Day, DayKind, load_calendar, shipped_calendar
from locator.hours.clock import ZONE, HoursClock, open_clock, shipped_clock
from locator.hours.ics import write_calendar
from locator.hours.reader import HoursText, read_hours_text
from locator.hours.remarks import is_stale
from locator.hours.rules import parse, say_days
from locator.hours.telling import (
    WeekDay,
    describe,
    describe_arrival,
    describe_notes,
    week_of,
    week_text,
    week_view,
)
from locator.model import HoursState, ServicePoint

__all__ = [
    "Calendar",
    "Day",
    "DayKind",
    "HoursClock",
    "HoursText",
    "WeekDay",
    "check_hours",
    "describe",
    "describe_arrival",
    "describe_notes",
    "evaluate",
    "evaluate_point",
    "is_stale",
    "load_calendar",
    "names_days",
    "open_clock",
    "open_mask",
    "open_states",
    "read_hours",
    "read_hours_text",
    "say_days",
    "shipped_calendar",
    "shipped_clock",
    "week_of",
    "week_text",
    "week_view",
    "write_calendar",
]


def evaluate(
    expr: str | None,
    at: datetime,
    *,
    timezone: str = ZONE,
    province: str | None = None,
    point_id: str | None = None,
    hours_date: str | None = None,
) -> HoursState:
    """Return the state of an office at an instant; see :meth:`HoursClock.evaluate`."""
    return shipped_clock().evaluate(
        expr, at, timezone=timezone, province=province, point_id=point_id, hours_date=hours_date
    )


def evaluate_point(point: ServicePoint, at: datetime) -> HoursState:
    """Return the state of a point of the layer; see :meth:`HoursClock.evaluate_point`."""
    return shipped_clock().evaluate_point(point, at)


def open_states(
    exprs: Column,
    at: datetime,
    *,
    timezones: Column | str = ZONE,
    provinces: Column | None = None,
    point_ids: Sequence[str | None] | None = None,
) -> NDArray[np.int8]:
    """Return 1 open, 0 unknown, -1 closed for many offices; see :meth:`HoursClock.open_states`."""
    return shipped_clock().open_states(exprs, at, timezones=timezones, provinces=provinces, point_ids=point_ids)


def open_mask(exprs: Column, at: datetime, *, timezones: Column | str = ZONE) -> NDArray[np.bool_]:
    """Return which of many offices are open for certain; see :func:`open_states` for the unknown."""
    mask: NDArray[np.bool_] = open_states(exprs, at, timezones=timezones) == 1
    return mask


def check_hours(expr: str) -> str:
    """Return an expression as the program writes it.

    Raises
    ------
    InvalidInput
        It is not in OpenStreetMap's ``opening_hours`` syntax (code ``hours_syntax``).
    """
    return parse(expr).text


def names_days(expr: str) -> bool:
    """Return whether every time of an expression has its day; only OpenStreetMap means daily by one without.

    Raises
    ------
    InvalidInput
        It is not in OpenStreetMap's ``opening_hours`` syntax (code ``hours_syntax``).
    """
    return not any(rule.bare for rule in parse(expr).rules)


def read_hours(text: str) -> HoursText:
    """Return what somebody gave as opening hours, be it an expression or a source's Chinese words.

    Words that do not say enough (no weekday, say) are a note, and their state is unknown.

    Raises
    ------
    InvalidInput
        It is neither (code ``hours_syntax``).
    """
    try:
        return HoursText(check_hours(text), None)
    except InvalidInput:
        found = read_hours_text(text)
        if found.expr is None and not re.search(r"\d.*[\u4e00-\u9fff]|[\u4e00-\u9fff].*\d", text):
            raise
        return found
