"""The map's frame is prepared once: what it sends is what streamlit-folium itself would send."""

import json

import pytest
import streamlit_folium
from streamlit_folium import st_folium

from locator.outputs.folium_map import MapData, MapOrigin, Pin, build_base, build_layer
from locator.web import map_component, shared
from locator.web.routes import SCRIPTS, STYLES, open_assets

SCENES = {
    "nothing": MapData(),
    "an answer": MapData(
        pins=(Pin(id="a", label="1", name="历下区社保中心 {{7*7}}", lines=("1 公里",), lon=117.0, lat=36.6),),
        origin=MapOrigin(label="济南", lon=117.1, lat=36.7, error_m=50.0),
        chosen="a",
        line=((117.1, 36.7), (117.0, 36.6)),
        texts={"title": "地图"},
    ),
}


@pytest.fixture
def sent(monkeypatch, tmp_path):
    """Return what reaches streamlit-folium's component."""
    calls = []
    assets = open_assets(tmp_path)
    monkeypatch.setattr(shared, "read_assets", lambda: assets)
    monkeypatch.setattr(streamlit_folium, "_component_func", lambda **given: calls.append(given))
    return calls


@pytest.mark.parametrize("name", SCENES)
def test_the_prepared_frame_sends_what_streamlit_folium_sends(name, sent):
    scene, tiles, assets = SCENES[name], shared.read_tiles(), shared.read_assets()
    map_component.show_map(scene)
    st_folium(
        build_base(
            tiles,
            [assets.url(file, prefix="../../") for file in SCRIPTS],
            [assets.url(file, prefix="../../") for file in STYLES],
            json.loads(shared.describe_ground("../../")),
        ),
        key="map",
        height=map_component.HEIGHT_PX,
        use_container_width=True,
        returned_objects=[],
        feature_group_to_add=build_layer(scene, tiles.datum),
    )
    ours, theirs = sent
    for call in sent:  # a name folium makes anew each time, and a function
        call.pop("id")
        assert callable(call.pop("on_change"))
    assert ours == theirs


def test_two_scenes_share_the_frame_and_differ_in_the_layer(sent):
    for scene in SCENES.values():
        map_component.show_map(scene)
    first, second = sent
    assert {key for key in first if first[key] != second[key]} == {"feature_group"}
