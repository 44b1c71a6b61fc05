"""The map under a finger, a wheel and a keyboard; crowded; and with pictures that do not come."""

from __future__ import annotations

import re
from contextlib import contextmanager

from conftest import make_visitor
from test_tiles import JINAN, SVG

VIEW = "() => [window.map.getCenter().lat, window.map.getCenter().lng, window.map.getZoom()]"
SCROLLED = "() => (document.querySelector('[role=dialog]') || document.querySelector('[data-testid=stMain]')).scrollTop"
SETTLE_MS = 700


def frame_of(page):
    """Return the map's frame."""
    return next(frame for frame in page.frames if "st_folium" in frame.url)


def swipe(page, fingers, by: tuple[int, int]) -> None:
    """Move one finger or two over the glass, as the browser's own input, and let it settle."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, part: float) -> None:
        points = [{"x": x + by[0] * part, "y": y + by[1] * part, "id": n} for n, (x, y) in enumerate(fingers)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if kind != "touchEnd" else []})

    send("touchStart", 0)
    for step in range(1, 9):
        send("touchMove", step / 8)
    send("touchEnd", 1)
    page.wait_for_timeout(SETTLE_MS)


@contextmanager
def at_the_map(chromium, server, size: str):
    """A person who has searched and looks at the map."""
    with make_visitor(chromium, server, size) as person:
        page = person.open()
        person.search(JINAN)
        person.map.locator(".pin").first.wait_for(state="attached")
        person.show_map()
        page.wait_for_timeout(SETTLE_MS)
        box = page.locator("iframe[src*=st_folium]").bounding_box()
        yield page, frame_of(page), box
        assert person.faults == []


def test_one_finger_scrolls_the_page_and_two_move_the_map(chromium, server):
    with at_the_map(chromium, server, "phone") as (page, frame, box):
        ground = (box["x"] + 60, box["y"] + 330)
        frame.evaluate("""() => { window.said = []; new MutationObserver((changes) =>
            changes.forEach(({ target }) => window.said.push(target.textContent))).observe(
            document.body, { childList: true, subtree: true }); }""")
        for finger in (ground, tuple(frame.locator(".pin").nth(3).bounding_box()[k] + 15 for k in ("x", "y"))):
            before, view = page.evaluate(SCROLLED), frame.evaluate(VIEW)
            swipe(page, [finger], (0, -200))
            moved = page.evaluate(SCROLLED) - before
            assert moved > 100 and frame.evaluate(VIEW) == view, "the page went on, the map stayed"
            page.evaluate("by => { document.querySelector('[role=dialog]').scrollTop -= by }", moved)
            page.wait_for_timeout(300)
        assert "用两根手指移动地图" in frame.evaluate("window.said")
        before = page.evaluate(SCROLLED)
        swipe(page, [(box["x"] + 120, box["y"] + 200), (box["x"] + 220, box["y"] + 200)], (-60, -60))
        assert frame.evaluate(VIEW) != view and page.evaluate(SCROLLED) == before
        swipe(page, [ground], (0, -200))
        assert page.evaluate(SCROLLED) - before > 100, "and the next finger scrolls the page again"


def test_the_wheel_scrolls_the_page_until_the_map_is_pressed(chromium, server):
    with at_the_map(chromium, server, "desktop") as (page, frame, box):
        x, y = box["x"] + 450, box["y"] + 150
        page.mouse.move(x, y)
        view = frame.evaluate(VIEW)
        page.mouse.wheel(0, 300)
        page.wait_for_function(f"() => ({SCROLLED})() >= 250")
        assert frame.evaluate(VIEW) == view
        page.mouse.click(x, y - 200)
        page.mouse.wheel(0, 300)
        frame.wait_for_function("zoom => window.map.getZoom() < zoom", arg=view[2])


def test_the_start_is_moved_without_a_mouse(chromium, server):
    with at_the_map(chromium, server, "desktop") as (page, frame, _):
        pick = frame.locator(".map-pick")
        pick.focus()
        page.keyboard.press("Enter")
        assert "方向键" in frame.locator("#map-say").inner_text()
        page.keyboard.press("Escape")
        assert pick.get_attribute("aria-pressed") == "false"
        assert frame.evaluate("document.activeElement.classList.contains('map-pick')")
        page.keyboard.press("Enter")
        for _ in range(3):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(400)
        page.keyboard.press("Enter")
        page.wait_for_selector(".understood:has-text('地图上选的起点')")


def test_the_chosen_pin_is_larger_and_above_the_others(chromium, server):
    with at_the_map(chromium, server, "desktop") as (page, frame, _):
        last = page.locator(".hit h3").count() - 1
        page.locator(".hit h3 [data-act=choose]").nth(last - 1).click()
        frame.wait_for_selector(".pin.chosen")
        page.wait_for_timeout(SETTLE_MS)
        drawn = frame.evaluate("""() => [...document.querySelectorAll('.pin')].map((pin) => [pin.classList.contains('chosen'),
            Number(getComputedStyle(pin).zIndex), pin.querySelector('.pin-body').getBoundingClientRect().height])""")
        (chosen,), others = [row for row in drawn if row[0]], [row for row in drawn if not row[0]]
        assert len(others) >= 4
        assert chosen[1] > max(row[1] for row in others) and chosen[2] > 1.2 * max(row[2] for row in others)
        scale = frame.locator(".leaflet-control-scale-line")
        assert re.fullmatch(r"\d+ k?m", scale.inner_text()) and scale.bounding_box()["width"] > 20


def test_a_crowd_is_one_sign_with_a_name_that_opens_with_the_keyboard(desktop):
    page = desktop.open("/centers?region=370100")
    desktop.map.locator(".cluster").first.wait_for()
    frame = frame_of(page)
    clusters = frame.locator(".cluster")
    for cluster in clusters.all():
        assert cluster.get_attribute("aria-label") == f"挨在一起的 {cluster.inner_text()} 处办事点，点开看"
    for pin in frame.locator(".pin").all():
        assert not pin.get_attribute("aria-label").startswith(". ")
    assert frame.locator(".map-legend").inner_text().split("\n") == ["办事点", "挨在一起的几处，点开看"]
    zoom = frame.evaluate("window.map.getZoom()")
    clusters.first.focus()
    clusters.first.press("Enter")
    frame.wait_for_function("zoom => window.map.getZoom() > zoom", arg=zoom)
    assert frame.evaluate("document.activeElement.id") == "map_div", "the keyboard stays on the map"


class Tiles:
    """The base map's host: it answers, refuses, or does neither."""

    def __init__(self, person) -> None:
        self.way, self.held = "answer", []
        person.context.route(re.compile("^https://tile.openstreetmap.org/"), self.decide)

    def decide(self, route) -> None:
        if self.way == "answer":
            route.fulfill(body=SVG, content_type="image/svg+xml")
        elif self.way == "refuse":
            route.abort()
        else:
            self.held.append(route)

    def let_go(self) -> None:
        """Answer at last."""
        self.way = "answer"
        for route in self.held:
            route.fulfill(body=SVG, content_type="image/svg+xml")


def test_pictures_that_stop_coming_later_are_told_and_so_is_their_return(chromium, server):
    with make_visitor(chromium, server) as person:
        tiles = Tiles(person)
        person.open()
        person.search(JINAN)
        person.map.locator("img.leaflet-tile-loaded").first.wait_for(state="attached")
        notice = person.map.locator(".map-notice")
        assert notice.is_hidden()
        tiles.way = "refuse"
        person.search("大连市沙河口区")
        person.map.locator(".map-notice", has_text="不受影响").wait_for()
        person.map.locator("body.no-tiles").wait_for()
        tiles.way = "answer"
        person.search("中山市小榄镇")
        person.map.locator("body:not(.no-tiles)").wait_for()
        assert notice.is_hidden()
        assert person.faults == []


def test_a_host_that_never_answers_is_told_too(chromium, server):
    with make_visitor(chromium, server) as person:
        tiles = Tiles(person)
        tiles.way = "hang"
        person.open()
        person.search(JINAN)
        person.map.locator(".pin").first.wait_for()
        person.map.locator(".map-notice", has_text="加载不了").wait_for()
        assert tiles.held
        tiles.let_go()
        person.map.locator("body:not(.no-tiles)").wait_for()
        assert person.map.locator(".map-notice").is_hidden()


DRAWN_RADIUS = """() => {
    const box = document.querySelector('path.origin-circle').getBoundingClientRect(), map = window.map;
    const frame = map.getContainer().getBoundingClientRect(), y = box.top + box.height / 2 - frame.top;
    const ends = [box.left, box.right].map((x) => map.containerPointToLatLng([x - frame.left, y]));
    return map.distance(ends[0], ends[1]) / 2;
}"""


def test_the_origins_circle_is_as_wide_as_what_is_not_known(desktop):
    page = desktop.open()
    for asked, least, most in (("济南市槐荫区", 500, 1e5), ("36.664,117.019", 1, 100)):
        found = page.request.post(f"{desktop.server.url}/api/v1/find", data={"text": asked}).json()
        error_m = found["place"]["error_m"]
        assert least < error_m < most
        desktop.search(asked)
        desktop.map.locator(".origin-circle").wait_for(state="attached")
        page.wait_for_timeout(3 * SETTLE_MS)
        # A pixel and a half of what is drawn small may be the edge.
        share = frame_of(page).evaluate(DRAWN_RADIUS) / error_m
        assert abs(share - 1) < (0.05 if most > 100 else 0.4)
