"""What is usual where an office's hours are not known: beside them, never against them, never as them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locator.hours.calendar import shipped_calendar
from locator.hours.clock import shipped_clock
from locator.hours.telling import describe, say_usual
from locator.i18n import LANGS, text
from locator.model import HoursState, Kind, ServicePoint
from locator.outputs.shapes import shape_state
from locator.settings import parse_moment

CLOCK = shipped_clock()


def unknown(**fields: object) -> ServicePoint:
    return ServicePoint(id="a", name="x", **fields)


@pytest.mark.parametrize(
    ("moment", "adcode", "usual", "zh"),
    [
        ("2026-11-25T08:00", "370100", "early", "9 点前后开门"),
        ("2026-11-25T10:00", "370100", "day", "5 点前后下班"),
        ("2026-11-25T12:30", "370100", "noon", "1 点半"),
        ("2026-11-25T22:00", "370100", "night", "多半已下班"),
        ("2026-11-25T17:30", "370100", "day", "5 点前后下班"),
        ("2026-11-25T03:00", "370100", "night", "多半已下班"),
        ("2026-11-28T10:00", "370100", "weekend:5:", "今天是周六，多数办事点不开门"),
        ("2026-11-29T10:00", "310104", "weekend:6:310000", "社区事务受理服务中心双休日上午开（虹口欧阳路，2022 年"),
        ("2026-11-29T10:00", "371302", "weekend:6:371300", "临沂"),
        ("2027-10-09T10:00", "370100", "perhaps_weekend:5:", "不是补班日的话"),
        ("2026-10-10T10:00", "370100", "day", "工作日"),  # a make-up Saturday
        ("2026-10-02T10:00", "370100", "holiday:national_day", "今天放假（国庆节）"),
        ("2027-02-10T10:00", "370100", "uncertain:spring_festival", "12333"),
    ],
)
def test_hints(moment: str, adcode: str, usual: str, zh: str) -> None:
    state = CLOCK.evaluate_point(unknown(adcode=adcode), parse_moment(moment))
    assert (state.state, state.reason, state.usual) == ("unknown", "hours_unknown", usual)
    assert zh in (say_usual(state, "zh") or "")
    assert say_usual(state, "en")


@pytest.mark.parametrize("adcode", ["650102", "540102"])
def test_no_hour_is_usual_where_the_day_begins_later_than_beijings_clock(adcode: str) -> None:
    for hour in (3, 8, 10, 12, 17, 22):
        assert CLOCK.evaluate_point(unknown(adcode=adcode), parse_moment(f"2026-11-25T{hour:02d}:30")).usual is None
    assert CLOCK.evaluate_point(unknown(adcode=adcode), parse_moment("2026-11-29T10:00")).usual == "weekend:6:"


def test_no_sentence_says_what_was_announced_only_what_the_program_holds() -> None:
    """In the next year the notice is out, and a program that has not been renewed knows no more of it."""
    for lang in LANGS:
        for code in ("note_bridging", "short_bridging", "usual_uncertain", "note_calendar_missing"):
            said = text(f"hours.{code}", lang, value="X")
            assert not re.search("公布|announced", said), said


def test_holidays_of_unstated_hours_before_the_next_opening_are_said() -> None:
    """Closed on the eve, open after the holiday: of the days between nothing is known."""
    eve = parse_moment("2026-09-30T18:00")
    assert "节假日是否办公未说明" in describe(CLOCK.evaluate("Mo-Fr 09:00-17:00", eve), eve, "zh")
    assert "节假日" not in describe(CLOCK.evaluate("Mo-Fr 09:00-17:00; PH off", eve), eve, "zh")


HOURS = st.sampled_from(
    ["Mo-Fr 09:00-17:00", "Mo-Fr 09:00-12:00,13:30-17:00; PH off", "Mo-Su,PH 08:00-20:00", "24/7", "off", "Sa,Su 09:00-11:00",
     'Sa unknown "预约"', 'unknown "预约"', "Mo-Fr 09:00-17:00+", "Mo-Fr 22:00-04:00; PH off"]
)  # fmt: skip
MOMENTS = st.integers(0, 400 * 24 * 4).map(lambda n: parse_moment("2026-01-01T00:00") + timedelta(minutes=15 * n))


@settings(max_examples=200)
@given(HOURS, MOMENTS, st.sampled_from(["310000", "371300", "370100", "650100", None]))
def test_no_hint_stands_beside_an_offices_own_hours(hours: str, moment, adcode: str | None) -> None:
    state = CLOCK.evaluate_point(unknown(hours=hours, adcode=adcode), moment)
    assert state.usual is None and say_usual(state, "zh") is None and shape_state(state, moment, "zh")["hint"] is None


@settings(max_examples=100)
@given(MOMENTS, st.sampled_from(["310000", "371300", "370100", None]), st.sampled_from(LANGS))
def test_a_hint_is_never_shown_as_the_offices_hours(moment, adcode: str | None, lang: str) -> None:
    state = CLOCK.evaluate_point(unknown(adcode=adcode), moment)
    shaped = shape_state(state, moment, lang)
    assert shaped["hint"] and shaped["hint"] not in shaped["text"] and shaped["state"] == "unknown"
    assert shaped["until"] is None and state.until is None and state.reopens is None
    assert describe(state, moment, lang) == describe(HoursState(state="unknown", reason="hours_unknown"), moment, lang)


def test_no_hint_for_a_bank_or_abroad_and_one_for_hours_nobody_can_read() -> None:
    moment = parse_moment("2026-11-29T10:00")
    assert CLOCK.evaluate_point(unknown(kind=Kind.BANK), moment).usual is None
    assert CLOCK.evaluate_point(unknown(timezone="Europe/Vaduz"), moment).usual is None
    assert CLOCK.evaluate_point(unknown(hours="9 to 5"), moment).usual == "weekend:6:"


def test_every_pattern_of_a_region_has_its_source() -> None:
    usual = shipped_calendar().usual
    assert {"nation", "310000", "371300"} <= set(usual)
    for code, entry in usual.items():
        assert entry.url.startswith("http") and len(entry.date) >= 4
        assert code == "nation" or set(entry.text) == set(LANGS)
