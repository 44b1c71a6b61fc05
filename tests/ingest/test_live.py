"""The live fallback: off by default, a rounded position, checked and marked points beside the layer's own."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qs

import pytest
from servers import Answer, loopback

from locator.engines import ask_surroundings, keep_surroundings
from locator.errors import ServiceTimeout, SettingError
from locator.settings import Secrets, Settings
from locator.stores import open_store

HERE = (116.94613, 36.65731)


def element(number: int, name: str = "槐荫区医疗保障局", **tags):
    return {
        "type": "node", "id": number, "lat": 36.66 + number / 10_000, "lon": 116.95,
        "tags": {"office": "government", "name": name, **tags},
    }  # fmt: skip


@pytest.fixture
def overpass():
    reply = {"osm3s": {"timestamp_osm_base": "2026-11-20T08:00:00Z"}, "elements": [element(1), element(2)]}
    with loopback(lambda _: reply) as server:
        yield server


def settings_for(server, folder, live="overpass", **more):
    urls = {live: server.url} if live != "off" else {}
    return Settings(data=folder, live=live, urls=urls, keys=Secrets(amap="k3y"), **more)


def test_is_off_unless_the_operator_names_a_service(overpass, tmp_path):
    with pytest.raises(SettingError):
        ask_surroundings(*HERE, settings_for(overpass, tmp_path, "off"))
    assert overpass.asked == []
    assert Settings().live == "off"


def test_the_service_sees_a_position_rounded_to_about_a_kilometre(overpass, tmp_path):
    ask_surroundings(*HERE, settings_for(overpass, tmp_path))
    question = parse_qs(overpass.asked[0].body.decode())["data"][0]
    assert set(re.findall(r"around:[\d.,]+", question)) == {"around:10000,36.66,116.95"}
    assert "116.946" not in question
    assert "36.657" not in question


def test_amap_sees_no_more(tmp_path):
    with loopback(lambda _: {"status": "1", "infocode": "10000", "pois": []}) as server:
        settings = settings_for(server, tmp_path, "amap")
        ask_surroundings(*HERE, settings)
        ask_surroundings(HERE[0] + 0.003, HERE[1] + 0.002, settings)  # the same rounded place: nobody is asked again
        places = {asked.query["location"] for asked in server.asked}
    assert len(places) == 1
    assert len(server.asked) == 5


def test_what_comes_back_is_checked_and_marked(overpass, tmp_path):
    overpass.answer = lambda _: {"elements": [element(1), element(2, "=cmd|'医疗保障局'"), element(3, phone="call me")]}
    points = ask_surroundings(*HERE, settings_for(overpass, tmp_path))
    assert [point.id for point in points] == ["node-1", "node-3"]
    assert {point.status for point in points} == {"live"}
    assert {point.provenance.confidence for point in points} == {"live"}
    assert points[1].phones == ()
    assert "ODbL" in points[0].provenance.licence


def test_live_points_are_kept_beside_each_other_and_never_vanish(overpass, tmp_path):
    settings = settings_for(overpass, tmp_path)
    store = open_store(settings)
    keep_surroundings(ask_surroundings(*HERE, settings), store, settings)
    overpass.answer = lambda _: {"elements": [element(7)]}
    keep_surroundings(ask_surroundings(117.5, 36.6, settings), store, settings)
    found = {point.id: point.status for point in open_store(settings).points()}
    assert found == {"node-1": "live", "node-2": "live", "node-7": "live"}
    nearest = store.nearest(116.95, 36.6601, limit=1)
    assert nearest[0].point.status == "live"
    assert set(store.parts()) == {"live-overpass"}


def test_a_hanging_service_costs_its_time_and_keeps_nothing(overpass, tmp_path):
    overpass.answer = lambda _: Answer({}, delay_s=30)
    settings = settings_for(overpass, tmp_path, timeout_s=0.3)
    start = time.monotonic()
    with pytest.raises(ServiceTimeout):
        ask_surroundings(*HERE, settings)
    assert time.monotonic() - start < 10
