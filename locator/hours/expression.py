"""Opening-hours expressions, cut into rules.

opening-hours-py checks an expression and says on which days a selector holds; the rules are cut here
because its own text drops ``open`` in front of a comment (so that a bare comment, which is *unknown*
in the specification, could not be told from an open one) and because ``PH`` has to be answered by
China's calendar. https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from opening_hours import OpeningHours

from locator.errors import InvalidInput

MAX_LENGTH = 2000
"""Characters; OpenStreetMap allows 255, long tables of dated rules need more."""
DAY = 24 * 60
"""Minutes of a day."""


class OpenState(StrEnum):
    """What a rule says of its times."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Join(StrEnum):
    """How a rule acts on the rules before it: ``;``, ``, `` or ``||``."""

    NORMAL = "normal"
    ADDITIONAL = "additional"
    FALLBACK = "fallback"


class Span(NamedTuple):
    """Minutes from the midnight that begins the day; ``end`` may lie past 1440 (after midnight)."""

    start: int
    end: int
    sure: bool = True
    """False for what the expression leaves open: an open end (``10:00+``), sunrise and sunset."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: on which days, at which times, what."""

    text: str
    join: Join
    selector: str
    """Everything that chooses days but the holidays; empty for every day."""
    dates: str
    """The part of ``selector`` before the weekdays."""
    holidays: tuple[tuple[str, int], ...]
    """``("PH", 0)``, ``("SH", 0)``, ``("PH", 1)`` for the day after a public holiday."""
    only_holidays: bool
    """True when the rule holds on holidays alone (``PH off``), or on holidays that are such a weekday."""
    spans: tuple[Span, ...] | None
    """None for the whole day."""
    state: OpenState
    comment: str | None

    @property
    def weekdays(self) -> str:
        """The part of ``selector`` after the dates."""
        return self.selector[len(self.dates) :].strip()

    @property
    def always(self) -> bool:
        """Whether this speaks of every minute of every day: ``24/7``, ``off``, ``unknown "…"``."""
        return not self.selector and not self.holidays and self.spans is None

    @property
    def bare(self) -> bool:
        """Whether these are times without a day (``09:00-17:00``); ``off`` takes them from days named elsewhere."""
        return not (self.selector or self.holidays or self.spans is None or self.state is OpenState.CLOSED)

    @property
    def untimed(self) -> bool:
        """Whether these are days without a time or a word (``Sa``)."""
        return self.spans is None and self.state is OpenState.OPEN and not (self.always or "open" in self.text)

    @property
    def minutes(self) -> tuple[Span, ...]:
        """The times on a day the rule holds."""
        return (Span(0, DAY),) if self.spans is None else self.spans


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression."""

    text: str
    rules: tuple[Rule, ...]

    @property
    def always(self) -> bool:
        """Whether one rule for all time is everything the expression says."""
        return len(self.rules) == 1 and self.rules[0].always

    @property
    def last_year(self) -> int | None:
        """The year after which nothing is said any more: each rule but what is shut names its years."""
        years = [
            re.findall(r"\b\d{4}\b(?!\+)", rule.dates) for rule in self.rules if rule.state is not OpenState.CLOSED
        ]
        open_end = any(re.search(r"\d{4}\b[^,]*\+", rule.dates) for rule in self.rules)
        return max(int(year) for found in years for year in found) if years and all(years) and not open_end else None

    def names(self, holiday: str) -> bool:
        """Whether a rule names ``PH`` or ``SH``."""
        return any(kind == holiday for rule in self.rules for kind, _ in rule.holidays)


_WEEKDAY = r"(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_HOLIDAY = r"(?:PH|SH)(?: [+-]?\d+ days?)?"
_ITEM = rf"(?:{_HOLIDAY}|{_WEEKDAY}(?:-{_WEEKDAY})?(?:\[[^\]]*\](?: [+-]\d+ days?)?)?)"
_WEEKDAYS = re.compile(rf"{_ITEM}(?:[, ]\s*{_ITEM})*$")
_TIME = r"\d{1,2}:\d{2}"
_SUN = r"(?:sunrise|sunset|dawn|dusk)"
_TIMES = re.compile(rf"(?:^|(?<=[\s:,]))(?:{_TIME}|\(?{_SUN}).*$")
_CLOSED_SPAN = re.compile(rf"({_TIME})-({_TIME})")
_SPAN = re.compile(rf"({_TIME})(?:-({_TIME}))?(\+)?(?:/[\d:]+)?")
_MODIFIER = re.compile(r"(?:^|\s)(open|closed|off|unknown)$", re.IGNORECASE)
_WORDS = {word.lower(): word for word in ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH", "SH")}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORDS |= {word.lower(): word for word in MONTHS}
_WORDS |= {word: word for word in ("open", "closed", "off", "unknown", "easter", "week", "day", "days")}
_WIDE = str.maketrans({"：": ":", "；": ";", "，": ",", "、": ",", "－": "-", "–": "-", "—": "-", "～": "-",
                       "~": "-", "（": "(", "）": ")", "　": " "})  # fmt: skip
_QUOTES = str.maketrans("“”", '""')


def _tidy(part: str) -> str:
    """Write what stands outside quotes the way the parser wants it."""
    part = re.sub(r"\s+", " ", part.translate(_WIDE))
    part = re.sub(r"[A-Za-z]+", lambda m: _WORDS.get(m[0].lower(), m[0]), part)
    part = re.sub(rf"\b({_WEEKDAY}|{_TIME}) ?- ?(?={_WEEKDAY}\b|{_TIME})", r"\1-", part)
    part = re.sub(r"(?:\s*;)+\s*", "; ", part)
    part = re.sub(r"\s*\|\|\s*", " || ", part)
    part = re.sub(r"\s*,\s*", ",", part)
    part = re.sub(rf"({_TIME}\+?),(?!{_TIME}|\(?{_SUN})", r"\1, ", part)
    part = re.sub(rf"({_WEEKDAY}|[PS]H|\]) ?: ?(?={_TIME}|\()", r"\1 ", part)
    part = re.sub(rf"(?<=[a-z\]])(?={_TIME})|(?<=[\d+])(?=(?:off|closed|open|unknown)\b)", " ", part)
    return re.sub(r"\b(off|closed|open|unknown|24/7),", r"\1, ", part)


def tidy_expression(text: str) -> str:
    """Return the expression with ASCII punctuation, the usual capitals and single spaces.

    Raises
    ------
    InvalidInput
        A quotation mark is not closed, or the text is empty or longer than :data:`MAX_LENGTH`.
    """
    pieces = text.translate(_QUOTES).split('"')
    if not text.strip() or len(text) > MAX_LENGTH or len(pieces) % 2 == 0:
        raise _unreadable(text, "a text in OpenStreetMap's opening_hours syntax")
    pieces[::2] = map(_tidy, pieces[::2])
    return _space_quotes(pieces).strip(" ;")


def _space_quotes(pieces: list[str]) -> str:
    """Join at the quotation marks, with one space before each comment."""
    pieces[1::2] = (piece.strip() for piece in pieces[1::2])
    for i in range(0, len(pieces), 2):
        if i + 1 < len(pieces) and pieces[i]:
            pieces[i] = pieces[i].rstrip() + " "
        if i and pieces[i].startswith(","):
            pieces[i] = ", " + pieces[i][1:].lstrip()
    return '"'.join(pieces)


def _unreadable(text: str, expected: str) -> InvalidInput:
    shown = text if len(text) <= 80 else text[:77] + "…"
    return InvalidInput(
        f"{shown!r} is not an opening-hours expression; expected {expected}", code="hours_syntax", text=shown
    )


@lru_cache(maxsize=8192)
def parse(text: str) -> Expression:
    """Return the rules of an expression.

    It is accepted only if :func:`holds` answers for each part of it on every day of a common and of a
    leap year: what is stored is evaluated by the same code later.

    Raises
    ------
    InvalidInput
        It is not in OpenStreetMap's ``opening_hours`` syntax, or has a part that cannot be evaluated
        (code ``hours_syntax``).
    """
    tidy = tidy_expression(text)
    try:
        _ask_library(lambda: OpeningHours(tidy))
        return Expression(text=tidy, rules=tuple(_read_rule(join, body) for join, body in _split(tidy)))
    except _LibraryFault as fault:
        raise _unreadable(text, "for example Mo-Fr 09:00-12:00,13:30-17:00; PH off") from fault


class _LibraryFault(Exception):
    """opening-hours-py cannot read or cannot evaluate something; never leaves :func:`parse` and :func:`holds`."""


def _ask_library[T](ask: Callable[[], T]) -> T:
    """Return what opening-hours-py answers; its faults, a panic of its Rust code included, are one class."""
    try:
        return ask()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # pyo3's PanicException is no Exception
        raise _LibraryFault(type(error).__name__) from error


def check_hours(expr: str) -> str:
    """Return an expression as the program writes it.

    Raises
    ------
    InvalidInput
        It is not in OpenStreetMap's ``opening_hours`` syntax, or surely not what was meant (``hours_syntax``):
        ``Mo-Fr 8:30-5:30``, ``8:30-12:00,1:30-5:00``, ``Mo-Fr 08:30-12:00; 13:30-17:00`` (each day from 13:30).
    """
    expression = parse(expr)
    named = False
    for rule in expression.rules:
        if named and rule.bare and rule.join is Join.NORMAL:
            raise _unreadable(expr, "the days of each time, for example Mo-Fr 08:30-12:00,13:30-17:00")
        named |= bool(rule.selector)
        spans = [tuple(map(_minutes, span)) for span in _CLOSED_SPAN.findall(rule.text.partition('"')[0])]
        if any(_is_slip(span, before) for before, span in pairwise([(0, 0), *spans])):
            raise _unreadable(expr, "the 24-hour clock, for example 13:30-17:30")
    return expression.text


def _is_slip(span: tuple[int, ...], before: tuple[int, ...]) -> bool:
    """Return whether a span is a day of the 12-hour clock (8:30-5:30), or its afternoon (8:30-12:00,1:30-5:00)."""
    start, end = span
    whole_day = 7 * 60 <= start < 12 * 60 and end < 8 * 60 and end + DAY - start >= 19 * 60
    return whole_day or (7 * 60 <= before[0] < before[1] and 60 <= start < end < 8 * 60)


def names_days(expr: str) -> bool:
    """Return whether every time of an expression has its day, and every day its times.

    Only OpenStreetMap means daily by times without a day, and all day by ``Sa`` alone.

    Raises
    ------
    InvalidInput
        It is not in OpenStreetMap's ``opening_hours`` syntax (code ``hours_syntax``).
    """
    return not any(rule.bare or rule.untimed for rule in parse(expr).rules)


def _split(text: str) -> list[tuple[Join, str]]:
    """Cut at ``;``, ``||`` and at the commas that begin a further rule, outside quotes."""
    rules, join, current, quoted = list[tuple[Join, str]](), Join.NORMAL, "", False
    for piece in re.split(r'(;|\|\||, |")', text):
        quoted ^= piece == '"'
        if quoted or piece not in (";", "||", ", "):
            current += piece
            continue
        rules.append((join, current.strip()))
        join = {";": Join.NORMAL, "||": Join.FALLBACK, ", ": Join.ADDITIONAL}[piece]
        current = ""
    return [*rules, (join, current.strip())]


def _read_rule(join: Join, text: str) -> Rule:
    body, comment = text, None
    if '"' in text:
        body, comment, _ = (part.strip() for part in text.split('"', 2))
    modifier = _MODIFIER.search(body)
    state = OpenState.OPEN if comment is None else OpenState.UNKNOWN
    if modifier:
        word = modifier[1].lower()
        state = OpenState.CLOSED if word == "off" else OpenState(word)
        body = body[: modifier.start()].strip()
    body = "" if body == "24/7" else body.removeprefix("24/7 ")
    times = _TIMES.search(body)
    spans = _read_spans(times[0]) if times else None
    days = (body[: times.start()] if times else body).strip().rstrip(":").strip()
    selector, dates, holidays, only = _read_days(days)
    return Rule(text, join, selector, dates, holidays, only, spans, state, comment)


def _read_spans(text: str) -> tuple[Span, ...]:
    if re.search(_SUN, text):
        overnight = re.search(r"-\(?(?:sunrise|dawn)", text)
        return (Span(0, DAY + 12 * 60 if overnight else DAY, sure=False),)
    spans = list[Span]()
    for first, last, open_end in _SPAN.findall(text):
        start = _minutes(first)
        end = _minutes(last) if last else start
        end += DAY if last and end <= start else 0
        spans += [Span(start, end)] if last else []
        spans += [Span(end, _latest_end(end), sure=False)] if open_end else []
    return tuple(spans)


def _latest_end(start: int) -> int:
    """Return until when an open end may last: midnight; ten hours from 17:00 on, eight from 22:00 on.

    The rule of opening_hours.js, which the specification names: ``21:00+`` may run past midnight.
    """
    clock = start % DAY
    return start + (8 * 60 if clock >= 22 * 60 else 10 * 60) if clock >= 17 * 60 else start - clock + DAY


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _read_days(days: str) -> tuple[str, str, tuple[tuple[str, int], ...], bool]:
    """Return selector, its dates, the holidays, and whether the rule holds on holidays alone.

    Where dates end and weekdays begin is tried from the left (``Mar Su[-1]-Oct Su[-1] Mo-Fr``): both halves
    together must choose the days of the whole.
    """
    for at in [found.start() for found in re.finditer(rf"(?:^|(?<=[\s:])){_ITEM}", days)]:
        found = _WEEKDAYS.match(days, at)
        if not found:
            continue
        dates, holidays = days[:at].strip(), list[tuple[str, int]]()
        for item in re.findall(_HOLIDAY, found[0]):
            holidays.append((item[:2], int(re.sub(r"[^\d-]", "", item[2:]) or 0)))
        others = re.sub(rf"{_HOLIDAY}", "", found[0])
        weekdays = ",".join(part for part in re.split(r"[, ]+(?![+-]?\d)", others) if part.strip())
        if _agree(whole := f"{dates} {weekdays}".strip(), dates, weekdays):
            narrowed = re.match(rf"(?:{_HOLIDAY},?)+ {_WEEKDAY}", found[0]) is not None
            return whole, dates, tuple(holidays), bool(holidays) and (narrowed or not weekdays)
    if re.search(r"\b[PS]H\b", days) or not _agree(days, days, ""):
        raise _LibraryFault(days)
    return days, days, (), False


_TRIED = (2027, 2028)
"""A common and a leap year: what can be evaluated in both can be in any."""


def _agree(whole: str, dates: str, weekdays: str) -> bool:
    """Return whether all parts of a selector can be evaluated and the halves choose what the whole does."""
    try:
        for year in _TRIED:
            first, second = (_days_of(part, year) if part else None for part in (dates, weekdays))
            if first and second and bytes(map(min, first, second)) != _days_of(whole, year):
                return False
    except _LibraryFault:
        return False
    return True


@lru_cache(maxsize=4096)
def _days_of(selector: str, year: int) -> bytes:
    """Return one byte for each day of the year: 1 where opening-hours-py says the selector holds."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    days = bytearray((last - first).days + 1)
    start = datetime(year, 1, 1)
    end = datetime(year, 12, 31, 23, 59)
    found = _ask_library(lambda: list(OpeningHours(f"{selector} 00:00-24:00").intervals(start, end)))
    for begin, finish, state, _ in found:
        if str(state) == "open":
            low = (begin.date() - first).days
            high = (finish - start).days + (1 if finish.hour or finish.minute else 0)
            days[low:high] = b"\1" * (min(high, len(days)) - low)
    return bytes(days)


def holds(selector: str, day: date) -> bool:
    """Return whether a selector without holidays chooses this day; the empty one chooses every day.

    Raises
    ------
    InvalidInput
        It cannot be evaluated in that year (code ``hours_syntax``).
    """
    try:
        return not selector or _days_of(selector, day.year)[day.timetuple().tm_yday - 1] == 1
    except _LibraryFault as fault:
        raise _unreadable(selector, "days such as Mo-Fr or May 01-Sep 30") from fault
