"""Suggestions from the first character on, however it is typed."""

from __future__ import annotations

import pytest
from shipped_divisions import DIVISIONS

from locator.gazetteer.build import build_gazetteer
from locator.gazetteer.divisions import PlaceKind, PlaceRecord
from locator.gazetteer.query import open_gazetteer

CITIES = {row["code"]: row["name"] for row in DIVISIONS if row["level"] == "city"}


def texts(gazetteer, typed, **more):
    return [s.text for s in gazetteer.suggest(typed, **more)]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("深", "广东省深圳市"),
        ("深圳", "广东省深圳市"),
        ("深圳市", "广东省深圳市"),
        ("深圳福", "广东省深圳市福田区"),
        ("深圳市福田", "广东省深圳市福田区"),
        ("福田", "广东省深圳市福田区"),
        ("shenz", "广东省深圳市"),
        ("shenzhen", "广东省深圳市"),
        ("shenzhenshi", "广东省深圳市"),
        ("sz", "广东省深圳市"),
        ("sz futian", "广东省深圳市福田区"),
        ("sz福田", "广东省深圳市福田区"),
        ("futian qu", "广东省深圳市福田区"),
        ("Futian District", "广东省深圳市福田区"),
        ("futian shenzhen", "广东省深圳市福田区"),
        ("lianhualu", "广东省深圳市福田区莲花路"),
        ("lianhual", "广东省深圳市福田区莲花路"),
        ("莲花lu", "广东省深圳市福田区莲花路"),
        ("lianhua路", "广东省深圳市福田区莲花路"),
        ("蓮花路", "广东省深圳市福田区莲花路"),
        ("莲化路", "广东省深圳市福田区莲花路"),
        ("廣東", "广东省"),
        ("廣東省深圳", "广东省深圳市"),
        ("广洲", "广东省广州市"),
        ("深训市", "广东省深圳市"),
        ("鼓搂区", "江苏省南京市鼓楼区"),
        ("田福区", "广东省深圳市福田区"),
        ("福天区", "广东省深圳市福田区"),
        ("特区报大厦", "广东省深圳市福田区特区报业大厦"),
        ("特区业报大厦", "广东省深圳市福田区特区报业大厦"),
        ("特区报叶大厦", "广东省深圳市福田区特区报业大厦"),
        ("Lhasa", "西藏自治区拉萨市"),
        ("hong kong", "香港特别行政区"),
        ("shenzen", "广东省深圳市"),
        ("五里沟人社", "五里沟街道人社中心"),
        ("wlgjdrszx", "五里沟街道人社中心"),
        ("Landstr", "Landstrasse, Vaduz"),
        ("stadtle", "Städtle, Vaduz"),
        ("深圳北", "广东省深圳市深圳北站"),
    ],
)
def test_what_is_typed_is_offered(gazetteer, typed, text):
    assert text in texts(gazetteer, typed)


@pytest.mark.parametrize(("typed", "text"), [("粤", "广东省"), ("沪", "上海市"), ("京", "北京市"), ("渝", "重庆市")])
def test_a_provinces_one_character_is_offered_as_the_province_first(gazetteer, typed, text):
    assert texts(gazetteer, typed)[0] == text


@pytest.mark.parametrize("typed", ["深圳", "广东省深圳市", "shenzhen", "深圳市福田区", "sz futian", "鼓搂区"])
def test_the_likeliest_comes_first(gazetteer, typed):
    first = texts(gazetteer, typed)[0]
    assert first in {"广东省深圳市", "广东省深圳市福田区", "江苏省南京市鼓楼区"}


def test_every_prefix_of_an_address_finds_something(gazetteer):
    address = "深圳市福田区莲花路2006号"
    for end in range(1, len(address) + 1):
        assert texts(gazetteer, address[:end]), address[:end]


def test_a_typed_number_is_offered_with_its_street(gazetteer):
    assert texts(gazetteer, "深圳市福田区莲花路2006")[0] == "广东省深圳市福田区莲花路2006号"
    (first, *_) = gazetteer.suggest("济南市槐荫区经四")
    assert first.place.precision == "rooftop"


def test_the_chosen_city_comes_first(gazetteer):
    assert texts(gazetteer, "人民路", region="370100")[0] == "山东省济南市人民路"
    assert texts(gazetteer, "人民路", region="深圳")[0] == "广东省深圳市人民路"
    assert texts(gazetteer, "南山", region="440300")[0] == "广东省深圳市南山区"
    assert texts(gazetteer, "南山", region="230400")[0] == "黑龙江省鹤岗市南山区"


def test_places_near_the_person_come_first(gazetteer):
    assert texts(gazetteer, "人民路", near=(117.0, 36.66))[0] == "山东省济南市人民路"
    assert texts(gazetteer, "renminlu", near=(114.1, 22.55))[0] == "广东省深圳市人民路"


@pytest.mark.parametrize("code", sorted(CITIES)[::7])
def test_every_seventh_city_is_offered_by_name_and_by_pinyin(gazetteer, code):
    name = CITIES[code]
    division = gazetteer.division(code)
    for typed in (name, name[:2], division.pinyin.replace(" ", "")):
        assert any(s.place.adcode == code for s in gazetteer.suggest(typed, limit=20)), typed


@pytest.mark.parametrize("typed", ["", " ", "？", "😀", "\x00", "-", "''", "☃☃"])
def test_nothing_is_offered_for_nothing(gazetteer, typed):
    assert gazetteer.suggest(typed) == []


def test_as_many_as_asked_for_and_none_twice(gazetteer):
    for limit in (1, 3, 20):
        offered = texts(gazetteer, "新", limit=limit)
        assert len(offered) == len(set(offered)) == limit


def test_a_suggestion_is_understood_when_picked(gazetteer):
    for typed in ("深圳福", "莲花", "sz futian", "南山", "深圳市福田区莲花路2006"):
        for suggestion in gazetteer.suggest(typed, limit=4):
            meanings = gazetteer.resolve(suggestion.text).meanings
            assert suggestion.place.adcode in {m.place.adcode for m in meanings}


@pytest.fixture(scope="module")
def crowded(tmp_path_factory, small_shipped):
    """Streets of the same sounds in many cities."""
    path = tmp_path_factory.mktemp("crowded") / "g.sqlite"
    records = [
        PlaceRecord(name, PlaceKind.STREET, 113.0 + i * 0.01, 23.0, adcode=code)
        for i, code in enumerate(sorted(CITIES)[:300])
        for name in ("和平路", "河坪路", "平和路")
    ]
    build_gazetteer(path, small_shipped, extracts=[records])
    return open_gazetteer(path)


@pytest.mark.parametrize("typed", ["和平路", "何平路", "和评路", "hepinglu", "hepl"])
def test_slips_are_put_right_in_the_chosen_city(crowded, typed):
    code = sorted(CITIES)[150]
    offered = crowded.suggest(typed, region=code)
    assert any(s.place.adcode == code and s.text.endswith(("和平路", "河坪路")) for s in offered)


@pytest.fixture(scope="module")
def similar(tmp_path_factory, small_shipped):
    """A city whose streets differ by one character each, and streets of the same names elsewhere."""
    path = tmp_path_factory.mktemp("similar") / "g.sqlite"
    names = [f"{a}{b}{c}路" for a in "东西南北" for b in "风湖山河塘" for c in "大小新老"]
    records = [PlaceRecord(name, PlaceKind.STREET, 113.0, 23.0, adcode="441800") for name in [*names, "凤城大道"]]
    records += [PlaceRecord("凤大道", PlaceKind.STREET, 113.0 + i / 10, 28.0, adcode="430100") for i in range(12)]
    build_gazetteer(path, small_shipped, extracts=[records])
    return open_gazetteer(path)


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("region", [None, "441800"])
def test_one_slip_anywhere_in_a_name_is_put_right(similar, at, region):
    name = "南塘新路"
    slips = {"lost": name[:at] + name[at + 1 :], "wrong": name[:at] + "邑" + name[at + 1 :]}
    if at < 3:
        slips["swapped"] = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    for slip, typed in slips.items():
        assert any(s.text.endswith(name) for s in similar.suggest(typed, region=region)), (slip, typed)


def test_half_of_the_list_is_kept_for_the_chosen_city(similar):
    """The very name is known elsewhere ten times; what was meant here lost a character."""
    offered = texts(similar, "凤大道", region="441800")
    assert "广东省清远市凤城大道" in offered
    assert sum("长沙" in text for text in offered) >= 1


def test_a_lost_character_is_likelier_than_a_wrong_one(similar):
    offered = texts(similar, "南新路", limit=20)
    lost = [n for n, text in enumerate(offered) if text.endswith(tuple(f"南{b}新路" for b in "风湖山河塘"))]
    assert len(lost) == 5
    assert max(lost) < 8
