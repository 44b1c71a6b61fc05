"""Without a mouse and without eyes: where the keyboard goes on, what is told, and in which language."""

from __future__ import annotations

import pytest
from conftest import make_visitor

JINAN = "济南市槐荫区经四路478号"

_FOCUS = "() => { const a = document.activeElement; return a.id || a.className || a.innerText || a.nodeName; }"
_COVERED = """() => {
  const node = document.activeElement, box = node.getBoundingClientRect();
  if (node === document.body || node.nodeName === "IFRAME" || !box.width) return null;
  const seen = [[.5, .5], [.1, .2], [.9, .8], [.1, .8], [.9, .2]].some(([x, y]) => {
    const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
    return top && (node.contains(top) || top.contains(node));
  });
  return { name: (node.innerText || node.id).slice(0, 40), covered: !seen };
}"""
"""What has the focus, and whether none of it can be seen (WCAG 2.2, 2.4.11)."""


def hear(page, words: str) -> None:
    """Wait until a screen reader is told these words."""
    page.wait_for_function("w => document.getElementById('announcer')?.textContent.includes(w)", arg=words)


def press(locator) -> None:
    """Press a button with the keyboard."""
    locator.focus()
    locator.press("Enter")


def test_the_page_never_says_searching_when_nothing_is_searched(visitor):
    page = visitor.open()
    page.select_option("#ask-task", "replace-lost")
    page.wait_for_function("() => location.search.includes('task=replace-lost')")
    page.wait_for_timeout(900)  # the words come after half a second
    assert page.locator(".ask-wait").is_hidden()


def test_a_slow_answer_says_that_it_is_searched_for(chromium, server):
    held = []

    def connect(socket):
        beyond = socket.connect_to_server()
        socket.on_message(lambda message: held.append(message) if holding else beyond.send(message))
        sockets.append(beyond)

    holding, sockets = [], []
    with make_visitor(chromium, server) as person:
        person.page.route_web_socket(lambda address: "stream" in address, connect)
        page = person.open()
        holding.append(True)
        page.fill("#ask-text", JINAN)
        page.press("#ask-text", "Enter")
        page.wait_for_selector(".ask-wait:has-text('正在查找')")
        holding.clear()
        for message in held:
            sockets[-1].send(message)
        page.wait_for_selector(".hit")
        assert page.locator(".ask-wait").is_hidden()


def test_the_keyboard_goes_on_from_the_answer_when_the_pressed_button_is_gone(visitor):
    page = visitor.open()
    press(page.locator(".welcome .example").first)
    page.wait_for_function("() => document.activeElement.matches('.bar')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.understood') !== null")
    visitor.search("中山")
    press(page.locator(".candidate", has_text="广东省中山市"))
    page.wait_for_function("() => document.activeElement.innerText.includes('广东省中山市')")
    press(page.locator(".hit.chosen .report summary"))
    page.locator(".hit.chosen textarea").fill("电话变了")
    press(page.locator(".hit.chosen .report form button"))
    page.wait_for_function("() => document.activeElement.id === 'reported'")


def test_at_200_percent_the_keyboard_goes_on_from_the_answer(chromium, server):
    with make_visitor(chromium, server, "zoomed") as person:
        page = person.open()
        person.search(JINAN)
        page.wait_for_function("() => document.activeElement.matches('.bar')")
        inside = "(() => { const box = document.activeElement.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; })()"
        assert page.evaluate(inside), "and it is in sight"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.understood') !== null")


def test_the_list_of_centers_is_turned_and_left_by_keyboard(desktop):
    page = desktop.open("/centers")
    press(page.locator("#cities + ul button", has_text="济南市"))
    page.wait_for_selector(".pager")
    pages = 1
    while page.locator(".pager [data-id='1']").is_enabled():
        press(page.locator(".pager [data-id='1']"))
        pages += 1
        hear(page, f"第 {pages} 页")
        page.wait_for_function("() => document.activeElement.id === 'main'")
    assert pages > 2
    press(page.locator(".table th a").first)
    page.wait_for_function("() => document.activeElement.id === 'results'")
    assert "以这一处为中心" in page.locator(".understood .bar").inner_text()


@pytest.mark.parametrize("size", ["desktop", "zoomed"])
def test_what_has_the_focus_is_never_covered(chromium, server, size):
    with make_visitor(chromium, server, size) as person:
        page = person.open()
        person.search(JINAN)
        person.map.locator(".pin").first.wait_for(state="attached")
        page.wait_for_selector(".driver", state="attached")
        person.unfold()
        page.locator("#ask-text").focus()
        passed, covered = [], []
        for key in ["Tab"] * 80 + ["Shift+Tab"] * 80:
            page.keyboard.press(key)
            found = page.evaluate(_COVERED)
            if found:
                passed.append(found["name"])
                covered += [f"{key}: {found['name']}"] if found["covered"] else []
        if size == "zoomed":  # the way lies over the list: there too
            assert len(set(passed)) > 10
            press(page.locator("[data-act=go]").first)
            page.wait_for_selector("[role=dialog] .driver")
            for _ in range(40):
                page.keyboard.press("Tab")
                found = page.evaluate(_COVERED)
                if found:
                    passed.append(found["name"])
                    covered += [f"over: {found['name']}"] if found["covered"] else []
        assert {"步行", "高德地图", "复制名称和地址"} <= set(passed), "the way's buttons were passed"
        assert covered == []


def test_each_view_has_its_own_title(desktop):
    titles = set()
    for view in ("/", "/guide", "/centers", "/about"):
        page = desktop.open(view)
        page.wait_for_selector("#main, .welcome")
        if view != "/":
            page.wait_for_function("() => document.title.includes(' · 社保卡')")
        titles.add(page.title())
    assert len(titles) == 4


def test_what_is_heard_is_what_is_seen(desktop):
    page = desktop.open()
    desktop.search("人民路")
    hear(page, f"列出了 {page.locator('.candidate').count()} 个")
    assert page.locator(".understood").inner_text().count("写上城市") == 1, "and what to do when none fits"
    desktop.search("那个卖包子的对面")
    hear(page, "没有看懂这个地址")
    desktop.search("拉萨市")
    hear(page, "拉萨市还没有收录办事点。请先打 0891-12333")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.innerText.includes('拉萨')")
    for _ in range(2):  # the same words, twice
        page.evaluate("() => { document.getElementById('announcer').textContent = '' }")
        desktop.search("  ")
        hear(page, "请先写上你在哪里")


_TONGUES = """() => {
  const wrong = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const at = node.parentElement, lang = at.closest("[lang]").lang.slice(0, 2);
    if (at.closest("script, style, noscript, code") || getComputedStyle(at).display === "none") continue;
    const chinese = /\\p{Script=Han}/u.test(node.data), english = /^[\\x20-\\x7e]*[A-Za-z]{3,} [a-z]{2,} [\\x20-\\x7e]*$/.test(node.data);
    if (chinese && lang !== "zh" || english && lang !== "en") wrong.push(lang + ": " + node.data.slice(0, 60));
  }
  return wrong;
}"""
"""Texts that a screen reader would read with the voice of another language (WCAG 3.1.2)."""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_text_is_in_the_language_it_is_marked_with(chromium, server, lang):
    other = "zh" if lang == "en" else "en"
    with make_visitor(chromium, server) as person:
        wrong = []
        page = person.open(f"/?lang={other}")
        page.click(".switches [data-act=lang]")
        page.wait_for_function("lang => document.documentElement.lang.startsWith(lang)", arg=lang)
        for text in (JINAN, "中山", "拉萨市"):
            person.search(text)
            page.wait_for_timeout(300)
            if text == JINAN:
                person.map.locator(".pin").nth(1).dispatch_event("click")
                person.map.locator(".card").wait_for()
            for frame in page.frames:
                wrong += frame.evaluate(_TONGUES)
        for view in ("guide", "centers", "about"):
            person.go_to(view)
            page.wait_for_selector("#main")
            page.wait_for_selector(
                {"centers": "#cities, .table", "guide": ".four", "about": "[data-panel=about] summary"}[view]
            )
            for frame in page.frames:
                wrong += frame.evaluate(_TONGUES)
        assert wrong == [], "\n".join(wrong)
        page.evaluate(
            "() => document.querySelector('#main').insertAdjacentHTML('afterend', '<p>social security bureau</p><p>济南</p>')"
        )
        assert len(page.evaluate(_TONGUES)) == 1, "a wrong one is seen"
