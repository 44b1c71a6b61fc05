"""Opening hours with China's working calendar: open, closed or unknown, and what comes next.

:func:`shipped_clock` answers by the calendar that ships with the program, :func:`open_clock` with an
operator's own days over it. Names are imported when they are asked for: who evaluates hours reads no Chinese words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from locator import import_when_asked

if TYPE_CHECKING:
    from locator.hours.calendar import Calendar, Day, DayKind, load_calendar, shipped_calendar
    from locator.hours.clock import HoursClock, open_clock, shipped_clock
    from locator.hours.expression import check_hours, names_days
    from locator.hours.reader import HoursText, read_hours, read_hours_text
    from locator.hours.telling import (
        WeekDay,
        describe,
        describe_notes,
        join_weekdays,
        say_days,
        say_usual,
        week_of,
        week_text,
        week_view,
        write_calendar,
    )

__all__ = [
    "Calendar",
    "Day",
    "DayKind",
    "HoursClock",
    "HoursText",
    "WeekDay",
    "check_hours",
    "describe",
    "describe_notes",
    "join_weekdays",
    "load_calendar",
    "names_days",
    "open_clock",
    "read_hours",
    "read_hours_text",
    "say_days",
    "say_usual",
    "shipped_calendar",
    "shipped_clock",
    "week_of",
    "week_text",
    "week_view",
    "write_calendar",
]
_HOMES = {
    **dict.fromkeys(("Calendar", "Day", "DayKind", "load_calendar", "shipped_calendar"), "calendar"),
    **dict.fromkeys(("HoursClock", "open_clock", "shipped_clock"), "clock"),
    **dict.fromkeys(("check_hours", "names_days"), "expression"),
    **dict.fromkeys(("HoursText", "read_hours", "read_hours_text"), "reader"),
    **dict.fromkeys(
        (
            "WeekDay",
            "describe",
            "describe_notes",
            "join_weekdays",
            "say_days",
            "say_usual",
            "week_of",
            "week_text",
            "week_view",
            "write_calendar",
        ),
        "telling",
    ),
}
__getattr__ = import_when_asked(__name__, _HOMES)
