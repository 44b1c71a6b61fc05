"""The way in a browser, over a made-up town's road tiles: steps on the map, bus, the driver's address, the sheet."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager

import pytest
import town
from conftest import make_visitor, run_server
from test_access import _faults

from locator.routing.roads import roads_dir
from locator.routing.tiles import build_tiles

HERE = "117.006,36.656"
SECOND, FIRST = "jinan-013", "jinan-035"
VIEW = "() => [window.map.getCenter().lat, window.map.getCenter().lng, window.map.getZoom()]"


@contextmanager
def town_server(data_folder, folder):
    """The page over the shipped offices and the town's road tiles."""
    shutil.copytree(data_folder, folder / "data")
    build_tiles(town.write_town(folder / "town.osm"), folder / "data")
    settings = {"LOCATOR_TILES": "none", "LOCATOR_PUBLIC_URL": "https://locator.example.org"}
    with run_server(folder / "data", folder / "server.log", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def roads_server(data_folder, tmp_path_factory):
    with town_server(data_folder, tmp_path_factory.mktemp("roads")) as running:
        yield running


@pytest.fixture(params=["desktop", "phone"])
def walker(request, chromium, roads_server):
    """A person in the town, at a desktop and at a phone."""
    with make_visitor(chromium, roads_server, request.param) as person:
        yield person
        assert person.faults == []


@pytest.fixture
def desk(chromium, roads_server):
    """A person in the town, at a desktop."""
    with make_visitor(chromium, roads_server) as person:
        yield person
        assert person.faults == []


def go(person, office: str = SECOND, lang: str = "zh"):
    """Ask for the way to an office; return the page and the map's frame."""
    page = person.open(f"/?lang={lang}")
    person.search(HERE)
    person.map.locator(".pin").first.wait_for(state="attached")
    row = page.locator(f"[data-card='{office}'] [data-act=choose]")
    if row.count():
        row.click()
    page.click(f".chosen[data-card='{office}'] [data-act=go]")
    page.wait_for_function("() => document.activeElement.id === 'way' || document.querySelector('[role=dialog]')")
    page.wait_for_selector(f"[data-key='driver {office}']", state="attached")
    page.wait_for_selector(".steps")
    frame = next(frame for frame in page.frames if "st_folium" in frame.url)
    frame.wait_for_selector(f".pin.chosen[data-id='{office}']", state="attached")
    return page, frame


def settle(page) -> None:
    """Let animations end."""
    page.wait_for_timeout(700)


def test_a_pressed_step_is_seen_on_the_map_and_nothing_is_sent(walker):
    page, frame = go(walker)
    settle(page)
    before, sent = frame.evaluate(VIEW), []
    page.on("request", lambda request: sent.append(request.url))
    page.evaluate("""() => { window.sentFrames = 0; const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) { window.sentFrames += 1; return send.call(this, data); }; }""")
    step = page.locator("[data-step='1']")
    assert "左转进入纬七路" in step.inner_text()
    step.focus()
    page.keyboard.press("Enter")
    frame.wait_for_selector("html[data-step='2']", state="attached")
    assert step.get_attribute("aria-pressed") == "true"
    assert frame.locator(".step-ring").inner_text() == "2" and frame.locator(".step-part").count() == 1
    settle(page)
    lat, lon, zoom = frame.evaluate(VIEW)
    assert town.corner(6, 3) == pytest.approx((lon, lat), abs=2e-4), "the map has moved to the corner"
    assert zoom >= 16
    assert page.evaluate("() => { const b = document.querySelector('iframe[src*=st_folium]').getBoundingClientRect();"
                         " return b.bottom > 100 && b.top < innerHeight - 100 }"), "and is in sight"  # fmt: skip
    page.wait_for_function("() => document.getElementById('announcer').textContent.includes('第 2 步')")

    page.locator("[data-step='0']").click()
    frame.wait_for_selector("html[data-step='1']", state="attached")
    assert page.locator(".steps [aria-pressed=true]").count() == 1 == frame.locator(".step-ring").count()
    page.locator("[data-step='0']").click()
    frame.wait_for_selector("html:not([data-step])", state="attached")
    settle(page)
    assert frame.evaluate(VIEW) == pytest.approx(before, abs=1e-5), "a second press gives the whole way back"
    assert page.evaluate("window.sentFrames") == 0
    assert [url for url in sent if "/ground/" not in url] == [], "nothing but what the map shows there"


def test_the_steps_stand_at_the_map(desk):
    page, _ = go(desk)
    settle(page)
    page.locator("[data-step='1']").scroll_into_view_if_needed()
    box = page.locator("iframe[src*=st_folium]").bounding_box()
    step = page.locator("[data-step='1']").bounding_box()
    assert box["y"] >= 0 and box["height"] >= 320
    assert box["y"] + box["height"] <= step["y"] and step["y"] + step["height"] <= 800
    page.mouse.move(300, 400)
    page.mouse.wheel(0, 900)
    settle(page)
    assert page.locator("iframe[src*=st_folium]").bounding_box()["y"] < 60, "the map stays while the list goes on"


def test_another_office_or_mode_leaves_the_map_where_it_is(walker):
    page, frame = go(walker)
    settle(page)
    before, drawn = frame.evaluate(VIEW), frame.locator(".way").get_attribute("d")
    frame.evaluate("window.still = 'the same map'")
    page.click("[data-act=mode][data-id=drive]")
    page.wait_for_selector("[data-act=mode][data-id=drive][aria-pressed=true]")
    page.wait_for_selector(f"[data-key='steps {SECOND} drive']")
    assert "驾车" in page.locator(".way b").first.inner_text()
    page.keyboard.press("Escape")  # on a phone: back to the list
    page.click(f"[data-card='{FIRST}'] [data-act=choose]")
    page.wait_for_selector(f"[data-key='steps {FIRST} drive']", state="attached")
    frame.wait_for_function("before => document.querySelector('.way')?.getAttribute('d') !== before", arg=drawn)
    settle(page)
    assert frame.evaluate(VIEW) == before and frame.evaluate("window.still") == "the same map"
    assert page.locator(".steps [aria-pressed=true]").count() == 0


def test_a_route_and_an_estimate_differ_in_pattern_and_in_words(chromium, roads_server, server):
    looks = {}
    for name, running in (("route", roads_server), ("estimate", server)):
        with make_visitor(chromium, running) as person:
            person.open()
            person.search(HERE)
            line = person.map.locator("path.way").first
            line.wait_for(state="attached")
            dashes, colour, edge = line.evaluate(
                "path => [path.getAttribute('stroke-dasharray'), getComputedStyle(path).stroke,"
                " getComputedStyle(document.querySelector('path.way-edge')).stroke]"
            )
            looks[name] = (dashes, line.get_attribute("class"), person.map.locator(".map-legend").inner_text())
            assert colour == "rgb(122, 46, 160)" and edge == "rgb(255, 255, 255)"
    assert looks["route"][0] == "14 8" and looks["estimate"][0] == "2 9"
    assert "way-estimate" in looks["estimate"][1] and "way-estimate" not in looks["route"][1]
    assert "直线（估计，不是路线）" in looks["estimate"][2] and "估计" not in looks["route"][2]


def test_a_bus_is_left_to_the_apps(walker):
    page, frame = go(walker)
    page.click("[data-act=mode][data-id=bus]")
    page.wait_for_selector(".way:has-text('公交、地铁怎么坐，这里算不了')")
    assert page.locator(".steps").count() == 0
    frame.wait_for_selector("path.way", state="detached")
    assert page.locator(".apps a").count() == 5
    assert "mode=bus" in page.locator(".apps a", has_text="高德").get_attribute("href")
    assert "mode=bus" in page.url
    page.click("[data-act=mode][data-id=cycle]")
    page.wait_for_selector(".steps")


@pytest.mark.parametrize("allowed", [True, False])
def test_the_address_for_a_driver_is_copied_with_one_press(desk, allowed):
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, _ = go(desk, lang="en")
    if not allowed:  # plain http, or a browser inside an app
        page.evaluate("() => Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.click("[data-do=copy]")
    page.wait_for_selector(".way .shared:has-text('Copied')")
    assert page.evaluate("document.activeElement.dataset.do") == "copy", "the focus stays"
    assert page.evaluate("navigator.clipboard.readText()") == "趵突泉街道人社中心\n济南市历下区泺源大街152号"
    assert page.locator(".driver").get_attribute("lang") == "zh-CN"


def test_the_sheet_has_the_way_in_words_and_no_address_has_the_position(desk):
    seen = []
    desk.context.on("request", lambda request: seen.append(request.url))
    page, _ = go(desk)
    page.click("[data-act=mode][data-id=drive]")
    page.wait_for_selector(f"[data-key='steps {SECOND} drive']")
    told = page.locator(".steps button").all_inner_texts()
    page.wait_for_selector("form[action='./sheet'] input[name=mode][value=drive]", state="attached")
    with desk.context.expect_page() as opened:
        page.click("form[action='./sheet'] button")
    sheet = opened.value
    sheet.wait_for_load_state()
    said = sheet.locator("main").inner_text()
    assert "趵突泉" in said and "驾车" in said and len(told) >= 2 and all(step in said for step in told)
    assert sheet.url == f"{desk.server.url}/sheet"
    assert sheet.locator(".qr svg").count() == 1
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheet.pdf(prefer_css_page_size=True))) == 1
    assert len(seen) > 5 and not any("117.0" in address or "36.65" in address for address in [*seen, page.url])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_way(chromium, roads_server, lang, scheme):
    with make_visitor(chromium, roads_server, "phone", color_scheme=scheme) as person:
        page, frame = go(person, lang=lang)
        page.locator("[data-step='1']").click()
        frame.wait_for_selector("html[data-step='2']", state="attached")
        settle(page)
        assert _faults(page) == []
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        small = page.evaluate("() => [...document.querySelectorAll('.way button, .way a.button')]"
                              ".filter(n => n.getBoundingClientRect().height < 43.5).map(n => n.outerHTML)")  # fmt: skip
        assert small == []


def test_tiles_that_vanish_leave_the_line_and_a_sentence(chromium, data_folder, tmp_path):
    with town_server(data_folder, tmp_path) as running, make_visitor(chromium, running) as person:
        page, _ = go(person)
        shutil.rmtree(roads_dir(running.data))
        page.click("[data-act=mode][data-id=cycle]")
        page.wait_for_selector(".way .estimate:has-text('直线估计')")
        assert page.locator(".steps").count() == 0 and page.locator(".apps a").count() == 4
        assert person.faults == []


def test_ticks_stay_in_this_browser_only(walker):
    page = walker.open("/guide?region=440300")
    page.wait_for_selector("[data-tick]")
    page.evaluate("""() => { window.sentFrames = 0; const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) { window.sentFrames += 1; return send.call(this, data); }; }""")
    page.locator("[data-tick]").first.check()
    assert page.evaluate("window.sentFrames") == 0
    page.reload()
    page.wait_for_selector("[data-tick]")
    assert page.locator("[data-tick]").first.is_checked() and page.locator("[data-tick]:checked").count() == 1
    page.select_option("#guide-person", "child")
    page.wait_for_function("() => !document.querySelector('[data-tick]').dataset.tick.includes('adult')")
    assert page.locator("[data-tick]:checked").count() == 0, "another person's list has its own ticks"
    page.select_option("#guide-person", "adult")
    page.wait_for_selector("[data-tick]:checked")


def test_an_error_in_a_line_of_the_guide_is_reported_without_login(walker):
    page = walker.open("/guide?region=440300")
    section = page.locator(".card:has(.ticks)")
    section.locator(".report summary").click()
    entry = section.locator("select[name=id]").input_value().split()[0]
    section.locator("textarea").fill("照片尺寸不对")
    section.locator("form button").click()
    section.locator(".reported").wait_for()
    kept = (walker.server.data / "corrections.jsonl").read_text("utf-8").splitlines()[-1]
    assert f'"id": "{entry}", "field": "name", "message": "照片尺寸不对"' in kept
    assert _faults(page) == []
