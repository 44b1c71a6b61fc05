"""Minute by minute against the slow evaluator, and against opening-hours-py where no calendar matters."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import hours_oracle as oracle
from hours_slow import SlowClock, SlowRule, settle, write
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours

from locator.hours.clock import HoursClock, shipped_clock
from locator.hours.schedule import Scope

CHINA = ZoneInfo("Asia/Shanghai")
CLOCK = HoursClock()

quarters = st.integers(0, 95).map(lambda n: n * 15)


@st.composite
def times(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """One to three spans in order; the last may run past midnight."""
    edges = sorted(draw(st.lists(quarters, min_size=2, max_size=6, unique=True)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    if draw(st.integers(0, 5)) == 0:
        start = spans[-1][1]
        spans.append((start, 1440 + draw(st.integers(0, 20).map(lambda n: n * 15))) if start < 1440 else spans[-1])
        spans = sorted(set(spans))
    return tuple((a, b) for a, b in spans if a < b <= a + 1440)


seasons = st.sampled_from([((5, 1), (9, 30)), ((10, 1), (4, 30)), ((3, 1), (12, 31)), ((2, 28), (10, 10))])
near_special = st.builds(
    lambda day, n: min(max(day + timedelta(days=n), date(2019, 1, 2)), date(2026, 12, 31)),
    st.sampled_from(oracle.SPECIAL),
    st.integers(-2, 2),
)
any_day = st.one_of(near_special, st.sampled_from(oracle.ALL[1:]))
weekday_sets = st.one_of(
    st.just(frozenset(range(5))), st.just(frozenset({5, 6})), st.frozensets(st.integers(0, 6), min_size=1)
)


@st.composite
def rules(draw: st.DrawFn, *, calendar: bool = True) -> SlowRule:
    state = draw(st.sampled_from(["open", "open", "open", "closed", "unknown", "bare"]))
    holidays = calendar and draw(st.integers(0, 3)) == 0
    weekdays = draw(st.none() | weekday_sets)
    timed = draw(st.none() | times()) if state == "closed" or weekdays is not None or holidays else draw(times())
    comment = (
        draw(st.sampled_from(["预约", "ask", "note"]))
        if state == "bare"
        else draw(st.sampled_from([None, None, "预约"]))
    )
    dates = None
    if calendar and draw(st.integers(0, 6)) == 0:
        first = draw(near_special)
        dates = (first, first + timedelta(days=draw(st.integers(0, 9))))
    return SlowRule(
        join=draw(st.sampled_from([";", ";", ";", ",", "||"])),
        season=None if dates else draw(st.none() | st.none() | seasons),
        dates=dates,
        weekdays=weekdays,
        holidays=holidays,
        times=timed,
        state=state,
        comment=comment,
    )


def by_program(text: str, day: date) -> list[str]:
    """Return the program's state of every minute of a day."""
    states = list[str]()
    for interval in CLOCK.scheduler.intervals(text, day, Scope()):
        states += [str(interval.state)] * (interval.end - interval.start)
    return states


@settings(max_examples=200)
@given(st.lists(rules(), min_size=1, max_size=4).map(settle), any_day)
def test_every_minute_of_a_day_agrees_with_the_slow_evaluator(made: list[SlowRule], day: date) -> None:
    text = write(made)
    found = by_program(text, day)
    assert len(found) == 1440
    slow = SlowClock(made)
    wrong = [(n, found[n], s) for n in range(1440) if found[n] != (s := slow.state(day, n))]
    assert not wrong, (text, day, wrong[0])


@settings(max_examples=40)
@given(st.lists(rules(), min_size=1, max_size=3).map(settle), any_day, st.integers(0, 1439))
def test_until_is_the_first_minute_at_which_the_slow_evaluator_changes(
    made: list[SlowRule], day: date, minute: int
) -> None:
    at = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=CHINA)
    state, slow = shipped_clock().evaluate(write(made), at), SlowClock(made)
    assert state.state == slow.state(day, minute)
    last = at + timedelta(days=2)
    if last.year > 2026:
        return
    walked = at
    while walked < last:
        walked += timedelta(minutes=5)  # every edge lies on a quarter
        walked -= timedelta(minutes=walked.minute % 5)
        if slow.state(walked.date(), walked.hour * 60 + walked.minute) != state.state:
            assert state.until == walked
            return
    assert state.until is None or state.until > last - timedelta(minutes=5)


@settings(max_examples=150)
@given(
    st.lists(rules(calendar=False).filter(lambda r: r.state != "bare" and r.join != "||"), min_size=1, max_size=4).map(
        settle
    ),
    st.sampled_from(oracle.ALL),
)
def test_an_ordinary_day_is_what_opening_hours_py_says(made: list[SlowRule], day: date) -> None:
    """Days without the calendar and without a night that ran over: there the library is right."""
    around = (day, day - timedelta(days=1))
    if any(oracle.kind_of(d) for d in around) or any(b > 1440 for r in made for _, b in r.times or ()):
        return
    text = write(made)
    midnight = datetime(day.year, day.month, day.day)
    library = ["closed"] * 1440
    for start, end, state, _ in OpeningHours(text).intervals(midnight, midnight + timedelta(days=1)):
        low, high = ((moment - midnight).total_seconds() // 60 for moment in (start, end))
        library[int(low) : int(high)] = [str(state)] * int(high - low)
    assert by_program(text, day) == library, text


def test_the_table_of_days_is_not_empty() -> None:
    assert len(oracle.SPECIAL) > 250
