"""The places of the gazetteer as names on the map: the most important ones of a tile, where they surely are."""

from __future__ import annotations

from collections import Counter

import pytest
from test_ground_build import tile_of

from locator.datum import Datum, distance_m
from locator.ground import PlaceNames
from locator.ground.features import GroundClass
from locator.ground.names import MOST, tile_bounds
from locator.settings import shipped_dir

_C = GroundClass
JINAN = (117.0, 36.66)


@pytest.fixture(scope="module")
def names() -> PlaceNames:
    return PlaceNames(shipped_dir() / "gazetteer")


@pytest.mark.parametrize(
    ("zoom", "kinds", "some"),
    [
        (4, {_C.CITY}, "南京市"),
        (6, {_C.CITY}, "济南市"),
        (8, {_C.TOWN}, "历下区"),
        (11, {_C.VILLAGE, _C.STATION, _C.HOSPITAL}, ""),
        (14, {_C.HOSPITAL, _C.SCHOOL, _C.PARK}, "济南市中医院"),
    ],
)
def test_each_scale_has_its_names(names, zoom, kinds, some):
    found = names.tile(*tile_of(*JINAN, zoom))
    assert 0 < len(found) <= MOST
    assert {_C(name.kind) for name in found} & kinds
    assert not some or some in {name.name for name in found}
    west, south, east, north = tile_bounds(*tile_of(*JINAN, zoom))
    assert all(west <= name.lon < east and south <= name.lat < north for name in found)


@pytest.mark.parametrize("place", [JINAN, (118.79, 32.04), (114.06, 22.54), (121.61, 38.91), (106.55, 29.56)])
def test_every_city_has_neighbours_for_its_pins(names, place):
    """Places in all quarters of the tile, not only where most are."""
    for zoom in (12, 13, 14):
        found = names.tile(*tile_of(*place, zoom))
        west, south, east, north = tile_bounds(*tile_of(*place, zoom))
        quarters = Counter((n.lon > (west + east) / 2, n.lat > (south + north) / 2) for n in found)
        assert len(found) >= 10 and len(quarters) >= 3


def test_a_township_is_not_named_where_its_seat_may_be_elsewhere_on_the_screen(names):
    """An error of some kilometres is a dot at the scale of a province and another quarter at that of a street."""
    far = {n.name for n in names.tile(*tile_of(*JINAN, 10)) if n.kind == _C.VILLAGE}
    near = {n.name for n in names.tile(*tile_of(*JINAN, 15)) if n.kind in (_C.TOWN, _C.CITY)}
    assert far and not near


def test_names_follow_the_datum_of_the_map(names):
    here = {n.name: n for n in names.tile(*tile_of(*JINAN, 13))}
    there = {n.name: n for n in names.tile(*tile_of(*JINAN, 13), Datum.GCJ02)}
    assert here.keys() == there.keys()
    assert all(300 < distance_m(n.lon, n.lat, there[k].lon, there[k].lat) < 900 for k, n in here.items())


@pytest.mark.parametrize("numbers", [(-1, 0, 0), (17, 0, 0), (3, 8, 0), (3, 0, -1)])
def test_numbers_that_no_tile_has_are_no_names(names, numbers):
    assert names.tile(*numbers) == []


def test_the_sea_has_no_names(names):
    assert names.tile(*tile_of(150.0, 20.0, 12)) == []
