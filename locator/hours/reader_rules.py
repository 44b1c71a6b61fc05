"""What was read of a text, written as rules of the opening-hours language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from locator.hours.expression import holds
from locator.hours.reader_tokens import OSM_DAYS

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
    """Return the rules of a line: one, or one for each season."""
    days = _days_text(line)
    if not _rising(line.ranges) or not all(_rising(ranges) for ranges in line.seasons.values()):
        raise Unclear("times out of order")
    comment = f'{line.state} "{line.comment}"' if line.state else f'open "{ticket}"' if ticket else ""
    if line.days == frozenset(range(7)) and line.ranges == ((0, 1440),):
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
    """Raise :class:`Unclear` when the lines do not say on which days and at which times of the whole year."""
    if not any(line.ranges or line.seasons or line.state for line in lines):
        raise Unclear("no times")
    if not all(line.days or line.holidays for line in lines):
        raise Unclear("no days left")
    seasons = {name for line in lines for name in line.seasons if not line.ranges and name[0].isascii()}
    if seasons and not cover_year(seasons):
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
    if len(variants) < 2:
        raise Unclear("one season only")
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
    """Return the ranges less a break; it must lie inside one of them."""
    result = list[tuple[int, int]]()
    for a, b in ranges:
        result += [(a, start), (end, b)] if a < start and end < b else [(a, b)]
    if len(result) == len(ranges):
        raise Unclear("a break outside the times")
    return tuple(result)


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
