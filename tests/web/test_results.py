"""The list, read as a screen reader would."""

from __future__ import annotations

from datetime import datetime
from html import escape
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hostile import CORPUS

from locator.i18n import LANGS, text
from locator.model import (
    Answer,
    Hit,
    HoursState,
    Kind,
    Phone,
    Place,
    Precision,
    Provenance,
    Query,
    ServicePoint,
)  # fmt: skip
from locator.outputs.html_document import Markup
from locator.web.answer import render_understood
from locator.web.ask_form import render_ask
from locator.web.results import ListContext, age_chips, group_hits, render_results
from locator.web.session import is_pinned
from locator.web.state import PageState
from locator.web.translator import Translator, age_years

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
        "share": "./",
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
    assert len(page.all("ol")) == 2
    assert [attrs["value"] for attrs in page.all("li") if "data-card" in attrs] == ["1", "2", "3"]
    assert page.all("ol")[1]["start"] == "3"
    assert len(page.all("h3")) >= 2
    (link,) = {attrs["href"] for attrs in page.all("a") if attrs.get("class") == "phone"}
    assert link == "tel:05311234567"
    assert [attrs["aria-pressed"] for attrs in page.all("button") if attrs.get("data-act") == "choose"] == [
        "false", "true", "false",
    ]  # fmt: skip


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
    assert [is_pinned(hit) for hit in hits] == [True, False, False, True]
    page = render_results(_answer(*hits), _context())
    assert page.count('data-act="choose"') == 2, "no pin, no way to show it on the map"


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
    page, words = render_results(_answer(*hits), _context(lang)), Translator(lang)
    for said in ("results.yours", "results.yours_hint", "results.near"):
        assert escape(words(said)) in page
    for why in ("township_name", "elsewhere_source"):
        assert escape(text(f"serving.{why}", lang)) in page
    alone = render_results(_answer(_hit()), _context(lang))
    assert f">{words('results.near')}<" not in alone, "no second kind, no heading"


@pytest.mark.parametrize(("state", "sign"), [("open", "●"), ("closed", "■"), ("unknown", "?")])
def test_a_state_is_a_word_and_a_sign(state, sign):
    page = render_results(
        _answer(_hit(status=HoursState(state=state, reason="hours_unknown" if state == "unknown" else None))),
        _context(),
    )
    assert f'class="chip {state}"' in page
    assert f">{sign}</span>" in page


@pytest.mark.parametrize(
    ("date", "kind", "said"),
    [
        ("2026-10", "plain", "2026-10"),
        ("2025-06", "old", "2025-06"),
        ("2018-07", "old", "可能已变"),
        (None, "old", "不明"),
    ],
)
def test_old_data_look_old(date, kind, said):
    chips = "".join(age_chips(_hit(provenance=Provenance(source="x", date=date)).point, Translator("zh"), NOW))
    assert f'class="chip {kind}"' in chips
    assert said in chips


def test_nothing_is_claimed_that_no_source_says():
    plain = render_results(_answer(_hit()), _context())
    assert "资料写明可办" not in plain and "你所在的" not in plain
    said = render_results(_answer(_hit(can_do=True, serves_you=True, serves_why="township_name")), _context())
    assert "资料写明可办" in said and "你所在的" in said
    assert "不办这件事" in render_results(_answer(_hit(can_do=False)), _context())


def test_without_a_number_the_hotline_stands_in():
    guide = {"hotlines": [{"number": "0531-12333"}], "materials": [], "law": []}
    assert "tel:053112333" in render_results(_answer(_hit(phones=())), _context(guide=guide))
    assert "tel:12333" in render_results(_answer(_hit(phones=())), _context())


def test_materials_are_in_the_chosen_card_only():
    guide = {
        "materials": [
            {"name": "身份证", "required": True, "note": None},
            {"name": "照片", "required": None, "note": "一寸"},
        ],
        "law": [],
    }
    page = render_results(_answer(_hit(1), _hit(2)), _context(chosen="p-1", guide=guide))
    assert page.count("身份证") == 1
    assert "必带" in page and "当地可能要求" in page


@pytest.mark.parametrize("lang", LANGS)
def test_names_and_addresses_stay_chinese_and_say_so(lang):
    page = render_results(_answer(_hit(name="甲", address="经四路", name_en="A Bureau")), _context(lang))
    assert '<bdi lang="zh-CN">甲</bdi>' in page
    assert '<span lang="zh-CN">经四路</span>' in page
    assert '<p class="english" lang="en">A Bureau</p>' in page


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_rows_stay_text(text):
    hit = _hit(name=text, address=text, notes=text, services=text, phones=(Phone(text, text),),
               provenance=Provenance(source=text, url=text, date=text, licence=text))  # fmt: skip
    plain = _Tags(render_results(_answer(_hit(address="a", notes="n", services="s")), _context(chosen="p-1")))
    page = _Tags(render_results(_answer(hit), _context(chosen="p-1")))
    wanted = {tag for tag, _ in plain.seen} | {"span"}
    assert {tag for tag, _ in page.seen} <= wanted
    assert all(not name.startswith("on") for _, attrs in page.seen for name in attrs)
    assert all(attrs.get("href", "#").startswith(("#", "./", "tel:", "http")) for attrs in page.all("a"))


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_places_stay_text(text):
    place = Place(label=text, precision=Precision.CITY, source="x")
    answer = Answer(query=Query(text="x"), place=place, candidates=(place,))
    assert {"script", "img", "svg", "iframe"}.isdisjoint(
        tag for tag, _ in _Tags(render_understood(answer, Translator("zh"), restored=False)).seen
    )


@pytest.mark.parametrize("lang", LANGS)
def test_every_field_of_the_form_has_its_label(lang):
    page = _Tags(render_ask(PageState(lang=lang), Translator(lang)))
    labelled = {attrs["for"] for attrs in page.all("label") if "for" in attrs}
    fields = {attrs["id"] for name in ("select", "input") for attrs in page.all(name)}
    assert fields - labelled == {"ask-open", "ask-remember"}, "that one is inside its label"
    assert isinstance(render_ask(PageState(), Translator(lang)), Markup)


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
    (box,) = [a for a in _Tags(render_ask(state, Translator("zh"))).all("input") if a["id"] == "ask-text"]
    assert box.get("data-region") == region
    answer = Answer(query=Query(text="x"), place=None)
    page = _Tags(render_understood(answer, Translator("zh"), restored=False, area=state.region or state.area))
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
