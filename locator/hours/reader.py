"""Hours as Chinese sources write them, turned into OpenStreetMap's language, or kept as a note.

Never a guess: a text of which a word stays over is a note, no weekday stated is a note, an
appointment is *unknown*. ``工作日`` means holidays off (and make-up days on, as the clock does it).
The table of phrasings in ``tests/hours/phrasings.yaml`` says what is read how, and where it was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from locator.errors import InvalidInput
from locator.hours.expression import check_hours, parse
from locator.hours.reader_rules import Line, Unclear, refuse_vague, without, write_rules
from locator.hours.reader_tokens import (
    EPIDEMIC,
    OSM_DAYS,
    PERIODS,
    Token,
    read_dates,
    read_days,
    read_range,
    tidy_text,
    tokenise,
)

MAX_TEXT = 600
"""Characters; a longer text is an article, and stays a note."""
_ALL = frozenset(range(7))
_WORKDAYS = frozenset(range(5))


class HoursText(NamedTuple):
    """What a text says."""

    expr: str | None
    """OSM ``opening_hours``, or None when the text does not say enough."""
    note: str | None
    """What the expression does not carry, in the source's words; all of it when ``expr`` is None."""


def read_hours_text(text: str | None, *, remarks: str | None = None) -> HoursText:
    """Return the hours of a Chinese text.

    Parameters
    ----------
    text
        What the source writes, e.g. ``周一至周五 9:00-12:00,13:30-17:00(法定节假日除外)``.
    remarks
        What is known about the text; hours of an epidemic's time are kept as a note.

    Returns
    -------
    HoursText
        ``expr`` is None, and ``note`` the whole text, when it cannot be read for certain.
    """
    if not text or not text.strip():
        return HoursText(None, None)
    whole = text.strip()
    if len(whole) > MAX_TEXT or EPIDEMIC.search(f"{whole} {remarks or ''}"):
        return HoursText(None, whole)
    try:
        chosen, left = _choose_section(tokenise(tidy_text(whole)))
        expr, notes = _Reading().read(chosen)
        parse(expr)
    except Unclear:
        return HoursText(None, whole)
    return HoursText(expr, "；".join([*notes, *left]) or None)


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


def _choose_section(tokens: Sequence[Token]) -> tuple[list[Token], list[str]]:
    """Return the counter's own hours and, as notes, what is said about office, telephone and the like."""
    sections: list[tuple[str, list[Token]]] = [("window", [])]
    for token in tokens:
        if token.kind in ("window", "office", "other"):
            sections.append((token.kind, [token]))
        else:
            sections[-1][1].append(token)
    told = [(kind, part) for kind, part in sections if any(t.kind not in ("filler",) for t in part)]
    wanted = next((kind for kind in ("window", "office") if any(k == kind for k, _ in told)), None)
    chosen = [token for kind, part in told if kind == wanted for token in part if token.kind != kind]
    left = ["".join(t.text for t in part).strip(" ;,。") for kind, part in told if kind != wanted]
    return chosen, left


class _Reading:
    """Reads tokens from left to right; a day group after times begins the next rule."""

    def __init__(self) -> None:
        self.lines = [Line()]
        self.notes = list[str]()
        self.excluded = frozenset[int]()
        self.holidays_off = False
        self.season: str | None = None
        self.season_is_new = False
        self.half_day = False
        self.excepting = False
        self.lessening = False
        self.ticket = ""
        self.before: Token | None = None
        self.group: tuple[frozenset[int], bool] = (frozenset(), False)
        """The days named last that ``、`` or ``及`` joins: what a following ``除外`` speaks of."""

    def read(self, tokens: Iterable[Token]) -> tuple[str, list[str]]:
        """Return the expression and the notes.

        Raises
        ------
        Unclear
            A word stays over, or days or times are missing.
        """
        for token in tokens:
            if token.kind == "unknown":
                raise Unclear(token.text)
            getattr(self, f"_read_{token.kind}")(token.text)
            self.before = token if token.kind != "filler" else self.before
        if self.lessening:
            self._read_filler(")")
        if self.excepting:
            raise Unclear("除 without 外")
        return self._write()

    @property
    def line(self) -> Line:
        return self.lines[-1]

    def _add_days(self, days: frozenset[int], *, holidays: bool = False) -> None:
        if self.line.ranges or self.line.seasons or self.line.state:
            self.lines.append(Line())
            self.season = self.season if self.season_is_new else None
            self.group = (frozenset(), False)
        self.line.days |= days
        self.line.holidays |= holidays
        self.group = (self.group[0] | days, self.group[1] | holidays)

    def _read_filler(self, text: str) -> None:
        self.half_day |= text in PERIODS
        if self.lessening and text in "),;。":
            self.lessening = False
            self._read_off(text)
        if text in "(),;。":
            self.group = (frozenset(), False)
        if text == ")" and self.season is not None and self.line.seasons:
            self.season = None

    def _read_days(self, text: str) -> None:
        self._add_days(read_days(text))

    def _read_workdays(self, _text: str) -> None:
        self._add_days(_WORKDAYS)
        self.holidays_off = True

    def _read_weekend(self, _text: str) -> None:
        self._add_days(frozenset({5, 6}))

    def _read_daily(self, text: str) -> None:
        every_day = text in ("全年无休", "365天")
        if every_day and self.line.ranges and self.line.days == _ALL:
            self.line.holidays = True
        elif not self.line.days or self.line.ranges:
            self._add_days(_ALL, holidays=every_day)

    def _read_holidays(self, _text: str) -> None:
        self._add_days(frozenset(), holidays=True)

    def _read_less(self, _text: str) -> None:
        self.lessening = True
        self.group = (frozenset(), False)

    def _read_except(self, _text: str) -> None:
        self.excepting = True
        self._add_days(frozenset())
        if self.line.days or self.line.holidays:
            self.lines.append(Line())

    def _read_outside(self, text: str) -> None:
        if not self.excepting:
            raise Unclear(text)
        self.excepting = False
        self._read_off(text)
        self.lines.append(Line())  # times that follow are those of the days named before the exception

    def _read_off(self, text: str) -> None:
        line = self.line
        if self.half_day:
            raise Unclear(text)
        if self.before is not None and self.before.kind == "range" and line.ranges:
            *kept, (start, end) = line.ranges
            line.ranges = without(tuple(kept), start, end)
            return
        if line.ranges or line.seasons or not (line.days or line.holidays):
            raise Unclear(text)
        days, holidays = self.group
        if not (days or holidays):
            raise Unclear(text)
        self.holidays_off |= holidays
        self.excluded |= days
        line.days -= days
        line.holidays &= not holidays
        if not line.days:
            self.lines.pop()
            self.lines = self.lines or [Line()]

    def _read_on(self, text: str) -> None:
        line = self.line
        if line.ranges or line.seasons or not (line.days or line.holidays):
            if self.before is not None and self.before.kind in ("range", "days", "workdays"):
                return
            raise Unclear(text)
        line.state, line.comment = "unknown", text

    def _read_noon(self, text: str) -> None:
        """Say nothing: times without a break already say it."""

    def _read_perhaps(self, text: str) -> None:
        self.notes.append(text)

    def _read_appointment(self, text: str) -> None:
        if not (self.line.days or self.line.holidays):
            raise Unclear(text)
        self.line.state, self.line.comment = "unknown", text

    def _read_last_ticket(self, text: str) -> None:
        self.ticket = text

    def _read_always(self, text: str) -> None:
        line = self.line
        if line.days or line.ranges or len(self.lines) > 1:
            self.notes.append(text)
            return
        line.days, line.holidays, line.ranges = _ALL, True, ((0, 1440),)
        line.state, line.comment = ("open", text) if "自助" in text else ("", "")
        self.lines.append(Line())

    def _read_season(self, text: str) -> None:
        dates = read_dates(text)
        self.season, self.season_is_new = dates or text.strip("():"), True

    def _read_dates(self, text: str) -> None:
        dates = read_dates(text)
        if dates is None:
            raise Unclear(text)
        self.season, self.season_is_new = dates, True

    def _read_range(self, text: str) -> None:
        span = read_range(text)
        if span is None:
            raise Unclear(text)
        self.season_is_new = self.half_day = False
        if self.season is None:
            self.line.ranges = (*self.line.ranges, span)
        else:
            before = self.line.seasons.get(self.season, ())
            self.line.seasons[self.season] = (*before, span)

    def _write(self) -> tuple[str, list[str]]:
        lines = self._settle()
        rules, seen = list[str](), frozenset[int]()
        for line in lines:
            for rule in write_rules(line, self.ticket, self.notes):
                again = bool(line.days & seen) and not rule[:1].isdigit() and rule.startswith(OSM_DAYS)
                rules.append((", " if again and rules else "; " if rules else "") + rule)
                seen |= line.days
        if self.holidays_off and not any(line.holidays for line in lines):
            rules.append("; PH off")
        return "".join(rules), self.notes

    def _settle(self) -> list[Line]:
        """Give lines without days those named before, drop empty ones, take away the excluded days."""
        result, days, holidays, waiting = list[Line](), frozenset[int](), False, False
        for line in self.lines:
            told = bool(line.ranges or line.seasons or line.state)
            if line.days or line.holidays:
                if waiting:
                    raise Unclear("days without times")
                days, holidays, waiting = line.days, line.holidays, not told
            elif told:
                if not days and not holidays and {5, 6} <= self.excluded:
                    days = _ALL - self.excluded
                if not (days or holidays):
                    raise Unclear("no days")
                waiting = False
                line = replace(line, days=days, holidays=holidays)  # noqa: PLW2901
                if result and result[-1].days == days and not result[-1].state:
                    previous = result.pop()
                    line = replace(  # noqa: PLW2901
                        line, ranges=previous.ranges + line.ranges, seasons=previous.seasons | line.seasons
                    )
            if told:
                result.append(replace(line, days=line.days - self.excluded))
        if waiting:
            raise Unclear("days without times")
        refuse_vague(result)
        return result
