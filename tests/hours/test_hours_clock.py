"""States at an instant: tables of cases, zones, overrides, many offices at once, threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locator.errors import InvalidInput
from locator.hours.calendar import load_calendar
from locator.hours.clock import HoursClock, open_clock, shipped_clock
from locator.hours.expression import check_hours
from locator.model import ServicePoint
from locator.settings import shipped_dir

CHINA = ZoneInfo("Asia/Shanghai")
evaluate, evaluate_point = shipped_clock().evaluate, shipped_clock().evaluate_point
WINDOW = "Mo-Fr 09:00-12:00,13:30-17:00; PH off"
"""小榄's window hours."""
DAXING = (
    'Mo-Fr 08:30-09:00 unknown "by appointment", Mo-Fr 09:00-17:30, Mo-Fr 17:30-18:00 unknown "by appointment", '
    'Sa 08:00-12:00 unknown "by appointment"; PH off'
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


CASES = [
    # the working week
    (WINDOW, "2026-11-23T10:00", "open", None, "2026-11-23T12:00", "2026-11-23T13:30"),
    (WINDOW, "2026-11-23T12:30", "closed", None, "2026-11-23T13:30", "2026-11-23T13:30"),
    (WINDOW, "2026-11-23T08:59", "closed", None, "2026-11-23T09:00", "2026-11-23T09:00"),
    (WINDOW, "2026-11-23T09:00", "open", None, "2026-11-23T12:00", "2026-11-23T13:30"),
    (WINDOW, "2026-11-23T12:00", "closed", None, "2026-11-23T13:30", "2026-11-23T13:30"),
    (WINDOW, "2026-11-23T15:00", "open", None, "2026-11-23T17:00", None),
    (WINDOW, "2026-11-27T17:00", "closed", None, "2026-11-30T09:00", "2026-11-30T09:00"),
    # National Day 2026 and its make-up Saturday
    (WINDOW, "2026-10-02T10:00", "closed", None, "2026-10-08T09:00", "2026-10-08T09:00"),
    (WINDOW, "2026-10-10T10:00", "open", None, "2026-10-10T12:00", "2026-10-10T13:30"),
    (WINDOW, "2026-10-11T10:00", "closed", None, "2026-10-12T09:00", "2026-10-12T09:00"),
    (WINDOW, "2026-02-17T10:00", "closed", None, "2026-02-24T09:00", "2026-02-24T09:00"),
    # partial holidays are working days
    (WINDOW, "2024-03-08T10:00", "open", None, "2024-03-08T12:00", "2024-03-08T13:30"),
    (WINDOW, "2023-05-04T10:00", "open", None, "2023-05-04T12:00", "2023-05-04T13:30"),
    (WINDOW, "2026-06-01T10:00", "open", None, "2026-06-01T12:00", "2026-06-01T13:30"),
    # a holiday without a rule
    ("Mo-Fr 09:00-17:00", "2026-10-02T10:00", "unknown", "calendar", "2026-10-08T00:00", "2026-10-08T09:00"),
    ("09:00-17:00", "2026-10-02T20:00", "unknown", "calendar", "2026-10-08T00:00", "2026-10-08T09:00"),
    ("24/7", "2026-10-02T10:00", "open", None, None, None),
    ("off", "2026-10-02T10:00", "closed", None, None, None),
    ("24/7 off", "2026-11-23T10:00", "closed", None, None, None),
    (
        "2026 Oct 01-2026 Oct 03 off; Mo-Fr 09:00-17:00",
        "2026-10-05T10:00",
        "unknown",
        "calendar",
        "2026-10-08T00:00",
        "2026-10-08T09:00",
    ),
    (
        "Mo-Fr 09:00-17:00; 2026 Oct 01-2026 Oct 07 off",
        "2026-10-05T10:00",
        "closed",
        None,
        "2026-10-08T09:00",
        "2026-10-08T09:00",
    ),
    ("Mo-Fr 09:00-17:00; Oct 01-07 off", "2026-10-05T10:00", "closed", None, "2026-10-08T09:00", "2026-10-08T09:00"),
    # rules that name PH with weekdays
    ("Mo-Fr 08:30-12:00,13:00-16:30; Sa,Su,PH 08:30-11:30", "2026-10-02T11:00", "open", None, "2026-10-02T11:30", None),
    (
        "Mo-Fr 08:30-12:00,13:00-16:30; Sa,Su,PH 08:30-11:30",
        "2026-10-02T14:00",
        "closed",
        None,
        "2026-10-03T08:30",
        "2026-10-03T08:30",
    ),
    ("Mo-Fr 09:00-17:00; PH Mo-Fr 10:00-12:00", "2026-10-01T10:00", "open", None, "2026-10-01T12:00", None),
    (
        "Mo-Fr 09:00-17:00; PH Mo-Fr 10:00-12:00",
        "2026-10-03T10:00",
        "unknown",
        "calendar",
        "2026-10-05T00:00",
        "2026-10-05T10:00",
    ),
    ("PH off; Mo-Fr 09:00-17:00", "2026-10-02T10:00", "closed", None, "2026-10-08T09:00", "2026-10-08T09:00"),
    ("Sa,Su,PH 08:30-11:30; Mo-Fr 09:00-17:00", "2026-10-02T10:00", "open", None, "2026-10-02T11:30", None),
    (
        "Sa,Su,PH 08:30-11:30; Mo-Fr 09:00-17:00",
        "2026-10-02T15:00",
        "unknown",
        "calendar",
        "2026-10-02T17:00",
        "2026-10-03T08:30",
    ),
    (
        "Mo-Fr 09:00-17:00; PH off; PH +1 day 10:00-12:00",
        "2026-10-08T09:30",
        "closed",
        None,
        "2026-10-08T10:00",
        "2026-10-08T10:00",
    ),
    # make-up workdays
    (
        "Mo-Th 09:00-17:00; Fr 09:00-12:00; PH off",
        "2026-10-10T14:00",
        "unknown",
        "calendar",
        "2026-10-10T17:00",
        "2026-10-12T09:00",
    ),
    (
        "Mo-Th 09:00-17:00; Fr 09:00-12:00; PH off",
        "2026-10-10T20:00",
        "closed",
        None,
        "2026-10-12T09:00",
        "2026-10-12T09:00",
    ),
    (
        "Mo-Fr 09:00-17:00; PH off; 2026 Oct 10 off",
        "2026-10-10T10:00",
        "closed",
        None,
        "2026-10-12T09:00",
        "2026-10-12T09:00",
    ),
    ("Mo-Fr 09:00-17:00; PH off; 2026 Oct 12 off", "2026-10-10T10:00", "open", None, "2026-10-10T17:00", None),
    (
        "May 01-Sep 30 Mo-Fr 08:00-12:00; Oct 01-Apr 30 Mo-Fr 09:00-12:00; PH off",
        "2026-09-20T08:30",
        "open",
        None,
        "2026-09-20T12:00",
        None,
    ),
    ("Mo-Fr open, Fr 05:00-12:30; PH off", "2026-10-10T04:00", "open", None, "2026-10-11T00:00", None),
    (DAXING, "2026-10-10T08:45", "unknown", "appointment", "2026-10-10T09:00", "2026-10-10T09:00"),
    # appointments and comments
    (DAXING, "2026-11-23T08:45", "unknown", "appointment", "2026-11-23T09:00", "2026-11-23T09:00"),
    (DAXING, "2026-11-28T09:00", "unknown", "appointment", "2026-11-28T12:00", "2026-11-30T09:00"),
    ('Mo-Fr 09:00-17:00 "预约"; PH off', "2026-11-23T10:00", "unknown", "appointment", "2026-11-23T17:00", None),
    (
        'Mo-Fr 09:00-17:00 "ask at the desk"; PH off',
        "2026-11-23T10:00",
        "unknown",
        "hours_unknown",
        "2026-11-23T17:00",
        None,
    ),
    ('Mo-Fr 09:00-17:00 open "by appointment"; PH off', "2026-11-23T10:00", "open", None, "2026-11-23T17:00", None),
    ('"by appointment"', "2026-11-23T10:00", "unknown", "appointment", None, None),
    ('unknown "by appointment"', "2026-10-02T10:00", "unknown", "appointment", None, None),
    # fallback
    (
        'Mo-Fr 09:00-12:00; PH off || unknown "by appointment"',
        "2026-11-23T14:00",
        "unknown",
        "appointment",
        "2026-11-24T09:00",
        "2026-11-24T09:00",
    ),
    (
        'Mo-Fr 09:00-12:00; PH off || unknown "by appointment"',
        "2026-10-02T10:00",
        "unknown",
        "appointment",
        "2026-10-08T09:00",
        "2026-10-08T09:00",
    ),
    # off, breaks, several rules
    (
        "Mo-Fr 08:00-18:00; We 12:00-13:00 off; PH off",
        "2026-11-25T12:30",
        "closed",
        None,
        "2026-11-25T13:00",
        "2026-11-25T13:00",
    ),
    ("Mo-Fr 08:00-18:00; We off; PH off", "2026-11-25T12:30", "closed", None, "2026-11-26T08:00", "2026-11-26T08:00"),
    ("Mo-Fr 09:00-12:00, Mo 14:00-16:00; PH off", "2026-11-23T15:00", "open", None, "2026-11-23T16:00", None),
    # 24:00 and past midnight
    ("Mo-Su,PH 00:00-24:00", "2026-11-23T23:59", "open", None, None, None),
    ("Mo 10:00-24:00; PH off", "2026-11-23T23:59", "open", None, "2026-11-24T00:00", None),
    ("Fr 22:00-02:00; PH off", "2026-11-28T01:00", "open", None, "2026-11-28T02:00", None),
    ("Fr 22:00-26:00; PH off", "2026-11-28T01:00", "open", None, "2026-11-28T02:00", None),
    (
        "Fr 22:00-02:00; Sa 10:00-12:00; PH off",
        "2026-11-28T01:00",
        "open",
        None,
        "2026-11-28T02:00",
        "2026-11-28T10:00",
    ),
    ("Mo-Su 22:00-02:00; PH off", "2026-10-01T01:00", "open", None, "2026-10-01T02:00", None),
    ("Mo-Su 22:00-02:00; PH off", "2026-10-08T01:00", "closed", None, "2026-10-08T22:00", "2026-10-08T22:00"),
    ("Mo 09:00-09:00; PH off", "2026-11-24T08:00", "open", None, "2026-11-24T09:00", None),
    # leap days
    ("Feb 29 10:00-12:00", "2028-02-29T11:00", "open", None, "2028-02-29T12:00", None),
    ("Feb 29 10:00-12:00", "2027-02-28T11:00", "closed", None, None, None),
    # what stays open
    ("Mo 10:00+; PH off", "2026-11-23T11:00", "unknown", "hours_unknown", "2026-11-24T00:00", None),
    ("Mo sunrise-sunset; PH off", "2026-11-23T11:00", "unknown", "hours_unknown", "2026-11-24T00:00", None),
    (None, "2026-11-23T11:00", "unknown", "hours_unknown", None, None),
    ("  ", "2026-11-23T11:00", "unknown", "hours_unknown", None, None),
]


@pytest.mark.parametrize(("expr", "when", "state", "reason", "until", "reopens"), CASES)
def test_states(
    expr: str | None, when: str, state: str, reason: str | None, until: str | None, reopens: str | None
) -> None:
    found = evaluate(expr, at(when))
    assert (found.state, found.reason) == (state, reason)
    if until is not None:
        assert found.until == at(until)
    if reopens is not None:
        assert found.reopens == at(reopens)
    if state == "open" and reopens is None:
        assert found.reopens is None


@pytest.mark.parametrize(
    "expr",
    [
        "nonsense", "Mo-Fr", "Mo-Fr 09:00", "Mo-Fr 9-17", "Mo-Fr 25:00-27:00", "Mo-Fr 09:00-12:00 13:00-14:00", ";", '"',
        'Mo "x', "周一至周五9:00-17:00", "<script>", "{{7*7}}", "Mo-Fr 09:00-12:00 || ", "\x00", "🙂", "Mo" * 2000, "\n",
    ],
)  # fmt: skip
def test_nonsense_is_a_clear_error_or_a_plain_reading(expr: str) -> None:
    if not expr.strip():
        assert evaluate(expr, at("2026-11-23T10:00")).reason == "hours_unknown"
        return
    if expr == "Mo-Fr":
        assert evaluate(expr, at("2026-11-23T10:00")).state == "open"
        return
    with pytest.raises(InvalidInput) as error:
        evaluate(expr, at("2026-11-23T10:00"))
    assert error.value.code == "hours_syntax"
    assert len(str(error.value)) < 300


@settings(max_examples=150)
@given(st.text(max_size=40) | st.text(alphabet='MoTuFrSaPH0123456789:-,; |"+', max_size=30))
def test_any_text_is_read_or_refused(expr: str) -> None:
    try:
        state = evaluate(expr, at("2026-10-10T10:00"))
    except InvalidInput:
        return
    assert state.state in ("open", "closed", "unknown")
    assert (state.reason is None) == (state.state != "unknown")


@pytest.mark.parametrize(
    ("written", "tidy"),
    [
        ("mo-fr 9:00-12:00 , 13:30-17:00;ph off", "Mo-Fr 9:00-12:00,13:30-17:00; PH off"),
        ("Mo-Fr 09：00－12：00；PH off;", "Mo-Fr 09:00-12:00; PH off"),
        ("Mo-Fr 09:00-12:00,Sa 10:00-11:00", "Mo-Fr 09:00-12:00, Sa 10:00-11:00"),
        ("Mo - Fr 09:00 – 12:00", "Mo-Fr 09:00-12:00"),
        ("Sa unknown“预约”", 'Sa unknown "预约"'),
        ('Mo 10:00-12:00 "a;b || c, d";Tu off', 'Mo 10:00-12:00 "a;b || c, d"; Tu off'),
        ("Mo-Fr 09:00-12:00||Sa 10:00-11:00", "Mo-Fr 09:00-12:00 || Sa 10:00-11:00"),
    ],
)
def test_spelling_is_put_right(written: str, tidy: str) -> None:
    assert check_hours(written) == tidy
    assert check_hours(tidy) == tidy


def test_the_office_has_its_own_zone_whatever_the_servers() -> None:
    assert evaluate(WINDOW, datetime(2026, 11, 23, 2, 0, tzinfo=UTC)).state == "open"
    assert evaluate(WINDOW, datetime(2026, 11, 22, 21, 0, tzinfo=ZoneInfo("America/New_York"))).state == "open"
    state = evaluate("Mo-Fr 09:00-17:00", at("2026-11-23T17:30"), timezone="Europe/Vaduz")
    assert state.state == "open"
    assert state.until == datetime(2026, 11, 23, 17, 0, tzinfo=ZoneInfo("Europe/Vaduz"))
    assert "calendar_foreign" in state.notes


def test_china_holidays_are_not_holidays_abroad() -> None:
    vaduz = ZoneInfo("Europe/Vaduz")
    assert evaluate(WINDOW, datetime(2026, 10, 2, 10, tzinfo=vaduz), timezone="Europe/Vaduz").state == "open"
    assert evaluate(WINDOW, datetime(2026, 10, 10, 10, tzinfo=vaduz), timezone="Europe/Vaduz").state == "closed"
    urumqi = ZoneInfo("Asia/Urumqi")
    assert evaluate(WINDOW, datetime(2026, 10, 2, 10, tzinfo=urumqi), timezone="Asia/Urumqi").state == "closed"


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Vaduz", "Australia/Lord_Howe", "Asia/Shanghai"])
@pytest.mark.parametrize("expr", ["Mo-Su 00:30-02:30", "Mo-Su 01:15-01:45,02:15-02:45", "Mo-Su 22:00-01:30", "24/7"])
def test_until_is_right_to_the_minute_when_clocks_change(zone: str, expr: str) -> None:
    """Walk the minutes around both changes of 2026: `until` is the first at which the state differs."""
    place = ZoneInfo(zone)
    day = datetime(2026, 1, 1, tzinfo=UTC)
    changes = [
        d for n in range(365) if _offset(place, d := day + timedelta(days=n)) != _offset(place, d + timedelta(days=1))
    ]
    for start in changes or [datetime(2026, 3, 28, tzinfo=UTC)]:
        minutes = [start + timedelta(minutes=n) for n in range(0, 60 * 30)]
        states = [evaluate(expr, minute, timezone=zone) for minute in minutes[::7]]
        truth = [evaluate(expr, minute, timezone=zone).state for minute in minutes]
        for n, state in enumerate(states):
            first = next((m for m in range(7 * n + 1, len(minutes)) if truth[m] != state.state), None)
            if first is not None:
                assert state.until is not None
                # across zones Python never finds a repeated hour equal: compare instants
                assert state.until.timestamp() == minutes[first].timestamp(), (minutes[7 * n].astimezone(place), state)


def _offset(place: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(place).utcoffset()


@pytest.mark.parametrize(
    ("moment", "options", "code"),
    [
        (datetime(2026, 11, 23, 10), {}, "hours_naive"),
        (datetime(1900, 1, 1, tzinfo=UTC), {}, "hours_year"),
        (datetime(9999, 12, 31, tzinfo=UTC), {}, "hours_year"),
        (datetime(2026, 1, 1, tzinfo=UTC), {"timezone": "Mars/Base"}, "hours_zone"),
        (datetime(2026, 1, 1, tzinfo=UTC), {"timezone": "../etc/passwd"}, "hours_zone"),
        (datetime(2026, 1, 1, tzinfo=UTC), {"timezone": ""}, "hours_zone"),
    ],
)
def test_moments_that_cannot_be_asked_for(moment: datetime, options: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidInput) as error:
        evaluate(WINDOW, moment, **options)
    assert error.value.code == code


def test_the_first_and_the_last_year_work() -> None:
    assert evaluate(WINDOW, datetime(1971, 1, 1, tzinfo=UTC)).state in ("open", "closed")
    assert evaluate(WINDOW, datetime(2199, 12, 31, 23, 59, tzinfo=UTC)).state in ("open", "closed")


@pytest.mark.parametrize(
    ("expr", "when", "notes"),
    [
        (WINDOW, "2026-10-10T10:00", {"makeup_workday"}),
        (WINDOW, "2026-10-09T18:00", {"makeup_workday"}),
        (WINDOW, "2026-09-30T18:00", {"after:national_day"}),
        (WINDOW, "2026-10-02T10:00", {"holiday:national_day", "after:national_day"}),
        (WINDOW, "2027-03-01T10:00", {"calendar_missing:2027"}),
        (WINDOW, "2026-12-31T18:00", {"calendar_missing:2027"}),
        (WINDOW, "2026-11-23T10:00", set()),
        ("24/7", "2026-10-10T10:00", set()),
        ("Mo-Th 09:00-17:00; Fr 09:00-12:00; PH off", "2026-10-10T14:00", {"weekdays_differ"}),
        ("Mo-Fr 09:00-17:00", "2026-10-02T10:00", {"no_holiday_rule"}),
        ('Mo-Fr 09:00-17:00 open "last ticket 16:30"; PH off', "2026-11-23T16:00", {"last_ticket:16:30"}),
        ('Mo-Fr 09:00-17:00 open "16:30停止取号"; PH off', "2026-11-23T16:40", {"last_ticket_over:16:30"}),
        ('Mo-Fr 09:00-17:00 open "下班前30分钟停止取号"; PH off', "2026-11-23T16:00", {"last_ticket:16:30"}),
        (
            'Mo-Fr 09:00-12:00,14:00-17:00 open "last ticket 11:30, 16:30"; PH off',
            "2026-11-23T15:00",
            {"last_ticket:16:30"},
        ),
        ('Mo-Fr 09:00-17:00 open "2楼"; PH off', "2026-11-23T16:00", {"comment:2楼"}),
        ("Mo-Fr 09:00-17:00; SH 10:00-12:00", "2026-11-23T16:00", {"school_holidays"}),
        ("Mo-Fr 09:00-17:00; SH 10:00-12:00", "2026-10-10T16:00", {"school_holidays"}),
        ("Mo-Fr 09:00-17:00; SH 10:00-12:00", "2026-10-10T11:00", {"makeup_workday", "school_holidays"}),
    ],
)
def test_notes_say_what_to_know(expr: str, when: str, notes: set[str]) -> None:
    found = set(evaluate(expr, at(when)).notes)
    assert notes <= found
    if not notes:
        assert found == set()


def test_school_holidays_are_unknown_only_where_they_matter() -> None:
    expr = "Mo-Fr 09:00-17:00; SH 09:00-12:00; PH off"
    assert evaluate(expr, at("2026-11-23T10:00")).state == "open"
    assert evaluate(expr, at("2026-11-23T15:00")).state == "unknown"
    assert evaluate(expr, at("2026-11-23T18:00")).state == "closed"


def test_a_day_that_may_be_a_holiday_is_unknown_in_that_province_only() -> None:
    monday = at("2026-04-20T10:00")
    assert evaluate(WINDOW, monday, province="广西壮族自治区").reason == "calendar"
    assert evaluate(WINDOW, monday, province="450103").reason == "calendar"
    assert evaluate(WINDOW, monday, province="广东省").state == "open"
    assert evaluate(WINDOW, at("2026-04-20T22:00"), province="广西").state == "closed", "closed either way"
    assert evaluate("24/7", monday, province="广西").state == "open"
    assert evaluate(WINDOW, at("2024-04-11T10:00"), province="广西").state == "closed"


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> HoursClock:
    folder: Path = tmp_path_factory.mktemp("calendar")
    (folder / "overrides").mkdir()
    (folder / "overrides" / "flood.yaml").write_text(
        """
source: a notice
days:
  - {from: 2026-11-23, to: 2026-11-24, kind: closed, point: a, name: 水淹|flood}
  - {from: 2026-11-23, kind: hours, hours: "10:00-11:00", point: b}
  - {from: 2026-11-25, kind: closed, region: 442000, name: 台风|typhoon}
""",
        "utf-8",
    )
    return HoursClock(load_calendar(shipped_dir() / "calendar", folder))


def test_one_office_may_be_shut_or_changed(flooded: HoursClock) -> None:
    monday = at("2026-11-23T10:30")
    assert flooded.evaluate(WINDOW, monday, point_id="a").state == "closed"
    assert flooded.evaluate(WINDOW, monday, point_id="a").until == at("2026-11-25T09:00")
    assert flooded.evaluate(None, monday, point_id="a").state == "closed"
    assert flooded.evaluate("24/7", monday, point_id="a").state == "closed"
    assert flooded.evaluate(WINDOW, monday, point_id="b").until == at("2026-11-23T11:00")
    assert flooded.evaluate(WINDOW, monday, point_id="c").until == at("2026-11-23T12:00")
    assert flooded.evaluate("24/7", at("2026-11-25T10:00"), province="442000").state == "closed"
    assert flooded.evaluate("24/7", at("2026-11-24T10:00"), province="442000").until == at("2026-11-25T00:00")


def test_a_point_is_evaluated_whatever_stands_in_it() -> None:
    monday = at("2026-11-23T10:00")
    good = ServicePoint(id="a", name="x", hours=WINDOW, province="广东省", hours_date="2018")
    assert evaluate_point(good, monday) == evaluate(WINDOW, monday, hours_date="2018")
    assert "stale:2018" in evaluate_point(good, monday).notes
    bad = evaluate_point(ServicePoint(id="a", name="x", hours="9 to 5", timezone="Mars/Base"), monday)
    assert (bad.state, bad.reason, bad.notes) == ("unknown", "hours_unknown", ("hours_unreadable",))
    guangxi = ServicePoint(id="a", name="x", hours=WINDOW, province="广西壮族自治区")
    assert evaluate_point(guangxi, at("2024-04-11T10:00")).state == "closed"


def test_the_operators_calendar_lies_over_the_shipped_one(tmp_path: Path) -> None:
    assert open_clock(tmp_path).evaluate(WINDOW, at("2026-11-23T10:00")).state == "open"
    (tmp_path / "calendar/overrides").mkdir(parents=True)
    (tmp_path / "calendar/overrides/a.yaml").write_text(
        "source: s\ndays: [{from: 2026-11-23, kind: closed, point: a}]", "utf-8"
    )
    clock = open_clock(tmp_path)
    assert clock.evaluate(WINDOW, at("2026-11-23T10:00"), point_id="a").state == "closed"
    assert clock.evaluate(WINDOW, at("2026-10-01T10:00"), point_id="b").state == "closed"


def test_threads_agree() -> None:
    clock = HoursClock()
    moments = [at("2026-09-28T00:00") + timedelta(hours=n) for n in range(0, 24 * 20, 5)]
    alone = [HoursClock().evaluate(DAXING, moment) for moment in moments]
    with ThreadPoolExecutor(8) as pool:
        for together in pool.map(lambda _: [clock.evaluate(DAXING, moment) for moment in moments], range(8)):
            assert together == alone


def test_every_weekday_and_month_is_understood() -> None:
    monday = date(2026, 11, 23)
    for n, name in enumerate(("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")):
        for m in range(7):
            noon = datetime(2026, 11, 23 + m, 12, tzinfo=CHINA)
            assert evaluate(f"{name} 10:00-14:00", noon).state == ("open" if m == n else "closed"), (name, monday)
    for n, name in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1):
        for m in range(1, 13):
            noon = datetime(2026, m, 28, 12, tzinfo=CHINA)
            assert evaluate(f"{name} 10:00-14:00", noon).state == ("open" if m == n else "closed")


@pytest.mark.parametrize(
    ("expr", "when", "state", "notes"),
    [
        ("2020-2023 Mo-Fr 09:00-17:00", "2026-11-23T10:00", "unknown", {"ended:2023"}),
        ("2025 Dec 20-2026 Jan 05 Mo-Fr 10:00-12:00; PH off", "2026-11-23T10:00", "closed", set()),
        ("2025 Mo-Fr 09:00-17:00; PH off", "2026-11-23T20:00", "unknown", {"ended:2025"}),
        ("2020+ Mo-Fr 09:00-17:00", "2026-11-23T10:00", "open", set()),
        ("2020 Feb 01-2020 Mar 01 off; Mo-Fr 09:00-17:00", "2026-11-23T10:00", "open", set()),
        ("Mo-Fr 09:00-17:00; 2020 Feb 01-2020 Mar 01 off", "2026-11-23T10:00", "open", set()),
    ],
)
def test_hours_of_years_gone_by_say_nothing_of_today(expr: str, when: str, state: str, notes: set[str]) -> None:
    found = evaluate(expr, at(when))
    assert found.state == state
    assert set(found.notes) == notes
