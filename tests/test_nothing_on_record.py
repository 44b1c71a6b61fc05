"""Where no office on record stands near there is still an answer, and nothing in it claims to be a found office."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest

from locator.datum import Datum, distance_m, to_wgs84
from locator.errors import DataError
from locator.finder import Records, build_fallback, no_result_notices
from locator.finder.fallback import read_designated
from locator.guide.book import load_guide
from locator.i18n import LANGS, load_catalogue
from locator.model import Filter, Kind, Person, Query, Task
from locator.outputs.shapes import say_fallback, say_label, say_notice, shape_answer, shape_place
from locator.routing.links import SEARCH_APPS, map_searches
from locator.settings import shipped_dir

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
CAPITALS = (
    "北京市东城区", "天津市河西区", "石家庄市长安区", "太原市迎泽区", "呼和浩特市新城区", "沈阳市皇姑区", "长春市绿园区",
    "哈尔滨市松北区", "上海市黄浦区", "南京市鼓楼区", "杭州市西湖区", "合肥市滨湖新区", "福州市鼓楼区", "南昌市红谷滩区",
    "济南市历下区", "郑州市金水区", "武汉市武昌区", "长沙市天心区", "广州市越秀区", "南宁市青秀区", "海口市美兰区",
    "重庆市渝中区", "成都市青羊区", "贵阳市云岩区", "昆明市五华区", "拉萨市城关区", "西安市新城区", "兰州市城关区",
    "西宁市城中区", "银川市金凤区", "乌鲁木齐市天山区",
)  # fmt: skip
"""Where the governments of the 31 provinces sit."""


def find(locator, text, **query):
    return locator.find(Query(text=text, task=query.pop("task", Task.APPLY), **query), NOW)


GOVERNMENTS = tuple(f"{seat.partition('市')[0]}市人民政府" for seat in CAPITALS)
"""How people name the seat itself: 兰州市人民政府."""


@pytest.mark.parametrize("seat", (*CAPITALS, *GOVERNMENTS))
def test_every_provincial_capital_gets_an_office_or_the_fallback(locator, seat):
    answer = find(locator, seat)
    assert answer.place is not None
    city = (answer.place.adcode or "")[: 2 if answer.place.adcode[:2] in ("11", "12", "31", "50") else 4]
    if any(hit.tier == 1 and (hit.point.adcode or "").startswith(city) for hit in answer.hits) and not answer.fallback:
        return
    assert answer.fallback is not None
    assert answer.fallback.searches and any(re.match(r"0\d{2,3}-\d", line.number) for line in answer.fallback.hotlines)


@pytest.fixture(scope="module")
def barren(locator):
    """Return a county whose city has no office on record, and its area code."""
    engines = locator.engines
    for prefecture in ("542500", "542400", "540400", "632700", "632600", "653000", "513300", "540500"):
        city = engines.gazetteer.division(prefecture)
        code = engines.guide.area_code(prefecture)
        if city and code and not any(engines.store.points(Filter(regions=(prefecture,)))):
            county = next(d for n in range(21, 40) if (d := engines.gazetteer.division(f"{prefecture[:4]}{n}")))
            return f"{engines.gazetteer.describe(county.code, 'zh')}", county.name, code
    raise AssertionError("offices everywhere: choose another way to test this")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("task", Task)
def test_every_task_has_something_to_do_where_nothing_is_on_record(locator, barren, task, lang):
    fallback = find(locator, barren[0], task=task, lang=lang).fallback
    assert fallback.designated and fallback.hotlines and {s.app for s in fallback.searches} == set(SEARCH_APPS)
    for item in fallback.designated:
        assert item.basis.source and "{" not in item.name + item.what
        assert not re.search(r"\d{7,}", item.name + item.what), "a general place has no number"
    parts = say_fallback(fallback, lang, exact=False)
    assert all(title and lines for title, lines in parts) and f"{barren[2]}-" in str(parts)


def test_the_first_word_fits_the_task(locator, barren):
    words = {
        task: find(locator, barren[0], task=task).fallback.searches[0].keyword.removeprefix(barren[1])
        for task in (Task.APPLY, Task.MEDICAL, Task.E_VOUCHER, Task.ACTIVATE)
    }
    assert words == {
        Task.APPLY: "社保服务中心", Task.MEDICAL: "医保服务", Task.E_VOUCHER: "医保服务", Task.ACTIVATE: "银行",
    }  # fmt: skip
    first = find(locator, barren[0], task=Task.MEDICAL).fallback.hotlines[0]
    assert first.number == f"{barren[2]}-12393"


POSITIONS = {
    "amap": lambda q: tuple(float(v) for v in q["center"][0].split(",")),
    "baidu": lambda q: tuple(float(v) for v in reversed(q["location"][0].split(","))),
    "tencent": lambda q: tuple(float(v) for v in reversed(q["center"][0].split(","))),
    "apple": lambda q: tuple(float(v) for v in reversed(q["sll"][0].split(","))),
}


@pytest.mark.parametrize("here", [(91.1234567, 29.6512345), (116.3974, 39.9087), (121.4737, 31.2304)])
def test_each_app_is_asked_in_its_own_datum_to_three_decimals(here):
    links = map_searches("社保服务中心", here, city="540100", city_name="拉萨市")
    assert [link.app for link in links] == list(SEARCH_APPS)
    assert {link.app: link.datum for link in links} == {
        "amap": Datum.GCJ02, "baidu": Datum.BD09, "tencent": Datum.GCJ02, "apple": Datum.GCJ02,
    }  # fmt: skip
    for link in links:
        parts = urlsplit(link.url)
        assert parts.scheme == "https" and "社保服务中心" in unquote(parts.query)
        lon, lat = POSITIONS[link.app](parse_qs(parts.query))
        x, y = to_wgs84(lon, lat, link.datum)
        assert float(distance_m(*here, float(x), float(y))) < 100
        assert max(len(v.partition(".")[2]) for v in re.findall(r"\d+\.\d+", unquote(parts.query))) == 3


def test_a_coarse_place_is_searched_by_name_and_not_in_a_circle():
    links = {s.app: parse_qs(urlsplit(s.url).query) for s in map_searches("城关区社保服务中心", (91.1, 29.6), exact=False, city="540100", city_name="拉萨市")}  # fmt: skip
    assert links["baidu"]["region"] == ["拉萨市"] and "location" not in links["baidu"]
    assert links["amap"]["city"] == ["540100"]
    assert links["tencent"]["region"] == ["拉萨市"] and not {"center", "radius"} & set(links["tencent"])
    (no_city, *_) = map_searches("社保服务中心", None)
    assert "center" not in no_city.url and "city" not in no_city.url


def test_a_hostile_word_stays_a_word():
    for link in map_searches('社保"><script>&q=1#x\n', (91.1, 29.6)):
        assert not set('"<>\n#') & set(link.url) and "script" in link.url and "q=1" not in link.url


# --- when it is there, and when it is not


def test_where_offices_stand_near_there_is_none(locator):
    answer = find(locator, "济南市槐荫区经四路478号")
    assert answer.fallback is None and shape_answer(answer, NOW)["fallback"] is None


@pytest.mark.parametrize(
    ("changes", "stands", "notice"),
    [
        ({"distance_m": 9_900.0}, False, None),
        ({"distance_m": 12_300.0}, True, "only_far"),
        ({"distance_m": 400.0, "serves_you": False}, True, "only_others"),
        ({"distance_m": 400.0, "may_not_handle": True}, True, None),
        ({"distance_m": 400.0, "tier": 2}, True, None),
    ],
)
def test_it_stands_beside_hits_that_are_far_or_do_not_fit(locator, changes, stands, notice):
    answer = find(locator, "济南市槐荫区经四路478号")
    engines = locator.engines
    hits = [replace(hit, serves_you=None) for hit in answer.hits if hit.distance_m is not None]
    hits = [replace(hit, **changes) for hit in hits]
    records = Records(guide=engines.guide, gazetteer=engines.gazetteer, store=engines.store)
    made = build_fallback(answer.place, answer.query, hits, records, kinds=None)
    assert (made is not None) is stands
    said = no_result_notices(answer.place, answer.query, hits=hits, fallback=made, records=records)
    assert [note.code for note in said] == ([notice] if notice else [])
    assert made is None or {r.adcode for r in made.elsewhere}.isdisjoint({answer.place.adcode})


def test_narrow_limits_are_not_blamed_on_the_place(locator):
    answer = find(locator, "济南市槐荫区经四路478号", kinds=frozenset({Kind.BANK}))
    assert answer.fallback is None and [n.code for n in answer.notices] == ["nothing_matches"]


def test_abroad_there_is_none(locator):
    assert locator.find(Query(at=(9.5, 47.1), task=Task.APPLY), NOW).fallback is None


def test_what_is_said_is_not_contradicted_below(locator):
    answer = find(locator, "上海浦东")
    said = " ".join(say_notice(notice, "zh") for notice in answer.notices)
    here = [hit for hit in answer.hits if hit.point.adcode == "310115"]
    assert "上海市还没有收录" not in said
    assert here or "浦东新区还没有收录" in said
    named = {region.adcode for region in answer.fallback.elsewhere} if answer.fallback else set()
    assert "310115" not in named


def test_elsewhere_is_the_rest_of_the_city_then_of_the_province(locator):
    answer = find(locator, "济南市商河县")
    if answer.fallback:
        assert all(region.adcode.startswith("3701") for region in answer.fallback.elsewhere)
    answer = find(locator, "山东省菏泽市牡丹区")
    if answer.fallback and answer.fallback.elsewhere:
        assert all(region.adcode.startswith("37") and region.points > 0 for region in answer.fallback.elsewhere)
        known = [r.nearest.distance_m for r in answer.fallback.elsewhere if r.nearest and r.nearest.distance_m]
        assert known == sorted(known)


@pytest.mark.parametrize("text", ["澳门", "香港", "台湾", "高雄", "香港沙田", "Macau"])
def test_outside_the_mainland_nobody_is_asked_for_a_street(locator, text):
    answer = find(locator, text)
    assert [notice.code for notice in answer.notices if notice.code != "insured_city_only"] == ["outside_area"]
    assert answer.fallback is None and not answer.hits


def test_a_new_area_has_its_own_districts_offices_first(locator):
    answer = find(locator, "雄安新区")
    inside = [hit.point.adcode in {"130629", "130632", "130638"} for hit in answer.hits]
    assert inside[0] and inside == sorted(inside, reverse=True) and answer.place.error_m % 1000 == 0
    assert [hit.area for hit in answer.hits] == ["own" if own else "other" for own in inside]


def test_a_position_in_lhasa_knows_its_district_and_its_hotline(locator):
    answer = locator.find(Query(at=(91.12, 29.65), task=Task.COLLECT), NOW)
    assert answer.place.adcode == "540102" and "拉萨市城关区" in answer.place.label
    assert any(line.number == "0891-12333" for line in answer.fallback.hotlines)


def test_no_office_is_the_nearest_without_a_distance(locator):
    for text in ("北京", "广东省"):
        parts = dict(say_fallback(find(locator, text).fallback, "zh", exact=False))
        rows = parts[load_catalogue("zh")["fallback.elsewhere"]]
        assert rows and not any("最近" in str(row) for row in rows)


# --- the table of general places


def test_general_places_cover_every_task_and_name_sources_of_the_guide():
    guide = load_guide(shipped_dir() / "guide")
    for task in Task:
        fitting = [item for item in read_designated() if task in item["tasks"] and "region" not in item]
        assert {"township", "district"} <= {item["id"] for item in fitting}, task
        assert len({item["id"] for item in fitting}) == len(fitting), task
    for item in read_designated():
        source = guide.source(item["source"])
        assert source.name and source.confidence in ("H", "M"), "no anonymous page is a basis"
        for words in (item["name"], item["what"]):
            assert set(words) >= {"zh", "en"}
        assert ("{area}" in item["name"]["zh"]) == (item["area"] != "none")


def test_a_broken_table_is_told(tmp_path):
    path = tmp_path / "designated.yaml"
    path.write_text("places: [{tasks: [fly]}]", "utf-8")
    with pytest.raises(DataError) as caught:
        read_designated(path)
    assert caught.value.code == "fallback_file"


def test_shanghai_says_what_its_centres_are_called(locator):
    answer = find(locator, "上海市崇明区")
    names = [item.name for item in answer.fallback.designated] if answer.fallback else ["社区事务受理服务中心"]
    assert "社区事务受理服务中心" in names[0] and not any("便民服务中心" in name for name in names)


@pytest.mark.parametrize(
    ("adcode", "code"),
    [("540102", "0891"), ("370104", "0531"), ("130302", "0335"), ("469002", "0898"), ("140981", "0350"), (None, None)],
)
def test_area_codes(adcode, code):
    guide = load_guide(shipped_dir() / "guide")
    assert guide.area_code(adcode) == code
    if code:
        numbers = [line["from_elsewhere"] for line in guide.hotlines(adcode, Task.APPLY, "zh")]
        assert f"{code}-12333" in numbers


def test_every_text_of_it_is_in_every_language():
    for lang in LANGS:
        assert {f"fallback.{name}" for name in ("heading", "designated", "searches", "hotlines", "online", "elsewhere")} <= set(load_catalogue(lang))  # fmt: skip


def test_the_shape_is_the_documented_one(locator, barren):
    shape = shape_answer(find(locator, barren[0], person=Person.CHILD), NOW)["fallback"]
    assert set(shape) == {"designated", "searches", "hotlines", "online", "elsewhere"}
    assert set(shape["designated"][0]) == {"name", "what", "basis"}
    assert set(shape["designated"][0]["basis"]) == {"name", "url", "date"}
    assert set(shape["searches"][0]) == {"app", "keyword", "url", "datum"}
    assert set(shape["hotlines"][0]) == {"number", "label"} and set(shape["online"][0]) == {"name", "url", "source"}
    for region in shape["elsewhere"]:
        assert set(region) == {"region", "adcode", "points", "nearest"}
        assert region["nearest"] is None or set(region["nearest"]) == {"id", "name", "distance_m"}


def test_a_reader_of_english_reads_the_names_of_divisions_and_cities(locator):
    answer = locator.find(Query(text="Lhasa", task=Task.COLLECT, lang="en"), NOW)
    assert shape_place(answer.place)["label_en"] == "Lhasa, Xizang"
    assert say_label(answer.place, "en") == "西藏自治区拉萨市 Lhasa, Xizang"
    assert say_label(answer.place, "zh") == "西藏自治区拉萨市"
    told = " ".join(say_notice(notice, "en") for notice in answer.notices)
    assert "Shanghai, Jinan" in told and not any("\u4e00" <= sign <= "\u9fff" for sign in told)


def test_what_is_generally_so_names_the_district_in_the_readers_language(locator):
    answer = locator.find(Query(text="拉萨市城关区", task=Task.COLLECT, lang="en"), NOW)
    (agency,) = [line.name for line in answer.fallback.designated if "agency" in line.name]
    assert "Chengguan" in agency and "城关区" not in agency
