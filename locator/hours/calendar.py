"""Which days China works: the OpenState Council's calendar, the law beyond it, and what is put over both.

Announced years come from chinesecalendar (2004 on). For a year it does not hold, the days that the law
itself fixes are holidays (lunar dates from ``data/calendar/lunar.yaml``) and every other day is an
ordinary one, marked as not announced. ``data/calendar/overrides/*.yaml`` puts a new year's notice, a
province's own holidays or one office's closure over that: ``docs/HOURS.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from chinese_calendar import constants

from locator.adcode import is_adcode, stem
from locator.errors import DataError, InvalidInput
from locator.hours.expression import parse
from locator.settings import shipped_dir

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DayKind(StrEnum):
    """What sort of day it is for an office."""

    REGULAR = "regular"
    """Its weekday's hours hold."""
    HOLIDAY = "holiday"
    """A day off: rules that name ``PH`` hold."""
    MAKEUP = "makeup"
    """A weekend day on which China works."""
    UNCERTAIN = "uncertain"
    """Perhaps a holiday here: no source says."""
    CLOSED = "closed"
    """The office is shut, whatever its hours say."""
    HOURS = "hours"
    """The office has other hours on this day."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day in one place."""

    kind: DayKind
    name: str | None = None
    """The holiday: a key of the catalogue (``hours.holiday_<name>``), or ``中文|English``."""
    announced: bool = True
    """False in a year whose notice the program does not hold."""
    hours: str | None = None
    """The expression that replaces the office's own (kind ``hours``)."""
    source: str | None = None


REGULAR = Day(DayKind.REGULAR)
_NAMES = {
    "new_years_day": "new_year", "spring_festival": "spring_festival", "tomb_sweeping_day": "qingming",
    "labour_day": "labour_day", "dragon_boat_festival": "dragon_boat", "national_day": "national_day",
    "mid_autumn_festival": "mid_autumn", "anti_fascist_70th_day": "victory_day",
}  # fmt: skip
"""chinesecalendar's names to ours."""
_ANNOUNCED = frozenset(day.year for day in constants.holidays)
_WORD_OF = {member.value: _NAMES[member.name] for member in constants.Holiday}


@dataclass(frozen=True, slots=True)
class Override:
    """One line of an override file, spread over its days."""

    days: tuple[date, ...]
    day: Day
    region: str = ""
    """The leading digits of the adcodes it holds for; empty for the nation."""
    point: str | None = None


@dataclass(frozen=True, eq=False)
class Calendar:
    """The working calendar; immutable, so that threads may share it."""

    lunar: Mapping[int, Mapping[str, date]] = field(default_factory=dict)
    """By year: ``spring_festival``, ``qingming``, ``dragon_boat``, ``mid_autumn``."""
    national: Mapping[date, Day] = field(default_factory=dict)
    regional: Mapping[date, tuple[tuple[str, Day], ...]] = field(default_factory=dict)
    points: Mapping[str, Mapping[date, Day]] = field(default_factory=dict)
    announced: frozenset[int] = _ANNOUNCED
    regions: Mapping[str, str] = field(default_factory=dict)
    """Names of provinces to six digits."""

    @cached_property
    def overrules(self) -> bool:
        """Whether the nation or a region has days that shut offices or change their hours."""
        everywhere = [*self.national.values(), *(day for found in self.regional.values() for _, day in found)]
        return any(day.kind in (DayKind.CLOSED, DayKind.HOURS) for day in everywhere)

    def day(self, day: date, *, region: str | None = None, point_id: str | None = None) -> Day:
        """Return what a day is at an office.

        Parameters
        ----------
        region
            Its adcode, or the name of its province; None for the nation's calendar alone.
        point_id
            Its id, for overrides of one office.
        """
        if point_id is not None and day in self.points.get(point_id, ()):
            return self.points[point_id][day]
        code = self.region_code(region)
        for prefix, special in self.regional.get(day, ()):
            if code is not None and code.startswith(prefix):
                return special
        return self._nation(day)

    def region_code(self, region: str | None) -> str | None:
        """Return the adcode of a region named by its adcode or as a province, or None."""
        if region is None or is_adcode(region):
            return region
        return self.regions.get(region)

    def _nation(self, day: date) -> Day:
        if day in self.national:
            return self.national[day]
        if day.year in _ANNOUNCED:
            if day in constants.holidays:
                return Day(DayKind.HOLIDAY, _WORD_OF.get(constants.holidays[day]))
            return Day(DayKind.MAKEUP, _WORD_OF.get(constants.workdays[day])) if day in constants.workdays else REGULAR
        name = self._statutory(day)
        known = day.year in self.announced
        return Day(DayKind.HOLIDAY, name, known) if name and not known else Day(DayKind.REGULAR, None, known)

    def _statutory(self, day: date) -> str | None:
        """Return the holiday that the law itself puts on this day (as amended on 2024-11-10), if any.

        Thirteen days: New Year 1, Spring Festival 4 (eve to the third), Qingming 1, Labour Day 2,
        Dragon Boat 1, Mid-Autumn 1, National Day 3. Without lunar dates for the year only the
        solar ones are known.
        """
        fixed = {(1, 1): "new_year", (5, 1): "labour_day", (5, 2): "labour_day"}
        fixed |= {(10, n): "national_day" for n in (1, 2, 3)}
        lunar = self.lunar.get(day.year, {})
        if "spring_festival" in lunar and -1 <= (day - lunar["spring_festival"]).days <= 2:
            return "spring_festival"
        for name, moment in lunar.items():
            if moment == day and name != "spring_festival":
                return name
        return fixed.get((day.month, day.day))


def load_calendar(*folders: Path) -> Calendar:
    """Read the calendar from folders shaped as ``data/calendar``, later ones over earlier ones.

    Raises
    ------
    DataError
        A file is broken: the message names it and the entry.
    """
    lunar, regions, years = dict[int, Mapping[str, date]](), dict[str, str](), set(_ANNOUNCED)
    overrides = list[Override]()
    for folder in folders:
        for year, moments in _read(folder / "lunar.yaml").get("years", {}).items():
            lunar[int(year)] = moments
        for code, names in _read(folder / "regions.yaml").items():
            regions |= dict.fromkeys(names, str(code))
        for path in sorted((folder / "overrides").glob("*.yaml")):
            content = _read(path)
            years |= _read_years(path, content)
            overrides += _read_overrides(path, content)
    return _assemble(lunar, regions, frozenset(years), overrides)


def _assemble(
    lunar: Mapping[int, Mapping[str, date]],
    regions: Mapping[str, str],
    years: frozenset[int],
    overrides: Iterable[Override],
) -> Calendar:
    national, points = dict[date, Day](), dict[str, dict[date, Day]]()
    regional = dict[date, dict[str, Day]]()
    for override in overrides:
        for day in override.days:
            if override.point is not None:
                points.setdefault(override.point, {})[day] = override.day
            elif override.region:
                regional.setdefault(day, {})[override.region] = override.day
            else:
                national[day] = override.day
    ordered = {d: tuple(sorted(found.items(), key=lambda item: -len(item[0]))) for d, found in regional.items()}
    return Calendar(lunar, national, ordered, points, years, regions)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=_Loader) or {}  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _broken(path, str(error)) from error
    if not isinstance(content, dict):
        raise _broken(path, "expected a mapping")
    return content


def _broken(path: Path, why: str) -> DataError:
    return DataError(f"calendar file {path} is broken: {why}", code="calendar_file", path=str(path), why=why)


def _read_years(path: Path, content: Mapping[str, Any]) -> set[int]:
    years = content.get("announces", [])
    if not isinstance(years, list) or not all(type(year) is int for year in years):
        raise _broken(path, "announces: expected a list of years, such as [2027]")
    return set(years)


def _read_overrides(path: Path, content: Mapping[str, Any]) -> list[Override]:
    entries = content.get("days", [])
    if not isinstance(entries, list):
        raise _broken(path, "days: expected a list")
    source = content.get("source")
    return [_read_override(path, number, entry, source) for number, entry in enumerate(entries, 1)]


def _read_override(path: Path, number: int, entry: Any, source: object) -> Override:
    known = {"from", "to", "kind", "name", "region", "point", "hours", "source"}
    if not isinstance(entry, dict) or not set(entry) <= known or "from" not in entry or "kind" not in entry:
        raise _broken(path, f"entry {number}: expected from, kind and perhaps {', '.join(sorted(known))}")
    first, last = entry["from"], entry.get("to", entry["from"])
    if type(first) is not date or type(last) is not date or not 0 <= (last - first).days <= 400:
        raise _broken(path, f"entry {number}: from and to must be days such as 2027-02-05, at most 400 apart")
    try:
        kind = DayKind(entry["kind"])
    except ValueError as error:
        raise _broken(path, f"entry {number}: kind must be one of {', '.join(DayKind)}") from error
    if (kind is DayKind.HOURS) != ("hours" in entry):
        raise _broken(path, f"entry {number}: hours belongs to kind hours, and kind hours needs it")
    region, point = str(entry.get("region", "")), entry.get("point")
    if (region and not is_adcode(region)) or (region and point):
        raise _broken(path, f"entry {number}: region is an adcode of six digits, without point beside it")
    if "hours" in entry:
        try:
            parse(str(entry["hours"]))
        except InvalidInput as error:
            raise _broken(path, f"entry {number}: {error}") from error
    if not entry.get("source", source):
        raise _broken(path, f"entry {number}: a source is missing, here or for the whole file")
    day = Day(kind, entry.get("name"), True, entry.get("hours"), str(entry.get("source", source)))
    days = tuple(first + timedelta(days=n) for n in range((last - first).days + 1))
    return Override(days, day, stem(region), None if point is None else str(point))


@cache
def shipped_calendar() -> Calendar:
    """Return the calendar that ships with the program; read once."""
    return load_calendar(shipped_dir() / "calendar")
