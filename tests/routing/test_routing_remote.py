"""Engines elsewhere that hang, lie, refuse or answer in HTML: one error, within the timeout, for each."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import documented
import pytest
import town
from servers import Answer, Asked, loopback

from locator.errors import LocatorError, NotFound, ServiceError, SettingError
from locator.i18n import LANGS, explain
from locator.model import Mode
from locator.routing.amap import ACTIONS
from locator.routing.narrative import CODES
from locator.routing.openrouteservice import CODES as ORS_CODES
from locator.routing.osrm import _BY_SIDE, _FIXED, _TURNS, code_of
from locator.routing.router import open_router, route_or_line
from locator.settings import Secrets, Settings

A, B = town.corner(1, 1), town.corner(9, 8)
REMOTE = {"valhalla-http": "valhalla", "osrm": "osrm", "openrouteservice": "openrouteservice", "amap": "amap"}


def settings_of(name: str, url: str, data: Path, timeout_s: float = 0.5) -> Settings:
    return Settings(
        router=name,
        data=data,
        urls={REMOTE[name]: url},
        keys=Secrets({REMOTE[name]: "s3cr3t-key"}),
        timeout_s=timeout_s,
    )


BAD: dict[str, Answer] = {
    "hangs": Answer({}, delay_s=20),
    "drips": Answer({"a": "b" * 1000}, drip_s=0.2),
    "html": Answer(b"<html><body>log in</body></html>"),
    "cut": Answer({"trip": "x" * 5000}, cut=100),
    "empty": Answer(b""),
    "list": Answer([]),
    "null": Answer(None),
    "text": Answer("sorry"),
    "nothing": Answer({}),
    "no-routes": Answer({"code": "Ok", "routes": [], "trip": {"legs": []}, "features": [], "status": "1", "route": {}}),
    "500": Answer({"error": "x"}, status=500),
    "429": Answer({}, status=429),
    "401": Answer({}, status=401),
    "400": Answer({"error": {"message": 3}, "code": 7, "error_code": "many"}, status=400),
    "nan": Answer(b'{"code":"Ok","routes":[{"distance":NaN,"duration":NaN,"legs":[],"geometry":{"coordinates":[[117,36],[117,36]]}}],'
                  b'"trip":{"legs":[{"shape":"????","maneuvers":[]}],"summary":{"length":NaN,"time":-1}},"status":"1",'
                  b'"route":{"paths":[{"distance":"nan","cost":{"duration":"nan"},"steps":[]}]},'
                  b'"features":[{"geometry":{"coordinates":[[117,36]]},"properties":{"summary":{"distance":-5},"segments":[{"steps":[]}]}}]}'),
    "off-the-globe": Answer({"code": "Ok", "routes": [{"distance": 1, "duration": 1, "legs": [], "geometry": {"coordinates": [[1e9, 5]]}}],
                             "trip": {"legs": [{"shape": "_p~iF~ps|U_ulLnnqC_mqNvxq`@" * 40, "maneuvers": []}], "summary": {"length": 1, "time": 1}},
                             "features": [{"geometry": {"coordinates": [[400, 5]]}, "properties": {"summary": {}, "segments": [{"steps": []}]}}],
                             "status": "1", "route": {"paths": [{"distance": "1", "cost": {"duration": "1"}, "steps": [
                                 {"polyline": "500.0,1.0;2.0,900.0", "step_distance": "1"}]}]}}),
    "deep": Answer(b"[" * 100_000),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("name", REMOTE)
def test_whatever_a_server_answers_is_one_error_within_the_timeout(name: str, what: str, tmp_path: Path) -> None:
    with loopback(lambda _: BAD[what]) as server:
        router = open_router(settings_of(name, server.url, tmp_path))
        assert router is not None
        began = time.monotonic()
        with pytest.raises(LocatorError) as caught:
            router.route(A, B, Mode.WALK)
        assert time.monotonic() - began < 10
    assert isinstance(caught.value, ServiceError | NotFound)
    for lang in LANGS:
        sentence = explain(caught.value, lang)
        assert sentence and "s3cr3t-key" not in sentence and "{" not in sentence
    assert "s3cr3t-key" not in str(caught.value) and "117.0" not in str(caught.value)  # a port may hold 117


@pytest.mark.parametrize("what", ["hangs", "html", "nothing", "500", "401", "deep"])
@pytest.mark.parametrize("name", ["valhalla-http", "osrm", "openrouteservice"])
def test_a_matrix_fails_the_same_way(name: str, what: str, tmp_path: Path) -> None:
    with loopback(lambda _: BAD[what]) as server:
        router = open_router(settings_of(name, server.url, tmp_path))
        assert router is not None
        with pytest.raises(ServiceError):
            router.matrix(A, [B, town.corner(2, 2)], Mode.WALK)


def test_a_failing_engine_leaves_the_straight_line_with_the_reason(tmp_path: Path) -> None:
    with loopback(lambda _: BAD["html"]) as server:
        route = route_or_line(open_router(settings_of("osrm", server.url, tmp_path)), A, B, Mode.WALK, "en")
    assert route.engine == "line" and route.duration_s is None
    assert (
        route.steps[0].text.startswith("osrm answered with a web page")
        and "Straight-line estimate" in route.steps[0].text
    )


@pytest.mark.parametrize("name", REMOTE)
def test_nothing_is_sent_before_somebody_asks_for_a_route(name: str, tmp_path: Path) -> None:
    with loopback(lambda _: BAD["html"]) as server:
        router = open_router(settings_of(name, server.url, tmp_path))
        assert router is not None and router.available() and router.sent_to == "127.0.0.1"
        assert server.asked == []


@pytest.mark.parametrize(("name", "setting"), [("valhalla-http", "LOCATOR_VALHALLA_URL"), ("osrm", "LOCATOR_OSRM_URL"),
                                               ("openrouteservice", "LOCATOR_OPENROUTESERVICE_KEY"), ("amap", "LOCATOR_AMAP_KEY")])  # fmt: skip
def test_a_missing_address_or_key_names_the_setting(name: str, setting: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        open_router(Settings(router=name, data=tmp_path))
    assert setting in str(caught.value) and setting in explain(caught.value, "zh")


def test_an_own_openrouteservice_needs_no_key(tmp_path: Path) -> None:
    assert open_router(
        Settings(router="openrouteservice", data=tmp_path, urls={"openrouteservice": "http://127.0.0.1:9/ors"})
    )


def test_an_osrm_server_for_cars_does_not_answer_for_walkers(osrm_servers: dict[str, str], tmp_path: Path) -> None:
    router = open_router(settings_of("osrm", osrm_servers["car"], tmp_path, timeout_s=5))
    assert router is not None
    assert router.route(A, B, Mode.DRIVE).mode is Mode.DRIVE
    for ask in (lambda: router.route(A, B, Mode.WALK), lambda: router.matrix(A, [B], Mode.CYCLE)):
        with pytest.raises(NotFound) as caught:
            ask()
        assert caught.value.code == "route_mode"


def test_amap_is_asked_in_gcj02_and_answers_in_wgs84(tmp_path: Path) -> None:
    with loopback(lambda asked: documented.amap(asked._replace(query={**asked.query, "key": "amap-secret"}))) as server:
        router = open_router(settings_of("amap", server.url, tmp_path, timeout_s=5))
        assert router is not None
        route = router.route(A, B, Mode.WALK)
        sent = [float(part) for part in server.asked[0].query["origin"].split(",")]
    assert 300 < documented.metres((sent[0], sent[1]), A) < 800
    assert documented.metres(route.line[0], A) < 0.2 and documented.metres(route.line[-1], B) < 0.2
    assert [step.text for step in route.steps] == [
        "沿经一路向东出发，约 1.4 公里，17 分钟。",
        "左转，约 1.6 公里，18 分钟。",
        "到达终点。",
    ]


def test_a_name_from_a_service_stays_a_short_line(tmp_path: Path) -> None:
    def hostile(asked: Asked) -> Any:
        reply = json.loads(
            json.dumps(documented.openrouteservice(asked._replace(headers={"authorization": "ors-secret"})))
        )
        reply["features"][0]["properties"]["segments"][0]["steps"][0]["name"] = (
            "a\u202e\n<b>{street}{0.__class__}" + "x" * 500
        )
        return reply

    with loopback(hostile) as server:
        router = open_router(settings_of("openrouteservice", server.url, tmp_path, timeout_s=5))
        assert router is not None
        said = router.route(A, B, Mode.WALK, "en").steps[0].text
    assert "\u202e" not in said and "\n" not in said and len(said) < 150 and "{street}{0.__class__}" in said


@pytest.mark.parametrize(
    "kind", ["turn", "continue", "end of road", "use lane", "roundabout turn", *_BY_SIDE, *_FIXED, "something of 2030"]
)
@pytest.mark.parametrize("modifier", [*_TURNS, None])
def test_every_osrm_manoeuvre_has_a_word(kind: str, modifier: str | None) -> None:
    code = code_of(kind, modifier)
    assert code in CODES
    if modifier in ("left", "slight left", "sharp left"):
        assert "right" not in code
    if modifier in ("right", "slight right", "sharp right"):
        assert "left" not in code


def test_the_words_of_the_other_services_are_ours() -> None:
    assert len(ORS_CODES) == 14 and set(ORS_CODES) <= set(CODES)
    assert set(ACTIONS.values()) <= set(CODES)
    for action, code in ACTIONS.items():
        sides = ("left" in code, "right" in code) if "uturn" not in code or "转" in action else (False, False)
        assert ("左" in action, "右" in action) == sides
