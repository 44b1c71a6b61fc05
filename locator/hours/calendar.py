"""Which days China works: the State Council's calendar, the law beyond it, and what is put over both.

Announced years come from chinesecalendar (2004 on; a newer release brings newer years). For a year it
does not hold, the days that the law itself fixes are holidays (lunar dates from
``data/calendar/lunar.yaml``), the days around them that notices usually bridge are uncertain, and every
other day is an ordinary one, marked as not announced. ``data/calendar/overrides/*.yaml`` puts a new year's
notice, a province's own holidays or one office's closure over that: ``docs/HOURS.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from chinese_calendar import constants

from locator.adcode import is_adcode, stem
from locator.errors import DataError, InvalidInput
from locator.hours.expression import parse
from locator.i18n import SOURCE_LANGS
from locator.settings import load_yaml, shipped_dir


class DayKind(StrEnum):
    """What sort of day it is for an office."""

    REGULAR = "regular"
    """Its weekday's hours hold."""
    HOLIDAY = "holiday"
    """A day off: rules that name ``PH`` hold."""
    MAKEUP = "makeup"
    """A weekend day on which China works."""
    UNCERTAIN = "uncertain"
    """Perhaps a holiday here: no source says; in a year not announced perhaps a make-up workday too."""
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
_BRIDGES = {(5, n): "labour_day" for n in range(1, 6)} | {(10, n): "national_day" for n in range(1, 9)}
_NAMES = {
    "new_years_day": "new_year", "spring_festival": "spring_festival", "tomb_sweeping_day": "qingming",
    "labour_day": "labour_day", "dragon_boat_festival": "dragon_boat", "national_day": "national_day",
    "mid_autumn_festival": "mid_autumn", "anti_fascist_70th_day": "victory_day",
}  # fmt: skip
"""chinesecalendar's names to ours."""


def library_years() -> frozenset[int]:
    """Return the years whose notices chinesecalendar holds."""
    return frozenset(day.year for day in constants.holidays)


_WORD_OF = {member.value: _NAMES[member.name] for member in constants.Holiday}


@dataclass(frozen=True, slots=True)
class Override:
    """One line of an override file, spread over its days."""

    days: tuple[date, ...]
    day: Day
    region: str = ""
    """The leading digits of the adcodes it holds for; empty for the nation."""
    point: str | None = None


class UsualHours(NamedTuple):
    """What a source says is usual in a region, where an office's own hours are not known."""

    text: Mapping[str, str]
    url: str
    date: str


@dataclass(frozen=True, eq=False)
class Calendar:
    """The working calendar; immutable, so that threads may share it."""

    lunar: Mapping[int, Mapping[str, date]] = field(default_factory=dict)
    """By year: ``spring_festival``, ``qingming``, ``dragon_boat``, ``mid_autumn``."""
    national: Mapping[date, Day] = field(default_factory=dict)
    regional: Mapping[date, tuple[tuple[str, Day], ...]] = field(default_factory=dict)
    points: Mapping[str, Mapping[date, Day]] = field(default_factory=dict)
    announced: frozenset[int] = field(default_factory=library_years)
    regions: Mapping[str, str] = field(default_factory=dict)
    """Names of provinces to six digits."""
    usual: Mapping[str, UsualHours] = field(default_factory=dict)
    """By adcode what is usual at weekends; ``nation`` names the source of the usual windows."""

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
        if day in constants.holidays:
            return Day(DayKind.HOLIDAY, _WORD_OF.get(constants.holidays[day]))
        if day in constants.workdays:
            return Day(DayKind.MAKEUP, _WORD_OF.get(constants.workdays[day]))
        if day.year in self.announced:
            return REGULAR
        if name := self._statutory(day):
            return Day(DayKind.HOLIDAY, name, announced=False)
        name = self._bridged(day)
        return Day(DayKind.UNCERTAIN if name else DayKind.REGULAR, name, announced=False)

    def _bridged(self, day: date) -> str | None:
        """Return the holiday around which notices usually give this day off or make it a workday, if any.

        From the eve of Spring Festival to the eighth day after it, 1 to 5 May, 1 to 8 October, and the days beside
        the other holidays.
        """
        festival = self.lunar.get(day.year, {}).get("spring_festival")
        if festival and -1 <= (day - festival).days <= 8:
            return "spring_festival"
        if (day.month, day.day) in _BRIDGES:
            return _BRIDGES[day.month, day.day]
        beside = (self._statutory(day + timedelta(days=step)) for step in (1, -1))
        return next((name for name in beside if name in ("new_year", "qingming", "dragon_boat", "mid_autumn")), None)

    @property
    def known_until(self) -> int:
        """The last year of which a notice is known, with all years before it."""
        years = sorted(self.announced)
        return next(year for year in years if year + 1 not in self.announced)

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
    lunar, regions, years = dict[int, Mapping[str, date]](), dict[str, str](), set(library_years())
    overrides, usual = list[Override](), dict[str, UsualHours]()
    for folder in folders:
        usual |= _read_usual(folder / "usual.yaml")
        for year, moments in _read(folder / "lunar.yaml").get("years", {}).items():
            lunar[int(year)] = moments
        for code, names in _read(folder / "regions.yaml").items():
            regions |= dict.fromkeys(names, str(code))
        for path in sorted((folder / "overrides").glob("*.yaml")):
            content = _read(path)
            years |= _read_years(path, content)
            overrides += _read_overrides(path, content)
    return replace(_assemble(lunar, regions, frozenset(years), overrides), usual=usual)


def _read_usual(path: Path) -> dict[str, UsualHours]:
    content = _read(path)
    entries = {"nation": content["nation"], **content.get("regions", {})} if content else {}
    try:
        return {
            code: UsualHours({k: v for k, v in entry.items() if k in SOURCE_LANGS}, entry["url"], str(entry["date"]))
            for code, entry in entries.items()
        }
    except (KeyError, TypeError) as error:
        raise _broken(path, "each entry has url and date, a region's zh and en") from error


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
        content = load_yaml(path) or {}
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


_FEASTS = {
    "元旦": "new_year", "春节": "spring_festival", "清明": "qingming", "劳动节": "labour_day", "端午": "dragon_boat",
    "中秋": "mid_autumn", "国庆": "national_day",
}  # fmt: skip
_NOTICE_DAY = r"(?:(\d{4})\s*+年)?\s*+(?:(\d{1,2})\s*+月)?\s*+(\d{1,2})\s*+日\s*+(?:[（(]([^（）()]*+)[）)])?"
_NOTICE_SPAN = re.compile(rf"{_NOTICE_DAY}(?:\s*+(?:至|到|-|—|–|~|～)++\s*+{_NOTICE_DAY})?")


def read_notice(text: str, year: int, source: str) -> str:
    """Return the override file that a notice of the State Council amounts to, as text.

    Parameters
    ----------
    text
        The notice's paragraphs, or a table of them: each part begins with a holiday's name (``元旦：1月1日（周四）
        至3日（周六）放假调休，共3天。1月4日（周日）上班。``).
    year
        The year it is for.
    source
        Its number and address; it stands in the file.

    Raises
    ------
    InvalidInput
        A holiday of the law is missing, or a day does not fit: its weekday, the number of days, a make-up day that
        is no weekend (code ``calendar_notice``).
    """
    plain = re.sub(r"\s+", " ", text)
    starts = list(re.finditer(rf"({'|'.join(_FEASTS)})节?(?:[、和]({'|'.join(_FEASTS)})节?)?\s*[:：|,，\t ]", plain))
    if not starts:
        raise _unfit("no holiday is named")
    found, entries = set[str](), list[str]()
    for start, end in zip(starts, [*(s.start() for s in starts[1:]), len(plain)], strict=True):
        names = [_FEASTS[name] for name in start.groups() if name]
        if set(names) & found:
            continue  # a table may name a holiday again in its notes
        found |= set(names)
        entries += _notice_part(plain[start.end() : end], year, names)
    if missing := [name for name in _FEASTS.values() if name not in found]:
        raise _unfit(f"no line for {', '.join(missing)}")
    said = source.replace("\\", " ").replace('"', "'")
    return "\n".join([f"announces: [{year}]", f'source: "{said}"', "days:", *entries]) + "\n"


def _notice_part(part: str, year: int, names: list[str]) -> Iterator[str]:
    """Yield the entries of one holiday: its days off, then its make-up days."""
    month, off, spans = None, 0, list[tuple[str, date, date]]()
    for match in _NOTICE_SPAN.finditer(part):
        month = match[2] or month
        if month is None:
            raise _unfit(f"{match[0]!r} has no month")
        first = _notice_day(int(match[1] or year), month, match[3], match[4])
        month = match[6] or month
        last = _notice_day(int(match[5] or year), month, match[7], match[8]) if match[7] else first
        rest = part[match.end() :]
        work = re.match(r"(?:[、，,和及]?\s*" + _NOTICE_DAY + r")*\s*(?:均|照常|正常)?\s*(?:上班|补班)", rest) or off
        kind = "makeup" if work and first == last else "holiday"
        if kind == "makeup" and first.weekday() < 5:
            raise _unfit(f"{first} is a make-up workday but no weekend day")
        off += (last - first).days + 1 if kind == "holiday" else 0
        spans.append((kind, first, last))
    counted = re.search(r"共?\s*(\d+)\s*天", part)
    if not off or (counted and int(counted[1]) != off):
        raise _unfit(f"{names[0]} has {off} days off, the notice says {counted[1] if counted else 'nothing'}")
    for kind, first, last in spans:
        until = f", to: {last}" if last != first else ""
        yield f"  - {{from: {first}{until}, kind: {kind}, name: {names[0]}}}"


def _notice_day(year: int, month: str, day: str, bracket: str | None) -> date:
    try:
        found = date(year, int(month), int(day))
    except ValueError as error:
        raise _unfit(f"{month}月{day}日 is no day of {year}") from error
    weekday = re.search(r"(?:周|星期)([一二三四五六日天])", bracket or "")
    if weekday and "一二三四五六日".index(weekday[1].replace("天", "日")) != found.weekday():
        raise _unfit(f"{found} is not the weekday that {bracket} says")
    return found


def _unfit(why: str) -> InvalidInput:
    return InvalidInput(f"this is not a year's notice of the State Council: {why}", code="calendar_notice", why=why)
