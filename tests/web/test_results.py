"""The list, read as a screen reader would."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from html import escape
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hostile import CORPUS, looped

from locator.datum import Datum
from locator.i18n import LANGS, text
from locator.model import (
    Answer,
    Fallback,
    Hit,
    HoursState,
    Kind,
    MapSearch,
    NearestOffice,
    Notice,
    Phone,
    Place,
    Precision,
    Provenance,
    Query,
    RegionWithOffices,
    ServicePoint,
)  # fmt: skip
from locator.outputs.html_document import Markup
from locator.outputs.shapes import say_pinyin
from locator.web.answer import group_hits, render_fallback, render_results, render_understood, say_ranks
from locator.web.ask_form import render_ask
from locator.web.card import ListContext, list_cautions
from locator.web.state import PageState
from locator.wording import Translator, age_years

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
PLACE = Place(label="济南", lon=117.0, lat=36.6, precision=Precision.ROOFTOP, error_m=30, source="points")


def _hit(rank: int = 1, **changes) -> Hit:
    made = {
        "position": changes.pop("position", Precision.POI),
        "name": changes.pop("name", "甲中心"),
        "phones": changes.pop("phones", (Phone("0531-1234567", "社保"),)),
        "provenance": changes.pop("provenance", Provenance(source="来源", date="2018-07", url="https://a.cn/x")),
        **{key: changes.pop(key) for key in ("notes", "services", "address", "name_en") if key in changes},
    }
    point = ServicePoint(id=f"p-{rank}", kind=Kind.HRSS_BUREAU, lon=117.0, lat=36.6, adcode="370104", **made)
    plain = {
        "distance_m": 420.0,
        "approximate": False,
        "tier": 1,
        "status": HoursState(state="unknown", reason="hours_unknown"),
        "can_do": None,
    }
    return Hit(rank=rank, point=point, **{**plain, **changes})


def _answer(*hits: Hit, guide=None) -> Answer:
    return Answer(query=Query(text="x"), place=PLACE, hits=hits, guide=guide)


def _context(lang: str = "zh", **changes) -> ListContext:
    made = {
        "words": Translator(lang),
        "state": PageState(lang=lang),
        "at": NOW,
        "chosen": None,
        "guide": None,
        "ranks": {},
        **changes,
    }
    return ListContext(**made)


class _Tags(HTMLParser):
    def __init__(self, page: str):
        super().__init__()
        self.seen, self.open, self.text = [], [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("input", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "elements close in the order in which they open"

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.seen if name == tag]


@pytest.mark.parametrize("lang", LANGS)
def test_the_list_is_ordered_numbered_and_headed(lang):
    page = _Tags(render_results(_answer(_hit(1), _hit(2), _hit(3, tier=2)), _context(lang, chosen="p-2")))
    assert not page.open
    assert [attrs["value"] for attrs in page.all("li") if "data-card" in attrs] == ["1", "2", "3"]
    assert page.all("ol")[-1]["start"] == "3"
    assert len(page.all("h3")) >= 2
    calls = {attrs["href"] for attrs in page.all("a") if attrs["href"].startswith("tel:")}
    assert calls == {"tel:05311234567"}
    assert [attrs["data-id"] for attrs in page.all("button") if attrs.get("data-act") == "choose"] == ["p-1", "p-3"]


@pytest.mark.parametrize("lang", LANGS)
def test_one_card_in_full_and_rows_for_the_others(lang):
    hits = [_hit(n) for n in range(1, 7)]
    page = render_results(_answer(*hits), _context(lang, chosen="p-1"))
    assert page.count('class="two"') == page.count('class="status unknown"') == 1
    assert page.count('class="row-line"') == 5
    assert page.count("打电话") <= 8


def test_a_caution_of_several_is_said_once_and_on_none_of_them():
    hits = [_hit(1), _hit(2), _hit(3), _hit(4, provenance=Provenance(source="s", date="2026-10"))]
    page = _Tags(render_results(_answer(*hits), _context(chosen="p-1"))).text
    assert page.count("办公时间未知") == 2, "on the card, and once for all rows"
    assert "下面各处：办公时间未知" in page and "第 2–3 处：2018 年的资料" in page
    alone = _Tags(render_results(_answer(_hit(1), _hit(2)), _context(chosen="p-1"))).text
    assert "下面各处" not in alone and alone.count("2018 年的资料") == 2, "what one row has alone stands in it"


@pytest.mark.parametrize(
    ("ranks", "said"), [((2,), "2"), ((2, 3), "2–3"), ((1, 2, 3, 5), "1–3、5"), ((2, 4, 6), "2、4、6")]
)
def test_numbers_of_the_list_in_words(ranks, said):
    assert say_ranks(ranks, Translator("zh")) == said


def test_cautions_behind_a_label_do_not_begin_with_a_capital():
    hits = (_hit(1), _hit(2), _hit(3))
    page = _Tags(render_results(_answer(*hits), _context("en", chosen="p-1"))).text
    assert "All of these: hours unknown, data from 2018" in page


def test_places_that_read_alike_are_offered_once():
    alike = (PLACE, replace(PLACE, lon=117.9), replace(PLACE, label="山东省潍坊市昌邑市解放路"))
    answer = Answer(query=Query(text="x"), place=None, candidates=alike)
    page = _Tags(render_understood(answer, PageState(), restored=False))
    assert [b["data-id"] for b in page.all("button")] == ["0", "2"]
    assert "你说的是哪一个？" in page.text
    alone = _Tags(render_understood(replace(answer, candidates=alike[:1]), PageState(), restored=False)).text
    assert "你说的是这里吗？" in alone and "哪一个" not in alone


def test_what_to_do_about_candidates_is_said_once_and_above_them():
    answer = Answer(query=Query(text="x"), place=None, candidates=(PLACE,), notices=(Notice(code="which_city"),))
    page = _Tags(render_understood(answer, PageState(), restored=False)).text
    assert page.index("请选一处") < page.index(PLACE.label) and "都不是？" not in page


@pytest.mark.parametrize(
    ("states", "said"),
    [(("open", "unknown"), "1 office open today"), (("open", "open", "unknown"), "2 offices open today"),
     (("open", "open"), "2 nearest offices that may help"), (("unknown",), "1 office that may help")],
)  # fmt: skip
def test_the_heading_counts_the_open_where_they_were_asked_for(states, said):
    hits = [
        _hit(n, status=HoursState(state=s, reason="hours_unknown" if s == "unknown" else None))
        for n, s in enumerate(states, 1)
    ]
    answer = replace(_answer(*hits), query=Query(text="x", open_now=True))
    assert said in _Tags(render_results(answer, _context("en"))).text


def test_a_button_of_advice_has_its_words_in_one_piece():
    """A button lays its parts out beside each other: Chinese words in an English sentence became a column."""
    fallback = Fallback(
        searches=(MapSearch("amap", "拉萨市社保服务中心", "https://a.cn", Datum.GCJ02),),
        elsewhere=(RegionWithOffices("Qamdo", "540300", 1, NearestOffice("x", "昌都市民服务中心", 599_000.0)),),
    )
    page = render_fallback(fallback, Translator("en"), exact=False, beside_hits=False)
    inside = re.findall(r"<(?:a|button) [^>]*>(.*?)</(?:a|button)>", page)
    assert len(inside) == 2
    assert all(part.startswith("<span>") and part.endswith("</span>") for part in inside)
    assert all(re.sub("<span lang[^>]*>.*?</span>", "", part).count("<span") == 1 for part in inside)


def test_a_number_of_another_desk_comes_after_the_hotline():
    guide = {"hotlines": [{"number": "0531-12333"}], "materials": [], "law": []}
    other, own = Phone("0531-1111111", "仲裁"), Phone("0531-2222222", None)
    page = _Tags(render_results(_answer(_hit(phones=(other, own))), _context(chosen="p-1", guide=guide)))
    assert page.all("a")[0]["href"] == "tel:05312222222", "the bureau's own number first"
    page = _Tags(render_results(_answer(_hit(phones=(other,))), _context(chosen="p-1", guide=guide)))
    assert [a["href"] for a in page.all("a") if a["href"].startswith("tel:")] == ["tel:053112333", "tel:05311111111"]


@pytest.mark.parametrize(("status", "first"), [("unknown", "a"), ("open", "button")])
def test_call_comes_first_where_hours_are_unknown_or_the_data_old(status, first):
    state = HoursState(state=status, reason="hours_unknown" if status == "unknown" else None)
    hit = _hit(status=state, provenance=Provenance(source="s", date="2026-10"))
    page = render_results(_answer(hit), _context(chosen="p-1"))
    buttons = page[page.index('class="two"') :]
    assert re.search(r"<(a|button) ", buttons)[1] == first
    old = render_results(_answer(_hit(status=HoursState(state="open"))), _context(chosen="p-1"))
    assert re.search(r"<(a|button) ", old[old.index('class="two"') :])[1] == "a"


def test_a_chinese_name_is_read_out_on_the_english_page():
    page = _Tags(render_results(_answer(_hit(name="甲中心")), _context("en"))).text
    assert say_pinyin("甲中心") in page and say_pinyin("甲中心").isascii()
    assert say_pinyin("甲中心") not in _Tags(render_results(_answer(_hit(name="甲中心")), _context("zh"))).text
    named = _Tags(render_results(_answer(_hit(name_en="A Centre")), _context("en"))).text
    assert "A Centre" in named and say_pinyin("甲中心") not in named


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("五里沟街道人社中心", "Wuligou Jiedao Renshe Zhongxin"),
        ("长治市潞州区政务中心", "Changzhi Shi Luzhou Qu Zhengwu Zhongxin"),
        ("闵行区莘庄镇（康城）", "Minhang Qu Xinzhuang Zhen (Kangcheng)"),
        ("徐汇湖南街道受理点", "Xuhui Hunan Jiedao Shouli Dian"),
        ("单县医保局", "Shan Xian Yibao Ju"),
        ("农行兰山支行营业部", "Nonghang Lanshan Zhihang Yingye Bu"),
        ("CBD 办事处2", "CBD Banshi Chu 2"),
    ],
)
def test_a_name_is_read_out_word_by_word(name, read):
    assert say_pinyin(name) == read


def test_groups_keep_exact_about_unplaced_and_the_other_authority_apart():
    hits = (
        _hit(1),
        _hit(2, position=Precision.TOWNSHIP),
        _hit(3, position=Precision.DISTRICT, distance_m=None),
        _hit(4, tier=2),
    )
    assert [(name, [hit.rank for hit in found]) for name, found in group_hits(hits)] == [
        ("near", [1]), ("about", [2]), ("unplaced", [3]), ("other", [4]),
    ]  # fmt: skip
    assert [hit.point.pin is not None for hit in hits] == [True, False, False, True]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_your_office_stands_apart_from_those_also_near_and_says_why(lang):
    hits = (
        _hit(1, serves_you=True, serves_why="township_name"),
        _hit(2),
        _hit(3, serves_you=False, serves_why="elsewhere_source"),
    )
    assert [(name, [hit.rank for hit in found]) for name, found in group_hits(hits)] == [
        ("yours", [1]), ("near", [2, 3]),
    ]  # fmt: skip
    page = render_results(_answer(*hits), _context(lang, chosen="p-1"))
    for why in ("township_name", "elsewhere_source"):
        assert escape(text(f"page.serves.{why}", lang)) in page


@pytest.mark.parametrize(("state", "sign"), [("open", "●"), ("closed", "■"), ("unknown", "?")])
def test_a_state_is_a_word_and_a_sign(state, sign):
    status = HoursState(state=state, reason="hours_unknown" if state == "unknown" else None)
    page = render_results(_answer(_hit(status=status)), _context(chosen="p-1"))
    assert f'class="status {state}"' in page
    assert f">{sign} </span>" in page


@pytest.mark.parametrize(
    ("date", "said"),
    [("2026-10", None), ("2025-06", "2025-06"), ("2018-07", "2018 年的资料"), (None, "不明")],
)
def test_old_data_are_said_to_be_old(date, said):
    found = list_cautions(_hit(provenance=Provenance(source="x", date=date)), _context())
    ages = [words for code, words in found.items() if code.startswith("age")]
    assert (said is None and ages == []) or said in ages[0]


def test_nothing_is_claimed_that_no_source_says():
    plain = render_results(_answer(_hit()), _context(chosen="p-1"))
    assert "资料写明可办" not in plain and "你街道" not in plain
    said = render_results(
        _answer(_hit(can_do=True, serves_you=True, serves_why="township_name")), _context(chosen="p-1")
    )
    assert "资料写明可办" in said and "你街道" in said
    assert "不办这件事" in render_results(_answer(_hit(can_do=False)), _context())


def test_without_a_number_the_hotline_stands_in():
    guide = {"hotlines": [{"number": "0531-12333"}], "materials": [], "law": []}
    assert "tel:053112333" in render_results(_answer(_hit(phones=())), _context(chosen="p-1", guide=guide))
    assert "tel:12333" in render_results(_answer(_hit(phones=())), _context(chosen="p-1"))


def test_materials_are_in_the_chosen_card_only():
    guide = {
        "materials": [
            {"name": "身份证", "required": True, "note": None},
            {"name": "照片", "required": None, "note": "一寸"},
        ],
        "law": [],
    }
    page = render_results(_answer(_hit(1), _hit(2)), _context(chosen="p-1", guide=guide))
    assert page.count("身份证") == 2, "in the line, and in what it unfolds into"
    assert "必带" in page and "当地可能要求" in page


@pytest.mark.parametrize("lang", LANGS)
def test_names_and_addresses_stay_chinese_and_say_so(lang):
    page = render_results(_answer(_hit(name="甲", address="经四路", name_en="A Bureau")), _context(lang))
    assert '<bdi lang="zh-CN">甲</bdi>' in page
    assert '<span lang="zh-CN">经四路</span>' in page
    assert ('<p class="english" lang="en">A Bureau</p>' in page) == (lang == "en")


@looped("text", CORPUS)
def test_hostile_rows_stay_text(text):
    hit = _hit(name=text, address=text, notes=text, services=text, phones=(Phone(text, text),),
               provenance=Provenance(source=text, url=text, date=text, licence=text))  # fmt: skip
    plain = _Tags(render_results(_answer(_hit(address="a", notes="n", services="s")), _context(chosen="p-1")))
    page = _Tags(render_results(_answer(hit), _context(chosen="p-1")))
    wanted = {tag for tag, _ in plain.seen} | {"span"}
    assert {tag for tag, _ in page.seen} <= wanted
    assert all(not name.startswith("on") for _, attrs in page.seen for name in attrs)
    assert all(attrs.get("href", "#").startswith(("#", "./", "tel:", "http")) for attrs in page.all("a"))


@looped("text", CORPUS)
def test_hostile_places_stay_text(text):
    place = Place(label=text, precision=Precision.CITY, source="x")
    answer = Answer(query=Query(text="x"), place=place, candidates=(place,))
    assert {"script", "img", "svg", "iframe"}.isdisjoint(
        tag for tag, _ in _Tags(render_understood(answer, PageState(), restored=False)).seen
    )


@pytest.mark.parametrize("lang", LANGS)
def test_every_field_of_the_form_has_its_label(lang):
    page = _Tags(render_ask(PageState(lang=lang)))
    labelled = {attrs["for"] for attrs in page.all("label") if "for" in attrs}
    fields = {attrs["id"] for name in ("select", "input") for attrs in page.all(name)}
    inside = {"ask-open", "ask-remember"}
    named = {attrs["id"] for attrs in page.all("select") if attrs.get("aria-label")}
    assert fields - labelled == inside | named, "those are inside their labels, or named themselves"
    assert isinstance(render_ask(PageState(lang=lang)), Markup)


@pytest.mark.parametrize(
    ("state", "region"),
    [
        (PageState(), None),
        (PageState(area="370104"), "370100"),
        (PageState(region="440300", area="370104"), "440300"),
        (PageState(region="110105"), "110000"),
    ],
)
def test_suggestions_are_asked_for_in_the_city_of_the_chosen_region_or_of_the_last_answer(state, region):
    (box,) = [a for a in _Tags(render_ask(state)).all("input") if a["id"] == "ask-text"]
    assert box.get("data-region") == region
    answer = Answer(query=Query(text="x"), place=None)
    page = _Tags(render_understood(answer, PageState(area=state.region or state.area), restored=False))
    (section,) = [a for a in page.all("section") if a.get("id") == "understood"]
    assert section.get("data-region") == region


@pytest.mark.parametrize(
    ("date", "zh", "en"),
    [
        ("2018-07-25", "2018-07-25", "25 July 2018"),
        ("2018-07", "2018-07", "July 2018"),
        ("2018", "2018", "2018"),
        ("2018-13", "2018-13", "2018-13"),
        ("<x>", "<x>", "<x>"),
    ],
)
def test_dates_in_words(date, zh, en):
    assert (Translator("zh").date(date), Translator("en").date(date)) == (zh, en)


def test_ages():
    assert age_years("2018-07", NOW) == pytest.approx(8.33, abs=0.01)
    assert age_years("2026", NOW) == pytest.approx(0.42, abs=0.01)
    assert age_years(None, NOW) is age_years("x", NOW) is None


@pytest.mark.parametrize(
    ("seconds", "zh", "en"), [(20, "不到 1 分钟", None), (60, "1 分钟", None), (3900, "1 小时 5 分钟", None)]
)
def test_durations(seconds, zh, en):
    assert Translator("zh").duration(seconds) == zh
    assert Translator("en").duration(seconds)
