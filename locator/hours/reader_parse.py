"""The words of a text on opening hours, read from left to right into lines of days and times."""

from __future__ import annotations

from collections.abc import Sequence

from locator.hours.reader_rules import ALL_DAYS, WORKDAYS, Line, Ranges, Unclear, settle_lines, without, write_lines
from locator.hours.reader_tokens import (
    PERIODS,
    Token,
    half_of_day,
    read_dates,
    read_days,
    read_month_days,
    read_range,
    trailing_seasons,
)

NOTED = frozenset({"phone", "perhaps"})
"""Kinds of words that are kept beside the expression."""
SILENT = frozenset({"noon", "makeup", "unknown"})
"""Kinds of words that change nothing: no break at noon, make-up days (the calendar's), and what the end of a
clause decides about."""
_NAMED = frozenset({"days", "weekend", "holidays", "workdays", "daily", "plain_days"})
_JOINTS = ("、", "及", "和", "与", "以及", "或")
_STOPS = (",", ";", "。", "(", ")")


class HoursReader:
    """Reads tokens from left to right; a day group after times begins the next rule."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.lines = [Line()]
        self.notes = list[str]()
        self.excluded = frozenset[int]()
        self.holidays_off = False
        self.season: str | None = None
        self.season_is_new = False
        self.trailing = trailing_seasons(tokens)
        self.loose: Ranges = ()
        """Times since the last season that follows its times."""
        self.half_day = ""
        self.excepting = self.lessening = self.extended = False
        self.too = False
        """Whether days are said to be open too (周末无休), which means that the others are."""
        self.ticket = self.self_service = ""
        self.before: Token | None = None
        self.opened_by: Token | None = None
        """What stood before the bracket that is open."""
        self.replaced = frozenset[int]()
        """The vague days that exact ones stood in for: 工作日（周三除外） takes Wednesday from them."""
        self.shut = frozenset[int]()
        """The days last said to be shut."""
        self.last = ""
        """The text of the last token."""
        self.joint = False
        """Whether 、 or 和 stands between the last word and this one."""
        self.vague = False
        """Whether the days of this line are such as 每天 or 工作日, which days beside them make exact."""
        self.clause = list[Token]()
        self.group: tuple[frozenset[int], bool] = (frozenset(), False)
        """The days named last that ``、`` or ``及`` joins: what a following ``除外`` speaks of."""

    def read(self) -> tuple[str, list[str]]:
        """Return the expression and the notes.

        Raises
        ------
        Unclear
            A word stays over, or days or times are missing.
        """
        for n, token in enumerate(self.tokens):
            if token.kind in ("season", "dates") and n in self.trailing:
                self._end_times_of(read_dates(token.text) or token.text.strip("():"))
            else:
                self._read_token(token)
            if token.kind != "filler":
                self.before, self.joint = token, False
            elif token.text.strip():
                self.joint = token.text in _JOINTS
            if token.text not in _STOPS:
                self.clause.append(token)
            self.last = token.text
        if self.lessening or self.excepting:
            self._read_filler(")")
        self._end_clause()
        self._place_self_service()
        halves = {(half_of_day("上午"),), (half_of_day("下午"),)}
        if any(line.state and line.ranges in halves for line in self.lines) and not any(
            not line.state and (line.ranges or line.seasons) for line in self.lines
        ):
            raise Unclear("half a day of which nothing is read says nothing of the other days and halves")
        named = frozenset[int]().union(*(line.days for line in self.lines))
        undated = any(line.ranges and not (line.days or line.holidays) for line in self.lines)
        if not undated and not named & WORKDAYS and (not named or self.too or self.excluded & WORKDAYS):
            raise Unclear("only holidays, a weekend that is open too, one workday said to be shut: not all others are")
        lines = settle_lines(self.lines, self.excluded)
        return write_lines(lines, self.ticket, self.notes, holidays_off=self.holidays_off), self.notes

    def _read_token(self, token: Token) -> None:
        if token.kind in NOTED:
            self.notes.append(token.text)
        elif token.kind not in SILENT:
            getattr(self, f"_read_{token.kind}")(token.text)

    @property
    def line(self) -> Line:
        """The rule that is being read."""
        return self.lines[-1]

    def _end_clause(self) -> None:
        """Settle a clause of which no times are said: only words, or half a day.

        Days of which a sentence says what nobody here can read are unknown on that sentence; other words
        nobody can read end the reading.
        """
        clause, self.clause = self.clause, []
        half, self.half_day, self.extended = self.half_day, "", False
        said = "".join(token.text for token in clause).strip(" :")
        unread = any(token.kind == "unknown" for token in clause)
        kinds = {token.kind for token in clause}
        named = kinds & _NAMED
        at = [n for n, token in enumerate(clause) if token.kind in _NAMED]
        if at and any(token.kind == "unknown" for token in clause[at[0] : at[-1]]):
            raise Unclear(said)  # two days with a word between that nobody here knows: perhaps all between them
        line = self.line
        lone_half = bool(half) and bool(named) and kinds <= {"days", "weekend", "filler", "off"} and not line.ranges
        if half and "off" in kinds and not named and not unread:
            self._check_half_is_free(half)
        if not unread and not lone_half:
            return
        if not named or kinds & {"range", "season", "dates", "except", "less"} or line.ranges or line.seasons:
            raise Unclear(said)
        if not (line.days or line.holidays) or (line.state and line.comment != said):
            raise Unclear(said)
        line.state, line.comment = "off" if lone_half and "off" in kinds else "unknown", said.replace('"', "")
        if half:
            line.ranges = (half_of_day(half),)
        self.lines.append(Line())

    def _check_half_is_free(self, half: str) -> None:
        """Accept 下午休息 after times that already say so."""
        low, high = half_of_day(half)
        if not self.line.ranges or any(start < high and low < end for start, end in self.line.ranges):
            raise Unclear(half)

    def _end_times_of(self, season: str) -> None:
        """Give the times since the last such season to this one; what only the first one names is shared."""
        line = self.line
        if not self.loose or season in line.seasons:
            raise Unclear(season)
        times, self.loose = self.loose, ()
        line.ranges = line.ranges[: len(line.ranges) - len(times)]
        first = next(iter(line.seasons.values()), None)
        if first is not None and len(times) < len(first):
            times = (*first[: len(first) - len(times)], *times)
        line.seasons[season] = times

    def _add_days(self, days: frozenset[int], *, holidays: bool = False, vague: bool = False) -> None:
        if self.line.ranges or self.line.seasons or self.line.state:
            self._end_clause()
            self.lines.append(Line())
            self.season = self.season if self.season_is_new else None
            self.group, self.loose, self.vague = (frozenset(), False), (), False
        elif days and self.vague and not self.joint:
            self.replaced, self.line.days = self.line.days, frozenset()  # 每天（周一至周五）: the days say which
            self.group = (frozenset(), self.group[1])
        elif self.half_day and self.line.days:
            raise Unclear("half a day of these days and other days: 周一下午、周三上午9:00-11:00")
        self.vague = vague and not self.line.days
        self.line.days |= days
        self.line.holidays |= holidays
        self.group = (self.group[0] | days, self.group[1] | holidays)

    def _read_filler(self, text: str) -> None:
        if text in PERIODS and self.opened_by is not None and self.opened_by.kind == "range" and self.last == "(":
            self._check_half_of_range(text)
        elif text in PERIODS:
            self.half_day = text
        if self.lessening and text in "),;。":
            self.lessening = False
            self._read_off(text)
        if self.excepting and text == ")":
            self._read_outside("除外")
        if text in _STOPS:
            if text != "(" or any(token.kind == "unknown" for token in self.clause):
                self._end_clause()
            self.group = (frozenset(), False)
            self.opened_by = self.before if text == "(" else None if text == ")" else self.opened_by
        if text == ")" and self.season is not None and self.line.seasons:
            self.season = None

    def _check_half_of_range(self, period: str) -> None:
        """Refuse a half day behind its time (``2:00-5:30（下午）``) unless the clock says it too."""
        start, end = self.line.ranges[-1] if self.line.ranges else (0, 0)
        low, high = half_of_day(period)
        if not (low <= start and end <= high):
            raise Unclear(period)

    def _read_days(self, text: str) -> None:
        self._add_days(read_days(text))

    def _read_plain_days(self, _text: str) -> None:
        self._add_days(WORKDAYS, vague=True)

    def _read_workdays(self, _text: str) -> None:
        self.holidays_off = True
        line = self.line
        if line.days and not (line.ranges or line.seasons or line.state or self.joint or self.vague):
            return  # 周二至周六（工作日）: the days are told
        self._add_days(WORKDAYS, vague=True)

    def _read_weekend(self, _text: str) -> None:
        self._add_days(frozenset({5, 6}))

    def _read_daily(self, text: str) -> None:
        every_day = text.startswith(("全年无休", "365天"))
        if every_day and self.line.ranges and self.line.days == ALL_DAYS:
            self.line.holidays = True
        elif not self.line.days or self.line.ranges:
            self._add_days(ALL_DAYS, holidays=every_day, vague=not every_day)

    def _read_holidays(self, _text: str) -> None:
        self._add_days(frozenset(), holidays=True)

    def _read_by_rule(self, text: str) -> None:
        """Take 按国家规定放假 as a statement about holidays only."""
        if not self.group[1] or self.group[0]:
            raise Unclear(text)
        self._read_off(text)

    def _read_notice(self, text: str) -> None:
        self.notes.append(text)
        if self.line.days or self.line.holidays:
            if self.line.ranges or self.line.seasons or self.line.state:
                return
            if self.line.days:
                raise Unclear(text)
            self.line.holidays = False  # 节假日另行通知: the notice says, not the text

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
        if self.half_day or any(token.kind == "unknown" for token in self.clause):
            return  # the end of the clause decides
        if self.before is not None and self.before.kind == "range" and line.ranges:
            *kept, (start, end) = line.ranges
            line.ranges = tuple(kept)
            self._take_break(start, end)
            return
        if line.ranges or line.seasons or not (line.days or line.holidays):
            raise Unclear(text)
        days, holidays = self.group
        if not (days or holidays):
            raise Unclear(text)
        line.holidays &= not holidays
        if holidays and text == "除外" and self.shut and not self.shut & {5, 6}:
            if days:
                raise Unclear(text)
            self.notes.append(f"节假日{text}")  # 周一闭馆（法定节假日除外）: the exception may be from being shut
        else:
            self.holidays_off |= holidays
        self.excluded |= days
        self.shut = days
        line.days -= days
        if not line.days and days < self.replaced and text == "除外":
            line.days, self.replaced = self.replaced - days, frozenset()
        if not line.days:
            self.lines.pop()
            self.lines = self.lines or [Line()]

    def _read_on(self, text: str) -> None:
        line = self.line
        if line.ranges or line.seasons or not (line.days or line.holidays):
            if self.before is not None and self.before.kind in ("range", "days", "workdays"):
                return
            raise Unclear(text)
        every_day = [each for each in self.lines if each.days == ALL_DAYS and each.ranges and not each.state]
        if not line.days and every_day and self.before is not None and self.before.kind == "holidays":
            line.holidays, every_day[-1].holidays = False, True  # 周一至周日…，节假日不休
            return
        line.state, line.comment, self.too = "unknown", text, True

    def _read_midday(self, text: str) -> None:
        """Accept 午休 without its times only where the times leave a gap for it."""
        if self.before is not None and self.before.kind == "range":
            self._read_off(text)
        elif len(self.line.ranges) < 2:
            raise Unclear(text)

    def _take_break(self, start: int, end: int) -> None:
        """Take a break from the times: of this line where it stands in their brackets, else of all lines with it."""
        line = self.line
        line.ranges = without(line.ranges, start, end)
        self.loose = line.ranges
        if self.opened_by is None:
            for other in self.lines[:-1]:
                if any(a < start and end < b for a, b in other.ranges):
                    other.ranges = without(other.ranges, start, end)

    def _read_lunch(self, text: str) -> None:
        span, line = read_range(text), self.line
        if span is None or not line.ranges:
            raise Unclear(text)
        self._take_break(*span)

    def _read_extended(self, text: str) -> None:
        line = self.line
        if (line.days or line.holidays) and not (line.ranges or line.seasons or line.state):
            line.state, line.comment = "unknown", text.strip(":")
        else:
            self.extended = True

    def _read_appointment(self, text: str) -> None:
        line = self.line
        if not (line.days or line.holidays):
            raise Unclear(text)
        if self.half_day and line.ranges and not line.state:  # 9:00-12:00，下午预约
            self.lines.append(Line(line.days, ranges=(half_of_day(self.half_day),)))
            self.half_day = ""
        self.line.state, self.line.comment = "unknown", text

    def _read_last_ticket(self, text: str) -> None:
        self.ticket = text

    def _read_self_service(self, text: str) -> None:
        self.self_service = text

    def _read_all_day(self, text: str) -> None:
        line = self.line  # 周一至周五全天 may mean the whole working day
        if line.days != ALL_DAYS or line.ranges or line.seasons or line.state:
            raise Unclear(text)
        line.ranges = ((0, 1440),)

    def _read_always(self, text: str) -> None:
        line = self.line
        if (line.days or line.holidays) and not (line.ranges or line.seasons or line.state):
            line.ranges = ((0, 1440),)
            return
        if line.days or line.ranges or len(self.lines) > 1:
            self.notes.append(text)
            return
        line.days, line.holidays, line.ranges = ALL_DAYS, True, ((0, 1440),)
        self.lines.append(Line())

    def _read_season(self, text: str) -> None:
        self.season, self.season_is_new = read_dates(text) or text.strip("():"), True

    def _read_dates(self, text: str) -> None:
        dates = read_dates(text)
        if dates is None:
            raise Unclear(text)
        self.season, self.season_is_new = dates, True

    def _read_month_days(self, text: str) -> None:
        dates = read_month_days(text)
        if dates is None or any(line.ranges or line.seasons for line in self.lines):
            raise Unclear(text)
        self.season, self.season_is_new = dates, True

    def _read_range(self, text: str) -> None:
        span = read_range(text)
        if span is None:
            raise Unclear(text)
        if self.extended:
            self.notes.append(f"延时服务{text}")
            return
        self.season_is_new, self.half_day = False, ""
        if self.season is None:
            self.line.ranges = (*self.line.ranges, span)
            self.loose = (*self.loose, span)
        else:
            before = self.line.seasons.get(self.season, ())
            self.line.seasons[self.season] = (*before, span)

    def _place_self_service(self) -> None:
        """Return what is said of a self-service area; the office's hours only where nothing else is known."""
        if not self.self_service:
            return
        if any(line.ranges or line.seasons or line.days for line in self.lines):
            self.notes.append(self.self_service)
            return
        self.lines = [Line(ALL_DAYS, True, ((0, 1440),), {}, "open", self.self_service)]
