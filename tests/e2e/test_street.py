"""What people do with the page in the street, on a phone, with the taps counted."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from conftest import make_visitor, run_server
from playwright.sync_api import Page, expect

from locator.i18n import text
from locator.model import Task

JINAN = "济南市槐荫区经四路478号"


@pytest.fixture
def phone(chromium, server):
    """A person with a phone."""
    with make_visitor(chromium, server, "phone") as person:
        yield person
        assert person.faults == []


class Taps:
    """Presses on a page, counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def tap(self, selector: str) -> None:
        """Tap what a selector finds."""
        self.page.locator(selector).first.tap()
        self.count += 1

    def ask(self, words: str) -> None:
        """Tap the box, type, press the keyboard's search key: two taps."""
        self.tap("#ask-text")
        self.page.keyboard.insert_text(words)
        self.page.keyboard.press("Enter")
        self.count += 1
        self.page.wait_for_selector(".hit, .fallback, .candidates")


def in_sight(page: Page, selector: str) -> bool:
    """Tell whether an element is wholly within the first screen, and nothing lies over its middle."""
    return page.locator(selector).first.evaluate(
        """(node) => {
          const box = node.getBoundingClientRect();
          if (box.top < 0 || box.bottom > window.innerHeight || !box.height) return false;
          const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
          return node === seen || node.contains(seen) || seen.contains(node);
        }"""
    )


def test_a_lost_card_in_jinan_for_a_mother_takes_six_taps(phone):
    page, taps = phone.open(), Taps(phone.page)
    taps.tap("[data-value=replace-lost]")
    taps.tap("[data-value=agent]")
    taps.ask(JINAN)
    page.wait_for_selector(".hit.chosen")
    assert taps.count <= 5
    for selector in (".bar", ".trip", ".hit.chosen .status", ".hit.chosen .two a", ".hit.chosen [data-act=go]"):
        assert in_sight(page, selector), selector
    assert "五里沟" in page.inner_text(".hit.chosen h3")
    number = page.get_attribute(".hit.chosen .two a", "href")
    assert number == "tel:053187920528", "the sixth tap calls"
    assert "委托" in page.inner_text(".hit.chosen .bring summary"), "what an agent has to bring"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_decides_is_on_the_first_screen_for_every_task(chromium, server, lang):
    with make_visitor(chromium, server, "phone") as person:
        page = person.open(f"/?lang={lang}")
        person.search(JINAN)
        for task in Task:
            page.evaluate(
                """(task) => { const select = document.getElementById("ask-task"); select.value = task;
                  select.dispatchEvent(new Event("change", { bubbles: true })); }""",
                task,
            )
            what = text(f"names.task.{task}", lang)
            page.wait_for_function("what => document.querySelector('.bar')?.textContent.includes(what)", arg=what)
            page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
            for selector in (".trip summary", ".hit.chosen .status", ".hit.chosen .two > :nth-child(2)"):
                assert in_sight(page, selector), (task, selector)
            if page.locator(".urgent").count():
                assert in_sight(page, ".urgent"), task
            assert page.locator(".hit.chosen .status").count() == 1
            wide = page.locator(".hit.chosen .two a > span").bounding_box()
            assert wide["width"] > wide["height"], "the words on the button stand beside each other"
            said = page.locator("body").inner_text()
            assert said.count(text("page.hit.call", lang, number="").strip()) <= 8, task
        assert person.faults == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_six_offices_take_less_than_a_thousand_pixels(phone, lang):
    page = phone.open(f"/?lang={lang}")
    phone.search(JINAN)
    tops = page.locator(".hit.chosen .actions > *").evaluate_all(
        "parts => parts.filter((part) => part.offsetHeight).map((part) => Math.round(part.getBoundingClientRect().top))"
    )
    assert len(set(tops)) == 1, "the small actions stand in one row"
    rows = page.locator(".hit.row").evaluate_all("rows => rows.map((row) => row.getBoundingClientRect().height)")
    card = page.locator(".hit.chosen").bounding_box()["height"]
    assert card + 5 * max(rows) + page.locator(".shared-cautions").bounding_box()["height"] < 1000
    assert max(rows) <= 100


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_guide_is_short_on_a_phone_for_every_task(chromium, server, lang):
    with make_visitor(chromium, server, "phone") as person:
        heights = {}
        longest = [(Task.MEDICAL, "agent"), (Task.REPLACE_LOST, "child")]
        for task, who in [*((task, "adult") for task in Task), *longest]:
            page = person.open(f"/guide?task={task}&person={who}&region=370100&lang={lang}")
            page.wait_for_selector("[data-panel=guide] ol")
            heights[f"{task} {who}"] = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        assert max(heights.values()) < 2000, heights
        assert person.faults == []


def test_the_way_lies_over_the_list_and_back_returns_to_the_same_row(phone):
    page = phone.open()
    phone.search(JINAN)
    main = "document.querySelector('[data-testid=stMain]').scrollTop"
    page.locator(".hit.row [data-act=choose]").nth(2).tap()
    page.wait_for_selector(".hit:nth-of-type(3).chosen, .hit.chosen[id=hit-4], #hit-4.chosen")
    go = page.locator(".hit.chosen [data-act=go]")
    go.scroll_into_view_if_needed()
    before = page.evaluate(main)
    for way_back in ("close", "back", "escape"):
        go.tap()
        expect(page.locator("[role=dialog]")).to_be_visible()
        expect(page.locator("#way")).to_contain_text("4")
        assert page.evaluate("document.activeElement.dataset.do") == "close"
        assert not in_sight(page, ".hit.chosen h3"), "the list lies below"
        if way_back == "close":
            page.locator("[data-do=close]").tap()
        elif way_back == "back":
            page.go_back()
        else:
            page.keyboard.press("Escape")
        expect(page.locator("[role=dialog]")).to_have_count(0)
        page.wait_for_timeout(300)
        assert page.evaluate(main) == before
        assert page.evaluate("document.activeElement.dataset.act") == "go"
        expect(page.locator("#hit-4")).to_have_class(re.compile("chosen"))


def test_a_reload_gives_the_same_answer_and_the_same_office(phone):
    page = phone.open()
    phone.search(JINAN)
    page.locator(".hit.row [data-act=choose]").nth(1).tap()
    page.wait_for_selector("#hit-3.chosen")
    page.wait_for_timeout(800)
    bar, chosen = page.inner_text(".bar"), page.inner_text(".hit.chosen h3")
    assert "478" not in page.url.split("/", 3)[3]
    page.reload()
    page.wait_for_function("bar => document.querySelector('.bar')?.innerText === bar", arg=bar)
    expect(page.locator(".hit.chosen h3")).to_have_text(chosen)
    assert page.input_value("#ask-text") == JINAN
    log = phone.server.log.read_text("utf-8", "replace")
    assert "478号" not in log and "478%E5" not in log and "经四路" not in log


@contextmanager
def _offline(person):
    person.context.set_offline(True)
    yield
    person.context.set_offline(False)


def test_the_last_answer_is_readable_without_network(phone):
    page = phone.open()
    phone.search(JINAN)
    with _offline(phone):
        page.locator(".hit.chosen .bring summary").tap()
        expect(page.locator(".hit.chosen .materials")).to_be_visible()
        assert page.inner_text(".hit.chosen .bring").count("身份证") == 1, "the unfolded list stands for the line"
        assert page.get_attribute(".hit.chosen .two a", "href").startswith("tel:")


def test_a_search_sent_while_the_server_is_away_is_answered_when_it_is_back(chromium, data_folder, tmp_path):
    import shutil
    import socket

    shutil.copytree(data_folder, tmp_path / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with run_server(tmp_path / "data", tmp_path / "a.log", port=port) as server:
        visit = make_visitor(chromium, server, "phone")
        person = visit.__enter__()
        page = person.open()
        person.search("大连市沙河口区")
    try:
        page.wait_for_selector(".lost:not([hidden])", timeout=30_000)
        page.locator("[data-do=edit]").tap()
        page.fill("#ask-text", JINAN)
        page.locator(".ask .submit").tap()
        assert "再查" in page.inner_text(".lost"), "the page says that it was not sent yet"
        with run_server(tmp_path / "data", tmp_path / "b.log", port=port):
            page.wait_for_function("() => document.querySelector('.bar')?.innerText.includes('478')", timeout=90_000)
            expect(page.locator(".lost")).to_be_hidden()
    finally:
        visit.__exit__(None, None, None)


def test_open_now_keeps_what_opens_again_today(chromium, data_folder, tmp_path):
    import shutil

    shutil.copytree(data_folder, tmp_path / "data")
    noon = {"LOCATOR_NOW": "2026-11-23T12:30"}
    with (
        run_server(tmp_path / "data", tmp_path / "log", **noon) as server,
        make_visitor(chromium, server, "phone") as person,
    ):
        page = person.open("/?open=1")
        person.search("中山市小榄镇")
        said = page.inner_text(".hit.chosen")
        assert "小榄" in said and "13:30" in said
        assert person.faults == []


def test_a_foreigner_in_futian_sees_english_first(chromium, server):
    with make_visitor(chromium, server, "phone") as person:
        page, taps = person.open("/?lang=en"), Taps(person.page)
        taps.tap("[data-value=foreigner]")
        taps.ask("Futian Shenzhen")
        assert taps.count <= 3
        assert "福田" in page.inner_text(".bar")
        assert in_sight(page, ".hit.chosen .two a")
        assert "Passport" in page.inner_text(".bring")
        assert "straight" not in page.inner_text(".results")
        assert person.faults == []


def test_send_to_family_is_a_page_that_opens_on_the_office(phone):
    page = phone.open("/?task=replace-lost&person=agent")
    phone.search(JINAN)
    address = page.get_attribute(".hit.chosen [data-do=share]", "data-address")
    assert "478" not in address and "task=replace-lost" in address
    page.evaluate("navigator.share = (what) => { window.shared = what; return Promise.resolve(); }")
    page.locator(".hit.chosen [data-do=share]").tap()
    shared = page.evaluate("window.shared.url")
    page.goto(shared)
    assert "五里沟" in page.inner_text("h1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("nav a[href^='tel:']").first.bounding_box()["height"] >= 44
    numbers = page.locator("nav a[href^='tel:']").evaluate_all("links => links.map((a) => a.getAttribute('href'))")
    assert numbers == ["tel:12333", "tel:0531-87920528"], "the lost card is blocked first"
    assert "挂失" in page.inner_text("header .urgent")
    page.locator("nav.buttons a").last.tap()
    page.wait_for_selector(".hit.chosen")
    assert "五里沟" in page.inner_text(".hit.chosen h3")


def test_lhasa_without_offices_is_no_dead_end(phone):
    page = phone.open()
    phone.search("拉萨市城关区八廓街道")
    page.wait_for_selector(".fallback")
    assert page.locator(".hit").count() == 0
    assert "0891-12333" in page.inner_text(".fallback")
    links = page.locator(".fallback a[target=_blank]").evaluate_all("links => links.map((a) => a.href)")
    assert links and all(link.startswith("http") for link in links)


@pytest.mark.parametrize("typed", ["很长的地址" * 60, "asdfghjkl qwerty"])
def test_what_cannot_be_searched_for_gets_the_examples_and_no_second_try(phone, typed):
    page = phone.open()
    phone.search(typed)
    expect(page.locator(".example").first).to_be_visible()
    assert page.locator("[data-act=retry]").count() == 0
    page.locator(".example").first.press("Enter")  # the page scrolls to the answer: a tap may miss on a busy machine
    page.wait_for_selector(".hit.chosen")


def test_a_foreigner_types_how_a_district_is_called(chromium, server):
    with make_visitor(chromium, server, "phone") as person:
        page = person.open("/?lang=en&person=foreigner")
        person.search("Minhang, Shanghai")
        assert "闵行区" in page.inner_text(".bar")
        read = page.locator(".hit .english").all_inner_texts()
        assert read and not any("Xing Qu" in name for name in read)
        assert person.faults == []


def test_an_office_is_kept_on_the_device_and_cleared_with_one_button(phone):
    page = phone.open()
    phone.search(JINAN)
    page.locator("[data-do=keep]").tap()
    expect(page.locator("[data-do=keep]")).to_have_attribute("aria-pressed", "true")
    phone.open()
    page.locator(".mine [data-act=open]").tap()
    page.wait_for_selector(".hit.chosen")
    assert "五里沟" in page.inner_text(".hit.chosen h3")
    phone.open()
    page.locator(".more summary").tap()
    page.locator("[data-do=forget]").tap()
    expect(page.locator(".mine button")).to_have_count(0)
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('locator')).length") == 0


def test_closed_or_moved_is_one_tap(phone):
    page = phone.open()
    phone.search(JINAN)
    page.locator("[data-act=gone]").tap()
    expect(page.locator("#reported")).to_be_visible()


def test_what_is_typed_before_the_page_is_there_goes_over_to_it(chromium, server):
    with make_visitor(chromium, server, "phone") as person:
        page, hold = person.page, []

        def keep_back(route):
            hold.append(route)

        person.context.route(re.compile("/static/js/index"), keep_back)
        page.goto(server.url, wait_until="commit")
        page.wait_for_selector("#first-form[data-task]")
        page.locator("#first-text").tap()
        page.keyboard.insert_text(JINAN)
        page.evaluate("document.getElementById('first-form').dispatchEvent(new Event('compositionstart'))")
        while not hold:
            page.wait_for_timeout(100)
        for route in hold:
            route.continue_()
        page.wait_for_selector("#ask-text", state="attached")
        page.wait_for_timeout(500)
        assert page.locator("#first-form").count() == 1, "not in the middle of composing a word"
        page.evaluate("document.getElementById('first-form').dispatchEvent(new Event('compositionend'))")
        page.wait_for_selector("#opening", state="detached")
        assert page.input_value("#ask-text") == JINAN
        assert page.evaluate("document.activeElement.id") == "ask-text"
        page.keyboard.press("Enter")
        page.wait_for_selector(".hit.chosen")


def test_a_form_posted_before_the_page_is_there_is_answered_by_the_plain_page(chromium, server):
    with make_visitor(chromium, server, "phone") as person:
        page = person.page
        person.context.route(re.compile("/static/js/"), lambda route: route.abort())
        page.goto(server.url, wait_until="commit")
        page.fill("#first-text", JINAN)
        page.locator("#first-form button").tap()
        page.wait_for_url(re.compile("/plain"))
        assert "五里沟" in page.inner_text("main")
