"""What was read of a text, written as rules of the opening-hours language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise, takewhile

from locator.hours.reader_tokens import (
    PERIODS,
    Line,
    Ranges,
    Token,
    Unclear,
    cover_year,
    half_of_day,
    merge_lines,
    read_days,
    trailing_seasons,
)

ALL_DAYS = frozenset(range(7))
WORKDAYS = frozenset(range(5))
STOPS = (",", ";", "。", "(", ")")
_HALVED = {"days", "weekend", "monthly", "filler", "off", "last_ticket", "phone", "quota", "perhaps", "noon", "makeup"}
NAMED = frozenset({"days", "weekend", "holidays", "workdays", "daily", "plain_days", "monthly", "off_days"})


def refuse_vague(lines: list[Line]) -> None:
    """Raise :class:`Unclear` when the lines do not say on which days and at which times of the whole year.

    Raises
    ------
    Unclear
        The lines do not say it.
    """
    if not any(line.timed or line.state for line in lines):
        raise Unclear("no times")
    if not all(line.days or line.holidays for line in lines):
        raise Unclear("no days left")
    if all(line.nth for line in lines):
        raise Unclear("nothing said of the other weeks")
    seasons = {name for line in lines for name in line.seasons if not line.ranges and name[0].isascii()}
    monthly = all(len(season.split(",")) == 12 for season in seasons)  # 每月1日至25日 says which days
    if seasons and not monthly and not cover_year(seasons):
        raise Unclear("nothing said of the rest of the year")
    if all(line.state == "unknown" and not line.ranges and "预约" not in line.comment for line in lines):
        raise Unclear("no times")


def days_before_times(lines: list[Line]) -> list[Line]:
    """Return lines with their days, where a text writes each time before its days (``9:00-17:00（周一至周五）``).

    Such a text begins with times of no day and ends with days of no time. Times of no day before a
    weekend's own are the workdays'.
    """
    apart = [line for line in lines if line.state]
    told = [line for line in lines if not line.state and (line.days or line.holidays or line.timed)]
    if len(told) < 2 or told[0].days or told[0].holidays:
        return lines
    if not told[1].timed and all(line.days and line.timed for line in told[2:]):
        return [_of_days(told[0], told[1]), *told[2:], *apart]
    if told[-1].timed:
        weekend = told[1].days == frozenset({5, 6}) and told[1].ranges
        return [replace(told[0], days=WORKDAYS), *told[1:], *apart] if weekend else lines
    if not all(line.days and line.timed for line in told[1:-1]):
        return lines
    return [_of_days(line, after) for line, after in pairwise(told)] + apart


def _of_days(line: Line, after: Line) -> Line:
    return replace(line, days=after.days, holidays=after.holidays, nth=after.nth)


def check_days(lines: list[Line], excluded: frozenset[int], *, too: bool) -> None:
    """Refuse what speaks of some days or halves only, which says nothing of the others.

    Raises
    ------
    Unclear
        It does.
    """
    halves = {(half_of_day("上午"),), (half_of_day("下午"),)}
    for line in lines:
        halved = line.ranges in halves and (line.state == "off" or (line.state and line.days & WORKDAYS))
        alone = halved and line.comment[-1:] not in "午早晚间"
        if alone and not any(not o.state and (o.days & line.days or (o.timed and not o.days)) for o in lines):
            line.state, line.ranges = "unknown", ()  # 周一上午学习，周二至周五9:00-17:00: nothing said of the afternoon
    told = any(not line.state and line.timed for line in lines)
    if not told and any(line.state and line.ranges in halves for line in lines):
        raise Unclear("half a day of which nothing is read says nothing of the other days and halves")
    named = frozenset[int]().union(*(line.days for line in lines))
    undated = any(line.timed and not (line.days or line.holidays) for line in lines)
    if not undated and not named & WORKDAYS and (not named or too or frozenset() < excluded & WORKDAYS < WORKDAYS):
        raise Unclear("only holidays, a weekend that is open too, one workday said to be shut: not all others are")


def settle_lines(lines: list[Line], excluded: frozenset[int]) -> list[Line]:
    """Give lines without days those named before, drop empty ones, take away the excluded days.

    Raises
    ------
    Unclear
        Days are without times, or times without days.
    """
    result, days, holidays, waiting, taken = list[Line](), frozenset[int](), False, False, False
    for line in days_before_times(lines):
        told = bool(line.timed or line.state)
        if line.days or (line.holidays and not line.taken):
            if waiting:
                raise Unclear("days without times")
            days, holidays, waiting, taken = line.days, line.holidays, not told, line.taken
        elif told and not line.taken:
            if taken:
                raise Unclear("times after days of which something else is said")
            if not days and not holidays and excluded:
                days = WORKDAYS if {5, 6} <= excluded else ALL_DAYS
            if not (days or holidays):
                raise Unclear("no days")
            waiting = False
            line = replace(line, days=days, holidays=holidays)  # noqa: PLW2901
            if result and result[-1].days == days and not (result[-1].state or result[-1].nth):
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


def open_on_holidays(lines: list[Line], said: str) -> list[Line]:
    """Return the lines of an office that never shuts (全年无休): open on holidays, at the times of all days.

    Raises
    ------
    Unclear
        It does shut on some days of the week.
    """
    timed = [line for line in lines if line.timed and not (line.state or line.nth)]
    if frozenset[int]().union(*(line.days for line in timed)) != ALL_DAYS:
        raise Unclear("never shut, but not all days have times")
    if any(line.holidays for line in lines):
        return lines
    if len(timed) == 1:
        return [replace(line, holidays=True) if line is timed[0] else line for line in lines]
    return [*lines, Line(holidays=True, state="unknown", comment=said)]


@dataclass
class ClauseReader:
    """Keeps the lines of days and times that are read, and settles each clause of a text."""

    tokens: Sequence[Token]
    lines: list[Line] = field(default_factory=lambda: [Line()])
    notes: list[str] = field(default_factory=list)
    clause: list[Token] = field(default_factory=list)
    excluded: frozenset[int] = frozenset()
    holidays_off: bool = False
    by_workdays: bool = False
    """Whether 工作日 was said."""
    season: str | None = None
    season_is_new: bool = False
    loose: Ranges = ()
    """Times since the last season that follows its times."""
    half_day: str = ""
    afternoon: bool = False
    """Whether the last times were said to be in the afternoon."""
    halved: bool = False
    """Whether any times were said to be in half a day."""
    shifted: bool = False
    """Whether days move behind a holiday (遇节假日顺延)."""
    excepting: bool = False
    lessening: bool = False
    extended: bool = False
    too: bool = False
    """Whether days are said to be open too (周末无休), which means that the others are."""
    tickets: list[str] = field(default_factory=list)
    after_break: bool = False
    """Whether nothing but a season stands between here and a break of the same sentence."""
    breaks: list[tuple[int, int]] = field(default_factory=list)
    """Breaks told before the times."""
    self_service: str = ""
    tireless: str = ""
    """全年无休, where it was said."""
    label: str = ""
    """How the office serves on the days that follow (延时服务：周六9:00-12:00)."""
    extending: str = ""
    """What was said before a colon of the times that follow (延时服务：12:00-13:00，17:00-18:00)."""
    no_break: str = ""
    """What was said of noon before the times."""
    at: int = 0
    """The place of the token that is being read."""
    before: Token | None = None
    opened_by: Token | None = None
    """What stood before the bracket that is open."""
    replaced: frozenset[int] = frozenset()
    """The vague days that exact ones stood in for: 工作日（周三除外） takes Wednesday from them."""
    neighbours: frozenset[int] = frozenset()
    """Days named one after the other with nothing between."""
    rest: frozenset[int] = frozenset()
    """The days that 其他 stood for."""
    shut_before: frozenset[int] | None = None
    """The days said to be shut before the first season."""
    shut: frozenset[int] = frozenset()
    """The days last said to be shut."""
    last: str = ""
    """The text of the last token."""
    joint: bool = False
    """Whether 、 or 和 stands between the last word and this one."""
    vague: bool = False
    """Whether the days of this line are such as 每天 or 工作日, which days beside them make exact."""
    fence: frozenset[int] | None = None
    """The days before an exception or a stop: other days that follow do not share their times."""
    group: tuple[frozenset[int], bool] = (frozenset(), False)
    """The days named last that ``、`` or ``及`` joins: what a following ``除外`` speaks of."""
    sentence: int = 0
    """The number of lines before this sentence."""
    earlier: frozenset[int] = frozenset()
    """The days of this line before those named last."""
    deferred: bool = False
    """Whether an off is said of half a day, which the end of the clause settles."""
    beyond: bool = False
    """Whether days are named behind the fence."""
    unjoined: bool = False
    """Whether nothing joins the last of them to those before it."""

    @cached_property
    def trailing(self) -> frozenset[int]:
        """The places of seasons that stand behind their times."""
        return trailing_seasons(self.tokens)

    @property
    def line(self) -> Line:
        """The rule that is being read."""
        return self.lines[-1]

    def _end_clause(self) -> None:
        """Settle a clause of which no times are said: only words, or half a day.

        Days of which a sentence says what nobody here can read are unknown on that sentence; other words
        nobody can read end the reading.
        """
        (clause, self.clause), (deferred, self.deferred) = (self.clause, []), (self.deferred, False)
        half, self.half_day, self.extended = self.half_day, "", False
        said = "".join(token.text for token in clause).strip(" :")
        unread = any(token.kind == "unknown" for token in clause)
        kinds = {token.kind for token in clause}
        named = kinds & NAMED
        at = [n for n, token in enumerate(clause) if token.kind in NAMED]
        if at and any(token.kind == "unknown" for token in clause[at[0] : at[-1]]):
            raise Unclear(said)  # two days with a word between that nobody here knows: perhaps all between them
        line = self.line
        lone_half = bool(half) and bool(named) and kinds <= _HALVED and not line.ranges
        if half and "off" in kinds and not named and not unread:
            self._check_half_is_free(half)
        if half and clause[-1].text == half and any(token.kind == "range" for token in clause[-2:]):
            self._check_half_of_range(half)
        if not unread and not lone_half:
            if deferred and named:
                raise Unclear(said)
            return
        if self.season is not None and self.season_is_new:
            raise Unclear(said)
        if unread and any(token.text == "除外" for token in clause):
            raise Unclear(said)  # except for what nobody here knows
        if not named or kinds & {"range", "season", "dates", "except", "less"} or line.timed:
            raise Unclear(said)
        if not (line.days or line.holidays) or (line.state and line.comment != said):
            raise Unclear(said)
        self._own_line()
        line = self.line
        self.shifted |= "顺延" in said
        line.state, line.comment = "off" if lone_half and "off" in kinds else "unknown", said.replace('"', "")
        line.taken = True
        only = any(word + half in said for word in ("只", "仅", "限", "在"))  # 周二只上午办理: of the other half too
        if half and not only and not (lone_half and not unread and self._has_times(line.days)):
            line.ranges = (half_of_day(half),)  # 周一至周六8:30-17:00（周六上午）: of the other half nothing is known
        self.lines.append(Line())
        self.fence = None

    def _doubt(self, span: tuple[int, int], said: str) -> None:
        """Make a time of the days of this line unknown on these words."""
        self.lines.insert(-1, Line(self.line.days, ranges=(span,), state="unknown", comment=said, taken=True))

    def _ends_times(self) -> bool:
        """Whether a word stands right behind times, with no others behind it (周六9:00-12:00延时服务)."""
        around = self.before is not None and self.before.kind == "range" and self.last in ("(", " ", self.before.text)
        after = takewhile(lambda token: token.text not in STOPS, self.tokens[self.at + 1 :])
        return around and bool(self.line.ranges) and not self.line.state and all(t.kind == "filler" for t in after)

    def _has_times(self, days: frozenset[int]) -> bool:
        return self.line.state != "off" and any(line.days & days and line.ranges for line in self.lines[:-1])

    def _check_halves_of_days(self, text: str) -> None:
        """Refuse half a day behind a run of days and another one (周一至周五及周六上午8:30-12:00): perhaps of the last.

        Where the other half's times follow, both halves are those of all days.
        """
        named = [token for token in self.clause if token.kind in NAMED]
        wide = [token.kind in ("workdays", "plain_days", "daily") or len(read_days(token.text)) > 2 for token in named]
        if len(named) < 2 or not any(wide[:-1]) or wide[-1] or self.line.ranges or self.line.seasons:
            return
        after = takewhile(lambda token: token.kind not in NAMED, self.tokens[self.at + 1 :])
        halves = [half_of_day(token.text[:2]) for token in after if token.kind == "range" and token.text[:2] in PERIODS]
        if half_of_day(text[:2]) in halves or not halves:
            raise Unclear(text)

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
        if self.deferred:
            self._end_clause()  # 周五下午不办公 每天9:00-17:00
        if self.line.ranges or self.line.seasons or self.line.state:
            self._end_clause()
            self.lines.append(Line())
            self.season = self.season if self.season_is_new else None
            self.fence, self.beyond, self.replaced = None, False, frozenset()
            self.group, self.loose, self.vague = (frozenset(), False), (), False
        elif self._times_first() and not (self.joint or self.opened_by) and (self.vague or len(self.line.days) > 2):
            self.lines.append(Line())  # 9:00-17:00，周一至周五，周六9:00-12:00
            self.group, self.fence, self.beyond, self.vague = (frozenset(), False), None, False, False
        elif days and self.vague and not (self.joint or any(self.group) or self.opened_by or days == self.line.days):
            self.fence, self.beyond = self.line.days, True  # 工作日，周三休息; but 平日，周日9:00-12:00
        elif days and self.vague and not self.joint:
            self.replaced, self.line.days = self.line.days, frozenset()  # 每天（周一至周五）: the days say which
            self.group = (frozenset(), self.group[1])
        elif days and self.line.nth:
            raise Unclear("each of these days, or the weekend of the first one: 每月第一个周六、周日")
        elif self.half_day and self.line.days:
            raise Unclear("half a day of these days and other days: 周一下午、周三上午9:00-11:00")
        else:
            self.beyond = bool(days) and self.fence is not None and not self.joint
        if days & self.rest:
            raise Unclear("days that were among the others: 其他时间13:30-17:00，周六9:00-12:00")
        if self.lessening and not self.joint and any(self.group):
            raise Unclear("不含节假日周日预约")
        self.vague = vague and not self.line.days
        self.earlier = self.earlier if any(self.group) else self.line.days
        self.line.days |= days
        self.line.holidays |= holidays
        if not self.joint and len(self.group[0]) > 2:
            self.fence, self.beyond = self.group[0], bool(days)  # 周一至周五 周六9:00-12:00 may be about Saturday alone
            self.earlier = self.line.days - days
            self.group = (frozenset(), False)  # 周一至周五 节假日休息: what is said next is said of the holidays
        self.unjoined = not self.joint and (bool(self.group[0] or self.group[1]) or self.fence is not None)
        self.group = (self.group[0] | days, self.group[1] | holidays)

    def _times_first(self) -> bool:
        """Whether these are days without times behind times without days, which are theirs."""
        line, before = self.line, self.lines[-2] if len(self.lines) > 1 else self.line
        told = line.timed or line.state or before.days or before.holidays
        return bool(line.days and before.timed and not told)

    def _own_line(self) -> None:
        """Part the days named last from those before them that have no times yet (9:00-17:00，周一至周五；周六预约)."""
        line, (days, holidays) = self.line, self.group
        if not (days or holidays) or not self.earlier - days or line.timed or line.state:
            return
        if len(self.earlier) > 2 or self._times_first():
            line.days, line.holidays = self.earlier, line.holidays and not holidays
            self.lines.append(Line(days, holidays))

    def _fence_days(self, stop: str) -> None:
        line = self.line
        if not line.days or line.timed:
            return
        before = self.before or Token("", "")
        wide = before.kind == "workdays" or (before.kind == "days" and len(read_days(before.text)) > 2)
        if stop in ";。" or (stop in ",()" and wide):
            self.fence = line.days  # 周一至周五，周六9:00-12:00 may be about Saturday alone

    def _check_half_of_range(self, period: str) -> None:
        """Refuse a half day behind its time (``2:00-5:30（下午）``) unless the clock says it too."""
        start, end = self.line.ranges[-1] if self.line.ranges else (0, 0)
        low, high = half_of_day(period)
        if not (low <= start and end <= high):
            raise Unclear(period)
