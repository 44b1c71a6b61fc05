"""Offices from AMap's place search, against a loopback server that answers in its documented form."""

from __future__ import annotations

import traceback

import pytest
from servers import Answer, loopback

from locator.datum import Datum, distance_m
from locator.errors import InvalidInput, ServiceError, ServiceRateLimited, ServiceRefused, SettingError
from locator.ingest import open_source
from locator.ingest.services import KEYWORDS, PAGE, TYPES, AmapSource
from locator.ingest.validate import check_records
from locator.model import Kind, Phone
from locator.settings import Secrets, Settings

KEY = "k3y-of-the-operator"


def place(number: int, name: str = "历下区社保中心", **more):
    return {
        "parent": "", "address": "经十路1号", "distance": "", "pcode": "370000", "adcode": "370102", "pname": "山东省",
        "cityname": "济南市", "type": "政府机构及社会团体;政府机关;区县级政府及事业单位", "typecode": "130104",
        "adname": "历下区", "citycode": "0531", "name": f"{name}{number}分部" if number else name,
        "location": f"117.0{number:04d},36.660000", "id": f"B0{number:08d}",
        "business": {
            "opentime_today": "09:00-12:00 13:00-17:00", "opentime_week": "周一至周五 09:00-12:00 13:00-17:00",
            "tel": "0531-81234567;12333", "cost": "", "keytag": "社保中心",
        },
        **more,
    }  # fmt: skip


def answer(*places):
    return {"status": "1", "info": "OK", "infocode": "10000", "count": str(len(places)), "pois": list(places)}


@pytest.fixture
def server():
    with loopback(lambda asked: answer(place(0)) if asked.query["keywords"] == "社保" else answer()) as running:
        yield running


def open_at(server, folder, location="370102", **more):
    settings = Settings(data=folder, urls={"amap": server.url}, keys=Secrets(amap=KEY))
    return AmapSource(location, settings=settings, **more)


def test_asks_for_each_keyword_with_the_types_of_offices_inside_the_division(server, tmp_path):
    (record,) = open_at(server, tmp_path).records()
    assert tuple(asked.query["keywords"] for asked in server.asked) == KEYWORDS
    for asked in server.asked:
        assert asked.path == "/v5/place/text"
        assert asked.query["region"] == "370102"
        assert asked.query["city_limit"] == "true"
        assert asked.query["types"] == TYPES
        assert asked.query["key"] == KEY
    assert record.file == "amap: 370102"
    assert KEY not in repr(record)


def test_its_records_pass_the_check_and_land_in_wgs84(server, tmp_path):
    source = open_at(server, tmp_path)
    assert source.datum is Datum.GCJ02
    checked = check_records(source.records(), datum=source.datum)
    assert checked.rejects == []
    (point,) = checked.points
    assert point.id == "amap-B000000000"
    assert point.kind is Kind.INSURANCE_AGENCY
    assert point.phones == (Phone("0531-81234567"), Phone("12333"))
    assert point.hours == "Mo-Fr 09:00-12:00,13:00-17:00"
    assert point.adcode == "370102"
    assert 300 < float(distance_m(point.lon, point.lat, 117.0, 36.66)) < 900
    assert "AMap" in point.provenance.licence


def test_reads_page_after_page_and_no_place_twice(server, tmp_path):
    pages = {"1": [place(n) for n in range(1, PAGE + 1)], "2": [place(n) for n in range(PAGE, PAGE + 4)]}
    server.answer = lambda asked: answer(*pages.get(asked.query["page_num"], []))
    source = open_at(server, tmp_path, "社保,医保", region="济南市")
    assert len(list(source.records())) == PAGE + 3
    assert [asked.query["page_num"] for asked in server.asked] == ["1", "2", "1", "2"]
    assert {asked.query["region"] for asked in server.asked} == {"济南市"}


def test_leaves_out_what_only_carries_the_words_and_counts_it(server, tmp_path):
    names = ["社保局(公交站)", "中国人寿保险股份有限公司", "益丰大药房(医保定点)", "历下区医疗保障局"]
    server.answer = lambda asked: answer(*(place(0, name, id=name) for name in names))
    source = open_at(server, tmp_path)
    assert [record.fields["name"] for record in source.records()] == ["历下区医疗保障局"]
    assert source.skipped == 3


def test_empty_values_come_as_lists_and_stay_blank(server, tmp_path):
    server.answer = lambda asked: answer(place(0, address=[], business={"tel": []}, pname=[], location=[]))
    (record,) = open_at(server, tmp_path, "社保", region="370102").records()
    assert not {"address", "phones", "hours_text", "province", "lon", "lat"} & record.fields.keys()


@pytest.mark.parametrize(
    ("infocode", "kind"),
    [
        ("10001", ServiceRefused),
        ("10003", ServiceRefused),
        ("10009", ServiceRefused),
        ("10044", ServiceRefused),
        ("10021", ServiceRateLimited),
        ("10016", ServiceError),
        ("99999", ServiceError),
    ],
)
def test_documented_faults_are_errors_and_not_kept(server, tmp_path, infocode, kind):
    good, server.answer = server.answer, lambda _: {"status": "0", "info": "FAULT", "infocode": infocode}
    with pytest.raises(kind) as raised:
        list(open_at(server, tmp_path).records())
    assert KEY not in "".join(traceback.format_exception(raised.value))
    server.answer = good
    assert list(open_at(server, tmp_path).records())


@pytest.mark.parametrize(
    "reply", [[], {}, {"status": "1", "pois": {}}, {"status": "1", "pois": [1]}, Answer(b"<html>")]
)
def test_what_is_no_answer_is_an_error(server, tmp_path, reply):
    server.answer = lambda _: reply
    with pytest.raises(ServiceError):
        list(open_at(server, tmp_path).records())


def test_an_infocode_nobody_knows_gives_nothing_of_its_text_away(server, tmp_path):
    server.answer = lambda _: {"status": "0", "infocode": f"<{KEY}>", "info": KEY}
    with pytest.raises(ServiceError) as raised:
        list(open_at(server, tmp_path).records())
    assert KEY not in str(raised.value)


def test_asks_around_a_position_in_gcj02(server, tmp_path):
    server.answer = lambda _: answer(place(0))
    list(open_at(server, tmp_path, "117.00,36.66,10000").records())
    asked = server.asked[0]
    assert asked.path == "/v5/place/around"
    assert asked.query["radius"] == "10000"
    lon, lat = (float(v) for v in asked.query["location"].split(","))
    assert 300 < float(distance_m(lon, lat, 117.0, 36.66)) < 900
    assert "region" not in asked.query


def test_needs_its_key(tmp_path):
    with pytest.raises(SettingError, match="LOCATOR_AMAP_KEY"):
        AmapSource("370102", settings=Settings(data=tmp_path))


@pytest.mark.parametrize(("location", "region"), [("", None), ("", "370102"), (",", "370102"), ("117,36,0", None),
                                                  ("117,36,60000", None), ("济" * 41, None), ("社保", "济" * 41)])  # fmt: skip
def test_nothing_to_look_for_or_nowhere_is_refused(server, tmp_path, location, region):
    with pytest.raises(InvalidInput):
        open_at(server, tmp_path, location, region=region)
    assert server.asked == []


def test_is_opened_by_its_kind(server, tmp_path):
    settings = Settings(data=tmp_path, urls={"amap": server.url}, keys=Secrets(amap=KEY))
    source = open_source("amap", "社保", settings=settings, region="370102")
    assert len(list(source.records())) == 1
