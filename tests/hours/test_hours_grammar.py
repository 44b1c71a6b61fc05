"""Every feature of the opening_hours grammar is evaluated over a whole year, or refused with a reason."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours

from locator.errors import InvalidInput
from locator.hours import expression as language
from locator.hours.calendar import DayKind
from locator.hours.clock import HoursClock, shipped_clock
from locator.hours.expression import check_hours, names_days
from locator.hours.reader import read_hours_text
from locator.hours.schedule import Scope
from locator.hours.telling import say_days
from locator.model import ServicePoint
from locator.settings import parse_moment

ROOT = Path(__file__).parents[2]
GRAMMAR = yaml.safe_load((Path(__file__).parent / "grammar.yaml").read_text("utf-8"))
CLOCK = shipped_clock()
YEAR = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
MINUTES = (90, 600, 719, 780, 1000, 1350)


def listed(group: str) -> list[str]:
    return [expr for exprs in GRAMMAR[group].values() for expr in exprs]


def evaluate_year(expr: str) -> None:
    """Ask for every day of a year; each is whole, from midnight to midnight."""
    for day in YEAR:
        intervals = CLOCK.scheduler.intervals(expr, day, Scope())
        assert intervals[0].start == 0 and intervals[-1].end == 1440
        assert all(first.end == second.start for first, second in pairwise(intervals))


@pytest.mark.parametrize("expr", listed("same") + listed("own"))
def test_what_is_accepted_is_evaluated_over_a_whole_year(expr: str) -> None:
    said = check_hours(expr)
    assert check_hours(said) == said
    evaluate_year(expr)


def test_every_expression_we_ship_or_read_from_words_is_evaluated_over_a_whole_year() -> None:
    shipped = set()
    for path in sorted((ROOT / "data/offices").glob("*.csv")):
        for row in csv.DictReader(path.read_text("utf-8-sig").splitlines()):
            shipped.add((row.get("hours") or "").strip())
            shipped.add(read_hours_text(row.get("hours_text")).expr or "")
    read = {row["expr"] for row in yaml.safe_load((Path(__file__).parent / "phrasings.yaml").read_text("utf-8"))}
    assert len(shipped) >= 4 and len(read) > 100
    for expr in filter(None, shipped | read):
        assert check_hours(expr)
        evaluate_year(expr)


@pytest.mark.parametrize("expr", listed("same"))
def test_ordinary_days_are_as_opening_hours_py_says(expr: str) -> None:
    library, last_year = OpeningHours(check_hours(expr)), language.parse(expr).last_year
    for day in YEAR:
        if CLOCK.calendar.day(day).kind is not DayKind.REGULAR:
            continue
        intervals = CLOCK.scheduler.intervals(expr, day, Scope())
        if last_year is not None and day.year > last_year:  # closed for the library; we say that nothing is said
            assert {str(interval.state) for interval in intervals} == {"unknown"}
            continue
        for minute in MINUTES:
            mine = next(interval for interval in intervals if interval.end > minute).state
            at = datetime(day.year, day.month, day.day, minute // 60, minute % 60)
            assert str(mine) == str(library.state(at)[0]), (day, minute)


@pytest.mark.parametrize("expr", listed("refused"))
def test_what_cannot_be_evaluated_is_refused(expr: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_hours(expr)
    assert refusal.value.code == "hours_syntax"


DAYS = ["Mo-Fr", "Sa", "Mo[1]", "Su[-1]", "Mo[2] +1 day", "PH", "SH", "PH +1 day", "Mo-Fr,PH", "Sa,Su,PH -1 day", ""]
DATES = [
    "", "", "Mar-Oct", "Dec 24-Jan 02", "2026 May 01-2026 May 05", "week 10-20/2", "easter -2 days", "2026-2030/2",
    "Mar Su[-1]-Oct Su[-1]", "Mar Su[-1]-Oct Su[-1] -1 day", "Aug 02-Aug Mo[1]", "Jan 01+", "Feb 29", "Jan Fr[1]-Mar 01",
]  # fmt: skip
TIMES = [
    "",
    "09:00-12:00",
    "09:00-12:00,13:00-17:00",
    "22:00-02:00",
    "17:00+",
    "sunrise-18:00",
    "20:00-sunrise",
    "00:00-24:00",
]
STATES = ["", "", "", " off", " open", " unknown", ' "ask"', ' open "hall 2"', "off"]
rule = st.tuples(*map(st.sampled_from, (DATES, ["", " ", ": "], DAYS, [" ", ""], TIMES, STATES))).map("".join)


@settings(max_examples=150)
@given(st.lists(rule, min_size=1, max_size=3), st.sampled_from(["; ", ", ", " || ", ";", ","]))
def test_what_the_grammar_makes_is_evaluated_or_refused(rules: list[str], sign: str) -> None:
    expr = sign.join(rules)
    try:
        check_hours(expr)
    except InvalidInput as refusal:
        assert refusal.code == "hours_syntax"
    else:
        evaluate_year(expr)
        CLOCK.evaluate(expr, parse_moment("2026-10-01T10:00"))


@settings(max_examples=300)
@given(st.text(alphabet='MoTuFrSaPHJandeck 0123456789:-+,;|[]()"/easteroffunkw', max_size=40) | st.text(max_size=20))
def test_any_text_is_evaluated_or_refused(text: str) -> None:
    try:
        check_hours(text)
    except InvalidInput as refusal:
        assert refusal.code == "hours_syntax"
    else:
        evaluate_year(text)


def test_a_night_goes_on_where_only_a_fallback_begins() -> None:
    for expr in ('Fr 22:00-02:00 || "call us"', 'Fr 22:00-02:00 || Sa 01:00-05:00 unknown "maybe"'):
        assert CLOCK.evaluate(expr, parse_moment("2026-11-28T01:30")).state == "open"
        assert CLOCK.evaluate(expr, parse_moment("2026-11-28T03:00")).state == "unknown"


@pytest.mark.parametrize(
    ("expr", "moment", "state"),
    [
        ("21:00+", "2026-11-25T22:00", "unknown"),
        ("21:00+", "2026-11-26T02:00", "unknown"),
        ("21:00+", "2026-11-26T12:00", "closed"),
        ("We 21:00+; Th 00:00-06:00 off", "2026-11-26T02:00", "closed"),
        ("Mo-Fr 09:00-17:00+", "2026-11-25T16:00", "open"),
        ("Mo-Fr 09:00-17:00+", "2026-11-25T18:00", "unknown"),
        ("09:00-20:00; 17:00+off", "2026-11-25T18:00", "closed"),
        ("09:00-20:00; 17:00+off", "2026-11-25T16:00", "open"),
        ("Fr 22:00-sunrise", "2026-11-28T04:00", "unknown"),
    ],
)
def test_open_ends(expr: str, moment: str, state: str) -> None:
    assert CLOCK.evaluate(expr, parse_moment(moment)).state == state


def test_a_fault_of_one_office_is_its_own_unknown(monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    """A panic of the library at run time, which no check foresaw, ends no answer."""

    class Panic(BaseException):
        """As pyo3's PanicException: no Exception."""

    clock, at = HoursClock(), parse_moment("2026-11-25T10:00")
    good = ServicePoint(id="a", name="x", hours="Mo-Fr 09:00-17:00")
    bad = ServicePoint(id="b", name="y", hours="Jun 07-Jul 09 Mo-Fr 09:00-17:00")
    stored = ServicePoint(id="c", name="z", hours="Jan 32 off")
    check_hours(bad.hours)
    language._days_of.cache_clear()

    def panic(text: str):
        if "Jun 07" in text:
            raise Panic
        return OpeningHours(text)

    monkeypatch.setattr(language, "OpeningHours", panic)
    for point, state in ((good, "open"), (bad, "unknown"), (stored, "unknown")):
        assert clock.evaluate_point(point, at).state == state
    assert clock.evaluate_point(bad, at).notes == ("hours_unreadable",)

    def fail(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    plain = clock.scheduler.intervals
    monkeypatch.setattr(
        clock.scheduler, "intervals", lambda expr, *rest: fail() if expr == good.hours else plain(expr, *rest)
    )
    assert clock.evaluate_point(good, at).state == "unknown"
    assert "nobody foresaw this" in caplog.text


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        ("Mo-Fr 09:00-17:00; Sa", False),
        ("Mo-Fr", False),
        ("Mo-Fr 09:00-17:00; PH", False),
        ("09:00-17:00", False),
        ("Mo-Fr 09:00-17:00; Sa open; PH off", True),
        ("Mo-Fr 09:00-17:00; 12:00-13:00 off", True),
        ('Mo-Fr 09:00-17:00; Sa unknown "预约"', True),
        ("24/7", True),
    ],
)
def test_days_have_times_and_times_have_days(expr: str, says: bool) -> None:
    assert names_days(expr) is says


def test_openstreetmaps_slips_are_not_made_worse() -> None:
    with pytest.raises(InvalidInput):
        say_days("Mo-Fr 08:30-12:00; 13:30-17:00")
    assert say_days("PH off; 09:00-17:00") == "PH off; Mo-Su 09:00-17:00"
