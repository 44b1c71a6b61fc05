"""A slow evaluator, written apart from the program: rules as data, one minute at a time, the test's own calendar.

It shares nothing with ``locator.hours``: no parser (a strategy makes rules and their text together), no
opening-hours-py, no chinesecalendar, no intervals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        if self.state == "open" and (self.comment or self.times is None):
            said = "open"
        comment = f'"{self.comment}"' if self.comment else ""
        return " ".join(filter(None, [*parts, said, comment]))

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


def settle(rules: list[SlowRule]) -> list[SlowRule]:
    """Make rules such as an expression can say: nothing joins the first, and `,` needs days to begin a rule."""
    result = [replace(rules[0], join=";")]
    for rule in rules[1:]:
        told = rule.season or rule.dates or rule.weekdays or rule.holidays
        result.append(rule if told or rule.join != "," else replace(rule, join=";"))
    return result


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


class SlowDay:
    """What the day that begins at ``day`` says, to the minute 2880."""

    def __init__(self, rules: list[SlowRule], day: date) -> None:
        kind = kind_of(day)
        on = [r for r in rules if r.on(day, day.weekday(), kind == "off")]
        self.weeks, self.mode = [on], "plain"
        if kind == "off":
            on = _behind(on, lambda r: r.holidays and r.weekdays is None)
            said = any(r.always or r.holidays or r.dates for r in on if r.join != "||")
            self.weeks, self.mode = [on, _behind(on, lambda r: r.holidays)], "holiday" if said else "unsaid"
        always = len(rules) == 1 and rules[0].always
        if kind == "work" and not always and not any(r.dates and r.join != "||" for r in on):
            weeks = [[r for r in rules if r.on(day, weekday, False)] for weekday in range(5)]
            alike = all(_table(week) == _table(weeks[0]) for week in weeks if week != weeks[0])
            self.weeks, self.mode = (weeks[:1], "plain") if alike else (weeks, "makeup")

    def at(self, minute: int, *, fallback: bool) -> str | None:
        """Return what the day says of a minute, with or without what follows ``||``; None for nothing."""
        if self.mode == "unsaid":
            return "unknown" if minute < 1440 else None
        found = [_run([r for r in week if fallback or r.join != "||"], minute) for week in self.weeks]
        states = {state or "closed" for state in found}
        if self.mode == "makeup":
            return "unknown" if states != {"closed"} else None if None in found else "closed"
        if len(states) > 1:
            # Readings that differ may still agree once each has what follows its `||`.
            filled = {_run(week, minute) or "closed" for week in self.weeks}
            return filled.pop() if len(filled) == 1 else "unknown"
        return None if None in found else found[0]


def _table(rules: list[SlowRule]) -> list[tuple[str, str | None]]:
    return [_comment(rules, minute) for minute in range(0, 2880, 15)]


class SlowClock:
    """An expression, asked minute by minute."""

    def __init__(self, rules: list[SlowRule]) -> None:
        self.rules = rules
        self.days = dict[date, SlowDay]()

    def state(self, day: date, minute: int) -> str:
        """Return open, closed or unknown at a minute of a day: its own word first, else yesterday's night.

        What follows ``||`` is asked only where neither says open or unknown. After the last year of rules that all
        name their years, nobody knows.
        """
        told = [rule for rule in self.rules if rule.said != "closed"]
        if told and all(rule.dates for rule in told) and day.year > max(max(r.dates).year for r in told if r.dates):
            return "unknown"
        asked = ((day, minute), (day - timedelta(days=1), minute + 1440))
        for begun, _ in asked:
            if begun not in self.days:
                self.days[begun] = SlowDay(self.rules, begun)
        words = [self.days[begun].at(since, fallback=False) for begun, since in asked]
        main = next((word for word in words if word is not None), "closed")
        if main != "closed":
            return main
        last = [
            self.days[begun].at(since, fallback=True)
            for (begun, since), word in zip(asked, words, strict=True)
            if word in (None, "closed")
        ]
        return next((word for word in last if word in ("open", "unknown")), "closed")


def _comment(rules: list[SlowRule], minute: int) -> tuple[str, str | None]:
    """Return state and comment of a minute: weekdays are alike only when both are."""
    last: tuple[str, str | None] = ("closed", None)
    for n, rule in enumerate(rules):
        before, after = _run(rules[:n], minute), _run(rules[: n + 1], minute)
        hit = any(a <= minute < b for a, b in (rule.times if rule.times is not None else ((0, 1440),)))
        filled = rule.join == "||" and before in ("open", "unknown")
        if after is None:
            last = ("closed", None)
        elif hit and not filled:
            last = (after, rule.comment)
    return last
