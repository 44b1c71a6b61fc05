"""What an OpenStreetMap extract gives the index."""

from __future__ import annotations

import contextlib
import re
import sqlite3

import pytest

from locator.datum import distance_m
from locator.errors import DataError
from locator.gazetteer.build import build_gazetteer
from locator.gazetteer.divisions import DivisionTable, NumberRecord, PlaceKind, PlaceRecord
from locator.gazetteer.query import open_gazetteer
from locator.gazetteer.sources import read_osm

LAT, LON = 22.55, 114.05


def element(kind: str, number: int, body: str = "", **tags: str) -> str:
    inner = "".join(f'<tag k="{k.replace("__", ":")}" v="{v}"/>' for k, v in tags.items())
    place = f'lat="{LAT + (number % 50) * 0.0005}" lon="{LON + number * 0.0001:.7f}"' if kind == "node" else ""
    return f'<{kind} id="{number}" version="1" {place}>{body}{inner}</{kind}>'


@pytest.fixture(scope="module")
def extract(tmp_path_factory):
    """Two pieces of a street, one of the same name far away, addresses, a station, a village."""
    nodes = [
        element("node", 1), element("node", 2), element("node", 3),
        element("node", 4, addr__housenumber="12;14", addr__street="红荔路", addr__city="深圳市", addr__district="福田区"),
        element("node", 5, addr__housenumber="7号", addr__street="红荔路", name="小店", shop="yes"),
        element("node", 6, addr__housenumber="9"),
        element("node", 7, railway="station", name="莲花站", name__en="Lianhua Station"),
        element("node", 8, place="village", name="下梅林村"),
        element("node", 9, highway="bus_stop", name="公交站"),
        element("node", 10, boundary="marker", name="界碑"),
        element("node", 9000), element("node", 9001),
    ]  # fmt: skip
    ways = [
        element("way", 100, '<nd ref="1"/><nd ref="2"/>', highway="residential", name="红荔路", name__en="Hongli Road"),
        element("way", 101, '<nd ref="2"/><nd ref="3"/>', highway="residential", name="红荔路"),
        element("way", 102, '<nd ref="9000"/><nd ref="9001"/>', highway="residential", name="红荔路"),
    ]
    path = tmp_path_factory.mktemp("osm") / "town.osm"
    path.write_text(f'<osm version="0.6">{"".join(nodes + ways)}</osm>', "utf-8")
    return path


def test_records_of_an_extract(extract):
    found = list(read_osm(extract))
    names = {(r.name, r.kind) for r in found if isinstance(r, PlaceRecord)}
    assert names == {
        ("红荔路", PlaceKind.STREET), ("小店", PlaceKind.POI), ("莲花站", PlaceKind.STATION), ("下梅林村", PlaceKind.VILLAGE)
    }  # fmt: skip
    numbers = sorted(r.number for r in found if isinstance(r, NumberRecord))
    assert numbers == ["12", "14", "7号"]


def test_pieces_of_a_street_are_joined_when_they_lie_together(extract):
    streets = [r for r in read_osm(extract) if isinstance(r, PlaceRecord) and r.kind is PlaceKind.STREET]
    assert len(streets) == 2
    assert distance_m(streets[0].lon, streets[0].lat, streets[1].lon, streets[1].lat) > 50_000
    assert all("Hongli Road" in s.aliases for s in streets)
    assert all(s.error_m >= 50 for s in streets)


def test_an_extract_can_be_read_again(extract):
    source = read_osm(extract)
    assert list(source) == list(source)


def test_address_tags_become_an_adcode(extract, index_file):
    with contextlib.closing(sqlite3.connect(index_file)) as connection:
        table = DivisionTable.load(connection)
        by_number = {r.number: r.adcode for r in read_osm(extract, table) if isinstance(r, NumberRecord)}
    assert by_number == {"12": "440304", "14": "440304", "7号": None}


def test_an_extract_is_found_in_the_index(extract, tmp_path, small_shipped):
    path = tmp_path / "g.sqlite"
    build_gazetteer(path, small_shipped, extracts=[read_osm(extract)])
    index = open_gazetteer(path)
    for text, precision in (
        ("深圳市福田区红荔路12号", "rooftop"),
        ("深圳市红荔路7号", "rooftop"),
        ("深圳市福田区红荔路13号", "interpolated"),
        ("7 Hongli Road, Shenzhen", "rooftop"),
        ("深圳莲花站", "poi"),
        ("Lianhua Station, Shenzhen", "poi"),
        ("深圳市下梅林村", "village"),
    ):
        found = [m.place.precision for m in index.resolve(text).meanings]
        assert precision in found, text


@pytest.mark.parametrize("content", ["", "no xml at all", "<osm><node"])
def test_a_broken_extract_is_a_data_error(tmp_path, content):
    path = tmp_path / "broken.osm"
    path.write_text(content)
    with pytest.raises(DataError, match=r"broken\.osm"):
        list(read_osm(path))


def test_a_missing_extract_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        list(read_osm(tmp_path / "nowhere.osm.pbf"))


@pytest.mark.shared
def test_real_addresses_of_nanjing_are_found_where_they_are(shared_data, tmp_path, small_shipped):
    path = tmp_path / "g.sqlite"
    source = read_osm(shared_data / "osm" / "nanjing-center.osm.pbf")
    build_gazetteer(path, small_shipped, extracts=[source])
    index = open_gazetteer(path)
    addresses = [r for r in source if isinstance(r, NumberRecord) and re.fullmatch(r"\d+(-\d+)?号?", r.number)]
    assert len(addresses) > 30
    for address in addresses:
        (place, *_) = index.find(f"南京市{address.street}{address.number.removesuffix('号')}号")
        assert place.precision == "rooftop", address.street
        assert distance_m(place.lon, place.lat, address.lon, address.lat) < 150
