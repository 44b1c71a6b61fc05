"""The map on the page: what it shows of an answer, and the one frame that stays (Folium through streamlit-folium)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import streamlit as st

from locator.hours.telling import describe
from locator.model import Hit, Place, ServicePoint
from locator.outputs.folium_map import MapData, MapOrigin, Pin, TileSource, build_base, build_layer, encode_map_data
from locator.outputs.shapes import say_hit_distance
from locator.routing.route import Route
from locator.web import shared
from locator.web.routes import SCRIPTS, STYLES, TILE_SCRIPTS
from locator.web.state import PageState
from locator.web.streamlit_patches import record_map_call, send_map_call
from locator.wording import Translator

HEIGHT_PX = 540
_PREFIX = "../../"
"""From ``/component/streamlit_folium.st_folium/`` to the page's own root, below any base path."""
_CONTROLS = (
    "title", "zoom_in", "zoom_out", "fit", "pick", "pick_hint", "two_fingers", "tiles_failed", "no_tiles", "north",
    "legend_origin", "legend_pin", "legend_way", "legend_estimate", "legend_cluster",
)  # fmt: skip


class _Frame(NamedTuple):
    """What streamlit-folium sends to the browser; only the layer differs from one answer to the next."""

    sent: Mapping[str, Any]
    layer: str
    """The layer's script, with no scene in it."""
    empty: str
    """What stands in the script where there is no scene."""


def show_map(scene: MapData | None) -> None:
    """Draw a scene; None draws the frame alone, which then asks the list's panel for one.

    Nothing comes back through streamlit-folium: a chosen pin reaches the list's panel.
    """
    tiles, assets = shared.read_tiles(), shared.read_assets()
    ground = shared.describe_ground(_PREFIX)
    names = SCRIPTS if "tiles" not in json.loads(ground) else (SCRIPTS[0], TILE_SCRIPTS[0], *SCRIPTS[1:])
    scripts = tuple(assets.url(name, prefix=_PREFIX) for name in names)
    styles = tuple(assets.url(name, prefix=_PREFIX) for name in STYLES)
    frame = _prepare(tiles, scripts, styles, ground)
    layer = frame.layer.replace(frame.empty, encode_map_data(scene, tiles.datum))
    with st.container(key="map-box"):
        send_map_call(frame.sent, layer=layer)


@lru_cache(maxsize=2)
def _prepare(tiles: TileSource, scripts: tuple[str, ...], styles: tuple[str, ...], ground: str) -> _Frame:
    """Return what is sent for a base map and a layer without a scene; made once for each version of our own tiles."""
    base = build_base(tiles, scripts, styles, json.loads(ground))
    sent = record_map_call(base, build_layer(None, tiles.datum), height=HEIGHT_PX)
    layer = sent.pop("feature_group")
    return _Frame(sent, layer, encode_map_data(None, tiles.datum))


@lru_cache(maxsize=8)
def read_controls(lang: str) -> Mapping[str, str]:
    """Return what the map's own controls say."""
    words = Translator(lang)
    said = {name: words(f"map.{name}") for name in _CONTROLS}
    return MappingProxyType(said | {"cluster": words("map.cluster", n="{n}"), "comma": words("comma")})


def make_pin(hit: Hit, words: Translator, at: datetime) -> Pin:
    """Return a hit's pin: the number of the list, and the same words."""
    point = hit.point
    lines = (
        say_hit_distance(hit, words.lang),
        words.name("kind", point.kind),
        point.address,
        describe(hit.status, at, words.lang),
    )
    return Pin(
        id=point.id,
        label=str(hit.rank),
        name=point.name,
        lines=tuple(line for line in lines if line),
        lon=point.lon or 0.0,
        lat=point.lat or 0.0,
    )


def make_origin(place: Place, words: Translator) -> MapOrigin | None:
    """Return where the person is, or None when that has no position."""
    if place.lon is None or place.lat is None:
        return None
    return MapOrigin(label=words("map.origin", label=place.label), lon=place.lon, lat=place.lat, error_m=place.error_m)


def build_map_data(
    place: Place | None,
    hits: Sequence[Hit],
    *,
    chosen: Hit | None,
    route: Route | None,
    state: PageState,
    at: datetime,
) -> MapData:
    """Return the scene of an answer: its pins, the origin, and the way to the chosen point."""
    words = Translator(state.lang)
    label = ""
    if route is not None and route.engine == "line":
        label = words("map.line_label", length=words.length(route.distance_m))
    return MapData(
        pins=tuple(make_pin(hit, words, at) for hit in hits if hit.point.pin),
        origin=make_origin(place, words) if place else None,
        chosen=chosen.point.id if chosen else None,
        line=route.line if route else (),
        line_is_estimate=route is None or route.engine == "line",
        line_label=label,
        steps=find_steps(route) if route is not None and route.engine != "line" else (),
        texts=read_controls(state.lang),
        lang=state.lang,
        large=state.large,
    )


def find_steps(route: Route) -> tuple[int, ...]:
    """Return where in a route's line each of its steps begins; a step never begins before the one ahead of it."""
    found: list[int] = []
    for step in route.steps:
        start = found[-1] if found else 0
        try:
            found.append(route.line.index((step.lon, step.lat), start))
        except ValueError:  # an engine whose steps begin beside the line
            away = [(lon - step.lon) ** 2 + (lat - step.lat) ** 2 for lon, lat in route.line[start:]]
            found.append(start + away.index(min(away)))
    return tuple(found)


def build_overview_map(points: Sequence[ServicePoint], state: PageState) -> MapData:
    """Return the scene of a list of centers: every exact position, without numbers."""
    words = Translator(state.lang)
    pins = tuple(
        Pin(
            id=point.id,
            label="",
            name=point.name,
            lines=tuple(line for line in (words.name("kind", point.kind), point.address) if line),
            lon=point.lon or 0.0,
            lat=point.lat or 0.0,
        )
        for point in points
        if point.pin
    )
    texts = {**read_controls(state.lang), "legend_pin": words("map.legend_center")}
    return MapData(pins=pins, texts=texts, lang=state.lang, large=state.large)
