"""Links into navigation apps, read back as the app would."""

from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator.datum import Datum, distance_m, to_wgs84
from locator.errors import InvalidInput
from locator.i18n import LANGS, text
from locator.model import Mode, ServicePoint
from locator.routing.links import APPS, NAME_LENGTH, LinkMode, address_for_driver, links, name_for_app

JINAN = (116.98, 36.658517)
BUREAU = (117.0205, 36.6702)
HONG_KONG = (114.1694, 22.3193)
NASTY = "市民,中心|name:x&y=1#?<script>{{7*7}}${alert(1)}\u202e\n门"


def read(url: str) -> dict[str, str]:
    """Read a link's fields as a browser does, one value each."""
    fields = parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values())
    return {key: values[0] for key, values in fields.items()}


def pair(lat_lon: str) -> tuple[float, float]:
    lat, lon = lat_lon.split(",")
    return float(lon), float(lat)


def ends_of(app: str, url: str) -> tuple[tuple[float, float] | None, tuple[float, float], str | None, str]:
    """Read (start, end, name, the app's word for the mode) the way each app documents it."""
    parts, fields = urlsplit(url), read(url)
    assert parts.scheme == "https"
    if app == "amap":
        assert parts.netloc == "uri.amap.com" and parts.path == "/navigation" and fields["coordinate"] == "gaode"
        lon, lat, name = fields["to"].split(",")
        start = fields.get("from")
        first = None if start is None else (float(start.split(",")[0]), float(start.split(",")[1]))
        return first, (float(lon), float(lat)), name, fields["mode"]
    if app == "baidu":
        assert parts.netloc == "api.map.baidu.com" and fields["coord_type"] == "gcj02" and fields["output"] == "html"
        if parts.path == "/marker":
            return None, pair(fields["location"]), fields["title"], ""
        begin, end = (dict(part.split(":", 1) for part in fields[k].split("|")) for k in ("origin", "destination"))
        return pair(begin["latlng"]), pair(end["latlng"]), end["name"], fields["mode"]
    if app == "tencent":
        assert parts.netloc == "apis.map.qq.com" and fields["coord_type"] == "2" and fields["referer"]
        start = fields["fromcoord"]
        return (
            None if start == "CurrentLocation" else pair(start),
            pair(fields["tocoord"]),
            fields["to"],
            fields["type"],
        )
    names = {
        "apple": ("saddr", "daddr", "dirflg"),
        "osmand": ("start", "finish", "profile"),
        "google": ("origin", "destination", "travelmode"),
    }[app]
    if app == "apple" and parts.path == "/directions":
        names = ("source", "destination", "mode")
    start = fields.get(names[0])
    return None if start is None else pair(start), pair(fields[names[1]]), None, fields[names[2]]


def apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(distance_m(*a, *b))


@pytest.mark.parametrize("mode", LinkMode)
def test_every_app_reads_back_both_ends_in_its_datum(mode: LinkMode) -> None:
    for link in links(JINAN, BUREAU, "市民中心", mode, region="济南市"):
        start, end, name, _ = ends_of(link.app, link.url)
        assert start is not None
        assert apart(tuple(map(float, to_wgs84(*start, link.datum))), JINAN) < 0.2
        assert apart(tuple(map(float, to_wgs84(*end, link.datum))), BUREAU) < 0.2
        assert name in (None, "市民中心")
        shift = apart(end, BUREAU)
        assert shift < 0.2 if link.datum is Datum.WGS84 else 300 < shift < 800


def test_google_comes_last_and_each_mode_has_the_apps_that_know_it() -> None:
    offered = {mode: [link.app for link in links(None, BUREAU, "x", mode)] for mode in LinkMode}
    assert offered[LinkMode.WALK] == offered[LinkMode.DRIVE] == list(APPS)
    assert offered[LinkMode.CYCLE] == ["amap", "apple", "osmand", "google"]
    assert offered[LinkMode.BUS] == ["amap", "baidu", "tencent", "apple", "google"]
    assert list(APPS)[-1] == "google"


def test_the_mode_is_said_in_the_apps_own_word() -> None:
    words = {
        (link.app, str(mode)): ends_of(link.app, link.url)[3]
        for mode in LinkMode
        for link in links(JINAN, BUREAU, "x", mode)
    }
    assert words == {
        ("amap", "walk"): "walk", ("amap", "cycle"): "ride", ("amap", "drive"): "car", ("amap", "bus"): "bus",
        ("baidu", "walk"): "walking", ("baidu", "drive"): "driving", ("baidu", "bus"): "transit",
        ("tencent", "walk"): "walk", ("tencent", "drive"): "drive", ("tencent", "bus"): "bus",
        ("apple", "walk"): "w", ("apple", "cycle"): "cycling", ("apple", "drive"): "d", ("apple", "bus"): "r",
        ("osmand", "walk"): "pedestrian", ("osmand", "cycle"): "bicycle", ("osmand", "drive"): "car",
        ("google", "walk"): "walking", ("google", "cycle"): "bicycling", ("google", "drive"): "driving", ("google", "bus"): "transit",
    }  # fmt: skip


@pytest.mark.parametrize("mode", LinkMode)
def test_without_a_start_no_link_carries_one(mode: LinkMode) -> None:
    for link in links(None, BUREAU, "市民中心", mode):
        start, end, _, _ = ends_of(link.app, link.url)
        assert start is None
        assert apart(tuple(map(float, to_wgs84(*end, link.datum))), BUREAU) < 0.2


def test_hong_kong_is_not_shifted() -> None:
    for link in links(None, HONG_KONG, "旺角"):
        assert apart(ends_of(link.app, link.url)[1], HONG_KONG) < 0.2


@pytest.mark.parametrize("mode", LinkMode)
def test_a_hostile_name_stays_one_field_of_one_link(mode: LinkMode) -> None:
    plain = [set(read(link.url)) for link in links(JINAN, BUREAU, "门", mode)]
    for link, fields in zip(links(JINAN, BUREAU, NASTY, mode), plain, strict=True):
        assert set(read(link.url)) == fields
        assert link.url.isascii() and not set(link.url) & set("<>\"'`{}\\ \n")
        name = ends_of(link.app, link.url)[2]
        assert name is None or (not set(name) & set(",|:<>{}$\n\u202e") and name.endswith("门"))


@given(st.text(max_size=200))
def test_any_name_is_cleaned_to_one_short_field(name: str) -> None:
    clean = name_for_app(name)
    assert len(clean) <= NAME_LENGTH and clean == clean.strip() and name_for_app(clean) == clean
    for link in links(JINAN, BUREAU, name.encode("utf-8", "ignore").decode()):
        ends_of(link.app, link.url)


@given(st.floats(73.5, 135), st.floats(18, 53.5))
def test_any_position_in_china_comes_back(lon: float, lat: float) -> None:
    for link in links(None, (lon, lat), "x", "drive"):
        back = to_wgs84(*ends_of(link.app, link.url)[1], link.datum)
        metres = apart((float(back[0]), float(back[1])), (lon, lat))
        assert metres < 0.2 or near_border(lon, lat)


def near_border(lon: float, lat: float) -> bool:
    """Tell whether the mainland's outline passes within a kilometre, where shifted and unshifted meet."""
    from locator.datum import on_mainland

    around = np.linspace(0, 2 * np.pi, 16)
    seen = on_mainland(lon + 0.01 * np.cos(around), lat + 0.01 * np.sin(around))
    return bool(seen.any() and not seen.all())


@pytest.mark.parametrize("bad", [(0, 0), (float("nan"), 36), (36.6, 117.0), (200, 10), (117, float("inf"))])
def test_no_link_to_nowhere(bad: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput) as caught:
        links(None, bad, "x")
    assert caught.value.code == "route_position"
    with pytest.raises(InvalidInput):
        links(bad, BUREAU, "x")


def test_a_mode_of_the_model_is_a_mode_of_the_links_and_apps_have_names() -> None:
    assert all(links(None, BUREAU, "x", mode)[0].mode == str(mode) for mode in Mode)
    assert all(text(f"routing.app.{app}", lang) for app in APPS for lang in LANGS)
    assert all(text(f"routing.mode.{mode}", lang) for mode in LinkMode for lang in LANGS)


def test_a_nameless_point_is_called_the_destination() -> None:
    assert ends_of("amap", links(None, BUREAU, " ,, ")[0].url)[2] == "终点"
    assert ends_of("amap", links(None, BUREAU, "", lang="en")[0].url)[2] == "Destination"


def test_the_driver_reads_the_whole_address_in_chinese_once() -> None:
    point = ServicePoint(id="a", name="五里沟街道人社中心", city="济南市", district="槐荫区", address="经四路478号")
    assert address_for_driver(point) == "五里沟街道人社中心\n济南市槐荫区经四路478号"
    whole = ServicePoint(id="a", name="厅", city="济南市", district="槐荫区", address="济南市槐荫区经四路478号")
    assert address_for_driver(whole) == "厅\n济南市槐荫区经四路478号"
    assert address_for_driver(ServicePoint(id="a", name="厅")) == "厅"
