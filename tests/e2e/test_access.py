"""For everyone: axe on every view in both languages, the keyboard, 320 px, 200 %, dark, large type."""

from __future__ import annotations

import itertools
import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import SIZES, make_visitor
from playwright.sync_api import Error

VIEWS = ("/", "/guide", "/centers", "/about")
RULES = {"resultTypes": ["violations", "passes"], "rules": {"target-size": {"enabled": True}}}
"""All of axe's rules, its best practices too, and WCAG 2.2's target size, which is off by default."""


def _frames(page) -> list:
    """Return the page's frames once the map in its own is drawn."""
    for frame in page.frames:
        if frame is not page.main_frame:
            try:
                frame.wait_for_selector("html[data-drawn]", state="attached")
                frame.wait_for_function(
                    "() => getComputedStyle(document.querySelector('.map-button')).width === '44px'"
                )
            except Error:
                if frame.is_detached():  # an answer without a map takes its frame away
                    return _frames(page)
                raise
    return page.frames


def _faults(page) -> list[str]:
    """Return what axe finds in the page and, injected there too, in the map's frame."""
    found = []
    for frame in _frames(page):
        report = Axe().run(frame, options=RULES).response
        assert len(report["passes"]) > 3, "axe looked at something"
        found += [
            f"{fault['id']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for fault in report["violations"]
            for node in fault["nodes"]
        ]
    return found


def _search(person, lang="zh"):
    person.search("济南市槐荫区经四路478号")
    person.page.wait_for_selector(".hit")
    person.map.locator(".pin").first.wait_for(state="attached")


FIRST_LOOKS = {("phone", "zh", "light"), ("phone", "en", "large"), ("desktop", "en", "dark")}
"""Every size, language and look once in ``make test``; all that go together in ``make slow-tests``."""


@pytest.mark.parametrize(
    ("size", "lang", "look"),
    [
        pytest.param(*each, marks=[] if each in FIRST_LOOKS else pytest.mark.slow)
        for each in itertools.product(("desktop", "phone"), ("zh", "en"), ("light", "dark", "large"))
    ],
)
def test_axe_finds_nothing(chromium, server, size, lang, look):
    large = "&large=1" if look == "large" else ""
    with make_visitor(chromium, server, size, color_scheme="dark" if look == "dark" else "light") as person:
        found = []
        for view in VIEWS:
            page = person.open(f"{view}?lang={lang}{large}")
            page.wait_for_selector("#main, .welcome")
            found += _faults(page)
        person.open(f"/?lang={lang}{large}")
        _search(person)
        found += _faults(person.page)
        person.search("中山")
        found += _faults(person.page)
        person.search("拉萨市")
        found += _faults(person.page)
        assert found == []


def test_axe_sees_a_fault_in_the_page_and_in_the_maps_frame(desktop):
    page = desktop.open()
    _search(desktop)
    assert _faults(page) == []
    for frame, place, word in zip(page.frames, (".understood", ".map-legend"), ("in-page", "in-map"), strict=True):
        pale = f"<p style='color:#ccc;background:#fff'>{word}</p>"
        frame.evaluate(
            "([place, pale]) => document.querySelector(place).insertAdjacentHTML('afterend', pale)", [place, pale]
        )
    found = [fault for fault in _faults(page) if "color-contrast" in fault]
    assert any("in-page" in fault for fault in found)
    assert any("in-map" in fault for fault in found)


def test_the_whole_task_works_by_keyboard(desktop):
    page = desktop.open()
    page.keyboard.press("Tab")
    seen = []
    for _ in range(30):
        seen.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
        if seen[-1] == "ask-text":
            break
        page.keyboard.press("Tab")
    assert seen[-1] == "ask-text", seen
    page.keyboard.type("济南市槐荫区经四路478号")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    for _ in range(60):
        page.keyboard.press("Tab")
        if (
            page.evaluate("document.activeElement.dataset.act") == "choose"
            and page.evaluate("document.activeElement.closest('.hit').id") == "hit-2"
        ):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#hit-2.chosen")
    assert page.evaluate("document.activeElement.closest('.hit').id") == "hit-2"


def test_a_skip_link_leads_to_the_results_and_another_past_the_map(desktop):
    page = desktop.open()
    _search(desktop)
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'results'")
    page.locator(".skip-map").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'way'")


def test_a_screen_reader_hears_the_outcome_and_reads_a_list(desktop):
    page = desktop.open()
    _search(desktop)
    page.wait_for_function("() => document.getElementById('announcer').textContent.includes('五里沟')")
    tree = page.locator("[data-panel=results]").aria_snapshot()
    assert "- list" in tree and "- listitem" in tree
    assert 'heading "1. 五里沟街道人社中心" [level=3]' in tree
    assert 'link "打电话 0531-87920528"' in tree
    title = page.locator("iframe[src*=st_folium]").get_attribute("title")
    assert title == "办事点地图，内容与列表相同"
    assert desktop.map.locator(".pin").first.get_attribute("aria-label").startswith("1. 五里沟")
    desktop.search("拉萨市")
    page.wait_for_function("() => document.getElementById('announcer').textContent.includes('12333')")


_CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((node) => {
  if (!node.offsetParent || !node.checkVisibility() || node.closest(".sr, .skip, .skip-map, .leaflet-pane, option, summary .clip")) return false;
  const box = node.getBoundingClientRect(), style = getComputedStyle(node);
  if (!box.width || style.position === "absolute" && box.right < 0) return false;
  const clipped = /hidden|clip/.test(style.overflowX) && node.scrollWidth > node.clientWidth + 1 && style.display !== "inline";
  const words = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  return words && (clipped || box.right > innerWidth + 1 || box.left < -1);
}).map((node) => node.outerHTML.slice(0, 120))"""
"""Words that reach over the edge of the window, or that their own box cuts off: not a line that unfolds into its whole."""


@pytest.mark.parametrize("large", ["", "&large=1"])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", ["narrow", "zoomed"])
def test_nothing_is_cut_off_at_200_and_400_percent(chromium, server, size, lang, large):
    with make_visitor(chromium, server, size) as person:
        width, found = SIZES[size]["width"], []
        for view in VIEWS:
            page = person.open(f"{view}?lang={lang}{large}")
            page.wait_for_selector("#main, .welcome")
            if view == "/":
                _search(person)
                person.unfold()
                page.locator(".more summary").click()
            for frame in _frames(page):
                found += frame.evaluate(_CUT_OFF)
            scrolls = page.evaluate(
                "() => [document.documentElement, document.querySelector('[data-testid=stMain]')].map(n => n.scrollWidth)"
            )
            assert max(scrolls) <= width, view
        assert found == []


def test_words_that_are_cut_off_are_seen(chromium, server):
    with make_visitor(chromium, server, "narrow") as person:
        page = person.open()
        page.wait_for_selector(".welcome")
        assert page.evaluate(_CUT_OFF) == []
        page.evaluate(
            "() => { document.querySelector('.welcome .soft').style.cssText = 'width: 40px; overflow: hidden; white-space: nowrap' }"
        )
        page.evaluate("() => { document.querySelector('.welcome .example').style.cssText = 'width: 900px' }")
        assert len(page.evaluate(_CUT_OFF)) == 2


_MOVES = """() => [...document.querySelectorAll("body *")].filter((node) => {
  const style = getComputedStyle(node), long = (time) => time.split(",").some((part) => parseFloat(part) > 0.001);
  return node.closest(".panel, #map_div") && (style.transitionProperty !== "none" && long(style.transitionDuration)
    || style.animationName !== "none" && long(style.animationDuration));
}).map((node) => node.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_who_wants_less_motion(chromium, server, motion):
    with make_visitor(chromium, server, reduced_motion=motion) as person:
        page = person.open()
        _search(person)
        frame = next(frame for frame in page.frames if "st_folium" in frame.url)
        moves = page.evaluate(_MOVES) + frame.evaluate(_MOVES)
        animated = frame.evaluate("[window.map.options.zoomAnimation, window.map.options.fadeAnimation]")
        page.evaluate(
            "() => { const node = document.getElementById('way'), scroll = node.scrollIntoView; "
            "node.scrollIntoView = function (how) { window.how = how.behavior; scroll.call(this, how); }; }"
        )
        page.locator("[data-act=go]").first.click()
        page.wait_for_function("() => window.how")
        if motion == "reduce":
            assert (moves, animated, page.evaluate("window.how")) == ([], [False, False], "auto")
        else:
            assert moves != [] and animated == [True, True] and page.evaluate("window.how") == "smooth"


_TINY = """() => [...document.querySelectorAll("body *")].filter((node) => node.getClientRects().length
  && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())
  && parseFloat(getComputedStyle(node).fontSize) < 14).map((node) => node.outerHTML.slice(0, 120))"""
_SMALL = """() => [...document.querySelectorAll(".panel button, .panel select, .panel input:not([type=checkbox]), .panel summary,"
  + ".panel a.button, .panel a.phone, .top a:not(.skip), .table th a, [data-testid=stMain] button, .map-button, .cluster")]
  .filter((node) => {
    const box = (node.closest(".row-name") ? node.closest("[data-card]") : node).getBoundingClientRect(); // the whole row takes a tap
    return node.offsetParent && node.checkVisibility() && (box.height < 43.5 || node.matches("button") && box.width < 43.5);
  })
  .map((node) => node.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_on_a_phone_targets_are_44_px_and_no_text_is_under_14(chromium, server, lang):
    with make_visitor(chromium, server, "phone") as person:
        small, tiny = [], []
        for view in VIEWS:
            page = person.open(f"{view}?lang={lang}")
            page.wait_for_selector("#main, .welcome")
            if view == "/":
                _search(person)
                person.show_map()
                person.map.locator(".pin").nth(1).dispatch_event("click")
                person.map.locator(".card").wait_for()
            for frame in _frames(page):
                small += frame.evaluate(_SMALL)
                tiny += frame.evaluate(_TINY)
        assert small == []
        assert tiny == []


def test_large_type_is_larger_and_stays(visitor):
    page = visitor.open()
    before = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.panel')).fontSize)")
    page.click(".switches [data-act=large]")
    page.wait_for_function("() => document.documentElement.classList.contains('large')")
    after = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.panel')).fontSize)")
    assert (before, after) == (16, 20)
    page.wait_for_function("() => location.search.includes('large=1')")
    visitor.go_to("guide")
    page.wait_for_selector("#main")
    page.reload()
    page.wait_for_function("() => document.documentElement.classList.contains('large')")


def test_embedded_the_page_is_the_tool_alone(desktop):
    page = desktop.open("/?embed=true")
    assert page.locator(".top").is_hidden()
    _search(desktop)
    assert page.locator(".hit").count() > 0


def test_suggestions_are_chosen_with_the_keyboard(desktop):
    page = desktop.open()
    page.locator("#ask-text").press_sequentially("济南市槐荫", delay=30)
    page.wait_for_selector("#ask-options li")
    assert page.get_attribute("#ask-text", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    chosen = page.get_attribute("#ask-text", "aria-activedescendant")
    said = page.locator(f"#{chosen} span").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    assert page.input_value("#ask-text") == said
    assert page.locator("#ask-options").is_hidden()


OLD = """delete HTMLFormElement.prototype.requestSubmit; delete Element.prototype.replaceChildren;
delete Navigator.prototype.clipboard; delete Navigator.prototype.share;"""
"""What in-app browsers of a few years ago (iOS 15, old X5) do not have."""


def test_an_in_app_browser_gets_the_page(chromium, server):
    agent = (
        "Mozilla/5.0 (Linux; Android 14; PJD110 Build/UKQ1; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/126.0.6478.188 Mobile Safari/537.36 XWEB/1260183 MMWEBSDK/20240501 MicroMessenger/8.0.50.2701 WeChat/arm64"
    )
    with make_visitor(chromium, server, "phone", user_agent=agent) as person:
        person.context.add_init_script(OLD)
        page = person.open()
        page.locator(".welcome .example").first.click()
        page.wait_for_selector(".hit")
        person.show_map()
        page.locator(".close").first.click()
        person.unfold()
        page.fill("#ask-text", "济南市槐荫")
        page.wait_for_selector("#ask-options li")
        _search(person)
        person.map.locator(".map-legend li").first.wait_for(state="attached")
        assert person.faults == []


def test_searches_are_remembered_only_in_the_browser_and_only_if_allowed(desktop):
    page = desktop.open()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))

    def kept() -> str:
        """All that the browser keeps of this page beyond the tab, in whatever place."""
        stores = page.evaluate("() => JSON.stringify([{ ...localStorage }, document.cookie])")
        return stores + json.dumps(page.context.cookies(), ensure_ascii=False)

    desktop.search("中山市小榄镇")
    assert "小榄" not in kept(), "not before it is allowed"
    desktop.unfold()
    page.locator(".more summary").click()
    assert not page.is_checked("#ask-remember")
    page.check("#ask-remember")
    desktop.search("济南市槐荫区经四路478号")
    assert "经四路478号" in kept() and "小榄" not in kept()
    page.reload()
    page.wait_for_selector(".hit")
    desktop.unfold()
    sent.clear()
    page.fill("#ask-text", "")
    page.wait_for_selector("#ask-options li:has-text('经四路478号')")
    assert not any("经四路" in body for body in sent), "the server never hears of the list"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".understood:has-text('经四路478号')")
    page.wait_for_selector("#ask-text", state="hidden")
    desktop.unfold()
    page.locator(".more summary").click()
    page.uncheck("#ask-remember")
    assert "经四路" not in kept(), "gone at once"
    desktop.search("中山市小榄镇")
    page.reload()
    page.wait_for_selector(".hit")
    desktop.unfold()
    page.fill("#ask-text", "")
    page.wait_for_timeout(500)
    assert page.locator("#ask-options li").count() == 0 and "小榄" not in kept()


def test_a_browser_that_keeps_nothing_still_searches(desktop):
    desktop.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied'); } })"
    )
    page = desktop.open()
    page.locator(".more summary").click()
    page.check("#ask-remember")
    desktop.search("济南市槐荫区经四路478号")
    page.wait_for_selector(".hit")
