"""Offices from the Overpass API, against a loopback server that answers in its documented form."""

from __future__ import annotations

import time

import pytest
from servers import Answer, loopback

from locator.datum import Datum
from locator.errors import InvalidInput, ServiceError, ServiceRateLimited, ServiceReplyError, ServiceTimeout
from locator.ingest import open_source
from locator.ingest.osm import find_kind
from locator.ingest.services import OVERPASS_PACE_S, OVERPASS_URL, OverpassSource, to_query
from locator.ingest.validate import check_records
from locator.model import Kind, Phone
from locator.settings import Settings

REPLY = {
    "version": 0.6,
    "generator": "Overpass API 0.7.62.8",
    "osm3s": {
        "timestamp_osm_base": "2026-11-20T08:00:00Z",
        "timestamp_areas_base": "2026-11-19T08:00:00Z",
        "copyright": "The data included in this document is from www.openstreetmap.org.",
    },
    "elements": [
        {
            "type": "way", "id": 20, "center": {"lat": 36.6573, "lon": 116.9461}, "nodes": [1, 2, 3, 1],
            "tags": {
                "office": "government", "name": "济南市槐荫区人力资源和社会保障局", "name:en": "Huaiyin HRSS Bureau",
                "addr:city": "济南市", "addr:district": "槐荫区", "addr:street": "经四路", "addr:housenumber": "478",
                "phone": "+86 531 8705 0000", "opening_hours": "Mo-Fr 09:00-17:00", "wheelchair": "yes",
                "website": "https://example.gov.cn/", "check_date": "2026-05-01",
            },
        },
        {"type": "node", "id": 10, "lat": 36.66, "lon": 117.01, "tags": {"government": "social_security", "name": "ZUS"}},
        {"type": "node", "id": 11, "lat": 36.66, "lon": 117.02, "tags": {"office": "government", "name": "社保局(公交站)"}},
        {"type": "node", "id": 12, "lat": 36.66, "lon": 117.03, "tags": {"amenity": "townhall", "name": "济南市市民中心"}},
        {"type": "relation", "id": 30, "tags": {"office": "government", "name": "历下区医疗保障局"}},
    ],
}  # fmt: skip


@pytest.fixture
def server():
    with loopback(lambda _: REPLY) as running:
        yield running


def open_at(server, folder, location="济南市", **more):
    return OverpassSource(location, settings=Settings(data=folder, urls={"overpass": server.url}), **more)


def test_yields_the_offices_as_records_of_the_layer(server, tmp_path):
    source = open_at(server, tmp_path)
    assert source.total is None
    records = list(source.records())
    assert [record.fields["id"] for record in records] == ["node/10", "node/12", "relation/30", "way/20"]
    assert source.total == 5
    assert [record.row for record in records] == [1, 2, 3, 4]
    assert {record.source for record in records} == {"overpass"}
    way = records[-1].fields
    assert (way["lon"], way["lat"]) == ("116.9461", "36.6573")
    assert way["address"] == "济南市槐荫区经四路478号"
    assert way["source_url"] == "https://www.openstreetmap.org/way/20"
    assert way["source_date"] == "2026-11-20"
    assert "ODbL" in way["licence"]
    assert source.datum is Datum.WGS84


def test_its_records_pass_the_check(server, tmp_path):
    source = open_at(server, tmp_path, name="jinan")
    checked = check_records(source.records(), datum=source.datum)
    assert checked.rejects == []
    way = checked.points[-1]
    assert way.id == "way-20"
    assert way.kind is Kind.HRSS_BUREAU
    assert way.phones == (Phone("0531-87050000"),)
    assert way.hours == "Mo-Fr 09:00-17:00"
    assert way.wheelchair is True
    assert way.provenance.verified == "2026-05-01"
    assert checked.points[2].lon is None  # a relation without a centre has no position, and no invented one


def test_asks_in_a_post_with_its_own_user_agent_once_a_day(server, tmp_path):
    list(open_at(server, tmp_path).records())
    list(open_at(server, tmp_path).records())
    (asked,) = server.asked
    assert asked.method == "POST"
    assert asked.headers["user-agent"] == Settings().user_agent
    assert asked.body.startswith(b"data=%5Bout%3Ajson%5D%5Btimeout%3A120%5D")


def test_tries_again_when_the_service_is_busy(server, tmp_path):
    replies = [Answer(b"busy", status=429, headers={"Retry-After": "0"}), Answer(b"<html>", status=504), REPLY]
    server.answer = lambda _: replies.pop(0)
    assert len(list(open_at(server, tmp_path).records())) == 4
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({**REPLY, "remark": 'runtime error: Query timed out in "query" at line 1 after 121 seconds.'}, ServiceTimeout),
        (Answer(b"<?xml version='1.0'?><html><p><strong>Error</strong>: parse error</p></html>"), ServiceReplyError),
        (Answer(b"<html>bad request</html>", status=400), ServiceReplyError),
        ({"version": 0.6}, ServiceReplyError),
        ([], ServiceReplyError),
        (Answer({}, status=500), ServiceError),
        (Answer({}, delay_s=30), ServiceTimeout),
        (Answer({}, status=429), ServiceRateLimited),
    ],
)
def test_half_answers_and_faults_are_errors_and_nothing_is_kept(server, tmp_path, reply, kind):
    server.answer = lambda _: reply
    start = time.monotonic()
    with pytest.raises(kind):
        list(open_at(server, tmp_path, patience_s=0.8).records())
    assert time.monotonic() - start < 10
    if kind is not ServiceRateLimited:  # which asks for a minute's rest
        server.answer = lambda _: REPLY
        assert list(open_at(server, tmp_path).records())


def test_odd_elements_do_no_harm(server, tmp_path):
    odd = [7, {}, {"type": "node"}, {"type": "node", "id": 1}, {"type": "node", "id": 2, "tags": []}, {"id": None}]
    server.answer = lambda _: {**REPLY, "elements": odd}
    assert list(open_at(server, tmp_path).records()) == []


def test_the_question_names_a_place_a_box_or_a_circle():
    assert '"name"="济南市"' in to_query("济南市")
    assert "(36.6,116.9,36.7,117.1)" in to_query("116.9, 36.6, 117.1, 36.7")
    assert "(around:5000,36.67,117.02)" in to_query("117.02,36.67,5000")
    assert to_query("济南市").startswith("[out:json][timeout:120];")
    assert to_query("济南市").endswith(";out center qt;")


@pytest.mark.parametrize(
    "location",
    ["", "   ", "1,2", "117.1,36.6,116.9,36.7", "116.9,36.7,117.1,36.6", "200,36,201,37", "117,36,0", "117,36,99999",
     "117,95,500", "济" * 101],
)  # fmt: skip
def test_what_is_no_place_is_refused_before_anybody_is_asked(location):
    with pytest.raises(InvalidInput) as raised:
        to_query(location)
    assert raised.value.code == "overpass_location"


def test_a_name_cannot_leave_its_quotation_marks():
    query = to_query('x"];node(1);out;//\\')
    assert '"name"="x\\"];node(1);out;//\\\\"' in query


def test_the_public_address_has_a_pace():
    assert OVERPASS_URL.startswith("https://")
    assert OVERPASS_PACE_S >= 1


def test_is_opened_by_its_kind(server, tmp_path):
    settings = Settings(data=tmp_path, urls={"overpass": server.url})
    source = open_source("overpass", "济南市", settings=settings, name=None)
    assert len(list(source.records())) == 4


OFFICES = [
    ({"office": "government", "name": "中山市人力资源和社会保障局小榄分局"}, Kind.HRSS_BUREAU),
    ({"office": "government", "government": "social_security", "name": "ZUS Warszawa"}, Kind.INSURANCE_AGENCY),
    ({"government": "social_services", "name": "ZUS"}, Kind.INSURANCE_AGENCY),
    ({"amenity": "townhall", "name": "大连市公共行政服务中心"}, Kind.GOVERNMENT_HALL),
    ({"amenity": "community_centre", "name": "笕桥街道党群服务中心"}, Kind.COMMUNITY_CENTER),
    ({"office": "government", "name": "X Centre", "name:zh": "重庆市渝中区医保分中心"}, Kind.MEDICAL_INSURANCE),
    ({"office": "insurance", "name": "上海市社会保险事业管理中心"}, Kind.INSURANCE_AGENCY),
    ({"office": "insurance", "name": "中国人寿保险股份有限公司"}, None),
    ({"office": "government", "name": "槐荫区税务局"}, None),
    ({"office": "government"}, None),
    ({"shop": "yes", "name": "社保局"}, None),
    ({"amenity": "pharmacy", "name": "益丰大药房(医保定点)"}, None),
    ({"amenity": "bank", "name": "中国银行社保卡网点"}, None),
    ({"highway": "bus_stop", "name": "人社局"}, None),
    ({"office": "government", "name": "区社保局", "disused": "yes"}, None),
    ({"government": "register_office", "name": "婚姻登记处"}, None),
]


@pytest.mark.parametrize(("tags", "kind"), OFFICES)
def test_knows_an_office_by_its_tags_and_its_name(tags, kind):
    found = find_kind(tags)
    assert (found and found[0]) == kind
