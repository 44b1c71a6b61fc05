"""The week a careful clerk would read out of a text, asked of the clock minute by minute on concrete days.

``weeks.csv`` holds texts of the kinds that bureaus, banks, maps and messy spreadsheets write. Its notation:
``1-5 9-12,13:30-17|6 9-12|H off`` are weekdays (1 is Monday) with times; ``?12-14`` is not known, ``x12-24`` closed,
``6[1]`` the first Saturday of a month, ``S5/1-9/30`` before the days a season, a later group lies over an
earlier one; holidays (``H``) that are not named are not known. An empty week: the text must stay words.
An answer of "unknown" is never wrong; "open" or "closed" must be what the clerk says.
"""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from locator.hours.clock import shipped_clock
from locator.hours.reader import read_hours_text
from locator.hours.schedule import Scope

ROWS = list(csv.DictReader((Path(__file__).parent / "weeks.csv").read_text("utf-8").splitlines()))
WEEKS = [date(2026, 3, 9), date(2026, 7, 13), date(2026, 12, 14)]
DAYS = [monday + timedelta(days=n) for monday in WEEKS for n in range(7)] + [date(2026, 4, 22), date(2026, 9, 16)]
NOVEMBER = [date(2026, 11, 2) + timedelta(days=n) for n in range(28)]
HOLIDAYS = [date(2026, 6, 19), date(2026, 10, 2), date(2026, 10, 3)]
MAKEUP = [date(2026, 2, 28), date(2026, 10, 10)]
STATES = {"open": "o", "closed": "c", "unknown": "?"}


def minutes_of(clock: str) -> int:
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest or 0)


def days_of(text: str) -> set[int]:
    runs = [part.partition("-") for part in text.split(",")]
    return {day for first, _, last in runs for day in range(int(first), int(last or first) + 1)}


def put(states: list[str], times: str) -> None:
    for part in times.split(","):
        if part in ("off", "?"):
            states[:] = ["c" if part == "off" else "?"] * 1440
            continue
        state = {"?": "?", "x": "c"}.get(part[0], "o")
        start, end = (minutes_of(clock) for clock in part.lstrip("?x").split("-"))
        states[start:end] = [state] * (min(end, 1440) - start)


def clerk(week: str, day: date, *, holiday: bool = False) -> str | None:
    """Return a letter for each minute of a day; None for a holiday of which nothing is said."""
    states, said = ["c"] * 1440, not holiday
    nth, last = (day.day - 1) // 7 + 1, (day + timedelta(days=7)).month != day.month
    for group in week.split("|"):
        *season, days, times = group.strip().split(" ")
        if days == "H":
            if holiday:
                said = True
                if times != "open":
                    states = ["c"] * 1440
                    put(states, times)
            continue
        if season:
            a, b, c, d = (int(n) for n in re.findall(r"\d+", season[0]))
            first, end, at = (a, b), (c, d), (day.month, day.day)
            if not (first <= at <= end if first <= end else at >= first or at <= end):
                continue
        days, _, which = days.rstrip("]").partition("[")
        if which and not any((n == "-1" and last) or n == str(nth) for n in which.split(",")):
            continue
        if day.isoweekday() in days_of(days):
            put(states, times)
    return "".join(states) if said else None


def program(expr: str, day: date) -> str:
    states = ["c"] * 1440
    for interval in shipped_clock().scheduler.intervals(expr, day, Scope()):
        start, end = max(0, interval.start), min(1440, interval.end)
        states[start:end] = [STATES[str(interval.state)]] * (end - start)
    return "".join(states)


def differences(told: str, expected: list[str | None]) -> list[int]:
    """Return the minutes of which the program is sure and the clerk, or one of the clerk's days, says otherwise."""
    if all(day == told for day in expected):
        return []
    return [
        n for n, state in enumerate(told) if state != "?" and any(day is None or day[n] != state for day in expected)
    ]


@pytest.mark.parametrize("row", ROWS, ids=[row["text"][:30] for row in ROWS])
def test_the_program_says_what_a_careful_clerk_would(row: dict[str, str]) -> None:
    text, week = row["text"].replace("\\n", "\n"), row["week"]
    expr = read_hours_text(text).expr
    if not week:
        assert expr is None, expr
        return
    assert expr is not None
    for day in DAYS + (NOVEMBER if "[" in week else []):
        assert not differences(program(expr, day), [clerk(week, day)]), (day, expr)
    for day in HOLIDAYS:
        assert not differences(program(expr, day), [clerk(week, day, holiday=True)]), (day, expr)
    for day in MAKEUP:  # a make-up Saturday has the hours of the weekdays, where they are alike
        weekdays = [clerk(week, day + timedelta(days=n - day.isoweekday())) for n in range(1, 6)]
        assert not differences(program(expr, day), weekdays), (day, expr)


def test_the_table_holds_enough_of_both_kinds() -> None:
    assert sum(bool(row["week"]) for row in ROWS) > 250
    assert sum(not row["week"] for row in ROWS) > 100
    assert len({row["text"] for row in ROWS}) == len(ROWS)
