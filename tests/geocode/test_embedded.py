"""Finding a place without a service: one place, candidates, or a clear no."""

from __future__ import annotations

import pytest

from locator.datum import Datum, distance_m, to_wgs84
from locator.geocode import locate_embedded as locate
from locator.i18n import text as say


def codes(located):
    return [notice.code for notice in located.notices]


@pytest.fixture(scope="module")
def find(locator):
    return lambda text, **more: locate(text, locator.engines.gazetteer, **more)


def test_a_real_office_by_its_address_and_by_its_name(find):
    lon, lat = to_wgs84(116.98, 36.658517, Datum.GCJ02)
    found = find("济南市槐荫区经四路478号")
    assert found.place.precision == "rooftop"
    assert distance_m(found.place.lon, found.place.lat, lon, lat) < 100
    lon, lat = to_wgs84(121.605, 38.9183, Datum.BD09)
    found = find("大连市沙河口区行政服务大厅")
    assert distance_m(found.place.lon, found.place.lat, lon, lat) < 50


def test_another_number_of_an_offices_street_is_no_better_than_its_district(find):
    found = find("济南市槐荫区经四路999号")
    assert found.place.precision in {"district", "township"}
    assert found.place.note == "number_unknown"
    assert codes(found) == ["number_unknown"]


def test_a_township_a_city_and_a_pair(find):
    assert find("中山市小榄镇").place.precision == "township"
    assert (find("拉萨").place.adcode, find("拉萨").place.precision) == ("540100", "city")
    pair = find("116.98,36.658517", datum=Datum.GCJ02)
    assert (pair.place.precision, pair.candidates, pair.notices) == ("point", (), ())


@pytest.mark.parametrize(("text", "count"), [("中山", 2), ("鼓楼区", 4), ("朝阳区", 2)])
def test_an_ambiguous_name_gives_candidates_and_no_place(find, text, count):
    found = find(text)
    assert found.place is None
    assert len(found.candidates) == count
    assert codes(found)[0] == "ambiguous_place"


def test_the_chosen_city_makes_it_one(find):
    assert find("鼓楼区", region="320100").place.adcode == "320106"
    assert find("中山", region="大连").place.adcode == "210202"


def test_a_place_named_elsewhere_is_not_pulled_into_the_chosen_city(find):
    assert find("北京市朝阳区", region="440300").place.adcode == "110105"
    assert find("上海徐汇", region="440300").place.adcode == "310104"


def test_an_unknown_street_of_the_chosen_city_is_the_city(find):
    found = find("没听说过的路12号", region="440300")
    assert (found.place.adcode, found.place.precision) == ("440300", "city")
    assert "street_unknown" in codes(found)


@pytest.mark.parametrize("text", ["", "？？？", "你好", "asdf", "不存在的路12号", "😀", "12345"])
def test_what_is_not_understood_is_said(find, text):
    found = find(text)
    assert (found.place, found.candidates, codes(found)) == (None, (), ["place_not_found"])


def test_coordinates_that_are_nowhere_are_said(find):
    assert codes(find("0,0")) == ["coordinates_invalid"]


@pytest.mark.parametrize(
    "text", ["100080", " 518000 ", "邮编：610041", "邮政编码 200030", "１０００８０", "Zip code: 100080"]
)
def test_a_postcode_alone_says_that_it_is_one(find, text):
    found = find(text)
    assert (found.place, found.candidates, codes(found)) == (None, (), ["postcode_alone", "place_not_found"])


@pytest.mark.parametrize("text", ["1000800", "10008", "100080路", "人民路100080"])
def test_other_numbers_are_no_postcode(find, text):
    assert "postcode_alone" not in codes(find(text))


@pytest.mark.parametrize(
    ("text", "note"),
    [("江干区", "renamed"), ("济阳县", "renamed"), ("广洲市", "corrected"), ("经四路478号", "city_assumed")],
)
def test_what_was_assumed_is_said(find, text, note):
    assert note in codes(find(text))


def test_every_notice_has_a_sentence_in_both_languages(find):
    said = {code for text in ("中山", "江干区", "济阳县", "广洲市", "经四路478号", "0,0", "？", "济南市槐荫区经四路999号",
                              "深圳市福田区莲花路1号", "深圳市福田区某大厦") for code in codes(find(text))}  # fmt: skip
    assert {"ambiguous_place", "place_not_found", "renamed", "corrected", "city_assumed", "number_unknown"} <= said
    for code in said:
        assert say(f"notices.{code}", "zh") != say(f"notices.{code}", "en")


@pytest.mark.shared
def test_the_development_set_names_no_wrong_district(find, shared_data):
    """Real addresses as map services write them; the figures are in docs/GEOCODING.md."""
    import csv

    rows = list(csv.DictReader((shared_data / "eval" / "geocode_dev.csv").read_text("utf-8-sig").splitlines()))
    named = right = wrong = 0
    for row in rows:
        if not row["district"] or row["source"].startswith("nelsonnick"):
            continue
        text = row["address"] if row["address"].startswith(row["province"]) else row["city"] + row["address"]
        place = find(text).place
        division = place and place.adcode and not place.adcode.endswith("00")
        label = place.label if place else ""
        if row["district"] in row["address"]:
            named += 1
            right += bool(division and row["district"] in label)
        else:
            wrong += bool(division and row["district"] not in label)
    assert named > 100
    assert right >= 0.99 * named
    assert wrong == 0


@pytest.mark.parametrize("text", ["桂林路", "九堡镇四季青服装大市场", "珠江路"])
def test_a_lone_far_town_is_asked_about_and_never_the_place(find, text):
    found = find(text)
    assert found.place is None
    assert found.candidates
    assert codes(found)[:2] == ["ambiguous_place", "which_city"]


def test_the_chosen_city_comes_first_where_the_rest_means_another(find):
    found = find("珠江路", region="320100")
    assert found.place is None
    assert found.candidates[0].adcode == "320100"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Shenzen", ["440300"]),
        ("Beijng", ["110000"]),
        ("Guangzhuo", ["440100"]),
        ("Guangzhuo railway station", ["440100"]),
        ("Nanjing Rd Shanghi", ["310000"]),
        ("Suzho", ["320500", "341300"]),
        ("Futian, Shenzen", ["440304"]),
        ("Pudong Shanghi", ["310115"]),
        ("Chaoyang, Beijng", ["110105", "211300", "220104"]),
        ("Shenzhen Nansan", ["440305", "440300"]),
        ("Nanjin", ["320100", "211100", "430923", "512002"]),
    ],
)
def test_a_city_in_letters_with_one_slip_is_offered_and_never_the_place(find, typed, meant):
    found = find(typed)
    assert found.place is None
    assert [place.adcode for place in found.candidates] == meant
    assert codes(found) == ["ambiguous_place", "respelt"]


@pytest.mark.parametrize(
    "typed",
    ["Hello", "Hotel", "Help me", "London", "New York", "Airport", "passport", "asdf qwer", "Xia", "Bejn", "12345"],
)
def test_words_that_are_near_to_no_city_offer_none(find, typed):
    found = find(typed)
    assert found.place is None and not found.candidates


@pytest.mark.parametrize(
    ("typed", "adcode"),
    [
        ("Jinan", "370100"),
        ("Futian, Shenzhen", "440304"),
        ("Fujian", "350000"),
        ("Canton", "440100"),
        ("Changsha", "430100"),
        ("Tengzhou", "370481"),
        ("Hotan", "653201"),
    ],
)
def test_a_name_as_it_is_written_is_no_slip_of_another(find, typed, adcode):
    assert find(typed).place.adcode == adcode


def test_a_city_is_not_called_by_the_town_where_its_government_sits(find):
    assert find("开平市").place.label_en == "Kaiping, Jiangmen, Guangdong"
