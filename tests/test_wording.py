"""Lengths, distances, durations and dates as somebody would say them, never more finely than they are known."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator.i18n import LANGS
from locator.wording import (
    say_date,
    say_day,
    say_distance,
    say_duration,
    say_length,
    say_moment,
    say_rough_length,
)


@pytest.mark.parametrize(
    ("metres", "zh", "en"),
    [
        (0, "1 米", "1 m"), (4.4, "4 米", "4 m"), (44, "40 米", "40 m"), (993, "990 米", "990 m"), (996, "1 公里", "1 km"),
        (1049, "1 公里", "1 km"), (1250, "1.2 公里", "1.2 km"), (9940, "9.9 公里", "9.9 km"), (9960, "10 公里", "10 km"), (1234567, "1,235 公里", "1,235 km"),
    ],
)  # fmt: skip
def test_lengths(metres, zh, en):
    assert (say_length(metres, "zh"), say_length(metres, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("metres", "zh", "en"),
    [(0, "约 10 米", "about 10 m"), (47, "约 50 米", "about 50 m"), (234, "约 230 米", "about 230 m"), (349, "约 350 米", "about 350 m"),
     (974, "约 950 米", "about 950 m"), (976, "约 1 公里", "about 1 km"), (1234, "约 1.2 公里", "about 1.2 km"),
     (9960, "约 10 公里", "about 10 km"), (12_345, "约 12 公里", "about 12 km"), (5_000_000, "约 5,000 公里", "about 5,000 km")],
)  # fmt: skip
def test_rough_lengths(metres, zh, en):
    assert say_rough_length(metres, "zh") == zh and say_rough_length(metres, "en") == en


@given(st.floats(0, 6_000_000))
def test_a_said_distance_is_near_the_true_one(metres):
    said = say_rough_length(metres, "en").split()
    value = float(said[1].replace(",", "")) * (1000 if said[2] == "km" else 1)
    assert abs(value - metres) <= max(10.0, 0.09 * metres)


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [(0, "不到 1 分钟", "under 1 minute"), (29, "不到 1 分钟", "under 1 minute"), (60, "1 分钟", "1 minute"), (300, "5 分钟", "5 minutes"),
     (3600, "1 小时", "1 hour"), (4200, "1 小时 10 分钟", "1 hour 10 minutes"), (7260, "2 小时 1 分钟", "2 hours 1 minute")],
)  # fmt: skip
def test_durations(seconds, zh, en):
    assert say_duration(seconds, "zh") == zh and say_duration(seconds, "en") == en


@pytest.mark.parametrize(
    ("metres", "approximate", "error_m", "zh", "en"),
    [
        (0.0, False, None, "就在附近", "right nearby"),
        (14.0, False, None, "就在附近", "right nearby"),
        (40.0, False, 30.0, "40 米", "40 m"),
        (25.0, False, 30.0, "就在附近", "right nearby"),
        (450.0, False, None, "450 米", "450 m"),
        (200.0, True, 250.0, "就在附近", "right nearby"),
        (0.0, True, 5000.0, "约 5 公里以内", "within about 5 km"),
        (40.0, True, 5000.0, "约 5 公里以内", "within about 5 km"),
        (4900.0, True, 5000.0, "约 5 公里以内", "within about 5 km"),
        (5400.0, True, 5300.0, "约 6 公里", "about 6 km"),
        (5200.0, True, 3000.0, "约 5 公里", "about 5 km"),
        (640.0, True, None, "约 640 米", "about 640 m"),
    ],
)
def test_a_distance_claims_no_more_than_is_known(metres, approximate, error_m, zh, en):
    said = [say_distance(metres, lang, approximate=approximate, error_m=error_m) for lang in ("zh", "en")]
    assert said == [zh, en]


def value_of(said):
    """Return the metres that an English length says."""
    number, unit = said.split()[-2:]
    return float(number.replace(",", "")) * (1000 if unit == "km" else 1)


@given(st.floats(0, 200_000), st.floats(300.1, 50_000))
def test_an_approximate_distance_is_never_smaller_than_its_error(metres, error_m):
    said = say_distance(metres, "en", approximate=True, error_m=error_m)
    assert value_of(said) >= value_of(say_length(error_m, "en")) * 0.999


@given(st.floats(0, 100_000), st.booleans(), st.none() | st.floats(0, 50_000))
@pytest.mark.parametrize("lang", LANGS)
def test_nothing_is_zero_metres_away(lang, metres, approximate, error_m):
    said = say_distance(metres, lang, approximate=approximate, error_m=error_m)
    assert not said.startswith("0 ") and " 0 " not in said


@pytest.mark.parametrize(
    ("written", "zh", "en"),
    [
        ("2018-07-25", "2018-07-25", "25 July 2018"), ("2018-07", "2018-07", "July 2018"), ("2018", "2018", "2018"),
        ("2018-13", "2018-13", "2018-13"), ("last summer", "last summer", "last summer"), ("2018-٠٧", "2018-٠٧", "2018-٠٧"),
    ],
)  # fmt: skip
def test_dates_of_sources(written, zh, en):
    assert (say_date(written, "zh"), say_date(written, "en")) == (zh, en)


def test_days_and_moments():
    at = datetime(2026, 10, 7, 8, 30)
    assert say_day(date(2026, 10, 8), "zh") == "10月8日（周四）" and say_day(date(2026, 10, 8), "en") == "Thu 8 Oct"
    assert say_day(date(2026, 10, 8), "en", year=True) == "Thu 8 Oct 2026"
    assert say_moment(datetime(2026, 10, 7, 12), at, "en") == "12:00"
    assert say_moment(datetime(2026, 10, 8, 9), at, "zh") == "明天09:00"
    assert say_moment(datetime(2027, 1, 4, 9), at, "en") == "Mon 4 Jan 2027 09:00"
