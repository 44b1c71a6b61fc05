"""The working calendar against the State Council's list, the law and the moon."""

from __future__ import annotations

import csv
import importlib
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import hours_oracle as oracle
import pytest
from chinese_calendar import get_solar_terms

from locator.errors import DataError, InvalidInput
from locator.hours.calendar import Calendar, Day, DayKind, load_calendar, read_notice, shipped_calendar
from locator.hours.clock import HoursClock, open_clock, shipped_clock
from locator.hours.telling import describe_notes
from locator.settings import parse_moment, shipped_dir

ROOT = Path(__file__).parents[2]
WORDS = {DayKind.HOLIDAY: "off", DayKind.MAKEUP: "work", DayKind.REGULAR: ""}


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return shipped_calendar()


def test_every_day_2019_to_2026_is_what_the_state_council_declared(calendar: Calendar) -> None:
    wrong = {day: calendar.day(day).kind for day in oracle.ALL if WORDS[calendar.day(day).kind] != oracle.kind_of(day)}
    assert wrong == {}
    assert len(oracle.ALL) == 2922
    assert len(oracle.OFF) > 200


@pytest.mark.shared
def test_oracle_is_the_shared_list(shared_data: Path) -> None:
    lines = (shared_data / "eval/cn_days_2019_2026.csv").read_text("utf-8").splitlines()
    rows = {date.fromisoformat(row["date"]): row["kind"] for row in csv.DictReader(lines)}
    assert {day for day, kind in rows.items() if kind == "off"} == oracle.OFF
    assert {day for day, kind in rows.items() if kind == "work"} == oracle.WORK


@pytest.mark.parametrize("year", range(2019, 2031))
def test_partial_holidays_are_ordinary_days(calendar: Calendar, year: int) -> None:
    for month, day in oracle.PARTIAL:
        found = calendar.day(date(year, month, day))
        bridged = not found.announced and (month, day) == (5, 4)  # between 1 and 5 May of a year without notice
        assert found.kind is (DayKind.UNCERTAIN if bridged else DayKind.REGULAR) or date(year, month, day) in oracle.OFF


@pytest.mark.parametrize("year", range(2019, 2027))
def test_every_holiday_of_the_law_is_there_each_year(calendar: Calendar, year: int) -> None:
    names = {
        calendar.day(day).name for day in oracle.ALL if day.year == year and calendar.day(day).kind is DayKind.HOLIDAY
    }
    assert names >= {"new_year", "spring_festival", "qingming", "labour_day", "dragon_boat", "national_day"}
    assert "mid_autumn" in names or year in (2020, 2023, 2025), "one with National Day"


@pytest.mark.parametrize("year", range(2027, 2051))
def test_a_year_without_notice_has_the_thirteen_days_of_the_law(calendar: Calendar, year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    off = [day for day in days if calendar.day(day).kind is DayKind.HOLIDAY]
    shared = sum(moment.month == 10 and moment.day <= 3 for moment in [calendar.lunar[year]["mid_autumn"]])
    assert len(off) == 13 - shared
    assert not any(calendar.day(day).announced for day in days)


def test_no_year_after_the_lunar_table_claims_a_lunar_day(calendar: Calendar) -> None:
    off = {day for n in range(365) if calendar.day(day := date(2060, 1, 1) + timedelta(days=n)).kind is DayKind.HOLIDAY}
    assert off == {date(2060, 1, 1), date(2060, 5, 1), date(2060, 5, 2), *(date(2060, 10, n) for n in (1, 2, 3))}


def new_moon(k: int) -> datetime:
    """Return the k-th new moon since 2000-01-06 (Meeus, Astronomical Algorithms, chapter 49, main terms).

    Good to about ten minutes, apart from the difference of dynamical and universal time (75 s).
    """
    t = k / 1236.85
    jde = 2451550.09766 + 29.530588861 * k + 0.00015437 * t * t
    sun = math.radians(2.5534 + 29.10535670 * k)
    moon = math.radians(201.5643 + 385.81693528 * k + 0.0107582 * t * t)
    node = math.radians(160.7108 + 390.67050284 * k - 0.0016118 * t * t)
    terms = (
        (-0.40720, moon), (0.17241, sun), (0.01608, 2 * moon), (0.01039, 2 * node), (0.00739, moon - sun),
        (-0.00514, moon + sun), (0.00208, 2 * sun), (-0.00111, moon - 2 * node), (-0.00057, moon + 2 * node),
        (0.00056, 2 * moon + sun), (-0.00042, 3 * moon), (0.00042, sun + 2 * node), (0.00038, sun - 2 * node),
    )  # fmt: skip
    jde += sum(size * math.sin(angle) for size, angle in terms)
    return datetime(2000, 1, 1, 12, tzinfo=UTC) + timedelta(days=jde - 2451545.0, seconds=-75)


MOONS = [new_moon(k) + timedelta(hours=8) for k in range(330, 640)]


@pytest.mark.parametrize("year", range(2027, 2051))
def test_lunar_days_follow_the_moon_over_china(calendar: Calendar, year: int) -> None:
    lunar = calendar.lunar[year]
    for name, day_of_month in (("spring_festival", 1), ("dragon_boat", 5), ("mid_autumn", 15)):
        first = lunar[name] - timedelta(days=day_of_month - 1)
        near = min(MOONS, key=lambda moon: abs((moon.date() - first).days))
        # a moon within ten minutes of China's midnight is beyond what the formula can tell
        close = min(near.hour * 60 + near.minute, 1440 - near.hour * 60 - near.minute) <= 10
        assert near.date() == first or close, (name, first, near)
    assert lunar["spring_festival"].day >= 19 or lunar["spring_festival"].month == 2
    assert date(year, 1, 21) <= lunar["spring_festival"] <= date(year, 2, 20)


@pytest.mark.parametrize("year", range(2027, 2051))
def test_qingming_is_the_solar_term(calendar: Calendar, year: int) -> None:
    terms = {name: day for day, name in get_solar_terms(date(year, 4, 1), date(year, 4, 10))}
    assert calendar.lunar[year]["qingming"] == terms["清明"]


@pytest.mark.parametrize(
    ("day", "region", "kind"),
    [
        (date(2024, 4, 11), "450000", DayKind.HOLIDAY),
        (date(2024, 4, 11), "450103", DayKind.HOLIDAY),
        (date(2024, 4, 11), "广西壮族自治区", DayKind.HOLIDAY),
        (date(2024, 4, 11), "广西", DayKind.HOLIDAY),
        (date(2024, 4, 11), "440000", DayKind.REGULAR),
        (date(2024, 4, 11), None, DayKind.REGULAR),
        (date(2024, 4, 11), "Atlantis", DayKind.REGULAR),
        (date(2021, 4, 18), "广西", DayKind.MAKEUP),
        (date(2022, 4, 2), "广西", DayKind.HOLIDAY),
        (date(2022, 4, 2), "广东", DayKind.MAKEUP),
        (date(2026, 4, 20), "广西", DayKind.UNCERTAIN),
        (date(2026, 3, 20), "宁夏", DayKind.UNCERTAIN),
        (date(2021, 5, 13), "宁夏回族自治区", DayKind.HOLIDAY),
        (date(2025, 6, 10), "新疆", DayKind.HOLIDAY),
        (date(2026, 2, 25), "540102", DayKind.HOLIDAY),
        (date(2026, 2, 25), "540200", DayKind.UNCERTAIN),
    ],
)
def test_provinces_have_their_own_days(calendar: Calendar, day: date, region: str | None, kind: DayKind) -> None:
    assert calendar.day(day, region=region).kind is kind


def test_uncertain_days_hide_no_declared_day(calendar: Calendar) -> None:
    """A province may not make a day of the nation's doubtful."""
    for day, found in calendar.regional.items():
        for prefix, special in found:
            if special.kind is DayKind.UNCERTAIN:
                nation = calendar.day(day)
                assert nation.kind is DayKind.REGULAR or not nation.announced, (day, prefix)


def test_every_override_names_a_known_holiday_and_a_source(calendar: Calendar) -> None:
    from locator.i18n import load_catalogue

    shipped = [special for found in calendar.regional.values() for _, special in found]
    for special in [*calendar.national.values(), *shipped]:
        assert special.source
        assert special.name is None or f"hours.holiday_{special.name}" in load_catalogue("zh")


def test_there_are_names_for_all_provinces(calendar: Calendar) -> None:
    assert len(set(calendar.regions.values())) == 34
    assert all(code.endswith("0000") for code in calendar.regions.values())


def write(folder: Path, text: str) -> Path:
    (folder / "overrides").mkdir(parents=True)
    (folder / "overrides" / "2027.yaml").write_text(text, "utf-8")
    return folder


def test_a_new_year_is_one_file(tmp_path: Path) -> None:
    text = """
announces: [2027]
source: a notice
days:
  - {from: 2027-02-05, to: 2027-02-12, kind: holiday, name: spring_festival}
  - {from: 2027-02-14, kind: makeup, name: spring_festival}
  - {from: 2027-03-01, kind: closed, point: zs-1, name: 搬迁|moved}
  - {from: 2027-03-02, kind: hours, point: zs-1, hours: "10:00-11:00"}
"""
    made = load_calendar(shipped_dir() / "calendar", write(tmp_path, text))
    assert made.day(date(2027, 2, 12)).kind is DayKind.HOLIDAY
    assert made.day(date(2027, 2, 14)).kind is DayKind.MAKEUP
    assert made.day(date(2027, 6, 1)) == made.day(date(2027, 6, 2))
    assert made.day(date(2027, 6, 1)).announced
    assert made.day(date(2027, 3, 1), point_id="zs-1").kind is DayKind.CLOSED
    assert made.day(date(2027, 3, 1), point_id="zs-2").kind is DayKind.REGULAR
    assert made.day(date(2027, 3, 2), point_id="zs-1").hours == "10:00-11:00"


@pytest.mark.parametrize(
    "text",
    [
        "days: 3",
        "- 3",
        "days: [3]",
        "days: [{from: 2027-02-05}]",
        "days: [{kind: holiday}]",
        "days: [{from: 2027-02-05, kind: party, source: x}]",
        "days: [{from: 2027-02-05, to: 2027-02-04, kind: holiday, source: x}]",
        "days: [{from: soon, kind: holiday, source: x}]",
        "days: [{from: 2027-02-05, kind: holiday}]",
        "days: [{from: 2027-02-05, kind: hours, source: x}]",
        "days: [{from: 2027-02-05, kind: holiday, hours: '10:00-11:00', source: x}]",
        "days: [{from: 2027-02-05, kind: hours, hours: nonsense, source: x}]",
        "days: [{from: 2027-02-05, kind: holiday, region: 45, source: x}]",
        "days: [{from: 2027-02-05, kind: holiday, region: '450000', point: a, source: x}]",
        "days: [{from: 2027-02-05, kind: holiday, colour: red, source: x}]",
        "announces: soon",
        "days: [",
        "\x00",
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"2027\.yaml") as error:
        load_calendar(write(tmp_path, text))
    assert error.value.code == "calendar_file"


NOTICE_2025 = """
一、元旦：1月1日（周三）放假1天，不调休。
二、春节：1月28日（农历除夕、周二）至2月4日（农历正月初七、周二）放假调休，共8天。1月26日（周日）、2月8日（周六）上班。
三、清明节：4月4日（周五）至6日（周日）放假，共3天。
四、劳动节：5月1日（周四）至5日（周一）放假调休，共5天。4月27日（周日）上班。
五、端午节：5月31日（周六）至6月2日（周一）放假，共3天。
六、国庆节、中秋节：10月1日（周三）至8日（周三）放假调休，共8天。9月28日（周日）、10月11日（周六）上班。
"""


@pytest.mark.parametrize("year", [2025, 2026])
def test_a_notice_read_from_its_text_is_the_librarys_year(tmp_path: Path, year: int) -> None:
    text = NOTICE_2025 if year == 2025 else (ROOT / "docs/examples/notice-2026.txt").read_text("utf-8")
    (tmp_path / "overrides").mkdir()
    (tmp_path / "overrides/notice.yaml").write_text(read_notice(text, year, "国办发明电"), "utf-8")
    told = load_calendar(tmp_path)
    assert year in told.announced
    for n in range(365):
        day = date(year, 1, 1) + timedelta(days=n)
        known = shipped_calendar().day(day).kind
        assert told.national.get(day, Day(DayKind.REGULAR)).kind is known, day


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("1月1日（周三）放假1天", "1月1日（周四）放假1天"), "weekday"),
        (("共8天。1月26日", "共7天。1月26日"), "days off"),
        (("4月27日（周日）上班", "4月28日（周一）上班"), "weekend"),
        ((NOTICE_2025.split("\n")[5] + "\n", ""), "no line for dragon_boat"),
        (("2月8日", "2月30日"), "no day"),
        ((NOTICE_2025, "放假通知"), "no holiday"),
    ],
)
def test_a_notice_that_does_not_fit_is_refused(change: tuple[str, str], why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refusal:
        read_notice(NOTICE_2025.replace(*change), 2025, "x")
    assert refusal.value.code == "calendar_notice"


WINDOW = "Mo-Fr 09:00-17:00; PH off"


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("2027-02-05T10:00", "closed"),  # the eve
        ("2027-02-08T10:00", "closed"),  # the third day
        ("2027-02-09T10:00", "unknown"),
        ("2027-02-12T10:00", "unknown"),
        ("2027-02-14T10:00", "unknown"),  # a Sunday that may be made up for
        ("2027-02-09T22:00", "closed"),
        ("2027-02-15T10:00", "open"),
        ("2027-04-06T10:00", "unknown"),
        ("2027-05-03T10:00", "unknown"),
        ("2027-05-06T10:00", "open"),
        ("2027-09-16T10:00", "unknown"),
        ("2027-10-04T10:00", "unknown"),
        ("2027-10-08T10:00", "unknown"),
        ("2027-10-11T10:00", "open"),
        ("2027-12-31T10:00", "unknown"),
        ("2026-12-31T10:00", "open"),
        ("2027-07-05T10:00", "open"),
    ],
)
def test_bridging_windows_of_a_year_without_notice_are_unknown(moment: str, state: str) -> None:
    found = shipped_clock().evaluate(WINDOW, parse_moment(moment))
    assert found.state == state
    if state == "unknown":
        assert found.reason == "calendar"
        notes = describe_notes(found, "zh")
        assert any("12333" in note for note in notes), notes
    assert shipped_clock().evaluate("24/7", parse_moment(moment)).state == "open"


def test_a_newer_library_or_an_override_takes_over_without_a_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    moment = parse_moment("2027-02-14T10:00")
    assert shipped_calendar().known_until == 2026
    library = importlib.import_module("chinese_calendar.constants")
    monkeypatch.setattr(library, "holidays", {**library.holidays, date(2027, 2, 11): "Spring Festival"})
    monkeypatch.setattr(library, "workdays", {**library.workdays, date(2027, 2, 14): "Spring Festival"})
    newer = load_calendar(shipped_dir() / "calendar")
    assert newer.known_until == 2027
    assert HoursClock(newer).evaluate(WINDOW, moment).state == "open"
    monkeypatch.undo()
    (tmp_path / "calendar/overrides").mkdir(parents=True)
    (tmp_path / "calendar/overrides/2027.yaml").write_text(
        "announces: [2027]\nsource: s\ndays: [{from: 2027-02-14, kind: makeup, name: spring_festival}]", "utf-8"
    )
    clock = open_clock(tmp_path)
    assert (clock.calendar.known_until, clock.evaluate(WINDOW, moment).state) == (2027, "open")
    assert clock.evaluate(WINDOW, parse_moment("2027-02-16T10:00")).notes == ()
