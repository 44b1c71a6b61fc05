"""Base maps in a browser: which tiles are asked for, and where the pins stand on them."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import Visitor, make_visitor, run_server
from hostile import CORPUS
from servers import Answer, loopback

from locator.datum import Datum, distance_m, from_wgs84

JINAN = "济南市槐荫区经四路478号"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><rect width="256" height="256" fill="#dde"/></svg>'

_PLACE_OF_PINS = """() => {
  const tiles = [...document.querySelectorAll("img.leaflet-tile-loaded")].map((img) => [img.src, img.getBoundingClientRect()]);
  return [...document.querySelectorAll(".pin")].map((pin) => {
    const box = pin.getBoundingClientRect();
    return { id: pin.dataset.id, x: box.left + 17, y: box.top + 43,
      tiles: tiles.map(([src, r]) => ({ src, left: r.left, top: r.top, size: r.width })) };
  });
}"""


@dataclass
class Pinned:
    """Where a pin stands on the tile under it, by the tile's own numbers."""

    id: str
    lon: float
    lat: float


def _tile_numbers(address: str) -> tuple[int, int, int]:
    """Return x, y, z of a tile's address, whatever its form."""
    words = parse_qs(urlsplit(address).query)
    if "TILECOL" in words:
        return int(words["TILECOL"][0]), int(words["TILEROW"][0]), int(words["TILEMATRIX"][0])
    if "x" in words:
        return int(words["x"][0]), int(words["y"][0]), int(words["z"][0])
    z, x, y = (int(part) for part in re.findall(r"/(\d+)/(\d+)/(\d+)\.png", address)[0])
    return x, y, z


def _read_pins(frame) -> list[Pinned]:
    found = []
    for pin in frame.evaluate(_PLACE_OF_PINS):
        over = [
            t for t in pin["tiles"] if 0 <= pin["x"] - t["left"] < t["size"] and 0 <= pin["y"] - t["top"] < t["size"]
        ]
        tile = over[-1]
        x, y, z = _tile_numbers(tile["src"])
        east = (x + (pin["x"] - tile["left"]) / tile["size"]) / 2**z
        south = (y + (pin["y"] - tile["top"]) / tile["size"]) / 2**z
        lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * south))))
        found.append(Pinned(pin["id"], east * 360 - 180, lat))
    return found


@contextmanager
def _person_at(
    chromium, data_folder, folder, tile_host: str, own: str = "", **settings: str
) -> Iterator[tuple[Visitor, list[str]]]:
    """Run a server with a base map; its tiles are answered here, every other host is refused."""
    shutil.copytree(data_folder, folder / "data")
    asked: list[str] = []

    def fulfil(route):
        asked.append(route.request.url)
        route.fulfill(body=SVG, content_type="image/svg+xml")

    with (
        run_server(folder / "data", folder / "server.log", **settings) as running,
        make_visitor(chromium, running) as person,
    ):
        person.context.route(re.compile(tile_host), fulfil)
        person.inside += [tile_host, *([re.escape(own)] if own else [])]
        person.open()
        person.search(JINAN)
        person.map.locator(".pin").first.wait_for()
        person.map.locator("img.leaflet-tile-loaded").first.wait_for(state="attached")
        person.page.wait_for_timeout(800)
        yield person, asked
        assert person.faults == [], "the policy lets the tiles in, and nothing ran"
        assert person.outside == [], "nobody else is asked"


def _check_pins(person: Visitor, locator, datum: Datum) -> None:
    """Compare each pin with where its office is in the tiles' datum."""
    frame = next(frame for frame in person.page.frames if "st_folium" in frame.url)
    pins = _read_pins(frame)
    assert len(pins) == 5
    for pin in pins:
        point = locator.point(pin.id)
        lon, lat = (float(value[0]) for value in from_wgs84([point.lon], [point.lat], datum))
        assert distance_m(pin.lon, pin.lat, lon, lat) < 15
        if datum is not Datum.WGS84:
            assert distance_m(pin.lon, pin.lat, point.lon, point.lat) > 300, "the shift is seen"


def test_amaps_tiles_have_pins_in_their_own_datum(chromium, data_folder, locator, tmp_path):
    host = r"^https://webrd0[1-4]\.is\.autonavi\.com/"
    credit = "审图号 GS(0000)0000号"
    with _person_at(chromium, data_folder, tmp_path, host, LOCATOR_TILES="amap", LOCATOR_TILES_ATTRIBUTION=credit) as (
        person,
        asked,
    ):
        _check_pins(person, locator, Datum.GCJ02)
        assert asked and all("/appmaptile?" in address for address in asked)
        said = person.map.locator(".leaflet-control-attribution").inner_text()
        assert "高德地图" in said and credit in said
        assert person.map.locator(".map-notice").is_hidden()


def test_tianditus_tiles_carry_its_key_and_pins_stay_where_they_are(chromium, data_folder, locator, tmp_path):
    host = r"^https://t[0-7]\.tianditu\.gov\.cn/"
    key = "browser-key-0123456789"
    with _person_at(chromium, data_folder, tmp_path, host, LOCATOR_TILES="tianditu", LOCATOR_TIANDITU_KEY=key) as (
        person,
        asked,
    ):
        _check_pins(person, locator, Datum.WGS84)
        layers = {parse_qs(urlsplit(address).query)["LAYER"][0] for address in asked}
        assert layers == {"vec", "cva"}, "the pictures and the names on them"
        assert {parse_qs(urlsplit(address).query)["tk"][0] for address in asked} == {key}
        assert "天地图" in person.map.locator(".leaflet-control-attribution").inner_text()
        assert key not in person.page.content()
    assert key not in (tmp_path / "server.log").read_text("utf-8")


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
def test_own_tiles_come_from_where_the_operator_says(chromium, data_folder, locator, tmp_path, datum):
    hostile = "".join(text for text in CORPUS[:50] if "\x00" not in text)
    with loopback(lambda _: Answer(SVG, headers={"Content-Type": "image/svg+xml"})) as tiles:
        settings = {
            "LOCATOR_TILES": f"{tiles.url}/t/{{z}}/{{x}}/{{y}}.png",
            "LOCATOR_TILES_DATUM": datum,
            "LOCATOR_TILES_ATTRIBUTION": hostile,
        }
        with _person_at(chromium, data_folder, tmp_path, "^nothing:", own=tiles.url, **settings) as (person, _):
            frame = next(frame for frame in person.page.frames if "st_folium" in frame.url)
            assert frame.locator("img.leaflet-tile-loaded").count() > 0
            _check_pins(person, locator, Datum(datum))
            assert tiles.asked
            assert all(re.fullmatch(r"/t/\d+/\d+/\d+\.png", asked.path) for asked in tiles.asked)
            assert all("area" not in asked.headers.get("referer", "") for asked in tiles.asked), "never which county"
            said = frame.locator(".leaflet-control-attribution")
            assert "<script>alert(0)</script>" in said.inner_text(), "the operator's words stay text"
            assert said.locator("script, img, svg, iframe").count() == 0
