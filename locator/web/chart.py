"""The map on the page: Folium through streamlit-folium, one frame that stays."""

from __future__ import annotations

import streamlit as st
from streamlit_folium import st_folium

from locator.maps import Scene, build_base, build_layer
from locator.web import shared

HEIGHT_PX = 540
_PREFIX = "../../"
"""From ``/component/streamlit_folium.st_folium/`` to the page's own root, below any base path."""
SCRIPTS = ("leaflet.js", "markercluster.js", "map.js")
STYLES = ("leaflet.css", "markercluster.css", "map.css")


def show_map(scene: Scene) -> None:
    """Draw a scene. Nothing comes back through streamlit-folium: a chosen pin reaches the list's panel."""
    tiles, assets = shared.read_tiles(), shared.read_assets()
    base = build_base(
        tiles,
        [assets.url(name, prefix=_PREFIX) for name in SCRIPTS],
        [assets.url(name, prefix=_PREFIX) for name in STYLES],
    )
    with st.container(key="map-box"):
        st_folium(
            base,
            key="map",
            height=HEIGHT_PX,
            use_container_width=True,
            returned_objects=[],
            feature_group_to_add=build_layer(scene, tiles.datum),
        )
