"""The map on the page: Folium through streamlit-folium, one frame that stays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import FunctionType
from typing import Any, NamedTuple

import streamlit as st
import streamlit_folium
from streamlit_folium import st_folium

from locator.outputs.folium_map import MapData, TileSource, build_base, build_layer, encode_map_data
from locator.web import shared

HEIGHT_PX = 540
_PREFIX = "../../"
"""From ``/component/streamlit_folium.st_folium/`` to the page's own root, below any base path."""
SCRIPTS = ("leaflet.js", "markercluster.js", "map.js")
STYLES = ("leaflet.css", "markercluster.css", "map.css")


class _Frame(NamedTuple):
    """What streamlit-folium sends to the browser; only the layer differs from one answer to the next."""

    sent: Mapping[str, Any]
    layer: str
    """The layer's script, with the empty scene in it."""
    empty: str
    """The empty scene, as it stands in the script."""


def show_map(scene: MapData) -> None:
    """Draw a scene. Nothing comes back through streamlit-folium: a chosen pin reaches the list's panel."""
    tiles, assets = shared.read_tiles(), shared.read_assets()
    scripts = tuple(assets.url(name, prefix=_PREFIX) for name in SCRIPTS)
    styles = tuple(assets.url(name, prefix=_PREFIX) for name in STYLES)
    frame = _prepare(tiles, scripts, styles)
    layer = frame.layer.replace(frame.empty, encode_map_data(scene, tiles.datum))
    with st.container(key="map-box"):
        streamlit_folium._component_func(**frame.sent, feature_group=layer)


@cache
def _prepare(tiles: TileSource, scripts: tuple[str, ...], styles: tuple[str, ...]) -> _Frame:
    """Return what ``st_folium`` sends for a base map and an empty layer.

    Folium renders and compiles templates anew on each call, a third of the time of a whole run of the page. So
    ``st_folium`` itself runs once, with a recorder where it calls its component.
    """
    sent: dict[str, Any] = {}
    names = {**st_folium.__globals__, "_component_func": lambda **given: sent.update(given)}
    record = FunctionType(st_folium.__code__, names, argdefs=st_folium.__defaults__)
    record(
        build_base(tiles, scripts, styles),
        key="map",
        height=HEIGHT_PX,
        use_container_width=True,
        returned_objects=[],
        feature_group_to_add=build_layer(MapData(), tiles.datum),
    )
    layer = sent.pop("feature_group")
    return _Frame(sent, layer, encode_map_data(MapData(), tiles.datum))
