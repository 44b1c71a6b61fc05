"""The words of a text on opening hours, read from left to right into lines of days and times."""

from __future__ import annotations

from locator.hours.reader_rules import (
    ALL_DAYS,
    NAMED,
    STOPS,
    WORKDAYS,
    ClauseReader,
)
from locator.hours.reader_tokens import (
    PERIODS,
    Line,
    Token,
    Unclear,
    half_of_day,
    name_season,
    noon_gap,
    read_days,
    read_month_days,
    read_monthly,
    read_range,
    without,
)

NOTED = frozenset({"phone", "perhaps", "quota"})
"""Kinds of words that are kept beside the expression."""
FIXED_DAYS = {
    "plain_days": (WORKDAYS, False),
    "weekend": (ALL_DAYS - WORKDAYS, False),
    "off_days": (ALL_DAYS - WORKDAYS, True),
    "holidays": (frozenset[int](), True),
}
"""Words for days that are always the same, and whether they name holidays."""
SILENT = frozenset({"makeup", "unknown"})
"""Kinds of words that change nothing: make-up days (the calendar's), and what the end of a clause decides about."""
_JOINTS = ("、", "及", "和", "与", "以及", "或", "含", "包括", "包含")
_LIMITS = ("extended", "appointment", "limited")


class HoursReader(ClauseReader):
    """Reads tokens from left to right; a day group after times begins the next rule."""

    def read(self) -> list[Line]:
        """Return the lines as they stand in the text; notes and whether holidays are off stand beside them.

        Raises
        ------
        Unclear
            A word stays over, or days or times are missing.
        """
        for n, token in enumerate(self.tokens):
            self.at = n
            if token.kind in ("season", "dates") and n in self.trailing:
                self._end_times_of(name_season(token.text))
            elif token.kind in _LIMITS and self._is_label(n):
                self.label = token.text.strip(": ")
            else:
                self._read_token(token)
            if token.kind != "filler":
                self.before, self.joint = token, False
            elif token.text.strip():
                self.joint = token.text in _JOINTS
            if token.text not in STOPS:
                self.clause.append(token)
            self.last = token.text
        if self.lessening or self.excepting:
            self._read_filler(")")
        self._end_clause()
        for start, end in self.breaks:  # told before the times
            self._take_break(start, end)
        return self.lines

    def _is_label(self, n: int) -> bool:
        """Whether a word about how an office serves stands before its days (延时服务：周六9:00-12:00)."""
        rest = (token.kind for token in self.tokens[n + 1 :] if token.kind != "filler" or token.text in STOPS)
        return next(rest, "") in NAMED and not any(token.kind in {*NAMED, "range"} for token in self.clause)

    def _take_break(self, start: int, end: int) -> None:
        """Take a break from the times: of this line in brackets behind it, else of all; other sentences differ."""
        inside = [line for line in self.lines if any(a < start and end < b for a, b in line.ranges)]
        told = [token for token in self.tokens[: self.at] if token.text != " "]
        opened = max((n for n, token in enumerate(told) if token.text == "("), default=0)
        if (self.opened_by is not None and told[opened - 1].kind == "range") or not inside:
            inside = [self.line]
        elsewhere = self.lines[: self.sentence] if len(self.lines) > self.sentence and self.line in inside else []
        for line in (line for line in inside if line in elsewhere):
            self.lines.insert(-1, Line(line.days, False, ((start, end),), state="unknown", comment="午休", taken=True))
        for line in (line for line in inside if line not in elsewhere):
            line.ranges = without(line.ranges, start, end)
        self.loose, self.after_break = self.line.ranges, True

    def _read_token(self, token: Token) -> None:
        called = self.before.text if self.before and self.before.kind in ("holidays", "weekend") else ""
        if token.kind == "phone" and called and called == self.last:
            self._read_appointment(token.text)  # 节假日预约电话…: the days are the telephone's
        elif token.kind in NOTED:
            self.notes.append(token.text)
        elif token.kind in FIXED_DAYS:
            days, holidays = FIXED_DAYS[token.kind]
            self._add_days(days, holidays=holidays, vague=token.kind == "plain_days")
        elif token.kind not in SILENT:
            getattr(self, f"_read_{token.kind}")(token.text)

    def _read_filler(self, text: str) -> None:
        if text in PERIODS and self.opened_by is not None and self.opened_by.kind == "range" and self.last == "(":
            self._check_half_of_range(text)
        elif text in PERIODS:
            if self.half_day and half_of_day(self.half_day) != half_of_day(text):
                raise Unclear(text)  # 周三上午学习、下午办公
            self.half_day = text
        if self.lessening and text in "),;。":
            self.lessening = False
            if any(token.kind == "unknown" for token in self.clause):
                raise Unclear(text)  # 不包括节假日和调休日
            self._read_off(text)
        if self.excepting and text == ")":
            self._read_outside("除外")
        if text in ("。", ";", ")"):
            self.label, self.after_break, self.extending = "", False, ""
            self.sentence = len(self.lines) if text != ")" else self.sentence
        if text in STOPS:
            self._fence_days(text)
            if text != "(" or self.deferred or any(token.kind == "unknown" for token in self.clause):
                self._end_clause()
            self.group = (frozenset(), False)
            self.opened_by = self.before if text == "(" else None if text == ")" else self.opened_by
        if text == ")" and not self.season_is_new and self.line.seasons:
            self.season = None

    def _read_days(self, text: str) -> None:
        days, apart = read_days(text), self.joint or self.before is None or self.before.kind != "days"
        self.neighbours = frozenset() if apart or len(days) > 1 else (self.neighbours or self.group[0]) | days
        self._add_days(days)

    def _read_workdays(self, _text: str) -> None:
        self.holidays_off = self.by_workdays = True
        line, told = self.line, self.opened_by or any(self.group)
        if told and line.days and not (line.timed or line.state or self.joint or self.vague or self.deferred):
            return  # 周二至周六（工作日）: the days are told
        self._add_days(WORKDAYS, vague=True)

    def _read_monthly(self, text: str) -> None:
        day, nth = read_monthly(text)
        self._add_days(frozenset({day}))
        if self.line.days != {day}:
            raise Unclear(text)
        self.line.nth = nth

    def _read_with_holidays(self, text: str) -> None:
        line = self.line
        if not line.ranges:
            self.joint = True
            self._add_days(frozenset(), holidays=True)
        elif line.days == ALL_DAYS and not line.state:
            line.holidays = True
        else:
            raise Unclear(text)

    def _read_six_days(self, text: str) -> None:
        if len(self.line.days) != 6 or not self.line.ranges:
            raise Unclear(text)

    def _read_rest(self, text: str) -> None:
        """Read times of the days not named before (周六、周日9:00-16:00，其他时间9:00-17:00)."""
        named = self.excluded.union(*(line.days for line in self.lines))
        unsure = self.halved or self.by_workdays or any(x.state or x.nth or x.seasons for x in self.lines)
        unsure |= bool(self.line.days and not self.line.ranges)  # 周六其余9:00-12:00
        rest = ALL_DAYS - named
        unsure |= not self.excluded and bool(rest & WORKDAYS and rest - WORKDAYS)  # 周三9:00-12:00，其余: weekends too?
        if not named or not rest or unsure:
            raise Unclear(text)
        self._add_days(rest)
        self.rest = rest

    def _read_among(self, text: str) -> None:
        if self.line.days and not (self.line.ranges or self.line.seasons):
            raise Unclear(text)  # 周一至周日，其中周六9:00-12:00: nothing said of the others

    def _read_rest_off(self, text: str) -> None:
        if not any(line.timed for line in self.lines):
            raise Unclear(text)

    def _read_daily(self, text: str) -> None:
        line = self.line
        if "无休" in text:
            self.tireless = text
            if line.days and line.timed:
                return
        if self.deferred or not line.days or line.timed or line.state:
            self._add_days(ALL_DAYS, vague=True)

    def _read_by_rule(self, text: str) -> None:
        """Take 按国家规定放假 as a statement about holidays only."""
        if not self.group[1] or self.group[0]:
            raise Unclear(text)
        self._read_off(text)

    def _read_notice(self, text: str) -> None:
        self.notes.append(text)
        if not (self.line.timed or self.line.state):
            if self.line.days:
                raise Unclear(text)
            self.line.holidays = False  # 节假日另行通知: the notice says, not the text

    def _read_less(self, _text: str) -> None:
        self.lessening, self.group = True, (frozenset(), False)

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
        if self.season is not None and self.season_is_new:
            raise Unclear(text)  # 夏季周六休息: not all year
        if self.half_day or any(token.kind == "unknown" for token in self.clause):
            self.deferred = bool(self.half_day)
            return  # the end of the clause decides
        if self.before is not None and self.before.kind == "range" and line.ranges:
            line.ranges, (start, end) = line.ranges[:-1], line.ranges[-1]
            self._take_break(start, end)
            return
        if line.timed or not (line.days or line.holidays):
            raise Unclear(text)
        days, holidays = self.group
        if line.nth:
            line.state, line.taken, self.half_day = "off", True, ""
            return
        listed = self.before is not None and self.before.kind == "days" and self.before.text.count(",") > 1
        unsure = days >= WORKDAYS or (text == "除外" and self.unjoined and days & WORKDAYS)
        listed |= text == "除外" and self.after_break and bool(days & WORKDAYS)  # 午休12:00-13:00，周三除外: the break?
        if not (days or holidays) or listed or (holidays and unsure) or frozenset() < self.earlier <= days:
            raise Unclear(text)  # 周一，周三，周日休息; 周一至周五、节假日除外; 周一 节假日除外 may be Monday's hours
        if 0 < len(line.days - days) < 3 and not self.opened_by and (days or self.fence != line.days):
            raise Unclear(text)  # 周一，周二休息: perhaps both are shut
        line.holidays &= not holidays
        if holidays and text == "除外" and self.shut and not self.shut & {5, 6}:
            if days:
                raise Unclear(text)
            self.notes.append(f"节假日{text}")  # 周一闭馆（法定节假日除外）: the exception may be from being shut
        else:
            self.holidays_off |= holidays
        self.excluded, self.shut = self.excluded | days, days
        line.days -= days
        self.fence, self.beyond = line.days or None, False
        if not line.days and self.replaced:
            line.days, self.replaced = self.replaced - days, frozenset()  # 9:00-17:00，工作日，周三休息
        if not line.days:
            self.lines = self.lines[:-1] or [Line()]
            self.fence = self.line.days or None

    def _read_on(self, text: str) -> None:
        self._own_line()
        line = self.line
        if line.timed or not (line.days or line.holidays):
            if self.before is not None and self.before.kind in ("range", "days", "workdays"):
                return
            raise Unclear(text)
        every_day = [each for each in self.lines if each.days == ALL_DAYS and not each.state]
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

    def _read_lunch(self, text: str) -> None:
        span, line = read_range(text), self.line
        if span is None or (self.season is not None and self.season_is_new):
            raise Unclear(text)  # a break of one season
        if line.ranges:
            self._take_break(*span)
        else:
            self.breaks.append(span)

    def _read_on_duty(self, text: str) -> None:
        """Read somebody on duty at noon: not all business is done then."""
        span = read_range(text) if "-" in text or "至" in text or "到" in text else noon_gap(self.line.ranges)
        if span is None or not self.line.ranges or self.line.state:
            raise Unclear(text)
        self._doubt(span, text)

    def _read_noon(self, text: str) -> None:
        """Read that there is no break at noon: where the times have one, it is not known."""
        line, gap = self.line, noon_gap(self.line.ranges)
        if gap is not None and not line.state:
            self._doubt(gap, text)
        elif not line.timed:
            self.no_break = text

    def _read_extended(self, text: str) -> None:
        self._own_line()
        line, said = self.line, text.strip(":")
        if (line.days or line.holidays) and not (line.timed or line.state):
            line.state, line.comment, line.taken = "unknown", said, True
        elif self._ends_times():
            if len(line.ranges) > 1 and not line.days <= {5, 6}:  # 8:30-12:00，13:30-18:30延时服务
                line.ranges, span = line.ranges[:-1], line.ranges[-1]
                self._doubt(span, said)
            else:
                line.state, line.comment, line.taken = "unknown", said, True
        else:
            self.extended, self.extending = True, said if text.endswith(":") else ""

    def _read_appointment(self, text: str) -> None:
        self._own_line()
        line = self.line
        if not (line.days or line.holidays):
            raise Unclear(text)
        if self.half_day and line.ranges and not line.state:  # 9:00-12:00，下午预约
            self.lines.append(Line(line.days, ranges=(half_of_day(self.half_day),)))
            self.half_day = ""
        self.line.state, self.line.comment, self.line.taken = "unknown", text.replace('"', ""), True

    _read_limited = _read_appointment

    def _read_last_ticket(self, text: str) -> None:
        self.tickets.append(text)

    def _read_self_service(self, text: str) -> None:
        self.self_service = text

    def _read_all_day(self, text: str) -> None:
        line = self.line  # 周一至周五全天 may mean the whole working day
        if line.days != ALL_DAYS or line.timed or line.state:
            raise Unclear(text)
        line.ranges = ((0, 1440),)

    def _read_always(self, text: str) -> None:
        line = self.line
        if (line.days or line.holidays) and not (line.timed or line.state):
            line.ranges = ((0, 1440),)
            return
        if line.days or line.ranges or len(self.lines) > 1:
            self.notes.append(text)
            return
        line.days, line.holidays, line.ranges = ALL_DAYS, True, ((0, 1440),)
        self.lines.append(Line())

    def _read_season(self, text: str) -> None:
        if self.after_break or self.shut_before not in (None, self.excluded):
            raise Unclear(text)  # 午休12:00-13:00，夏季12:00-14:00; 冬季…周六休息；夏季…: shut in one season
        self.shut_before = self.excluded
        self.season, self.season_is_new = name_season(text), True

    _read_dates = _read_season

    def _read_month_days(self, text: str) -> None:
        dates = read_month_days(text)
        if dates is None or any(line.timed for line in self.lines):
            raise Unclear(text)
        self.season, self.season_is_new = dates, True

    def _read_range(self, text: str) -> None:
        if self.afternoon and text[0].isdigit() and int(text[0]) < 7 and text[1] in ":点时":
            text = f"下午{text}"  # 下午1:30-5:30（冬季），2:30-6:00（夏季）
        self.afternoon = text.startswith("下午")
        self.halved |= text.startswith(tuple(PERIODS))
        span = read_range(text)
        if span is None or (self.last == "除外" and any(line.ranges for line in self.lines)):
            raise Unclear(text)
        if self.extended:
            self.notes.append(f"延时服务{text}")
            return
        if self.extending and self.line.ranges:
            self._doubt(span, self.extending)  # 延时服务：12:00-13:00，17:00-18:00
            return
        if text.startswith(tuple(PERIODS)) and (span[0] >= 720 or span[1] <= 780):
            self._check_halves_of_days(text)
        beyond = self.beyond or (self.line.holidays and self.unjoined)
        if self.fence is not None and (beyond or self.line.days - self.fence):
            raise Unclear(text)
        if len(self.neighbours) == 2 and max(self.neighbours) - min(self.neighbours) > 3:
            raise Unclear("a dash may have been lost: 周一周五")
        self.season_is_new, self.half_day, self.after_break = False, "", False
        if self.label:
            self.line.state, self.line.comment, self.line.taken = "unknown", self.label.replace('"', ""), True
        if self.season is None:
            self.line.ranges = (*self.line.ranges, span)
            self.loose = (*self.loose, span)
        else:
            before = self.line.seasons.get(self.season, ())
            self.line.seasons[self.season] = (*before, span)
