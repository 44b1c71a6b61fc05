"""Links into the navigation app that the person uses, each in the datum that the app expects.

Only ``https`` links: they work as an ordinary anchor, open the app where it is installed and a web page
where it is not. A link carries the start only when the caller gives one; without it the app starts from
where the phone is, and no position leaves this machine.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote, urlencode

from locator.datum import Datum, from_wgs84
from locator.i18n import text
from locator.model import MapSearch, ServicePoint
from locator.routing.route import LonLat, check_position

SOURCE = "locator"
"""How we name ourselves to the apps, as their documentation asks."""
NAME_LENGTH = 60
_APART = re.compile(r"[,|:;&#?%\\/\"'<>{}$`\s]+")


class LinkMode(StrEnum):
    """How the person travels; an app can also take the bus."""

    WALK = "walk"
    CYCLE = "cycle"
    DRIVE = "drive"
    BUS = "bus"


class Link(NamedTuple):
    """A way into one app."""

    app: str
    """``amap baidu tencent apple osmand google``; its name for people is ``routing.app.<app>``."""
    url: str
    mode: LinkMode
    datum: Datum
    """The datum of the degrees inside the link."""


class _Ends(NamedTuple):
    """A start (or None) and an end, already in the app's datum, as text of six decimals."""

    start: tuple[str, str] | None
    end: tuple[str, str]
    name: str
    start_name: str
    region: str | None

    def at(self, which: str) -> str:
        """Return ``lat,lon`` of ``start`` or ``end``."""
        lon, lat = self.end if which == "end" else self.start or self.end
        return f"{lat},{lon}"


class _App(NamedTuple):
    """What one app understands; ``modes`` are its own words, in the order of its documentation."""

    build: Callable[[_Ends, str], str]
    datum: Datum
    modes: Mapping[LinkMode, str]


def _query(address: str, values: Mapping[str, str | None], safe: str = ",") -> str:
    given = {key: value for key, value in values.items() if value is not None}
    return f"{address}?{urlencode(given, safe=safe, quote_via=quote)}"


def _amap(ends: _Ends, mode: str) -> str:
    """https://lbs.amap.com/api/uri-api/guide/travel/route: ``lon,lat,name``, so no comma in a name."""
    start = f"{ends.start[0]},{ends.start[1]},{ends.start_name}" if ends.start else None
    to = f"{ends.end[0]},{ends.end[1]},{ends.name}"
    values = {"from": start, "to": to, "mode": mode, "coordinate": "gaode", "src": SOURCE, "callnative": "1"}
    return _query("https://uri.amap.com/navigation", values)


def _baidu(ends: _Ends, mode: str) -> str:
    """https://lbsyun.baidu.com/index.php?title=uri/api/web: needs a start; without one, the place's own page."""
    common = {"coord_type": "gcj02", "output": "html", "src": f"webapp.{SOURCE}.{SOURCE}"}
    if ends.start is None:
        place = {"location": ends.at("end"), "title": ends.name, "content": ends.name}
        return _query("https://api.map.baidu.com/marker", {**place, **common})
    way = {
        "origin": f"latlng:{ends.at('start')}|name:{ends.start_name}",
        "destination": f"latlng:{ends.at('end')}|name:{ends.name}",
        "mode": mode,
        "region": ends.region,
    }
    return _query("https://api.map.baidu.com/direction", {**way, **common}, safe=",:|")


def _tencent(ends: _Ends, mode: str) -> str:
    """https://lbs.qq.com/webApi/uriV1/uriGuide/uriWebRoute: ``coord_type`` 2 is GCJ-02."""
    start = {"from": ends.start_name, "fromcoord": ends.at("start")} if ends.start else {"fromcoord": "CurrentLocation"}
    values = {"type": mode, **start, "to": ends.name, "tocoord": ends.at("end"), "coord_type": "2", "referer": SOURCE}
    return _query("https://apis.map.qq.com/uri/v1/routeplan", values)


def _apple(ends: _Ends, mode: str) -> str:
    """https://developer.apple.com/library/archive/featuredarticles/iPhoneURLScheme_Reference/MapLinks/MapLinks.html."""
    start = ends.at("start") if ends.start else None
    if mode == "cycling":  # the old parameters know no bicycle; the newer address is for iOS 18.4 and later
        values = {"source": start, "destination": ends.at("end"), "mode": mode}
        return _query("https://maps.apple.com/directions", values)
    return _query("https://maps.apple.com/", {"saddr": start, "daddr": ends.at("end"), "dirflg": mode})


def _osmand(ends: _Ends, mode: str) -> str:
    """https://osmand.net/docs/technical/algorithms/osmand-intents."""
    start = ends.at("start") if ends.start else None
    values = {"start": start, "finish": ends.at("end"), "profile": mode, "pin": ends.at("end")}
    return _query("https://osmand.net/map/", values) + f"#15/{ends.end[1]}/{ends.end[0]}"


def _google(ends: _Ends, mode: str) -> str:
    """https://developers.google.com/maps/documentation/urls/get-started."""
    start = ends.at("start") if ends.start else None
    values = {"api": "1", "origin": start, "destination": ends.at("end"), "travelmode": mode}
    return _query("https://www.google.com/maps/dir/", values)


_WALK, _CYCLE, _DRIVE, _BUS = LinkMode.WALK, LinkMode.CYCLE, LinkMode.DRIVE, LinkMode.BUS
APPS: Mapping[str, _App] = {
    "amap": _App(_amap, Datum.GCJ02, {_DRIVE: "car", _BUS: "bus", _WALK: "walk", _CYCLE: "ride"}),
    "baidu": _App(_baidu, Datum.GCJ02, {_DRIVE: "driving", _BUS: "transit", _WALK: "walking"}),
    "tencent": _App(_tencent, Datum.GCJ02, {_DRIVE: "drive", _BUS: "bus", _WALK: "walk"}),
    "apple": _App(_apple, Datum.GCJ02, {_DRIVE: "d", _BUS: "r", _WALK: "w", _CYCLE: "cycling"}),
    "osmand": _App(_osmand, Datum.WGS84, {_DRIVE: "car", _WALK: "pedestrian", _CYCLE: "bicycle"}),
    # Google's mainland road map is drawn in GCJ-02 and is mostly out of reach there: last.
    "google": _App(
        _google, Datum.GCJ02, {_DRIVE: "driving", _BUS: "transit", _WALK: "walking", _CYCLE: "bicycling"}
    ),
}  # fmt: skip
"""The apps in the order they are offered."""


def name_for_app(name: str) -> str:
    """Return a name that no app reads as two fields: no separators, no control characters, at most 60 long."""
    printable = "".join(" " if unicodedata.category(sign).startswith("C") else sign for sign in name)
    return _APART.sub(" ", printable).strip()[:NAME_LENGTH].strip()


def _in_datum(position: LonLat, datum: Datum) -> tuple[str, str]:
    lon, lat = from_wgs84(*position, datum)
    return f"{float(lon):.6f}", f"{float(lat):.6f}"


def links(
    origin: LonLat | None,
    point: LonLat,
    name: str,
    mode: str = LinkMode.WALK,
    *,
    region: str | None = None,
    lang: str = "zh",
) -> list[Link]:
    """Return a link for each app that knows the mode, the likeliest app first.

    Parameters
    ----------
    origin
        Start, WGS-84 (lon, lat), or None: the app then starts from where the phone is (Baidu shows the
        place, with its own "go there" button). Give it only when the person wants it in the link.
    point
        End, WGS-84 (lon, lat).
    name
        What the app shows at the end; cleaned by :func:`name_for_app`.
    mode
        ``walk``, ``cycle``, ``drive`` or ``bus``.
    region
        The city's Chinese name, which Baidu likes to know.

    Raises
    ------
    InvalidInput
        An invalid position (see :func:`locator.routing.route.check_position`).
    """
    wanted = LinkMode(str(mode))
    start, end = (None if origin is None else check_position(*origin)), check_position(*point)
    end_name, start_name = name_for_app(name) or text("routing.link_end", lang), text("routing.link_start", lang)
    city = name_for_app(region or "") or None
    made, ends_in = [], dict[Datum, _Ends]()
    for app, (build, datum, modes) in APPS.items():
        if wanted in modes:
            if datum not in ends_in:
                first = None if start is None else _in_datum(start, datum)
                ends_in[datum] = _Ends(first, _in_datum(end, datum), end_name, start_name, city)
            made.append(Link(app, build(ends_in[datum], modes[wanted]), wanted, datum))
    return made


SEARCH_DECIMALS = 3
"""A link into an app's search tells it where, to about 100 m."""
SEARCH_RADIUS_M = 5000


class _Around(NamedTuple):
    """Where to search: degrees in the app's datum as text, or None; and the city, by adcode and name."""

    at: tuple[str, str] | None
    exact: bool
    city: str | None
    city_name: str | None

    @property
    def lat_lon(self) -> str | None:
        return f"{self.at[1]},{self.at[0]}" if self.at else None


def _amap_search(keyword: str, around: _Around) -> str:
    """https://lbs.amap.com/api/uri-api/guide/search/search: ``center`` is ``lon,lat``, ``city`` an adcode."""
    center = ",".join(around.at) if around.at else None
    values = {"keyword": keyword, "center": center, "city": around.city, "view": "list", "src": SOURCE}
    return _query("https://uri.amap.com/search", {**values, "coordinate": "gaode", "callnative": "1"})


def _baidu_search(keyword: str, around: _Around) -> str:
    """https://lbsyun.baidu.com/index.php?title=uri/api/web: a circle (``lat,lon``), or else a city by its name."""
    circle = {"location": around.lat_lon, "radius": str(SEARCH_RADIUS_M), "coord_type": "bd09ll"}
    where = circle if around.at and (around.exact or not around.city_name) else {"region": around.city_name}
    values = {"query": keyword, **where, "output": "html", "src": f"webapp.{SOURCE}.{SOURCE}"}
    return _query("https://api.map.baidu.com/place/search", values)


def _tencent_search(keyword: str, around: _Around) -> str:
    """https://lbs.qq.com/webApi/uriV1/uriGuide/uriWebPoisearch: a city by its name, or ``lat,lon`` and a radius."""
    circle = {"center": around.lat_lon, "radius": str(SEARCH_RADIUS_M)} if around.at else {}
    where = circle if around.exact or not around.city_name else {"region": around.city_name}
    values = {"keyword": keyword, **where, "referer": SOURCE}
    return _query("https://apis.map.qq.com/uri/v1/search", values)


def _apple_search(keyword: str, around: _Around) -> str:
    """https://developer.apple.com/library/archive/featuredarticles/iPhoneURLScheme_Reference/MapLinks/MapLinks.html."""
    return _query("https://maps.apple.com/", {"q": keyword, "sll": around.lat_lon})


SEARCH_APPS: Mapping[str, tuple[Callable[[str, _Around], str], Datum]] = {
    "amap": (_amap_search, Datum.GCJ02),
    "baidu": (_baidu_search, Datum.BD09),
    "tencent": (_tencent_search, Datum.GCJ02),
    "apple": (_apple_search, Datum.GCJ02),
}
"""The apps whose own search a link can open, in the order they are offered."""


def map_searches(
    keyword: str, around: LonLat | None, *, exact: bool = True, city: str | None = None, city_name: str | None = None
) -> list[MapSearch]:
    """Return links that open each map app's own search for a word.

    Parameters
    ----------
    keyword
        What to look for, with the name of the district where the place is known no more exactly.
    around
        WGS-84 (lon, lat) to search around, or None. The link holds it in the app's datum, rounded to
        :data:`SEARCH_DECIMALS`: that and the keyword are what the app learns.
    exact
        False for the seat of a district or city, around which no circle is drawn.
    city, city_name
        The city's adcode and name: AMap takes the one, Baidu and Tencent the other.
    """
    word, found = name_for_app(keyword), []
    for app, (build, datum) in SEARCH_APPS.items():
        at = None
        if around is not None:
            lon, lat = from_wgs84(*around, datum)
            at = (f"{float(lon):.{SEARCH_DECIMALS}f}", f"{float(lat):.{SEARCH_DECIMALS}f}")
        found.append(MapSearch(app, word, build(word, _Around(at, exact, city, city_name)), datum))
    return found


def address_for_driver(point: ServicePoint) -> str:
    """Return name and address in Chinese, to copy or to show to a taxi driver."""
    area = "".join(part for part in (point.city or point.province, point.district) if part)
    address = point.address or ""
    known = any(part and part in address for part in (point.city, point.district))
    return f"{point.name}\n{address if known else area + address}".strip()
