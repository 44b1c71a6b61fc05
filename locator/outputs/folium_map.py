"""The Folium map: a base map that never changes, and one layer that carries an answer.

Folium compiles what it is given as a template twice and writes it into JavaScript literals, so a name such as
``{{7*7}}`` or ``${alert(1)}`` would run. Therefore no data goes into folium: everything travels as Base64 of
JSON, which is inert in Jinja, in JavaScript and in streamlit-folium's key, and ``locator/web/static/map.js``
turns it into a GeoJSON layer and DOM nodes with ``textContent``.

The base map's script is the same for every search, so streamlit-folium keeps the frame; only the layer changes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import folium
from branca.element import MacroElement
from folium.template import Template

from locator.datum import Datum, from_wgs84
from locator.errors import SettingError
from locator.settings import Settings

CHINA = (104.0, 35.5)
"""Where an empty map looks (lon, lat)."""
CHINA_ZOOM = 4
MAX_ZOOM = 18
OWN_SUBDOMAINS = "abc"
"""What ``{s}`` stands for in the address of the operator's own base map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileSource:
    """A base map: where its tiles come from, and the datum its pictures are drawn in."""

    name: str
    """The setting, or ``own`` for an address of the operator's; its sentence is ``page.tiles.<name>``."""
    urls: tuple[str, ...] = ()
    """One address for each layer of pictures, bottom first."""
    datum: Datum = Datum.WGS84
    attribution: str = ""
    subdomains: str = ""
    max_native_zoom: int = 18
    ground: bool = False
    """Whether our own map is drawn where there are tiles of it; the pictures are for elsewhere then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A point on the map."""

    id: str
    label: str
    """What stands in the pin: the number of the list."""
    name: str
    lines: tuple[str, ...]
    """What the card says under the name, in words."""
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOrigin:
    """Where the person is, as far as that is known."""

    label: str
    lon: float
    lat: float
    error_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapData:
    """Everything that the map shows of one answer. Positions are WGS-84 degrees."""

    pins: tuple[Pin, ...] = ()
    origin: MapOrigin | None = None
    chosen: str | None = None
    line: tuple[tuple[float, float], ...] = ()
    """(lon, lat) pairs of the way to the chosen point."""
    line_is_estimate: bool = True
    line_label: str = ""
    steps: tuple[int, ...] = ()
    """Where in ``line`` each step of the way begins."""
    texts: Mapping[str, str] | None = None
    """What the map's own controls say, by name."""
    lang: str = "zh"
    large: bool = False


def open_tiles(settings: Settings) -> TileSource:
    """Return the base map that the operator chose, with the operator's own line (a review number) in its credit.

    Raises
    ------
    SettingError
        Tianditu was chosen without a key.
    """
    tiles = _open_named(settings)
    credit = " · ".join(part for part in (tiles.attribution, settings.tiles_attribution) if part)
    return replace(tiles, attribution=credit if tiles.urls else "")


def _open_named(settings: Settings) -> TileSource:
    if settings.tiles in ("auto", "osm"):
        return TileSource(
            name=settings.tiles,
            ground=settings.tiles == "auto",
            urls=("https://tile.openstreetmap.org/{z}/{x}/{y}.png",),
            attribution="© OpenStreetMap contributors",
            max_native_zoom=19,
        )
    if settings.tiles == "tianditu":
        return _open_tianditu(settings)
    if settings.tiles == "amap":
        return TileSource(
            name="amap",
            urls=("https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",),
            datum=Datum.GCJ02,
            attribution="© 高德地图 AutoNavi",
            subdomains="1234",
        )
    if settings.tiles in ("ground", "none"):
        return TileSource(name=settings.tiles, ground=settings.tiles == "ground")
    return TileSource(
        name="own",
        urls=(settings.tiles,),
        datum=Datum(settings.tiles_datum),
        subdomains=OWN_SUBDOMAINS,
    )


def _open_tianditu(settings: Settings) -> TileSource:
    key = settings.keys.get("tianditu")
    if not key:
        raise SettingError(
            "LOCATOR_TILES is tianditu; expected LOCATOR_TIANDITU_KEY beside it", code="tiles_key", name="tianditu"
        )
    address = (
        "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
        "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
    )
    return TileSource(
        name="tianditu",
        # Pictures first, then the names on top of them.
        urls=tuple(address.format(layer=layer, key=key) for layer in ("vec", "cva")),
        attribution="© 天地图 国家地理信息公共服务平台",
        subdomains="01234567",
    )


def encode_payload(value: object) -> str:
    """Return a JSON value as Base64: nothing in it can be read as a template, a script or a variable's name."""
    document = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(document.encode("utf-8", "replace")).decode("ascii")


def shape_map_data(scene: MapData, datum: Datum) -> dict[str, Any]:
    """Return what ``map.js`` draws: a GeoJSON collection and its surroundings, shifted to the base map's datum."""
    pins = _shift([(pin.lon, pin.lat) for pin in scene.pins], datum)
    features = [
        {
            "type": "Feature",
            "id": pin.id,
            "geometry": {"type": "Point", "coordinates": pair},
            "properties": {"label": pin.label, "name": pin.name, "lines": list(pin.lines)},
        }
        for pin, pair in zip(scene.pins, pins, strict=True)
    ]
    origin = None
    if scene.origin:
        (pair,) = _shift([(scene.origin.lon, scene.origin.lat)], datum)
        origin = {"at": pair, "label": scene.origin.label, "error_m": scene.origin.error_m}
    return {
        "points": {"type": "FeatureCollection", "features": features},
        "origin": origin,
        "chosen": scene.chosen,
        "line": {
            "at": _shift(scene.line, datum),
            "estimate": scene.line_is_estimate,
            "label": scene.line_label,
            "steps": list(scene.steps),
        },
        "texts": dict(scene.texts or {}),
        "lang": scene.lang,
        "large": scene.large,
    }


def encode_map_data(scene: MapData | None, datum: Datum) -> str:
    """Return a scene as it stands in the layer's script; with None the script asks the page for it."""
    return encode_payload(shape_map_data(scene, datum) if scene else None)


def _shift(pairs: Sequence[tuple[float, float]], datum: Datum) -> list[list[float]]:
    """Return (lon, lat) pairs in a base map's datum, to about a centimetre."""
    if not pairs:
        return []
    lon, lat = from_wgs84([x for x, _ in pairs], [y for _, y in pairs], datum)
    return [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]


class _Start(MacroElement):
    """Starts our script on the base map."""

    _template = Template(
        "{% macro script(this, kwargs) %}locatorMap.start({{ this._parent.get_name() }}, '{{ this.payload }}');"
        "{% endmacro %}"
    )

    def __init__(self, payload: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "start"
        self.payload = payload


class _Show(MacroElement):
    """Hands a scene to our script, which draws it as one GeoJSON layer."""

    _template = Template("{% macro script(this, kwargs) %}locatorMap.show('{{ this.payload }}');{% endmacro %}")

    def __init__(self, payload: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "show"
        self.payload = payload


def build_base(
    tiles: TileSource, scripts: Sequence[str], styles: Sequence[str], ground: Mapping[str, Any] | None = None
) -> folium.Map:
    """Return the base map, the same for every search until other tiles are made.

    Parameters
    ----------
    tiles
        The base map's pictures.
    scripts, styles
        Addresses of the script and style files, as the map's frame reaches them; nothing else is loaded.
    ground
        What ``ground.js`` draws: see :func:`locator.web.shared.describe_ground`.
    """
    lon, lat = CHINA
    base = folium.Map(
        [lat, lon], zoom_start=CHINA_ZOOM, tiles=None, control_scale=False, zoom_control=False, max_zoom=MAX_ZOOM
    )
    base.default_js = [(f"script{n}", address) for n, address in enumerate(scripts)]
    base.default_css = [(f"style{n}", address) for n, address in enumerate(styles)]
    config = {
        "urls": list(tiles.urls),
        "attribution": tiles.attribution,
        "subdomains": tiles.subdomains,
        "max_native_zoom": tiles.max_native_zoom,
        "max_zoom": MAX_ZOOM,
        "ground": dict(ground or {}),
    }
    base.add_child(_Start(encode_payload(config)))
    return base


def build_layer(scene: MapData | None, datum: Datum) -> folium.FeatureGroup:
    """Return the feature group that carries one scene, for ``st_folium(feature_group_to_add=…)``."""
    group = folium.FeatureGroup(name="points")
    group.add_child(_Show(encode_map_data(scene, datum)))
    return group
