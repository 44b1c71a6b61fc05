"""Typed coordinates, in every usual way to write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator.datum import Datum, distance_m, to_wgs84
from locator.geocode.coordinates import read_coordinates, read_pair


@pytest.mark.parametrize(
    "text",
    [
        "22.54,114.06",
        "22.54，114.06",
        "22.54、114.06",
        "114.06,22.54",
        "114.06 22.54",
        "22.54 114.06",
        "(22.54, 114.06)",
        "２２．５４，１１４．０６",
        "22.54N 114.06E",
        "N22.54 E114.06",
        "E114.06 N22.54",
        "北纬22.54 东经114.06",
        "东经114.06，北纬22.54",
        "北纬22.54°，东经114.06°",
        "22°32'24\"N 114°3'36\"E",
        "22°32′24″ 114°03′36″",
        "北纬22度32分24秒 东经114度3分36秒",
        "geo:22.54,114.06",
        "lat=22.54 lng=114.06",
        "纬度：22.54，经度：114.06",
        " 22.54 ,  114.06 ",
    ],
)
def test_ways_to_write_one_place(text):
    pair = read_pair(text)
    assert (pair.lon, pair.lat) == pytest.approx((114.06, 22.54), abs=1e-9)


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("43.8,87.6", 87.6, 43.8),
        ("87.6,43.8", 87.6, 43.8),
        ("-33.87,151.21", 151.21, -33.87),
        ("33.87S 151.21E", 151.21, -33.87),
        ("51.5,-0.12", -0.12, 51.5),
        ("22,114", 114, 22),
        ("1.5,2.5", 2.5, 1.5),
    ],
)
def test_order_and_sign(text, lon, lat):
    pair = read_pair(text)
    assert (pair.lon, pair.lat) == (lon, lat)


@pytest.mark.parametrize(
    "text",
    [
        "", "22.54", "经四路478号", "深圳", "12 34", "3栋501", "1-2", "1,2,3", "22.54,114.06,5", "nan,nan", "1e5,3", "inf,inf",
        "2006", "12345", "123456", "114.0622.54", "0x10,0x20", "22.54N 114.06N", "138-0013-8000", "2026-11-22", "0531-88923656", "1" * 100_000, "1,2" * 1000,
    ],
)  # fmt: skip
def test_what_is_no_pair(text):
    assert read_pair(text) is None


@pytest.mark.parametrize("text", ["0,0", "0.0,0.0", "91.5,181.5", "200.5,300.5", "100.5N 20.5E"])
def test_a_pair_that_is_nowhere_is_no_place(text):
    assert read_pair(text) is not None
    assert read_coordinates(text) is None


@pytest.mark.parametrize("datum", list(Datum))
def test_the_datum_is_the_persons_choice(datum):
    place = read_coordinates("36.658517,116.98", datum)
    lon, lat = to_wgs84(116.98, 36.658517, datum)
    assert distance_m(place.lon, place.lat, lon, lat) < 1e-6
    assert (place.precision, place.source) == ("point", "coordinates")


def test_few_decimals_are_a_large_error():
    errors = [read_coordinates(text).error_m for text in ("22.54321,114.06543", "22.543,114.065", "22.5,114.1")]
    assert errors == sorted(errors)
    assert errors[0] == 10.0
    assert 5000 < errors[-1] < 6000


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_letters_round_trip_anywhere(lon, lat):
    text = f"{abs(lat):.6f}{'N' if lat >= 0 else 'S'} {abs(lon):.6f}{'E' if lon >= 0 else 'W'}"
    pair = read_pair(text)
    assert (pair.lon, pair.lat) == pytest.approx((lon, lat), abs=1e-6)


@given(st.floats(73.6, 134.7), st.floats(18.2, 53.5), st.booleans(), st.sampled_from([",", "，", " ", ", "]))
def test_a_place_in_china_is_found_in_either_order(lon, lat, lon_first, separator):
    values = (lon, lat) if lon_first else (lat, lon)
    pair = read_pair(separator.join(f"{value:.6f}" for value in values))
    assert (pair.lon, pair.lat) == pytest.approx((lon, lat), abs=1e-6)


@given(st.text(max_size=100))
def test_any_text_is_read(text):
    read_coordinates(text)
