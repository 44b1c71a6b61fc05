"""House numbers: known, between two known ones, and nothing beyond."""

from __future__ import annotations

import pytest

from locator.datum import distance_m
from locator.gazetteer.build import build_gazetteer
from locator.gazetteer.divisions import NumberRecord, PlaceKind, PlaceRecord
from locator.gazetteer.query import open_gazetteer

LON, LAT, STEP = 114.05, 22.55, 0.0001
ODD_LAT = LAT + 0.0003


def numbers():
    street = "试验路"
    yield PlaceRecord(street, PlaceKind.STREET, LON, LAT, adcode="440304", error_m=400.0)
    for value in (2, 10, 20, 40):
        yield NumberRecord(street, str(value), LON + value * STEP, LAT, adcode="440304")
    for value in (1, 31):
        yield NumberRecord(street, str(value), LON + value * STEP, ODD_LAT, adcode="440304")
    yield NumberRecord(street, "90", LON + 0.2, LAT, adcode="440304")  # another street of that name, 20 km off
    yield NumberRecord("官道", "5", LON, LAT, adcode="440304", interpolate=False)
    yield NumberRecord("官道", "9", LON + 4 * STEP, LAT, adcode="440304", interpolate=False)
    yield NumberRecord("双门路", "7", LON, LAT, adcode="440304")
    yield NumberRecord("双门路", "7", LON + STEP, LAT, adcode="440304")


@pytest.fixture(scope="module")
def index(tmp_path_factory, small_shipped):
    path = tmp_path_factory.mktemp("numbers") / "g.sqlite"
    build_gazetteer(path, small_shipped, extracts=[numbers()])
    return open_gazetteer(path)


def place(index, text):
    (meaning,) = index.resolve(f"深圳市福田区{text}").meanings
    return meaning.place


@pytest.mark.parametrize("value", [2, 10, 20, 40, 1, 31])
def test_a_known_number_is_where_it_is(index, value):
    found = place(index, f"试验路{value}号")
    assert found.precision == "rooftop"
    assert distance_m(found.lon, found.lat, LON + value * STEP, ODD_LAT if value % 2 else LAT) < 0.01


@pytest.mark.parametrize("value", [4, 12, 30, 15])
def test_a_number_between_two_known_ones_of_its_side_lies_between(index, value):
    found = place(index, f"试验路{value}号")
    assert found.precision == "interpolated"
    lat = ODD_LAT if value % 2 else LAT
    assert distance_m(found.lon, found.lat, LON + value * STEP, lat) < 0.5
    assert found.error_m > 15


@pytest.mark.parametrize("value", [42, 88, 92, 500])
def test_beyond_the_known_numbers_only_the_street_is_known(index, value):
    found = place(index, f"试验路{value}号")
    assert found.precision == "street"
    assert found.note == "number_unknown"


def test_known_numbers_far_apart_say_nothing_about_what_lies_between(index):
    assert place(index, "试验路60号").precision == "street"


def test_a_sub_number_is_placed_by_its_number(index):
    found = place(index, "试验路10-2号")
    assert found.precision == "interpolated"
    assert distance_m(found.lon, found.lat, LON + 10 * STEP, LAT) < found.error_m


def test_nothing_is_placed_between_two_offices(index):
    found = index.resolve("深圳市福田区官道7号").meanings
    assert [(m.place.precision, m.place.note) for m in found] == [("district", "number_unknown")]
    assert place(index, "官道5号").precision == "rooftop"


def test_two_doors_of_one_number_are_one_place(index):
    assert place(index, "双门路7号").precision == "rooftop"


def test_a_number_that_is_no_number_is_not_found(index):
    street = index.places.numbers.streets("试验路")[0]
    assert index.places.numbers.find(street, "甲") == []
    assert index.places.numbers.find(street, "10", within=("110000",)) == []
