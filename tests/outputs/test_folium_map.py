"""The map carries data that no template and no script can read as code."""

from __future__ import annotations

import base64
import json
import re

import folium
import pytest
from hostile import CORPUS, looped
from hypothesis import given
from hypothesis import strategies as st

from locator.datum import Datum, distance_m, from_wgs84
from locator.errors import SettingError
from locator.outputs.folium_map import (
    MapData,
    MapOrigin,
    Pin,
    TileSource,
    build_base,
    build_layer,
    encode_payload,
    open_tiles,
    shape_map_data,
)
from locator.settings import Secrets, Settings

OSM = TileSource(name="osm", urls=("https://tile.openstreetmap.org/{z}/{x}/{y}.png",))


def _scene(text: str = "甲", lon: float = 116.97, lat: float = 36.65) -> MapData:
    pin = Pin(id="a-1", label="1", name=text, lines=(text,), lon=lon, lat=lat)
    return MapData(
        pins=(pin,),
        origin=MapOrigin(label=text, lon=lon, lat=lat, error_m=30),
        chosen="a-1",
        line=((lon, lat), (lon + 0.01, lat)),
        line_label=text,
        texts={"title": text},
    )


def _render(scene: MapData, tiles: TileSource = OSM) -> str:
    base = build_base(tiles, ["../../assets/leaflet.js"], ["../../assets/leaflet.css"])
    build_layer(scene, tiles.datum).add_to(base)
    return base.get_root().render()


def _payloads(page: str) -> list[object]:
    return [json.loads(base64.b64decode(word)) for word in re.findall(r"'([A-Za-z0-9+/=]{20,})'", page)]


@looped("text", CORPUS)
def test_no_hostile_text_reaches_a_template_or_a_script(text):
    page, plain = _render(_scene(text)), _render(_scene("甲"))
    shapes = _payloads(page)
    assert shapes[-1]["points"]["features"][0]["properties"]["name"] == text
    skeleton = [re.sub(r"'[A-Za-z0-9+/=]{20,}'|[0-9a-f]{32}", "", each) for each in (page, plain)]
    assert skeleton[0] == skeleton[1], "nothing but the payload differs"


@given(st.text())
def test_every_text_survives_the_payload(text):
    payload = encode_payload({"name": text.encode("utf-8", "replace").decode()})
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", payload)
    assert json.loads(base64.b64decode(payload))["name"] == text.encode("utf-8", "replace").decode()


def test_the_base_map_is_the_same_for_every_search():
    pages = [_render_base(OSM) for _ in range(2)]
    assert pages[0] == pages[1]


def _render_base(tiles: TileSource) -> str:
    base = build_base(tiles, ["a.js"], ["a.css"])
    return re.sub(r"[0-9a-f]{32}", "", base.get_root().render())


def test_the_map_loads_our_files_and_nothing_else():
    page = _render(_scene())
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) == {"../../assets/leaflet.js", "../../assets/leaflet.css"}
    assert folium.Map.default_js[0][1].startswith("https://"), "folium's own class is left as it was"


def test_pins_are_shifted_to_the_base_maps_datum():
    lon, lat = 116.97, 36.65
    shape = shape_map_data(_scene(lon=lon, lat=lat), Datum.GCJ02)
    drawn = shape["points"]["features"][0]["geometry"]["coordinates"]
    expected = [float(v) for v in from_wgs84(lon, lat, Datum.GCJ02)]
    assert distance_m(*drawn, *expected) < 0.02
    assert distance_m(*drawn, lon, lat) > 300
    assert shape["origin"]["at"] == drawn
    assert shape["line"]["at"][0] == drawn
    same = shape_map_data(_scene(lon=lon, lat=lat), Datum.WGS84)["points"]["features"][0]["geometry"]["coordinates"]
    assert same == [lon, lat]


def test_an_empty_scene_is_a_scene():
    assert shape_map_data(MapData(), Datum.BD09)["points"]["features"] == []


@pytest.mark.parametrize(
    ("settings", "name", "datum", "layers"),
    [
        (Settings(tiles="osm"), "osm", Datum.WGS84, 1),
        (Settings(), "auto", Datum.WGS84, 1),
        (Settings(tiles="ground"), "ground", Datum.WGS84, 0),
        (Settings(tiles="none"), "none", Datum.WGS84, 0),
        (Settings(tiles="amap"), "amap", Datum.GCJ02, 1),
        (Settings(tiles="tianditu", keys=Secrets(tianditu="k")), "tianditu", Datum.WGS84, 2),
        (Settings(tiles="https://t.example/{z}/{x}/{y}.png", tiles_datum="bd09"), "own", Datum.BD09, 1),
    ],
)
def test_each_base_map_declares_its_datum(settings, name, datum, layers):
    tiles = open_tiles(settings)
    assert (tiles.name, tiles.datum, len(tiles.urls)) == (name, datum, layers)
    assert all(url.startswith("https://") and "{z}" in url for url in tiles.urls)


def test_tianditu_without_a_key_is_refused_by_name():
    with pytest.raises(SettingError, match="LOCATOR_TIANDITU_KEY"):
        open_tiles(Settings(tiles="tianditu"))
