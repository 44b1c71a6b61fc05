"""The chain against a real Nominatim 5 on loopback, over a real extract of Nanjing's centre."""

from __future__ import annotations

import pytest

from locator.datum import distance_m
from locator.gazetteer.divisions import Division
from locator.geocode.fallback import FallbackGeocoder
from locator.geocode.providers import open_provider
from locator.geocode.records import GeocodeResult, Hint
from locator.http import HttpClient
from locator.model import Place, Precision
from locator.settings import Settings

pytestmark = [pytest.mark.nominatim, pytest.mark.postgis, pytest.mark.shared]

NANJING = Division("320100", "南京市", "city", "320000", 118.79, 32.06, "", "", 40_000.0)
HINT = Hint(adcode="320100", city="南京市", lon=118.79, lat=32.05, radius_m=15_000)

ADDRESSES = [
    # text, house number and street in the extract, lon, lat of its node or the middle of its building
    ("南京市玄武区中山路178号", Precision.ROOFTOP, 118.77989, 32.05075),
    ("江苏省南京市秦淮区仁寿里30号", Precision.ROOFTOP, 118.79359, 32.03827),
    ("秦淮区管家桥85号3栋501室", Precision.ROOFTOP, 118.77727, 32.04772),
    ("南京市 长江路 333号（江苏美术馆）", Precision.ROOFTOP, 118.78845, 32.04594),
    ("南京市科巷６６号", Precision.ROOFTOP, 118.79101, 32.04089),
    ("南京管家桥85号", Precision.ROOFTOP, 118.77727, 32.04772),
]


@pytest.fixture
def provider(nanjing, tmp_path):
    settings = Settings(data=tmp_path, urls={"nominatim": nanjing}, timeout_s=20.0)
    return open_provider("nominatim", settings, HttpClient(settings))


@pytest.mark.parametrize(("text", "precision", "lon", "lat"), ADDRESSES)
def test_finds_addresses_as_people_write_them(provider, text, precision, lon, lat):
    place = provider.find(text, HINT)[0]
    assert place.precision is precision
    assert float(distance_m(place.lon, place.lat, lon, lat)) < 30
    assert place.label.startswith("玄武区")  # the extract knows no other district
    assert "号" in place.label


def test_the_words_as_typed_find_nothing_so_the_rewriting_is_needed(nanjing, tmp_path):
    import geopy.geocoders

    stock = geopy.geocoders.Nominatim(domain=nanjing.removeprefix("http://"), scheme="http", user_agent="locator-tests")
    assert stock.geocode("江苏省南京市秦淮区仁寿里30号", timeout=20) is None


def test_a_number_that_is_not_there_is_the_street_and_says_so(provider):
    place = provider.find("南京市玄武区中山路9999号", HINT)[0]
    assert place.precision is Precision.STREET
    assert place.note == "number_unknown"
    assert 50 <= place.error_m < 2000


def test_finds_a_place_by_name(provider):
    place = provider.find("南京市科巷菜市场", HINT)[0]
    assert "科巷菜市场" in place.label
    assert float(distance_m(place.lon, place.lat, 118.79101, 32.04089)) < 30


def test_knows_nothing_of_elsewhere_and_of_nonsense(provider):
    assert provider.find("乌鲁木齐市天山区光明路26号", HINT) == ()
    assert provider.find("qqqq zzzz", Hint()) == ()


class OneDivision:
    def division(self, code):
        return NANJING if code == "320100" else None


def test_the_chain_takes_its_answer(nanjing, tmp_path):
    district = Place(
        label="江苏省南京市玄武区", lon=118.79, lat=32.05, precision=Precision.DISTRICT, error_m=9000,
        source="gazetteer", adcode="320102", note="street_unknown",
    )  # fmt: skip
    settings = Settings(
        data=tmp_path, geocoders=("gazetteer", "nominatim"), urls={"nominatim": nanjing}, timeout_s=20.0
    )

    def embedded(text, gazetteer, **more):
        return GeocodeResult(place=district)

    chain = FallbackGeocoder(settings, OneDivision(), embedded=embedded)
    found = chain.locate("南京市玄武区中山路178号", online=True)
    assert found.place.precision is Precision.ROOFTOP
    assert found.place.source == "nominatim"
    assert found.place.adcode == "320102"
    assert [notice.code for notice in found.notices] == ["located_by"]
    assert chain.locate("南京市玄武区中山路178号").place == district
