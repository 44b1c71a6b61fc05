"""A slow evaluator, written apart from the program: rules as data, one minute at a time, the test's own calendar.

It shares nothing with ``locator.hours``: no parser (a strategy makes rules and their text together), no
opening-hours-py, no chinesecalendar, no intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from hours_oracle import kind_of

NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class SlowRule:
    """One rule; ``weekdays`` None is every day unless the rule is for holidays only."""

    join: str = ";"
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    dates: tuple[date, date] | None = None
    weekdays: frozenset[int] | None = None
    holidays: bool = False
    times: tuple[tuple[int, int], ...] | None = None
    state: str = "open"
    comment: str | None = None

    def text(self) -> str:
        """Write the rule as an expression has it."""
        parts = []
        if self.dates:
            first, last = ((d.year, MONTHS[d.month - 1], d.day) for d in self.dates)
            parts.append("{} {} {:02d}-{} {} {:02d}".format(*first, *last))
        if self.season:
            parts.append("-".join(f"{MONTHS[m - 1]} {d:02d}" for m, d in self.season))
        days = [NAMES[d] for d in sorted(self.weekdays or ())] + (["PH"] if self.holidays else [])
        if days:
            parts.append(",".join(days))
        if self.times is not None:
            parts.append(",".join(f"{clock(a)}-{clock(b if b <= 1440 else b - 1440)}" for a, b in self.times))
        said = {"open": "", "closed": "off", "unknown": "unknown", "bare": ""}[self.state]
        if self.state == "open" and self.comment:
            said = "open"
        comment = f'"{self.comment}"' if self.comment else ""
        return " ".join(filter(None, [*parts, said, comment])) or "24/7"

    @property
    def said(self) -> str:
        """The state; a bare comment is unknown."""
        return "unknown" if self.state == "bare" else self.state

    @property
    def always(self) -> bool:
        return not (self.season or self.dates or self.weekdays or self.holidays or self.times)

    def dated(self, day: date) -> bool:
        """Whether the dates hold."""
        if self.dates and not self.dates[0] <= day <= self.dates[1]:
            return False
        if self.season:
            first, last = self.season
            here = (day.month, day.day)
            return first <= here <= last if first <= last else here >= first or here <= last
        return True

    def on(self, day: date, weekday: int, off: bool) -> bool:
        """Whether the rule holds on a day of a weekday that is off or not."""
        if not self.dated(day):
            return False
        if self.holidays and off:
            return True
        if self.weekdays is not None:
            return weekday in self.weekdays
        return not self.holidays


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def write(rules: list[SlowRule]) -> str:
    """Return the expression."""
    text = rules[0].text()
    for rule in rules[1:]:
        text += {";": "; ", ",": ", ", "||": " || "}[rule.join] + rule.text()
    return text


def _run(rules: list[SlowRule], minute: int) -> str | None:
    """Act rule after rule on one minute (from 1440 on: after midnight)."""
    result: str | None = None
    for rule in rules:
        hit = any(a <= minute < b for a, b in (rule.times if rule.times is not None else ((0, 1440),)))
        if rule.join == "||":
            if hit and result not in ("open", "unknown"):
                result = rule.said
        elif rule.said == "closed":
            if rule.times is None:
                result = None
            elif hit:
                result = "closed"
        elif rule.join == ";":
            result = rule.said if hit else None
        elif hit:
            result = rule.said
    return result


def _behind(rules: list[SlowRule], moved) -> list[SlowRule]:
    """Put each moved rule behind the last opening rule of its group that is not moved; groups end at ``||``."""
    result, group = [], []
    for rule in [*rules, None]:
        if rule is not None and rule.join != "||":
            group.append(rule)
            continue
        opening = [i for i, r in enumerate(group) if not moved(r) and r.said != "closed"]
        cut = opening[-1] + 1 if opening else 0
        head = group[:cut]
        result += [r for r in head if not moved(r)] + [r for r in head if moved(r)] + group[cut:]
        result += [rule] if rule is not None else []
        group = []
    return result


def _own(rules: list[SlowRule], day: date, minute: int) -> str | None:
    """Return what the day that begins at ``day`` says of a minute, or None when it says nothing."""
    kind = kind_of(day)
    if kind == "off":
        on = [r for r in rules if r.on(day, day.weekday(), True)]
        on = _behind(on, lambda r: r.holidays and r.weekdays is None)
        if not any(r.always or r.holidays or r.dates for r in on if r.join != "||"):
            return "unknown" if minute < 1440 else None
        first = _run(on, minute)
        second = _run(_behind(on, lambda r: r.holidays), minute)
        return first if (first or "closed") == (second or "closed") else "unknown"
    plain = [r for r in rules if r.on(day, day.weekday(), False)]
    alone = len(rules) == 1 and rules[0].always
    if kind == "work" and not alone and not any(r.dates and r.join != "||" for r in plain):
        weeks = [[r for r in rules if r.on(day, weekday, False)] for weekday in range(5)]
        span = range(2880)
        tables = [[_run(week, m) for m in span] for week in weeks] if len({tuple(w) for w in weeks}) > 1 else None
        if tables and any([_comment(week, m) for m in span] != [_comment(weeks[0], m) for m in span] for week in weeks):
            states = {_run(week, minute) or "closed" for week in weeks}
            return None if states == {"closed"} else "unknown"
        return _run(weeks[0], minute)
    return _run(plain, minute)


def _comment(rules: list[SlowRule], minute: int) -> tuple[str, str | None]:
    """Return state and comment of a minute: weekdays are alike only when both are."""
    last: tuple[str, str | None] = ("closed", None)
    for rule in rules:
        before = _run([*rules[: rules.index(rule)]], minute)
        after = _run(rules[: rules.index(rule) + 1], minute)
        hit = any(a <= minute < b for a, b in (rule.times if rule.times is not None else ((0, 1440),)))
        filled = rule.join == "||" and before in ("open", "unknown")
        if hit and not filled and after is not None:
            last = (after, rule.comment)
        elif after is None:
            last = ("closed", None)
    return last


def state_at(rules: list[SlowRule], day: date, minute: int) -> str:
    """Return open, closed or unknown at a minute of a day."""
    own = _own(rules, day, minute)
    if own is None:
        own = _own(rules, day - timedelta(days=1), minute + 1440)
    return own or "closed"
