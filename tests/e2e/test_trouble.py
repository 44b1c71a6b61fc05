"""When things go wrong or another way: scripts that do not run, a server that is gone, steps back, two replicas."""

from __future__ import annotations

import re
import shutil

import pytest
from conftest import WAIT_MS, make_visitor, run_server
from hostile import CORPUS

JINAN = "济南市槐荫区经四路478号"
WULIGOU = "五里沟街道人社中心"


@pytest.mark.parametrize("broken", [r"/static/js/index\.", r"/assets/page\.js"])
def test_a_browser_that_cannot_run_the_page_is_led_to_the_plain_one(chromium, server, broken):
    with make_visitor(chromium, server, "phone") as person:
        person.context.route(re.compile(broken), lambda route: route.abort())
        person.page.goto(f"{server.url}/guide?lang=en")
        person.page.locator("#opening a").wait_for()
        person.page.click("#opening a")
        person.page.wait_for_url(f"{server.url}/plain?lang=en")
        assert person.page.locator("form [name=text]").is_visible()


def test_where_web_sockets_are_blocked_the_plain_page_is_offered(chromium, server):
    with make_visitor(chromium, server, "phone") as person:
        person.page.route_web_socket(re.compile("/_stcore/stream"), lambda socket: socket.close())
        page = person.page
        page.goto(server.url)
        page.fill("#first-text", JINAN)
        page.click("#first-form button")
        page.wait_for_url(f"{server.url}/plain")
        assert WULIGOU in page.locator("ol li").first.inner_text()


def test_a_lost_connection_is_told_in_the_persons_language_and_what_was_found_stays(chromium, server):
    sockets, lost = [], []

    def connect(socket):
        if lost:
            socket.close()
        else:
            sockets.append(socket)
            socket.connect_to_server()

    with make_visitor(chromium, server) as person:
        person.page.route_web_socket(re.compile("/_stcore/stream"), connect)
        page = person.open()
        person.search(JINAN)
        page.wait_for_selector(".hit")
        assert page.locator(".lost").is_hidden()
        assert page.locator("#opening").count() == 0
        lost.append(True)
        sockets[-1].close()
        page.wait_for_selector(".lost:has-text('断开了')")
        assert page.locator(".hit").count() > 0
        assert page.get_by_text("Connection error").count() == 0
        lost.clear()
        page.wait_for_function("() => document.querySelector('.lost').hidden")
        person.search("中山市小榄镇")
        page.wait_for_selector(".hit:has-text('小榄')")


_ASK_AT_ONCE = """([id, text]) => new Promise(done => {
  const look = () => {
    if (!location.search.includes(id)) return setTimeout(look);
    const box = document.getElementById("ask-text");
    box.value = text;
    box.form.requestSubmit();
    done();
  };
  look();
})"""
"""Ask for something else as soon as the address is a choice's: before the choice itself is drawn."""


def test_a_step_back_is_a_step_back(desktop):
    page = desktop.open()
    desktop.search(JINAN)
    second = page.locator(".hit").nth(1).get_attribute("data-card")
    page.locator(f"[data-card='{second}'] [data-act=choose]").click()
    page.evaluate(_ASK_AT_ONCE, [second, "大连市沙河口区"])
    page.wait_for_function("() => location.search.includes('area=210204')")
    page.wait_for_selector(".understood:has-text('沙河口区')")  # the address comes before the answer
    page.go_back()
    page.wait_for_selector(f".hit.chosen[data-card='{second}']")
    page.wait_for_selector(f".understood:has-text('{WULIGOU}')")  # the exact place, not its county
    assert page.input_value("#ask-text") == JINAN, "what was asked there, from this tab"
    page.go_back()
    page.wait_for_selector("#hit-1.chosen")
    page.go_back()
    page.wait_for_selector(".welcome")
    page.go_forward()
    page.wait_for_selector(f".hit:has-text('{WULIGOU}')")


def test_what_stood_in_the_box_is_there_after_a_look_at_the_guide(desktop):
    page = desktop.open()
    desktop.search(JINAN)
    page.click("nav a[data-id=guide]")
    page.wait_for_selector("#main")
    page.click("nav a[data-id=find]")
    page.wait_for_selector(".hit")
    assert page.input_value("#ask-text") == JINAN


def test_impatience_harms_nothing(desktop):
    page = desktop.open()
    page.fill("#ask-text", JINAN)
    page.locator(".ask [type=submit]").dblclick()
    page.wait_for_selector(".hit")
    desktop.unfold()
    page.select_option("#ask-task", "renew")
    page.click("[data-value=child]")
    page.reload()
    page.wait_for_selector("[data-panel=footer] footer", state="attached")
    desktop.search(JINAN)
    page.wait_for_selector(".hit")
    other = desktop.context.new_page()
    other.goto(page.url)
    other.wait_for_selector(".hit")
    other.click("[data-do=edit]")
    other.fill("#ask-text", "中山市小榄镇")
    other.press("#ask-text", "Enter")
    other.wait_for_selector(".hit:has-text('小榄')")
    assert WULIGOU in page.locator(".hit").first.inner_text(), "a second tab is another visit"


def test_a_link_builds_the_same_answer_on_another_replica(chromium, server, data_folder, tmp_path):
    shutil.copytree(data_folder, tmp_path / "data")

    def shown(page, chosen):
        page.wait_for_selector(f".hit.chosen[data-card='{chosen}']")
        return [card.get_attribute("data-card") for card in page.locator(".hit").all()]

    with (
        run_server(tmp_path / "data", tmp_path / "server.log") as replica,
        make_visitor(chromium, server) as here,
        make_visitor(chromium, server) as friend,
        make_visitor(chromium, replica) as there,
    ):
        page = here.open("/?task=replace-lost&person=child&limit=10&lang=en&large=1&kind=community-center")
        here.search(JINAN)
        third = page.locator(".hit").nth(2).get_attribute("data-card")
        page.locator(f"[data-card='{third}'] [data-act=choose]").click()
        page.wait_for_function("id => location.search.includes(id)", arg=third)
        link = page.url.removeprefix(server.url)
        rebuilt, elsewhere = shown(friend.open(link), third), shown(there.open(link), third)
        assert rebuilt == elsewhere and third in rebuilt
        for visit in (friend.page, there.page):
            assert visit.input_value("#ask-task") == "replace-lost"
            assert visit.input_value("#ask-kind") == "community-center"
            assert visit.evaluate("document.documentElement.lang") == "en"
            visit.wait_for_function("() => document.documentElement.classList.contains('large')")


def test_a_question_without_a_place_is_not_answered_with_an_older_one(desktop):
    page = desktop.open()
    desktop.search(JINAN)
    page.wait_for_function("() => location.search.includes('area=370104')")
    for text, said in (("中山", "哪一个"), ("那个卖包子的对面", "没有看懂")):
        desktop.search(text)
        page.wait_for_selector(f".understood:has-text('{said}')")
        page.wait_for_function("() => !location.search.includes('area')")
        link = page.url
        friend = desktop.context.new_page()
        friend.goto(link)
        friend.wait_for_selector(".welcome")
        assert WULIGOU not in friend.content(), "a friend is not sent to another city's offices"
        page.go_back()
        page.wait_for_selector(f".hit:has-text('{WULIGOU}')")


def test_without_javascript_the_plain_page_does_the_whole_task(chromium, server):
    with make_visitor(chromium, server, "phone", java_script_enabled=False) as person:
        page = person.page
        page.goto(f"{server.url}/?lang=zh")
        page.fill("[name=text]", JINAN)
        page.click("form button")
        assert page.url == f"{server.url}/plain", "nothing typed is in an address"
        first = page.locator("ol li").first
        assert WULIGOU in first.inner_text()
        assert first.locator("a[href='tel:0531-87920528']").is_visible()
        page.fill("[name=text]", "中山")
        page.click("form button[type=submit] >> nth=0")
        page.get_by_role("button", name="广东省中山市").click()
        assert page.locator("ol li").count() > 0
        assert page.input_value("[name=text]") == "广东省中山市"
        for text in CORPUS[:50]:
            page.fill("[name=text]", " ".join(text.replace("\x00", "").split()) or "x")
            page.click("form button[type=submit] >> nth=0")
            assert page.locator("script, [onerror], [onload], iframe, a[href^=javascript]").count() == 0
        assert person.outside == []


def test_a_question_asked_while_another_is_under_way_is_answered(chromium, server):
    """The first question's answer has no list: the part of the script that the second would have run alone is gone by then."""
    held, holding = [], []

    def connect(socket):
        upstream = socket.connect_to_server()
        upstream.on_message(lambda said: held.append(said) if holding else socket.send(said))
        sockets.append(socket)

    sockets = []
    ask = "text => { const box = document.getElementById('ask-text'); box.value = text; box.form.requestSubmit(); }"
    with make_visitor(chromium, server) as person:
        page = person.page
        page.route_web_socket(re.compile("/_stcore/stream"), connect)
        person.open()
        person.search(JINAN)
        page.wait_for_selector(".hit")
        holding.append(True)
        page.evaluate(ask, "asdf qwer zzz")
        for _ in range(WAIT_MS // 50):
            if "没有看懂这个地址".encode() in b"".join(held):
                break
            page.wait_for_timeout(50)
        else:
            pytest.fail("the server never answered the first question")
        page.evaluate(ask, "中山市小榄镇")
        page.evaluate(ask, "济南西站")
        page.evaluate(ask, "大连市沙河口区行政服务大厅")
        holding.clear()
        while held:
            sockets[-1].send(held.pop(0))
        page.wait_for_selector(".bar:has-text('沙河口')")
        page.wait_for_selector(".hit.chosen")
        assert page.locator(".ask-wait").is_hidden()
        assert person.faults == []


def test_a_question_that_the_server_dropped_is_asked_again_and_counts_once(chromium, server):
    dropped, dropping = [], []

    def connect(socket):
        upstream = socket.connect_to_server()

        def pass_on(said):
            if dropping and b"asdf" in said:
                dropped.append(said)
                dropping.clear()
            else:
                upstream.send(said)

        socket.on_message(pass_on)

    with make_visitor(chromium, server, "phone") as person:
        page = person.page
        page.route_web_socket(re.compile("/_stcore/stream"), connect)
        person.open()
        dropping.append(True)
        before = page.get_attribute("[data-panel=results]", "data-serial")
        person.search("asdf qwer zzz")
        page.wait_for_selector(".understood:has-text('没有看懂')")
        assert dropped
        assert int(page.get_attribute("[data-panel=results]", "data-serial")) == int(before) + 1
        assert person.faults == []
