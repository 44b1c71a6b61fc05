"""What was read of a text, written as rules of the opening-hours language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from locator.hours.expression import holds
from locator.hours.reader_tokens import OSM_DAYS

ALL_DAYS = frozenset(range(7))
WORKDAYS = frozenset(range(5))
type Ranges = tuple[tuple[int, int], ...]
"""Starts and ends in minutes since midnight."""


@dataclass(slots=True)
class Line:
    """One rule as it is being read."""

    days: frozenset[int] = frozenset()
    holidays: bool = False
    ranges: Ranges = ()
    seasons: dict[str, Ranges] = field(default_factory=dict)
    """Times of a season, by its dates, or by its name when the text has no dates for it."""
    state: str = ""
    comment: str = ""


class Unclear(Exception):
    """The text does not say enough; never leaves this module."""


def write_rules(line: Line, ticket: str, notes: list[str]) -> list[str]:
    """Return the rules of a line: one, or one for each season.

    Raises
    ------
    Unclear
        Times that do not rise, or seasons of which one has dates and one has none.
    """
    days = _days_text(line)
    if not _rising(line.ranges) or not all(_rising(ranges) for ranges in line.seasons.values()):
        raise Unclear("times out of order")
    comment = (
        "off"
        if line.state == "off"
        else f'{line.state} "{line.comment}"'
        if line.state
        else f'open "{ticket}"'
        if ticket
        else ""
    )
    if line.days == ALL_DAYS and line.ranges == ((0, 1440),):
        return [f"24/7 {comment}".strip()]
    if not line.seasons:
        return [" ".join(filter(None, [days, _times_text(line.ranges), comment]))]
    seasons = {name: _half_day(line.ranges, ranges) for name, ranges in line.seasons.items()}
    dated = {name: ranges for name, ranges in seasons.items() if name[0].isascii()}
    if len(dated) == len(seasons):
        rules = [f"{days} {_times_text(line.ranges)} {comment}".strip()] if line.ranges else []
        return rules + [f"{name} {days} {_times_text(ranges)} {comment}".strip() for name, ranges in dated.items()]
    if dated:
        raise Unclear("one season with dates, one without")
    return _undated(days, [line.ranges, *seasons.values()] if line.ranges else list(seasons.values()), seasons, notes)


def refuse_vague(lines: list[Line]) -> None:
    """Raise :class:`Unclear` when the lines do not say on which days and at which times of the whole year.

    Raises
    ------
    Unclear
        The lines do not say it.
    """
    if not any(line.ranges or line.seasons or line.state for line in lines):
        raise Unclear("no times")
    if not all(line.days or line.holidays for line in lines):
        raise Unclear("no days left")
    seasons = {name for line in lines for name in line.seasons if not line.ranges and name[0].isascii()}
    monthly = all(len(season.split(",")) == 12 for season in seasons)  # 每月1日至25日 says which days
    if seasons and not monthly and not cover_year(seasons):
        raise Unclear("nothing said of the rest of the year")
    if all(line.state == "unknown" and not line.ranges and "预约" not in line.comment for line in lines):
        raise Unclear("no times")


def cover_year(seasons: Iterable[str]) -> bool:
    """Return whether dated seasons leave out no day."""
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
    named = list(seasons)
    return all(any(holds(season, day) for season in named) for day in days)


def _undated(days: str, variants: list[Ranges], seasons: dict[str, Ranges], notes: list[str]) -> list[str]:
    """Return what all seasons share as open, and what only some have as unknown: no source says from when."""
    named = {name[0] for name in seasons}
    if len(variants) < 2 or (len(variants) == len(seasons) and not {"夏", "冬"} <= named):
        raise Unclear("not all seasons")
    edges = sorted({edge for ranges in variants for span in ranges for edge in span})
    shared, some = list[tuple[int, int]](), list[tuple[int, int]]()
    for start, end in pairwise(edges):
        count = sum(any(a <= start and end <= b for a, b in ranges) for ranges in variants)
        if count:
            (shared if count == len(variants) else some).append((start, end))
    said = "，".join(f"{name}{_times_text(ranges)}" for name, ranges in seasons.items())
    notes.append(said)
    unknown = f'{days} {_times_text(_joined(some))} unknown "{said}"' if some else ""
    if not shared:
        raise Unclear("seasons share no time")
    known = f"{days} {_times_text(_joined(shared))}"
    return [f"{known}, {unknown}" if unknown else known]


def _half_day(ranges: Ranges, season: Ranges) -> Ranges:
    """Return a season's times: of a day in two halves it may name the one that differs."""
    if len(season) == 1 and len(ranges) == 2:
        morning, afternoon = ranges
        return (morning, season[0]) if season[0][0] >= 12 * 60 else (season[0], afternoon)
    return season


def _rising(ranges: Ranges) -> bool:
    return all(first[1] <= second[0] for first, second in pairwise(ranges))


def _joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    result = list[tuple[int, int]]()
    for start, end in ranges:
        if result and result[-1][1] == start:
            result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return tuple(result)


def without(ranges: Ranges, start: int, end: int) -> Ranges:
    """Return the ranges less a break, which lies inside one of them or between two of them.

    Raises
    ------
    Unclear
        The break lies outside all ranges.
    """
    result = list[tuple[int, int]]()
    for a, b in ranges:
        result += [(a, start), (end, b)] if a < start and end < b else [(a, b)]
    between = any(first[1] <= start and end <= second[0] for first, second in pairwise(ranges))
    if len(result) == len(ranges) and not between:
        raise Unclear("a break outside the times")
    return tuple(result)


def merge_lines(first: Line, second: Line) -> Line:
    """Return two lines of the same days as one."""
    return replace(second, ranges=first.ranges + second.ranges, seasons=first.seasons | second.seasons)


def days_before_times(lines: list[Line]) -> list[Line]:
    """Return lines with their days, where a text writes each time before its days (``9:00-17:00（周一至周五）``).

    Such a text begins with times of no day and ends with days of no time. Times of no day before a
    weekend's own are the workdays'.
    """
    told = [line for line in lines if line.days or line.holidays or line.ranges or line.seasons or line.state]
    if len(told) < 2 or told[0].days or told[0].holidays or not (told[0].ranges or told[0].seasons):
        return lines
    if told[-1].ranges or told[-1].seasons or told[-1].state:
        if told[1].days == frozenset({5, 6}) and told[1].ranges:
            return [replace(told[0], days=WORKDAYS), *told[1:]]
        return lines
    if not all(line.days and (line.ranges or line.seasons) and not line.state for line in told[1:-1]):
        return lines
    return [replace(line, days=after.days, holidays=after.holidays) for line, after in pairwise(told)]


def _days_text(line: Line) -> str:
    days, parts = sorted(line.days), list[str]()
    while days:
        run = 1
        while run < len(days) and days[run] == days[0] + run:
            run += 1
        names = [OSM_DAYS[day] for day in days[:run]]
        parts += [f"{names[0]}-{names[-1]}"] if run > 2 else names
        days = days[run:]
    return ",".join(parts + (["PH"] if line.holidays else []))


def _times_text(ranges: Ranges) -> str:
    return ",".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in ranges)


def settle_lines(lines: list[Line], excluded: frozenset[int]) -> list[Line]:
    """Give lines without days those named before, drop empty ones, take away the excluded days.

    Raises
    ------
    Unclear
        Days are without times, or times without days.
    """
    result, days, holidays, waiting = list[Line](), frozenset[int](), False, False
    for line in days_before_times(lines):
        told = bool(line.ranges or line.seasons or line.state)
        if line.days or line.holidays:
            if waiting:
                raise Unclear("days without times")
            days, holidays, waiting = line.days, line.holidays, not told
        elif told:
            if not days and not holidays and excluded:
                days = WORKDAYS if {5, 6} <= excluded else ALL_DAYS
            if not (days or holidays):
                raise Unclear("no days")
            waiting = False
            line = replace(line, days=days, holidays=holidays)  # noqa: PLW2901
            if result and result[-1].days == days and not result[-1].state:
                line = merge_lines(result.pop(), line)  # noqa: PLW2901
        if told:
            line = replace(line, days=line.days - excluded)  # noqa: PLW2901
            if result and line.seasons and result[-1].seasons and result[-1].days == line.days:
                line = merge_lines(result.pop(), line)  # noqa: PLW2901
            result.append(line)
    if waiting:
        raise Unclear("days without times")
    refuse_vague(result)
    return result


def write_lines(lines: list[Line], ticket: str, notes: list[str], *, holidays_off: bool) -> str:
    """Return the expression of settled lines; a rule for days that have one already adds to it."""
    rules, seen = list[str](), frozenset[int]()
    for number, line in enumerate(lines):
        narrower = not line.state and any(
            line.days & other.days and a < d and c < b
            for other in lines[:number]
            if not other.state
            for a, b in line.ranges
            for c, d in other.ranges
        )  # 周一至周五9:00-17:00（周一9:00-12:00）: what is said again of a day stands for it
        for rule in write_rules(line, ticket, notes):
            again = bool(line.days & seen) and not narrower and rule.startswith(OSM_DAYS)
            rules.append((", " if again and rules else "; " if rules else "") + rule)
            seen |= line.days
    if holidays_off and not any(line.holidays for line in lines):
        rules.append("; PH off")
    return "".join(rules)
