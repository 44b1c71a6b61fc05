"""The way's panel, the scene's steps, and the print sheet that gets the way's words without any position."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from types import SimpleNamespace
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from hostile import CORPUS, looped
from starlette.applications import Starlette
from starlette.testclient import TestClient

from locator.datum import Datum
from locator.errors import ServiceTimeout
from locator.i18n import LANGS, text
from locator.model import Hit, HoursState, Mode, Place, Precision, Query, ServicePoint
from locator.outputs.folium_map import shape_map_data
from locator.routing.links import LinkMode, address_for_driver, links
from locator.routing.route import Route, Step
from locator.routing.router import straight_line
from locator.settings import Settings
from locator.web import shared
from locator.web.components import Event
from locator.web.event_handlers import HANDLERS
from locator.web.map_component import build_map_data, find_steps
from locator.web.send_page import MAX_FORM_BYTES, read_way, render_print_button, sheet_routes
from locator.web.session import Session
from locator.web.state import PageState, parse_state, to_params
from locator.web.views import find
from locator.web.way import render_way
from locator.wording import Translator

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
ORIGIN = (117.00412345, 36.65498765)
LINE = (ORIGIN, (117.006, 36.655), (117.006, 36.658), (117.009, 36.658), (117.0144, 36.6658))
STARTS = (0, 2, 4)
POINT = ServicePoint(
    id="p-1", name="甲中心", lon=117.0144, lat=36.6658, position=Precision.POI, city="济南市", district="历下区",
    address="经四路1号", adcode="370102",
)  # fmt: skip
HIT = Hit(
    rank=1, point=POINT, distance_m=900.0, approximate=False, tier=1, status=HoursState(state="unknown"), can_do=None
)
PLACE = Place(label="某处", lon=ORIGIN[0], lat=ORIGIN[1], precision=Precision.ROOFTOP, source="points")


def route(engine: str = "valhalla", words: str = "沿经四路走 {n} 米", mode: Mode = Mode.WALK) -> Route:
    steps = tuple(
        Step(text=words.format(n=n), distance_m=n, duration_s=n, lon=LINE[n][0], lat=LINE[n][1]) for n in STARTS
    )
    return Route(engine=engine, mode=mode, distance_m=1234.0, duration_s=900.0, line=LINE, steps=steps, gap_start_m=180)


def panel(way: Route | None, mode: str = "walk", lang: str = "zh", hit: Hit = HIT, **given) -> str:
    position = (hit.point.lon, hit.point.lat)
    offered = [] if hit.point.lon is None else links(None, position, hit.point.name, mode, lang=lang)
    return render_way(hit, way, offered, Translator(lang), mode=LinkMode(mode), **given)


# --- steps in the list and on the map


@pytest.mark.parametrize("lang", LANGS)
def test_each_step_is_a_button_in_an_ordered_list(lang):
    html = panel(route(), lang=lang)
    (steps,) = re.findall(r'<ol class="steps".*?</ol>', html)
    buttons = re.findall(r'<li><button type="button".*?data-do="step" data-step="(\d)".*?>(.*?)</button></li>', steps)
    assert buttons == [(str(n), step.text) for n, step in enumerate(route().steps)]
    assert steps.count('aria-pressed="false"') == 3
    assert ("约 180 米" if lang == "zh" else "about 180 m") in html, "the gap is told"


def test_a_step_begins_where_the_map_marks_it():
    scene = build_map_data(PLACE, [HIT], chosen=HIT, route=route(), state=PageState(), at=NOW)
    assert scene.steps == STARTS and not scene.line_is_estimate
    drawn = shape_map_data(scene, Datum.GCJ02)["line"]
    assert drawn["steps"] == list(STARTS) and len(drawn["at"]) == len(LINE)


def test_a_road_that_is_walked_twice_keeps_the_order_of_the_steps():
    there_and_back = (*LINE[:3], LINE[1], LINE[0])
    steps = tuple(
        Step(text="x", distance_m=1, duration_s=1, lon=lon, lat=lat) for lon, lat in (LINE[0], LINE[2], LINE[1])
    )
    assert find_steps(
        Route(engine="x", mode=Mode.WALK, distance_m=1, duration_s=1, line=there_and_back, steps=steps)
    ) == (0, 2, 3)
    beside = (Step(text="x", distance_m=1, duration_s=1, lon=117.0061, lat=36.6579),)
    assert find_steps(Route(engine="x", mode=Mode.WALK, distance_m=1, duration_s=1, line=LINE, steps=beside)) == (2,)


def test_a_straight_line_has_nothing_to_press_and_is_drawn_as_an_estimate():
    line = straight_line(ORIGIN, (POINT.lon, POINT.lat), Mode.WALK, "zh")
    html = panel(line)
    assert 'class="estimate"' in html and "直线" in html and "data-step" not in html and "<ol" not in html
    scene = build_map_data(PLACE, [HIT], chosen=HIT, route=line, state=PageState(), at=NOW)
    assert scene.line_is_estimate and scene.steps == () and "估计" in scene.line_label


@looped("words", CORPUS)
def test_hostile_streets_and_names_stay_text(words):
    point = ServicePoint(id="p", name=words, address=words, lon=117.0, lat=36.6, position=Precision.POI)
    hit = Hit(
        rank=1, point=point, distance_m=1.0, approximate=False, tier=1, status=HoursState(state="open"), can_do=None
    )
    told = Step(text=words, distance_m=1, duration_s=1, lon=117.0, lat=36.6)
    way = Route(engine="osrm", mode=Mode.WALK, distance_m=1, duration_s=1, line=((117.0, 36.6),), steps=(told,))
    for html in (panel(way, hit=hit), render_print_button(PageState(), "p", way)):
        assert not re.search(r"<(script|img|svg|iframe|b>x)|\son\w+=\"", html)


# --- how one travels


@pytest.mark.parametrize("lang", LANGS)
def test_there_is_a_button_for_each_way_of_travelling(lang):
    html = panel(route(), mode="cycle", lang=lang)
    found = re.findall(r'data-act="mode" data-id="(\w+)" aria-pressed="(\w+)">([^<]+)<', html)
    assert [(mode, pressed) for mode, pressed, _ in found] == [
        ("walk", "false"), ("cycle", "true"), ("drive", "false"), ("bus", "false"),
    ]  # fmt: skip
    assert [said for *_, said in found] == [text(f"routing.mode.{mode}", lang) for mode in LinkMode]


@pytest.mark.parametrize("lang", LANGS)
def test_a_bus_is_left_to_the_apps_that_know_the_lines(lang, locator, monkeypatch):
    monkeypatch.setattr(shared, "open_locator", lambda: locator)
    session = Session(state=PageState(lang=lang))
    session.start(Query(text="济南市槐荫区经四路478号"))
    session.answer = locator.find(session.query, NOW)
    assert find._find_route(session, session.answer, session.chosen)[0] is not None
    HANDLERS["mode"](session, Event("mode", {"act": "mode", "id": "bus"}))
    assert find._find_route(session, session.answer, session.chosen) == (None, False, None)
    html = panel(None, mode="bus", lang=lang)
    assert text("page.way.apps_bus", lang) in html and "<ol" not in html and "estimate" not in html
    addresses = re.findall(r'href="(https:[^"]+)"', unescape(html))
    assert len(addresses) == 5 and not any("osmand" in address for address in addresses)
    assert any("mode=bus" in address for address in addresses) and any("transit" in address for address in addresses)


def test_how_one_travels_is_kept_in_the_address():
    for mode in LinkMode:
        state = PageState(mode=mode)
        assert parse_state(to_params(state)) == state
    assert parse_state({"mode": "fly"}).mode == LinkMode.WALK


def test_where_a_way_starts_is_said_where_that_is_only_a_region():
    town = Place(label="中山市小榄镇", lon=113.2, lat=22.6, precision=Precision.TOWNSHIP, source="gazetteer")
    assert "中山市小榄镇" in panel(route(), origin=town) and "中间" in panel(route(), origin=town)
    assert "中间" not in panel(route(), origin=PLACE)


# --- for a driver


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("placed", [True, False])
def test_name_and_address_are_there_in_chinese_to_copy(lang, placed):
    point = (
        POINT if placed else ServicePoint(id="p", name="甲中心", city="济南市", address="经四路1号", adcode="370102")
    )
    hit = Hit(
        rank=1, point=point, distance_m=None, approximate=True, tier=1, status=HoursState(state="open"), can_do=None
    )
    html = panel(None, lang=lang, hit=hit)
    (copied,) = re.findall(r'data-do="copy" data-text="([^"]+)"', html)
    assert unescape(copied) == address_for_driver(point)
    assert '<p class="driver" lang="zh-CN"><span>甲中心</span><span>济南市' in html
    assert text("page.way.copied", lang) in unescape(html)


def test_without_an_address_there_is_nothing_to_copy():
    point = ServicePoint(id="p", name="甲中心")
    hit = Hit(
        rank=1, point=point, distance_m=None, approximate=True, tier=1, status=HoursState(state="open"), can_do=None
    )
    assert "driver" not in panel(None, hit=hit)


# --- the sheet


@pytest.fixture
def sheets(locator):
    """The sheet's routes as an operator runs them, with a public address."""
    settings = Settings(tiles="none", public_url="https://locator.example.org")
    with TestClient(Starlette(routes=sheet_routes(lambda: locator, lambda: NOW, settings))) as client:
        yield client


def fields_of(html: str) -> list[tuple[str, str]]:
    """Read a form's fields as a browser sends them."""
    return [(name, unescape(value)) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html)]


def post(client, fields, **headers):
    form = {"content-type": "application/x-www-form-urlencoded", **headers}
    return client.post("/sheet", content=urlencode(fields), headers=form)


@pytest.mark.parametrize("lang", LANGS)
def test_the_sheet_tells_the_way_that_the_page_shows(sheets, lang):
    html = render_print_button(PageState(lang=lang, large=True), "jinan-021", route())
    assert 'method="post" action="./sheet" target="_blank"' in html
    reply = post(sheets, fields_of(html))
    assert reply.status_code == 200 and reply.headers["cache-control"] == "no-store"
    for step in route().steps:
        assert step.text in reply.text
    assert "泉城路街道人社中心" in reply.text and ("1.2 公里" if lang == "zh" else "1.2 km") in reply.text
    assert reply.text.count("<svg") == 1, "the code to scan"


def test_no_position_reaches_the_sheet(locator):
    """Neither the address nor the form says where the person is, to any digit that would find them."""
    for way in (route(), straight_line(ORIGIN, (POINT.lon, POINT.lat), Mode.WALK, "zh"), None):
        html = render_print_button(PageState(), "p-1", way)
        assert "117.0" not in html and "36.65" not in html and not re.search(r"name=\"(lon|lat|from|at)\"", html)
    assert 'href="./sheet?id=p-1&amp;lang=zh"' in render_print_button(PageState(), "p-1", None)


def test_a_straight_line_on_the_sheet_is_called_one(sheets):
    line = straight_line(ORIGIN, (POINT.lon, POINT.lat), Mode.WALK, "zh")
    reply = post(sheets, fields_of(render_print_button(PageState(), "jinan-021", line)))
    assert "没有路线" in reply.text and "直线距离" in reply.text and "<b>1.</b>" not in reply.text


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "null"}, {"sec-fetch-site": "same-origin"}, {"origin": "https://evil.example"}]
)
def test_a_sheet_says_of_the_way_what_the_page_said_whoever_sends_the_form(sheets, headers):
    fields = fields_of(render_print_button(PageState(), "jinan-021", route(words="向北走 {n} 米")))
    assert "向北走" in post(sheets, fields, **headers).text

    def change(name: str, value: str) -> list[tuple[str, str]]:
        return [(key, value if key == name else said) for key, said in fields]

    forged = [
        change("step", "请把卡寄到 1 号"),
        change("length", "7"),
        change("mode", "drive"),
        change("id", "jinan-001"),
        change("proof", "0" * 64),
        change("proof", "é"),
        [*fields, ("step", "请把卡寄到 1 号")],
        [pair for pair in fields if pair[0] != "proof"],
    ]
    for other in forged:
        reply = post(sheets, other, **headers)
        assert reply.status_code in (200, 404)
        assert "请把卡寄到" not in reply.text and "向北走" not in reply.text


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": "fly", "length": "1"}, {"mode": "walk"}, {"mode": "walk", "length": "x"}, {"mode": "walk", "length": "nan"},
        {"mode": "walk", "length": "-1"}, {"mode": "walk", "length": "1e99"}, {"length": "5"},
    ],
)  # fmt: skip
def test_a_form_without_a_way_gives_the_sheet_without_one(sheets, fields):
    assert read_way({name: [value] for name, value in fields.items()}) is None
    assert post(sheets, [("id", "jinan-021"), *fields.items()]).status_code == 200


def test_an_endless_form_is_refused_and_an_unknown_office_told(sheets):
    assert post(sheets, [("id", "jinan-021"), ("step", "长" * MAX_FORM_BYTES)]).status_code == 413
    assert post(sheets, [("id", "nobody")]).status_code == 404
    full = route()
    many = Route(engine="x", mode=Mode.DRIVE, distance_m=9e4, duration_s=1, line=LINE, steps=full.steps * 300)
    long = Route(engine="x", mode=Mode.DRIVE, distance_m=9e4, duration_s=1, line=LINE,
                 steps=tuple(Step(text="长" * 900, distance_m=1, duration_s=1, lon=1, lat=1) for _ in range(300)))  # fmt: skip
    for way in (many, long):
        assert post(sheets, fields_of(render_print_button(PageState(), "jinan-021", way))).status_code == 200


def test_the_code_to_scan_is_the_operators_address_and_never_this_machine(locator):
    for public, codes in ((None, 0), ("https://locator.example.org", 1)):
        settings = Settings(tiles="none", public_url=public)
        with TestClient(Starlette(routes=sheet_routes(lambda: locator, lambda: NOW, settings))) as client:
            page = client.get("/sheet", params={"id": "jinan-021"}, headers={"host": "localhost:8501"}).text
        assert page.count("<svg") == codes and "localhost" not in page


def test_a_failing_engine_is_said_and_leaves_the_line_and_the_apps(locator, monkeypatch):
    class Broken:
        engines = SimpleNamespace(router=None)

        def route(self, *_):
            raise ServiceTimeout("no answer", code="service_timeout")

    session = Session(state=PageState())
    session.start(Query(text="济南市槐荫区经四路478号"))
    session.answer = locator.find(session.query, NOW)
    monkeypatch.setattr(shared, "open_locator", Broken)
    way, failed, asks = find._find_route(session, session.answer, session.chosen)
    assert (way.engine, failed, asks) == ("line", True, None)
    html = panel(way, failed=failed)
    assert text("page.way.failed", "zh") in html and html.count('class="button"') == 6


def test_the_page_says_who_gets_the_two_positions_before_and_after():
    host = "routes.example"
    before = panel(straight_line(ORIGIN, (POINT.lon, POINT.lat), Mode.WALK, "zh"), asks=host)
    after = panel(route("osrm"), asks=host)
    assert "routes.example" in before and 'data-act="go"' in before
    assert "routes.example" in after and 'data-act="go"' not in after
    assert "routes.example" not in panel(route()) and "routes.example" not in panel(None, mode="bus", asks=host)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("error_m", "told"), [(13_000.0, False), (600.0, True)])
def test_a_start_less_exact_than_the_way_is_long_gives_no_direction_and_no_length(
    locator, monkeypatch, lang, error_m, told
):
    """The middle of a district, 13 km wide, is no place to say "3 km to your east" from."""
    start = Place(
        label="历下区", lon=ORIGIN[0], lat=ORIGIN[1], precision=Precision.DISTRICT, error_m=error_m, source="x"
    )
    monkeypatch.setattr(shared, "open_locator", lambda: locator)
    session = Session(state=PageState(lang=lang))
    answer = SimpleNamespace(place=start, query=Query(lang=lang), hits=(HIT,))
    way, failed, _ = find._find_route(session, answer, HIT)
    html = unescape(panel(way, lang=lang, origin=start, failed=failed))
    assert (way is not None) is told
    assert ('class="estimate"' in html) is told
    said = text("page.way.too_coarse", lang, label="历下区", error=Translator(lang).length(error_m))
    assert (said in re.sub("<[^>]+>", "", html)) is not told
    assert "uri.amap.com" in html, "the apps start from where the person really is"
