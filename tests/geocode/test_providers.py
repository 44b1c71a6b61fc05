"""One contract over every geocoding service, against loopback servers that answer as its documentation says."""

from __future__ import annotations

import contextlib
import json
import logging
import time
import traceback
from pathlib import Path

import pytest
from servers import Answer, Loopback, loopback
from service_replies import ASKED, KEY, SERVICES, TRUE, TRUE_GCJ02

from locator import errors
from locator.datum import Datum, distance_m
from locator.errors import ServiceError, ServiceReplyError, ServiceTimeout, SettingError
from locator.geocode.providers import PROVIDERS, amap, baidu, load_provider, open_provider, osm, tencent
from locator.geocode.records import Hint
from locator.http import HttpClient
from locator.i18n import LANGS, load_catalogue
from locator.model import Precision
from locator.settings import GEOCODERS, Secrets, Settings

JINAN = Hint(adcode="370104", city="济南市", lon=116.94, lat=36.66, radius_m=8000)
NAMES = list(PROVIDERS)


def open_at(name: str, server: Loopback, folder: Path, timeout_s: float = 3.0):
    settings = Settings(
        data=folder, timeout_s=timeout_s, keys=Secrets({name: KEY}), urls={name: server.url}, geocoders=(name,)
    )
    return open_provider(name, settings, HttpClient(settings))


def in_its_datum(name: str) -> tuple[float, float]:
    return TRUE if load_provider(name).datum is Datum.WGS84 else TRUE_GCJ02


def test_every_name_a_setting_may_hold_has_its_class_and_its_documented_replies():
    assert set(PROVIDERS) == set(GEOCODERS) - {"gazetteer"} == set(SERVICES)


@pytest.mark.parametrize("name", NAMES)
def test_declares_what_it_must(name):
    cls = load_provider(name)
    assert cls.name == name
    assert cls.url.startswith("https://")
    assert cls.pace_s > 0
    assert cls.cache_s > 0
    assert cls.__doc__
    assert isinstance(cls.datum, Datum)
    for lang in LANGS:
        assert load_catalogue(lang)[f"geocoders.{name}"]


@pytest.mark.parametrize("name", NAMES)
def test_finds_the_place_in_wgs84_under_its_own_name(name, tmp_path):
    service = SERVICES[name]
    with loopback(lambda _: service.reply(*in_its_datum(name))) as server:
        (place,) = open_at(name, server, tmp_path).find(ASKED, JINAN)
    assert float(distance_m(place.lon, place.lat, *TRUE)) < 0.5
    assert place.precision is Precision.ROOFTOP
    assert place.source == name
    assert 0 < place.error_m <= 100
    assert place.note is None
    assert "经四路" in place.label
    assert place.adcode in (None, "370104")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_service_calls_a_place_is_one_line_of_text(name, tmp_path):
    said = json.dumps(SERVICES[name].reply(*in_its_datum(name)), ensure_ascii=False)
    hostile = json.dumps("\u202e\x1b[31m经四路<b>{{7*7}}</b>\r\n\u2066", ensure_ascii=False)[1:-1]
    reply = json.loads(said.replace("经四路", hostile))
    with loopback(lambda _: reply) as server:
        (place,) = open_at(name, server, tmp_path).find(ASKED, JINAN)
    assert place.label.isprintable()
    assert "[31m经四路<b>{{7*7}}</b>" in place.label or "经四路" not in said, "Baidu gives no name"


@pytest.mark.parametrize("name", NAMES)
def test_asks_as_documented_once_and_keeps_the_answer(name, tmp_path):
    service = SERVICES[name]
    with loopback(lambda _: service.reply(*in_its_datum(name))) as server:
        provider = open_at(name, server, tmp_path)
        first = provider.find(ASKED, JINAN)
        assert provider.find(ASKED, JINAN) == first
        assert open_at(name, server, tmp_path).find(ASKED, JINAN) == first
    (asked,) = server.asked
    assert asked.method == "GET"
    assert "经四路" in service.text_of(asked)
    assert "478" in service.text_of(asked)
    assert {key: asked.query[key] for key in service.wants} == service.wants
    assert asked.headers["user-agent"] == Settings().user_agent


@pytest.mark.parametrize("name", NAMES)
def test_nothing_found_is_no_error(name, tmp_path):
    with loopback(lambda _: SERVICES[name].nothing) as server:
        assert open_at(name, server, tmp_path).find("不存在的地方", JINAN) == ()


@pytest.mark.parametrize(("name", "fault"), [(name, fault) for name in NAMES for fault in SERVICES[name].faults])
def test_documented_faults_become_our_errors_and_are_not_kept(name, fault, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    service = SERVICES[name]
    with loopback(lambda _: service.faults[fault]) as server:
        provider = open_at(name, server, tmp_path)
        with pytest.raises(getattr(errors, fault)) as raised:
            provider.find(ASKED, JINAN)
        assert type(raised.value).__name__ == fault
        told = "".join(traceback.format_exception(raised.value)) + caplog.text
        assert KEY not in told
        assert "经四路" not in told
        if fault == "ServiceRateLimited":
            time.sleep(1.05)  # what the 429 asks for
        server.answer = lambda _: service.reply(*in_its_datum(name))
        assert provider.find(ASKED, JINAN)


LIES = {
    "html": Answer(b"<!DOCTYPE html><html>log in to the hotel's network</html>"),
    "a list of nothing known": [1, 2, 3],
    "text": "OK",
    "null": None,
    "an empty object": {},
    "a broken reply": Answer(b'{"status": "1", "geocodes": [{"loc'),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_answer_is_refused(name, lie, tmp_path):
    with loopback(lambda _: LIES[lie]) as server:
        provider = open_at(name, server, tmp_path)
        try:
            assert provider.find(ASKED, JINAN) == ()
        except ServiceError as error:
            assert error.code.startswith("service_")


@pytest.mark.parametrize(
    "position", [(12949096.0, 4861921.0), (float("nan"), 36.0), (0.0, 0.0), (36.6573, 116.9461), (116.9, 91.0)]
)
@pytest.mark.parametrize("name", NAMES)
def test_positions_that_are_none_are_refused(name, position, tmp_path):
    with loopback(lambda _: SERVICES[name].reply(*position)) as server, pytest.raises(ServiceReplyError):
        open_at(name, server, tmp_path).find(ASKED, JINAN)


@pytest.mark.parametrize("name", NAMES)
def test_a_hanging_service_costs_its_timeout_over_all_its_requests(name, tmp_path):
    def slow(asked):
        return Answer(SERVICES[name].nothing, delay_s=0.45)

    with loopback(slow) as server:
        start = time.monotonic()
        with contextlib.suppress(ServiceTimeout):
            open_at(name, server, tmp_path, timeout_s=0.6).find("济南市槐荫区没有这条路1号", JINAN)
        assert time.monotonic() - start < 5 and len(server.asked) <= 2
        server.answer = lambda _: Answer({}, delay_s=30)
        start = time.monotonic()
        with pytest.raises(ServiceTimeout):
            open_at(name, server, tmp_path, timeout_s=0.5).find(ASKED + "2", JINAN)
        assert time.monotonic() - start < 8


@pytest.mark.parametrize("name", NAMES)
def test_long_and_odd_texts_do_no_harm(name, tmp_path):
    with loopback(lambda _: SERVICES[name].nothing) as server:
        provider = open_at(name, server, tmp_path)
        for text in ("路" * 10_000, "\x00\x1b[31m\n济南", "' OR 1=1 --", "&key=x#y", "😀", "１２３号", "a=b&c=%00"):
            assert provider.find(text, Hint()) == ()
        assert all(len(SERVICES[name].text_of(asked)) <= 130 for asked in server.asked)
        assert all(asked.query.get("key", KEY) == KEY for asked in server.asked)


@pytest.mark.parametrize("name", [name for name in NAMES if load_provider(name).needs_key])
def test_a_service_without_its_key_says_which_setting_is_missing(name, tmp_path):
    settings = Settings(data=tmp_path)
    with pytest.raises(SettingError, match=f"LOCATOR_{name.upper()}_KEY"):
        open_provider(name, settings, HttpClient(settings))


@pytest.mark.parametrize("name", NAMES)
def test_the_public_address_has_a_pace_and_ones_own_has_none(name, tmp_path, monkeypatch):
    service = SERVICES[name]
    with loopback(lambda _: service.reply(*in_its_datum(name))) as server:
        monkeypatch.setattr(load_provider(name), "url", server.url)
        monkeypatch.setattr(load_provider(name), "pace_s", 0.5)
        provider = open_at(name, server, tmp_path)
        assert provider.public
        for number in range(3):
            provider.find(f"济南市槐荫区经{number}路478号", Hint())
        times = [asked.at for asked in server.asked]
        assert times[-1] - times[0] >= 0.8
    with loopback(lambda _: service.reply(*in_its_datum(name))) as server:
        start = time.monotonic()
        for number in range(4):
            open_at(name, server, tmp_path).find(f"济南市槐荫区纬{number}路478号", Hint())
        assert time.monotonic() - start < 1.4


@pytest.mark.parametrize("name", ["nominatim", "photon"])
def test_the_public_openstreetmap_services_get_less_than_one_request_a_second(name):
    assert load_provider(name).pace_s > 1


@pytest.mark.parametrize("wanted", ["经四路 478", "经四路 478号"])
@pytest.mark.parametrize("name", ["nominatim", "photon"])
def test_looks_again_without_the_divisions_inside_the_region(name, wanted, tmp_path):
    service = SERVICES[name]

    def answer(asked):
        return service.reply(*TRUE) if service.text_of(asked) == wanted else service.nothing

    with loopback(answer) as server:
        (place,) = open_at(name, server, tmp_path).find(ASKED + "3栋501室", JINAN)
    assert place.precision is Precision.ROOFTOP
    first, second = server.asked[:2]
    assert service.text_of(first) == "济南市槐荫区经四路 478"
    assert service.text_of(server.asked[-1]) == wanted
    box = second.query.get("viewbox") or second.query["bbox"]
    west, south, east, north = (float(v) for v in box.split(","))
    assert west < TRUE[0] < east
    assert south < TRUE[1] < north


@pytest.mark.parametrize("name", ["nominatim", "photon"])
def test_another_house_number_than_the_one_asked_for_is_no_rooftop(name, tmp_path):
    with loopback(lambda _: SERVICES[name].reply(*TRUE)) as server:
        place = open_at(name, server, tmp_path).find("济南市槐荫区经四路480号", JINAN)[0]
    assert place.precision is Precision.STREET
    assert place.note == "number_unknown"


@pytest.mark.parametrize("name", ["amap", "tencent"])
def test_keeps_the_adcode_a_service_gives(name, tmp_path):
    with loopback(lambda _: SERVICES[name].reply(*TRUE_GCJ02)) as server:
        (place,) = open_at(name, server, tmp_path).find(ASKED, Hint())
    assert place.adcode == "370104"


@pytest.mark.parametrize("name", ["tencent", "tianditu"])
def test_puts_the_city_into_a_text_that_lacks_it(name, tmp_path):
    with loopback(lambda _: SERVICES[name].nothing) as server:
        open_at(name, server, tmp_path).find("经四路478号", JINAN)
    assert SERVICES[name].text_of(server.asked[0]) == "济南市经四路478号"


@pytest.mark.parametrize(("name", "parameter", "value"), [("amap", "city", "370100"), ("baidu", "city", "济南市")])
def test_puts_the_city_beside_the_text(name, parameter, value, tmp_path):
    with loopback(lambda _: SERVICES[name].nothing) as server:
        open_at(name, server, tmp_path).find("经四路478号", JINAN)
    assert server.asked[0].query[parameter] == value


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tencent", {"reliability": 3}),
        ("tianditu", {"score": 40}),
        ("baidu", {"comprehension": 20}),
    ],
)
def test_a_guess_is_no_better_than_a_township(name, change, tmp_path):
    reply = SERVICES[name].reply(*in_its_datum(name))
    reply["location" if name == "tianditu" else "result"].update(change)
    with loopback(lambda _: reply) as server:
        (place,) = open_at(name, server, tmp_path).find(ASKED, JINAN)
    assert place.precision is Precision.TOWNSHIP
    assert place.error_m >= 1000


def test_baidu_is_never_sent_more_than_its_84_bytes(tmp_path):
    with loopback(lambda _: SERVICES["baidu"].nothing) as server:
        open_at("baidu", server, tmp_path).find("济南市槐荫区" * 20, Hint())
    sent = SERVICES["baidu"].text_of(server.asked[0])
    assert 80 < len(sent.encode()) <= 84


@pytest.mark.parametrize(
    "table", [amap.LEVELS, tencent.LEVELS, baidu.LEVELS, osm.LAYERS], ids=["amap", "tencent", "baidu", "photon"]
)
def test_the_tables_of_levels_are_whole(table):
    assert set(table.values()) <= set(Precision)
    assert {Precision.ROOFTOP, Precision.STREET, Precision.CITY, Precision.POI, Precision.DISTRICT} - set(
        table.values()
    ) <= {Precision.POI}


def test_tencents_levels_are_the_documented_eleven():
    assert set(tencent.LEVELS) == set(range(1, 12))
