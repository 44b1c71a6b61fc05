"""The working calendar against the OpenState Council's list, the law and the moon."""

from __future__ import annotations

import csv
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import hours_oracle as oracle
import pytest
from chinese_calendar import get_solar_terms

from locator.errors import DataError
from locator.hours import Calendar, DayKind, load_calendar, shipped_calendar
from locator.settings import shipped_dir

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
        assert found.kind is DayKind.REGULAR or date(year, month, day) in oracle.OFF


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
                assert calendar.day(day).kind is DayKind.REGULAR, (day, prefix)


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
