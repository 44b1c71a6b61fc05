"""The main job in a browser, with every outside host refused."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

import pytest
from conftest import WAIT_MS, make_visitor
from playwright.sync_api import expect

WULIGOU = "五里沟街道人社中心"


def test_first_visit_explains_itself_and_offers_examples(visitor):
    page = visitor.open()
    assert page.locator(".welcome .example").count() == 3
    page.locator(".welcome .example").first.click()
    page.wait_for_selector(".hit")
    assert page.locator(".hit h3").first.inner_text().endswith(WULIGOU)


def test_search_lists_and_maps_the_same_numbers(visitor):
    page = visitor.open()
    visitor.search("济南市槐荫区经四路478号")
    first = page.locator(".hit").first
    assert WULIGOU in first.inner_text()
    assert "0531-87920528" in first.locator("a[href='tel:053187920528']").inner_text()
    pinned = page.locator(".hit:has(h3)")
    listed = {card.get_attribute("data-card"): card.locator(".number").inner_text() for card in pinned.all()}
    visitor.map.locator(".pin").first.wait_for(state="attached")
    drawn = {
        pin.get_attribute("data-id"): pin.locator(".pin-number").text_content()
        for pin in visitor.map.locator(".pin").all()
    }
    assert drawn == listed
    assert len(drawn) == 5


def test_choosing_in_the_list_and_on_the_map_is_one_choice(visitor):
    page = visitor.open()
    visitor.search("济南市槐荫区经四路478号")
    visitor.map.locator(".pin").first.wait_for(state="attached")
    frame = next(frame for frame in page.frames if "st_folium" in frame.url)
    frame.evaluate("window.still = 'the same map'")
    second, third = (page.locator(".hit").nth(n).get_attribute("data-card") for n in (1, 2))

    page.locator(f"[data-card='{third}'] [data-act=choose]").click()
    visitor.map.locator(f".pin.chosen[data-id='{third}']").wait_for(state="attached")
    page.wait_for_selector(f".hit.chosen[data-card='{third}']")
    focused = page.evaluate("document.activeElement.closest('.hit').dataset.card")
    assert focused == third, "the focus goes on from the card that the row became"

    visitor.show_map()
    pin = visitor.map.locator(f".pin[data-id='{second}']")
    pin.focus()
    pin.press("Enter")
    page.wait_for_selector(f".hit.chosen[data-card='{second}']")
    assert visitor.map.locator(".pin.chosen").get_attribute("data-id") == second
    assert page.locator("#way").inner_text().startswith("去第 2 处")
    assert f"id={second}" in page.url
    assert frame.evaluate("window.still") == "the same map"


def test_clicking_a_pin_chooses_it(desktop):
    page = desktop.open()
    desktop.search("济南市槐荫区经四路478号")
    third = page.locator(".hit").nth(2).get_attribute("data-card")
    desktop.map.locator(f".pin[data-id='{third}']").click()
    page.wait_for_selector(f".hit.chosen[data-card='{third}']")


def test_the_language_switches_everywhere_and_the_answer_stays(visitor):
    page = visitor.open()
    visitor.search("济南市槐荫区经四路478号")
    page.click(".switches [data-act=lang]")
    page.wait_for_function("() => document.documentElement.lang === 'en'")
    assert WULIGOU in page.locator(".hit").first.inner_text(), "a name stays in Chinese"
    assert page.locator(".hit bdi[lang='zh-CN']").first.inner_text() == WULIGOU
    assert page.input_value("#ask-text") == "济南市槐荫区经四路478号"
    visitor.map.locator("html[lang=en]").wait_for(state="attached")
    assert "lang=en" in page.url


def test_the_address_bar_never_holds_what_was_typed(visitor):
    page = visitor.open()
    visitor.search("济南市槐荫区经四路478号")
    page.wait_for_function("() => location.search.includes('area=370104')")
    shown = page.evaluate("location.pathname + location.search + location.hash")  # a port may hold any number
    assert "%E7" not in shown.upper() and "478" not in shown and "116." not in shown


def test_a_link_builds_the_answer_again(visitor):
    page = visitor.open()
    visitor.search("济南市槐荫区经四路478号")
    third = page.locator(".hit").nth(2).get_attribute("data-card")
    page.locator(f"[data-card='{third}'] [data-act=choose]").click()
    page.wait_for_selector(f".hit.chosen[data-card='{third}']")
    page.wait_for_function("id => location.search.includes(id)", arg=third)
    page.wait_for_timeout(600)
    page.reload()
    page.wait_for_selector(f".hit.chosen[data-card='{third}']")
    page.wait_for_function("() => document.getElementById('ask-text')?.value")
    assert page.input_value("#ask-text") == "济南市槐荫区经四路478号", "kept in this tab only"


def _download(page, selector: str) -> str:
    with page.expect_download() as waiting:
        page.click(selector)
    return waiting.value.path().read_bytes().decode("utf-8")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_csv_of_all_centers_holds_what_is_filtered_in_the_lists_order(desktop, lang):
    """The button is drawn once and each press takes what the filters say by then."""
    page = desktop.open(f"/centers?region=370100&lang={lang}")
    page.wait_for_selector(".table")
    for select, value, written in (
        ("district", "370103", "region=370103"),
        ("kind", "community-center", "kind=community-center"),
        ("district", "370104", "region=370104"),
    ):
        page.select_option(f"[name={select}]", value)
        page.wait_for_function("written => location.search.includes(written)", arg=written)
        content = _download(page, ".st-key-down-centers button")
        assert content.startswith("\ufeff"), "a spreadsheet takes it for UTF-8"
        rows = list(csv.reader(io.StringIO(content.removeprefix("\ufeff"))))
        assert len({len(row) for row in rows}) == 1
        names = [row[1] for row in rows[1:]]
        assert len(names) > 3
        expect(page.locator("[data-panel=centers] tbody th a")).to_have_text(names[:20], timeout=WAIT_MS)
        expect(page.locator("[data-panel=centers-head] [role=status]")).to_contain_text(
            str(len(names)), timeout=WAIT_MS
        )


def test_the_answer_downloads_as_csv_geojson_and_kml(visitor):
    page = visitor.open()
    visitor.search("济南市槐荫区经四路478号")
    shown = page.locator(".hit").count()
    table = _download(page, ".st-key-down-csv button")
    assert table.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(table.removeprefix("\ufeff"))))
    assert len(rows) == shown + 1
    assert WULIGOU in rows[1]
    assert "478" in table and "槐荫区经四路478号(五里沟" not in table, "an office's address, not the typed one"
    places = json.loads(_download(page, ".st-key-down-geojson button"))
    assert places["type"] == "FeatureCollection"
    assert any(WULIGOU in json.dumps(feature, ensure_ascii=False) for feature in places["features"])
    ElementTree.fromstring(_download(page, ".st-key-down-kml button"))


def test_an_ambiguous_name_asks_which(visitor):
    page = visitor.open()
    visitor.search("中山")
    names = page.locator(".candidate").all_inner_texts()
    assert any("广东省中山市" in name for name in names)
    assert any("大连市中山区" in name for name in names)
    page.locator(".candidate", has_text="广东省中山市").first.click()
    page.wait_for_selector(".hit")
    assert "中山市" in page.locator(".understood").inner_text()


def test_the_first_character_is_enough_and_the_last_answers_city_comes_first(desktop):
    page = desktop.open()
    asked: list[str] = []
    page.on("request", lambda request: "suggest" in request.url and asked.append(request.post_data or ""))
    first = page.locator("#ask-options li span").first
    page.locator("#ask-text").press_sequentially("g")
    page.wait_for_timeout(600)
    assert asked == [], "one letter is no beginning of anything"
    page.fill("#ask-text", "粤")
    page.wait_for_selector("#ask-options li:has-text('广东省')")
    assert first.inner_text() == "广东省"
    desktop.search("深圳市福田区")
    page.wait_for_selector("#understood[data-region='440300']")
    desktop.unfold()
    page.fill("#ask-text", "南山")
    page.wait_for_selector("#ask-options li:has-text('南山')")
    assert first.inner_text() == "广东省深圳市南山区"
    assert '"region":"440300"' in asked[-1]
    assert all("tile" in address for address in desktop.outside), "a suggestion never leaves the machine"


def test_what_was_understood_is_said_with_how_exact_it_is(visitor):
    page = visitor.open()
    for typed, label, precision in (
        ("济南市槐荫区经四路478号", "经四路478号", "误差约"),
        ("济南市槐荫区经四路999号", "山东省济南市槐荫区", "区县"),
    ):
        visitor.search(typed)
        page.wait_for_selector(f".understood b:has-text('{label}')")
        said = page.locator(".bar").inner_text()
        assert precision in said and "误差约" in said
    page.click("[data-do=edit]")
    assert page.is_visible("#ask-text")


def test_xiaolan_is_open_at_ten_and_says_about(visitor):
    page = visitor.open()
    visitor.search("中山市小榄镇")
    first = page.locator(".hit").first
    assert "小榄分局" in first.inner_text()
    assert first.locator(".status.open").count() == 1


def test_nothing_near_leads_with_the_hotline_and_the_filled_cities(visitor):
    page = visitor.open()
    visitor.search("拉萨市")
    page.wait_for_selector(".note a[href='tel:0891-12333']")
    assert "拉萨" in page.locator(".understood").inner_text()
    assert "地图" in page.locator(".fallback").inner_text()
    assert page.locator(".hit").count() == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("   ", "请先写上你在哪里"),
        ("地" * 10_000, "太长"),
        ("😀🎉", "没有看懂"),
        ("ab\x07cd\x1b[31m", ""),
        ("0,0", ""),
        ("36.6575,116.9731", ""),
        ("48.8584,2.2945", ""),
    ],
)
def test_bad_input_gets_a_sentence_and_nothing_is_lost(desktop, typed, said):
    page = desktop.open()
    desktop.search("济南市槐荫区经四路478号")
    desktop.search(typed)
    page.wait_for_selector(".notice, .note")
    text = page.locator("body").inner_text()
    assert said in text
    assert "Traceback" not in text and "error" not in text.lower()
    desktop.search("中山市小榄镇")
    page.wait_for_selector(".hit")


def test_typed_coordinates_ask_for_their_datum(desktop):
    page = desktop.open()
    assert page.locator(".ask-datum").is_hidden()
    page.fill("#ask-text", "116.98,36.658517")
    assert page.locator(".ask-datum").is_visible()
    page.select_option("#ask-datum", "gcj02")
    page.press("#ask-text", "Enter")
    page.wait_for_selector(".hit")
    assert WULIGOU in page.locator(".hit").first.inner_text()
    assert page.locator(".hit .distance").first.inner_text().startswith("就在附近")


def test_my_position_is_used_and_not_put_into_the_address(chromium, server):
    granted = {
        "geolocation": {"longitude": 116.9731, "latitude": 36.6573, "accuracy": 40},
        "permissions": ["geolocation"],
    }
    with make_visitor(chromium, server, "phone", **granted) as person:
        page = person.open()
        page.click("[data-do=here]")
        page.wait_for_selector(".hit")
        assert "我的位置" in page.locator(".understood").inner_text()
        assert "116" not in page.url.split("/", 3)[3]


def test_a_refused_position_says_what_to_do(chromium, server):
    with make_visitor(chromium, server, "phone", permissions=[]) as person:
        page = person.open()
        page.evaluate("() => { navigator.geolocation.getCurrentPosition = (ok, fail) => fail({ code: window.code }); }")
        for code, said in ((1, "许可"), (2, "给不出位置"), (3, "10 秒")):
            page.evaluate("code => { window.code = code }", code)
            page.click("[data-do=here]")
            page.wait_for_selector(f".ask-status:has-text('{said}')")
        page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false })")
        page.click("[data-do=here]")
        page.wait_for_selector(".ask-status:has-text('https')")


def test_the_start_can_be_moved_on_the_map(desktop):
    """It runs only the list's part of the script, as a search beside a list does: the page's head is not sent again."""
    came: list[bytes] = []

    def note(frame: bytes) -> None:
        came.append(frame)

    desktop.page.on("websocket", lambda socket: socket.on("framereceived", note))
    page = desktop.open()
    desktop.search("济南市槐荫区经四路478号")
    desktop.map.locator(".pin").first.wait_for()
    assert any(b'"name": "header"' in frame for frame in came)
    came.clear()
    desktop.map.locator(".map-pick").click()
    desktop.map.locator("#map_div").click(position={"x": 260, "y": 400})
    page.wait_for_selector(".understood:has-text('地图上选的起点')")
    assert page.locator(".hit").count() > 0
    assert came and not any(b'"name": "header"' in frame for frame in came)


def test_only_switched_on_tiles_leave_the_machine(visitor):
    page = visitor.open()
    visitor.search("济南市槐荫区经四路478号")
    visitor.map.locator(".pin").first.wait_for(state="attached")
    for view in ("guide", "centers", "about"):
        if page.locator(".top .menu").is_visible():
            page.click(".top .menu")
        page.click(f"nav a[data-id={view}]")
        page.wait_for_selector("#main")
    page.wait_for_timeout(500)
    assert visitor.outside, "the base map is on by default"
    assert all(address.startswith("https://tile.openstreetmap.org/") for address in visitor.outside)


def test_without_tiles_the_map_says_so_and_still_works(visitor):
    visitor.open()
    visitor.search("济南市槐荫区经四路478号")
    visitor.show_map()
    visitor.map.locator(".map-notice", has_text="不受影响").wait_for()
    assert visitor.map.locator(".pin").count() == 5


def test_one_search_after_the_other_changes_list_map_way_and_links_and_keeps_the_frame(desktop):
    """A search beside a list runs only the list's part of the script; whatever else belongs to it follows."""
    page = desktop.open()

    def look() -> tuple[str | None, str, str, str]:
        frame = page.frame(url="**/component/streamlit_folium*/**")
        pin = frame.wait_for_selector(".pin[aria-label^='1. ']").get_attribute("aria-label") if frame else ""
        way = page.inner_text(".way h2") if page.locator(".way").count() else ""
        page.hover("nav a[data-id=guide]")
        page.dispatch_event("nav a[data-id=guide]", "pointerdown")
        return page.get_attribute("nav a[data-id=guide]", "href"), page.inner_text(".understood b"), way, pin

    desktop.search("济南市槐荫区经四路478号")
    page.wait_for_selector(".understood b:has-text('经四路478号')")
    page.wait_for_selector("iframe[src*=st_folium]")
    page.evaluate("document.querySelector('iframe[src*=st_folium]').dataset.seen = 'before'")
    first = page.inner_text(".hit.chosen h3")
    desktop.search("深圳市福田区福中三路")
    page.wait_for_function("before => document.querySelector('.hit.chosen h3')?.textContent !== before", arg=first)
    page.wait_for_function("document.querySelector('.way h2')?.textContent.includes("
                           "document.querySelector('.hit.chosen bdi').textContent)")  # fmt: skip
    assert page.get_attribute("iframe[src*=st_folium]", "data-seen") == "before"
    href, understood, way, pin = look()
    name = page.inner_text(".hit.chosen bdi")
    assert "福田" in understood or "福中" in understood
    assert name in way and name in pin
    assert "area=4403" in href and href.startswith("./guide?")
    desktop.search("鼓楼区")
    page.wait_for_selector(".understood .candidate")
    assert page.locator("iframe[src*=st_folium]").count() == 0 and page.locator(".way").count() == 0
    page.click(".understood .candidate >> nth=0")
    page.wait_for_selector(".hit.chosen")
    page.wait_for_selector("iframe[src*=st_folium]")
    assert page.inner_text(".hit.chosen bdi") in page.inner_text(".way h2")
