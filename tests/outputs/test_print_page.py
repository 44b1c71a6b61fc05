"""The print sheet: one A4 page whatever is on it, everything readable, nothing that runs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator.guide.book import load_guide
from locator.i18n import LANGS
from locator.model import Kind, Mode, Person, Phone, Precision, Provenance, ServicePoint, Task
from locator.outputs.print_page import LARGE_SIZES, SIZES, write_print_page
from locator.routing.route import Route, Step
from locator.settings import shipped_dir
from locator.web.send_page import address_to_send
from locator.web.state import PageState

AT = datetime(2026, 9, 29, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
LINK = "https://locator.example.org/?id=zs-xiaolan&lang=zh"
POINT = ServicePoint(
    id="zs-xiaolan",
    name="中山市人力资源和社会保障局小榄分局",
    kind=Kind.HRSS_BUREAU,
    province="广东省",
    city="中山市",
    address="小榄镇裕洲路63号",
    adcode="442000",
    phones=(Phone("0760-22838332"),),
    hours="Mo-Fr 09:00-12:00,13:30-17:00; PH off",
    hours_date="2026-02-09",
    position=Precision.TOWNSHIP,
    provenance=Provenance(source="中山市小榄镇人民政府", date="2026-02-09"),
)
ROUTE = Route(
    engine="valhalla",
    mode=Mode.WALK,
    distance_m=1234,
    duration_s=900,
    line=(),
    steps=tuple(
        Step(text=f"沿中山三路走 {n} 米，左转", distance_m=n, duration_s=n, lon=113.2, lat=22.6) for n in range(1, 8)
    ),
)
LONG = "很长的内容和 a rather long name " * 30
HOSTILE = (
    "<script>alert(1)</script>", "{{7*7}}", "${alert(1)}", '"><img src=x onerror=alert(1)>', "</style><script>",
    "\u202eevil", "\x1b[31m", "&lt;i&gt;", "W" * 300, "无" * 300,
)  # fmt: skip


@pytest.fixture(scope="module")
def guide():
    return load_guide(shipped_dir() / "guide")


def long_point():
    """An office whose every field is as long as somebody may write it."""
    return replace(
        POINT, name=LONG, name_en=LONG, address=LONG, hours_text=LONG, phones=(Phone("0" * 60),) * 9,
        provenance=Provenance(source=LONG, date="2026"),
    )  # fmt: skip


def long_guide(answer):
    """An answer with thirty long lines wherever there are some."""
    lines = [{**answer["tips"][0], "text": LONG[:600]}] * 30
    items = [{**answer["materials"][0], "name": LONG[:600]}] * 30
    steps = [{**step, "lines": lines} for step in answer["steps"]]
    return {**answer, "materials": items, "trip": {"without_visit": "ask", "lines": lines}, "steps": steps}


def check_on_paper(browser, html, *, to_pdf=True):
    """Print with Chromium; return pages, the gap in mm between content and foot, and the smallest type in px."""
    page = browser.new_page(viewport={"width": 794, "height": 1123})
    try:
        page.emulate_media(media="print")
        page.set_content(html)
        pdf = page.pdf(prefer_css_page_size=True) if to_pdf else None
        boxes = page.evaluate(
            "() => [[...document.querySelectorAll('section')].at(-1).getBoundingClientRect().bottom,"
            " document.querySelector('footer').getBoundingClientRect().top,"
            " document.querySelector('footer').getBoundingClientRect().bottom,"
            " document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth,"
            " Math.min(...[...document.querySelectorAll('p,li,h1,h2')].map(e =>"
            "   parseFloat(getComputedStyle(e).fontSize)))]"
        )
    finally:
        page.close()
    assert boxes[3] <= 0, "nothing is wider than the page"
    assert boxes[2] / 96 * 25.4 <= 297
    if pdf is None:
        return None, (boxes[1] - boxes[0]) / 96 * 25.4, boxes[4]
    size = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)", pdf)
    assert abs(float(size[1]) - 595) < 2 and abs(float(size[2]) - 842) < 2, "A4"
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)), (boxes[1] - boxes[0]) / 96 * 25.4, boxes[4]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("task", "person", "adcode", "lang", "large"),
    [
        ("apply", "child", "442000", "zh", True), ("apply", "child", "442000", "en", False),
        ("replace-lost", "agent", "330182", "zh", False), ("replace-lost", "agent", "330182", "en", True),
        ("activate", "foreigner", "110000", "en", False), ("e-card", "adult", None, "zh", True),
    ],
)  # fmt: skip
def test_it_is_one_page_and_nothing_is_cut_off(chromium, guide, task, person, adcode, lang, large):
    html = write_print_page(
        POINT, guide.answer(task, person, adcode, lang), at=AT, lang=lang, link=LINK, route=ROUTE, large=large
    )
    pages, gap_mm, smallest_px = check_on_paper(chromium, html)
    assert pages == 1 and gap_mm > 0
    assert smallest_px >= (14 if not large else 13.9)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("lang", "link", "large"),
    [("zh", None, True), ("zh", LINK + "x" * 400, False), ("en", None, False), ("en", LINK + "x" * 400, True)],
)
def test_endless_content_is_still_one_page(chromium, guide, lang, link, large):
    answer = long_guide(guide.answer("apply", "agent", "330182", lang))
    route = replace(ROUTE, steps=tuple(replace(step, text=LONG) for step in ROUTE.steps * 20))
    html = write_print_page(long_point(), answer, at=AT, lang=lang, link=link, route=route, large=large)
    pages, gap_mm, _ = check_on_paper(chromium, html)
    assert pages == 1 and gap_mm > 0
    assert re.search(r"还有 \d+ 条写不下" if lang == "zh" else r"\d+ more did not fit", html)


@pytest.mark.browser
@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words_on_one_page(chromium, guide, words):
    answer = guide.answer("apply", "adult", None, "en")
    answer["materials"] = [{**answer["materials"][0], "name": words}]
    answer["trip"]["lines"][0]["text"] = words
    point = replace(
        POINT, id=words, name=words, name_en=words, address=words, hours=None, hours_text=words, city=words,
        phones=(Phone(words),), provenance=Provenance(source=words, date=words),
    )  # fmt: skip
    steps = (replace(ROUTE.steps[0], text=words),)
    html = write_print_page(point, answer, at=AT, lang="en", link=LINK, route=replace(ROUTE, steps=steps))
    assert not re.search(r"<(script|img|iframe)", html) and not re.search(r"[\x1b\u202e]", html)
    _, gap_mm, _ = check_on_paper(chromium, html, to_pdf=False)
    assert gap_mm > 0


@pytest.mark.parametrize("lang", LANGS)
def test_it_says_what_a_person_needs_at_the_door(guide, lang):
    answer = guide.answer("apply", "adult", "442000", lang)
    html = write_print_page(POINT, answer, at=AT, lang=lang, link=LINK, route=ROUTE)
    for item in answer["materials"]:
        assert item["name"].replace("'", "&#x27;") in html
    for words in (POINT.name, "裕洲路63号", "0760-22838332", "2026-02-09", "zs-xiaolan", ROUTE.steps[-1].text):
        assert words in html
    assert html.count("☐") == len(answer["materials"])
    assert ("9月29日" if lang == "zh" else "29 Sep") in html and ("国庆" if lang == "zh" else "National Day") in html


def test_a_chinese_name_is_read_out_for_those_who_cannot(guide):
    said = "Xiaolan"
    assert said in write_print_page(POINT, None, at=AT, lang="en")
    assert said not in write_print_page(POINT, None, at=AT, lang="zh")
    named = write_print_page(replace(POINT, name_en="A Centre"), None, at=AT, lang="en")
    assert "A Centre" in named and said not in named


def test_the_hours_are_of_the_next_seven_days(guide):
    at = datetime(2026, 10, 9, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    html = write_print_page(POINT, None, at=at, lang="zh")
    days = re.findall(r"<li>(\d+月\d+日)（周.） ([^<]*)</li>", html)
    assert [day for day, _ in days] == [f"10月{n}日" for n in range(9, 16)]
    assert "调休" in days[1][1] and days[2][1] == "休息"


@pytest.mark.parametrize("lang", LANGS)
def test_unknown_hours_number_and_address_are_said(guide, lang):
    point = replace(
        POINT, hours=None, hours_text="周一至周五", phones=(), address=None, provenance=Provenance(source="s")
    )
    html = write_print_page(point, guide.answer("apply", "adult", "510100", lang), at=AT, lang=lang)
    for words in {
        "zh": ("办公时间未知", "周一至周五", "先打 028-12333", "没有查到地址", "资料日期不明"),
        "en": ("Hours not known", "周一至周五", "call 028-12333 first", "No address found", "without a date"),
    }[lang]:
        assert words in html


def test_a_straight_line_is_not_called_a_way(guide):
    html = write_print_page(POINT, None, at=AT, lang="zh", route=replace(ROUTE, engine="line", steps=()))
    assert "直线距离约 1.2 公里" in html and "<b>1.</b>" not in html


@pytest.mark.parametrize(("lang", "said"), [("zh", "你就在这里附近"), ("en", "You are right by it")])
def test_a_way_of_a_metre_is_told_without_a_length(lang, said):
    line = replace(ROUTE, engine="line", steps=(), distance_m=1.0)
    html = write_print_page(POINT, None, at=AT, lang=lang, route=line)
    assert said in html and "1 米" not in html and "1 m" not in html


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_urgent_stands_right_under_the_name(guide, lang):
    for task in Task:
        answer = guide.answer(task, "agent", "370104", lang)
        lines = re.findall(r"<(?:h1|p)[^>]*>([^<]*)<", write_print_page(POINT, answer, at=AT, lang=lang))
        first = answer["first"]
        assert (first is not None) == (task in (Task.REPLACE_LOST, Task.REPORT_LOSS))
        assert first is None or (lines[0] == POINT.name and "12333" in lines[1] and unescape(lines[1]) == first["text"])


def test_there_is_a_code_only_with_a_public_address(guide):
    state, public = PageState(lang="en"), "https://locator.example.org/"
    assert address_to_send(state, "a b&c").startswith("./send/a%20b%26c?task=apply")
    link = address_to_send(state, "a b&c", public_url=public)
    assert link == "https://locator.example.org/send/a%20b%26c?task=apply&person=adult&lang=en"
    assert "<svg" not in write_print_page(POINT, None, at=AT, lang="zh")
    with_code = write_print_page(POINT, None, at=AT, lang="zh", link=link)
    assert with_code.count("<svg") == 1 and "http" not in with_code.replace("http://www.w3.org/2000/svg", "")


def test_it_has_no_script_and_loads_nothing(guide):
    html = write_print_page(POINT, guide.answer("apply", "adult", None, "zh"), at=AT, lang="zh", link=LINK, route=ROUTE)
    assert not re.search(r"<script|<img|<link|url\(|@import|\son\w+=|javascript:", html)


@pytest.mark.parametrize("task", Task)
def test_every_task_and_person_makes_a_sheet(guide, task):
    for person in Person:
        for lang in LANGS:
            assert "<main" in write_print_page(POINT, guide.answer(task, person, None, lang), at=AT, lang=lang)


def size_of(html):
    """Return the type size of a sheet in pt."""
    return float(re.search(r"\.sheet\{font-size:([\d.]+)pt", html)[1])


def test_large_type_is_larger(guide):
    short = write_print_page(POINT, None, at=AT, lang="zh", large=True)
    assert size_of(short) == LARGE_SIZES[0] > size_of(write_print_page(POINT, None, at=AT, lang="zh")) == SIZES[0]
    full = write_print_page(
        POINT, guide.answer("apply", "child", "442000", "zh"), at=AT, lang="zh", route=ROUTE, large=True
    )
    assert size_of(full) >= LARGE_SIZES[-1]


@given(name=st.text(max_size=400), address=st.text(max_size=400), said=st.text(max_size=400))
def test_any_text_makes_a_sheet_that_is_well_formed(name, address, said):
    point = replace(POINT, name=name, address=address, hours=None, hours_text=said)
    html = write_print_page(point, None, at=AT, lang="zh")
    assert html.count("<h1 ") == 1 and html.count("</main>") == 1 and html.endswith("</html>\n")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", html)
