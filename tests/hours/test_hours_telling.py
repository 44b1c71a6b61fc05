"""The sentences, the week and the calendar file."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from locator.hours.calendar import DayKind, load_calendar
from locator.hours.clock import HoursClock, shipped_clock
from locator.hours.schedule import is_stale
from locator.hours.telling import describe, describe_notes, week_text, week_view, write_calendar
from locator.i18n import load_catalogue
from locator.model import HoursState
from locator.settings import shipped_dir

CHINA = ZoneInfo("Asia/Shanghai")
evaluate = shipped_clock().evaluate
WINDOW = "Mo-Fr 09:00-12:00,13:30-17:00; PH off"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("expr", "when", "en", "zh"),
    [
        (WINDOW, "2026-11-23T10:00", "Open, closes 12:00, opens again 13:30", "开门中，12:00休息，13:30再开门"),
        (WINDOW, "2026-11-23T15:00", "Open, closes 17:00", "开门中，17:00下班"),
        (WINDOW, "2026-11-23T12:30", "Closed, opens 13:30", "已关门，13:30开门"),
        (WINDOW, "2026-11-23T18:00", "Closed, opens tomorrow 09:00", "已关门，明天09:00开门"),
        (WINDOW, "2026-11-27T18:00", "Closed, opens Mon 30 Nov 09:00", "已关门，11月30日（周一）09:00开门"),
        (WINDOW, "2026-09-30T18:00", "Closed, opens Thu 8 Oct 09:00 after National Day", "已关门，国庆节后10月8日（周四）09:00开门"),
        (WINDOW, "2025-12-31T18:00", "Closed, opens Sun 4 Jan 2026 09:00 after New Year. Make-up workday: probably weekday hours, confirm",
         "已关门，元旦后2026年1月4日（周日）09:00开门。调休上班日：可能按工作日时间办公，请先确认"),
        (WINDOW, "2026-10-10T10:00", "Open, closes 12:00, opens again 13:30. Make-up workday: probably weekday hours, confirm",
         "开门中，12:00休息，13:30再开门。调休上班日：可能按工作日时间办公，请先确认"),
        (WINDOW, "2027-03-01T15:00", "Open, closes 17:00. The 2027 holiday calendar is not in this program yet: call 12333",
         "开门中，17:00下班。程序尚无2027年放假安排，先打 12333 问"),
        ("24/7", "2026-11-23T15:00", "Open", "开门中"),
        ("off", "2026-11-23T15:00", "Closed", "已关门"),
        (None, "2026-11-23T15:00", "Hours not known: call first", "办公时间未知，去前先打电话"),
        ('Sa unknown "预约办理"', "2026-11-28T10:00", "By appointment only", "仅限预约"),
        ("Mo-Fr 09:00-17:00", "2026-10-02T10:00",
         "Not known whether open, opens Thu 8 Oct 09:00 after National Day. Holiday today: National Day. Holiday hours are not stated, call first",
         "是否开放不确定，国庆节后10月8日（周四）09:00开门。今天放假：国庆节。节假日是否办公未说明，先打电话"),
        ('Mo-Fr 09:00-17:00 open "16:30停止取号"; PH off', "2026-11-23T15:00", "Open, closes 17:00. Last ticket 16:30", "开门中，17:00下班。16:30停止取号"),
        ("Fr 22:00-02:00; PH off", "2026-11-27T23:00", "Open, closes tomorrow 02:00", "开门中，明天02:00下班"),
    ],
)  # fmt: skip
def test_sentences(expr: str | None, when: str, en: str, zh: str) -> None:
    state = evaluate(expr, at(when))
    assert describe(state, at(when), "en") == en
    assert describe(state, at(when), "zh") == zh


def test_sentences_are_in_the_offices_time() -> None:
    moment = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert describe(evaluate(WINDOW, moment), moment, "en") == "Open, closes 12:00, opens again 13:30"


def test_the_week_says_from_which_day_on_the_calendar_is_missing() -> None:
    said = "the 2027 holiday calendar is not in this program yet"
    for when, first in (("2026-12-30T09:00", date(2027, 1, 1)), ("2027-03-03T09:00", date(2027, 3, 1))):
        lines = week_view(WINDOW, at(when), "en")
        assert [line.day for line in lines if said in line.special] == [first]
    assert week_view(WINDOW, at("2026-12-30T09:00"), "en")[4].special == f"New Year, {said}"
    assert not any(said in line.special for line in week_view(WINDOW, at("2026-12-14T09:00"), "en"))
    assert not any(line.special for line in week_view("24/7", at("2027-03-03T09:00"), "en"))


def test_every_state_reason_and_note_has_its_words() -> None:
    for lang in ("zh", "en"):
        texts = load_catalogue(lang)
        for key in ("open", "closed", "unknown_hours_unknown", "unknown_appointment", "unknown_calendar"):
            assert texts[f"hours.{key}"]
        assert len(texts["wording.weekdays"].split()) == 7
        assert len(texts["wording.months"].split()) == 12
        for code in ("makeup_workday", "weekdays_differ", "no_holiday_rule", "order_unclear", "calendar_missing:2027", "calendar_foreign",
                     "school_holidays", "closed_day:水淹|flood", "special_hours", "last_ticket:16:30", "last_ticket_over:16:30",
                     "comment:x", "stale:2018-07", "ended:2023", "hours_unreadable", "holiday:national_day", "perhaps_holiday:sanyuesan"):  # fmt: skip
            assert len(describe_notes(HoursState(state="open", notes=(code,)), lang)) == 1, code
    assert describe_notes(HoursState(state="closed", notes=("closed_day:水淹|flood",)), "en") == ["Closed today: flood"]
    assert describe_notes(HoursState(state="closed", notes=("after:national_day",)), "en") == []


def test_braces_in_an_offices_comment_are_harmless() -> None:
    expr = 'Mo-Fr 09:00-17:00 open "{0} {value.__class__} <b>"; PH off'
    moment = at("2026-11-23T10:00")
    assert "{value.__class__}" in describe(evaluate(expr, moment), moment, "en")


def test_the_week_has_seven_days_today_marked_and_exceptions_after() -> None:
    lines = week_view(WINDOW, at("2026-09-29T10:00"), "en")
    assert [line.day.weekday() for line in lines[:7]] == list(range(7))
    assert [line.today for line in lines] == [False, True] + [False] * (len(lines) - 2)
    assert lines[0].hours == "09:00-12:00, 13:30-17:00"
    assert lines[3][2:] == ("Closed", "National Day")
    assert [line.day.day for line in lines[7:]] == [5, 6, 7, 10]
    assert lines[-1][2:] == ("09:00-12:00, 13:30-17:00", "make-up workday, confirm")
    shown = week_text(week_view(WINDOW, at("2026-09-29T10:00"), "zh"), "zh").splitlines()
    assert shown[1] == "▸ 9月29日（周二） 09:00-12:00，13:30-17:00"
    assert shown[3] == "  10月1日（周四） 休息（国庆节）"


def test_the_week_of_an_office_by_appointment_and_of_one_not_known() -> None:
    lines = week_view('Mo-Fr 09:00-17:00; Sa 09:00-12:00 unknown "预约"; PH off', at("2026-11-23T10:00"), "zh")
    assert lines[5].hours == "09:00-12:00 仅限预约"
    assert lines[6].hours == "休息"
    assert {line.hours for line in week_view(None, at("2026-11-23T10:00"), "en")} == {"all day not known"}
    assert week_view("24/7", at("2026-11-23T10:00"), "en")[0].hours == "all day"


@pytest.mark.parametrize(
    ("dated", "stale"),
    [
        ("2018-07-25", True), ("2018-07", True), ("2018", True), ("2026-02-09", False), ("2025-11-23", False),
        ("2025-11-21", True), ("2025-11", False), ("2025", False), ("2024", True), (None, False), ("", False),
        ("once", False), ("2026-13", False), ("2026-02-31", False), ("2021-09 (启用)", True),
    ],
)  # fmt: skip
def test_old_hours_are_told(dated: str | None, stale: bool) -> None:
    assert is_stale(dated, at("2026-11-23T10:00")) is stale


def test_old_hours_are_a_note_of_the_state() -> None:
    moment = at("2026-11-23T15:00")
    old = evaluate(WINDOW, moment, hours_date="2018-07")
    assert describe(old, moment, "en") == "Open, closes 17:00. Hours of 2018-07: call first"
    assert evaluate(WINDOW, moment, hours_date="2026-02-09").notes == ()
    assert evaluate(None, moment, hours_date="2018-07").notes == ()


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return re.sub(r"\r\n ", "", text).split("\r\n")[:-1]


def events(lines: list[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for line in lines:
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found and ":" in line:
            key, _, value = line.partition(":")
            found[-1].setdefault(key, value)
    return found


def test_the_calendar_file_holds_the_coming_opening_times() -> None:
    made = write_calendar(
        WINDOW, at("2026-09-30T10:00"), name="小榄分局, 一楼; \\x\nA", address="广东省中山市小榄镇" * 5, days=14
    )
    lines = unfolded(made)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    found = events(lines)
    assert [e["DTSTART"] for e in found[:3]] == ["20260930T010000Z", "20260930T053000Z", "20261008T010000Z"]
    assert found[0]["DTEND"] == "20260930T040000Z"
    assert "小榄分局\\, 一楼\\; \\\\x A" in found[0]["SUMMARY"]
    assert found[0]["LOCATION"] == "广东省中山市小榄镇" * 5
    assert len({e["UID"] for e in found}) == len(found)
    tentative = [e for e in found if e["STATUS"] == "TENTATIVE"]
    assert [e["DTSTART"] for e in tentative] == ["20261010T010000Z", "20261010T053000Z"]


def test_every_event_is_open_from_its_start_to_its_end() -> None:
    expr = 'Mo-Fr 09:00-12:00,22:00-02:00; Sa 10:00-24:00; Su 00:00-03:00; PH off || Mo unknown "预约"'
    for event in events(unfolded(write_calendar(expr, at("2026-11-23T00:00"), name="x"))):
        start, end = (
            datetime.strptime(event[key], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for key in ("DTSTART", "DTEND")
        )
        assert evaluate(expr, start - timedelta(minutes=1)).state != "open"
        assert evaluate(expr, start).state == "open"
        assert evaluate(expr, start).until == end


def test_hours_not_known_make_an_empty_calendar() -> None:
    assert events(unfolded(write_calendar(None, at("2026-11-23T10:00"), name="x"))) == []


def test_a_flood_is_told(tmp_path) -> None:
    (tmp_path / "overrides").mkdir()
    (tmp_path / "overrides/a.yaml").write_text(
        "source: s\ndays: [{from: 2026-11-23, kind: closed, point: a, name: 水淹|flood}]", "utf-8"
    )
    clock = HoursClock(load_calendar(shipped_dir() / "calendar", tmp_path))
    assert clock.calendar.day(at("2026-11-23T10:00").date(), point_id="a").kind is DayKind.CLOSED
    state = clock.evaluate(WINDOW, at("2026-11-23T10:00"), point_id="a")
    assert describe(state, at("2026-11-23T10:00"), "en") == "Closed, opens tomorrow 09:00. Closed today: flood"
    assert week_view(WINDOW, at("2026-11-23T10:00"), "en", clock=clock, point_id="a")[0].special == "flood"
