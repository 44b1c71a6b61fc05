"""One contract over every engine: the embedded one, real servers on loopback, and two documented services."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import documented
import pytest
import town
from servers import loopback

from locator.datum import distance_m
from locator.errors import InvalidInput, LocatorError, NotFound
from locator.i18n import LANGS, explain
from locator.model import Mode
from locator.routing.router import Router, open_router
from locator.settings import Secrets, Settings

A, B = town.corner(1.3, 1), town.corner(9, 8)
ENGINES = ("valhalla", "valhalla-http", "osrm", "openrouteservice", "amap")


@pytest.fixture(scope="session")
def open_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Router]]:
    """Opens each engine by the setting that an operator would use."""
    with contextlib.ExitStack() as stack:
        opened: dict[str, Router] = {}

        def settings(name: str) -> Settings:
            data = tmp_path_factory.mktemp("services")
            if name == "valhalla":
                return Settings(router=name, data=request.getfixturevalue("town_data"))
            if name == "valhalla-http":
                return Settings(router=name, data=data, urls={"valhalla": request.getfixturevalue("valhalla_url")})
            if name == "osrm":
                return Settings(router=name, data=data, urls={"osrm": request.getfixturevalue("osrm_url")})
            server = stack.enter_context(loopback(getattr(documented, name)))
            keys = Secrets({name: {"openrouteservice": "ors-secret", "amap": "amap-secret"}[name]})
            return Settings(router=name, data=data, urls={name: server.url}, keys=keys)

        def engine(name: str) -> Router:
            if name not in opened:
                router = open_router(settings(name))
                assert router is not None
                opened[name] = router
            return opened[name]

        yield engine


@pytest.fixture(params=ENGINES)
def router(request: pytest.FixtureRequest, open_engine: Callable[[str], Router]) -> Router:
    return open_engine(request.param)


def gap(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(distance_m(*a, *b))


@pytest.mark.parametrize("mode", Mode)
def test_a_route_hangs_together(router: Router, mode: Mode) -> None:
    route = router.route(A, B, mode, "zh")
    assert route.engine == router.engine and route.mode is mode
    assert gap(A, B) * 0.99 <= route.distance_m <= 3 * gap(A, B)
    assert route.duration_s is not None and route.distance_m / 40 < route.duration_s < route.distance_m
    along = sum(gap(a, b) for a, b in zip(route.line, route.line[1:], strict=False))
    assert along == pytest.approx(route.distance_m, rel=0.02)
    assert sum(step.distance_m for step in route.steps) == pytest.approx(route.distance_m, rel=0.02, abs=2)
    assert sum(step.duration_s for step in route.steps) == pytest.approx(route.duration_s, rel=0.05, abs=15)
    assert route.gap_start_m == pytest.approx(gap(A, route.line[0]), abs=0.5) and route.gap_start_m < 30
    assert route.gap_end_m == pytest.approx(gap(B, route.line[-1]), abs=0.5) and route.gap_end_m < 30
    for step in route.steps:
        assert min(gap((step.lon, step.lat), place) for place in route.line) < 2


def test_the_steps_are_told_in_both_languages(router: Router) -> None:
    zh, en = (router.route(A, B, Mode.WALK, lang) for lang in LANGS)
    assert zh.line == en.line and len(zh.steps) == len(en.steps) >= 2
    assert zh.steps[0].text.startswith(("沿经", "向东")) and "约" in zh.steps[0].text
    assert en.steps[0].text.startswith(("Head east", "Set out on")) and "about" in en.steps[0].text
    assert zh.steps[-1].text.startswith("到达终点") and en.steps[-1].text.startswith("You have arrived")
    assert any("左转" in step.text for step in zh.steps) and any("Turn left" in step.text for step in en.steps)
    assert all(step.text.endswith("。") for step in zh.steps) and all(step.text.endswith(".") for step in en.steps)


@pytest.mark.parametrize("bad", [(0, 0), (math.nan, 36.6), (117, math.inf), (36.65, 117.0), (200, 1)])
def test_no_position_no_route(router: Router, bad: tuple[float, float]) -> None:
    for ends in ((bad, B), (A, bad)):
        with pytest.raises(InvalidInput) as caught:
            router.route(*ends, Mode.WALK)
        assert caught.value.code == "route_position"
    with pytest.raises(InvalidInput):
        router.matrix(bad, [B], Mode.WALK)


def test_five_thousand_kilometres_are_refused(router: Router) -> None:
    with pytest.raises(InvalidInput) as caught:
        router.route(A, (75.9, 39.5), Mode.WALK)
    assert caught.value.code == "route_too_far" and "公里" in explain(caught.value, "zh")


def test_an_end_without_a_road_is_named(router: Router) -> None:
    for ends, which in (((A, town.DESERT), "end"), ((town.DESERT, A), "start")):
        with pytest.raises(NotFound) as caught:
            router.route(*ends, Mode.WALK)
        assert caught.value.code in (f"route_{which}_off_roads", "route_off_roads")
        assert all(explain(caught.value, lang) for lang in LANGS)


@pytest.mark.parametrize("mode", Mode)
def test_no_way_between_two_towns(router: Router, mode: Mode) -> None:
    with pytest.raises(NotFound) as caught:
        router.route(A, (town.SECOND[0] + 0.004, town.SECOND[1] + 0.004), mode)
    assert caught.value.code == "route_unreachable"


def test_start_equal_to_end_is_here(router: Router) -> None:
    for where in (A, town.corner(4, 4)):
        route = router.route(where, where, Mode.WALK, "en")
        assert route.distance_m < 5 and route.line and [step.text for step in route.steps] == ["You are right by it."]


@pytest.mark.parametrize("mode", Mode)
def test_a_matrix_is_as_long_as_its_targets_and_agrees_with_routes(router: Router, mode: Mode) -> None:
    good = [town.corner(5, 5), town.corner(11, 0), town.corner(0, 11)]
    targets = [good[0], (75.9, 39.5), town.DESERT, good[1], (0, 0), (math.nan, 1), good[2]]
    durations = router.matrix(A, targets, mode)
    assert len(durations) == len(targets)
    assert [durations[i] for i in (1, 2, 4, 5)] == [None] * 4
    if router.engine == "amap":
        assert durations == [None] * len(targets)
        return
    for target, seconds in zip(good, (durations[0], durations[3], durations[6]), strict=True):
        alone = router.route(A, target, mode).duration_s
        assert seconds is not None and alone is not None and abs(seconds - alone) <= max(1.0, 0.01 * alone)
    assert router.matrix(A, [], mode) == []
    assert router.matrix(A, [good[0]], mode)[0] == durations[0]


def test_a_matrix_longer_than_one_call(router: Router) -> None:
    targets = [town.corner(k % 12, k // 12 % 12) for k in range(130)]
    durations = router.matrix(A, targets, Mode.WALK)
    assert len(durations) == 130
    if router.engine != "amap":
        assert None not in durations and durations[:10] == router.matrix(A, targets[:10], Mode.WALK)


def test_only_engines_elsewhere_send_positions(router: Router) -> None:
    assert router.sent_to == (None if router.engine == "valhalla" else "127.0.0.1")
    assert router.available()
    assert "secret" not in repr(router)


def test_every_error_has_a_sentence_without_the_key(open_engine: Callable[[str], Router], tmp_path: Path) -> None:
    for name, function in (("openrouteservice", documented.openrouteservice), ("amap", documented.amap)):
        with loopback(function) as server:
            settings = Settings(router=name, data=tmp_path, urls={name: server.url}, keys=Secrets({name: "wrong-key"}))
            router = open_router(settings)
            assert router is not None
            with pytest.raises(LocatorError) as caught:
                router.route(A, B, Mode.WALK)
            assert caught.value.code == "service_refused"
            said = repr(caught.value) + str(caught.value) + "".join(explain(caught.value, lang) for lang in LANGS)
            assert "wrong-key" not in said and "117.0" not in said
