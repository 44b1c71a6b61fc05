"""The embedded engine: islands, one-way streets, a river, missing and broken tiles, many threads."""

from __future__ import annotations

import json
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import town

from locator.datum import distance_m
from locator.errors import DataError, LocatorError, NotFound
from locator.i18n import LANGS, explain
from locator.model import Mode
from locator.routing.narrative import say_gaps
from locator.routing.roads import POINTER, find_roads, roads_dir
from locator.routing.router import AutoRouter, open_router
from locator.routing.valhalla import EmbeddedValhalla
from locator.settings import Settings

A, B = town.corner(1, 1), town.corner(9, 8)


@pytest.fixture(scope="module")
def router(town_data: Path) -> EmbeddedValhalla:
    return EmbeddedValhalla(town_data, actors=2)


@pytest.fixture
def own_data(town_data: Path, tmp_path: Path) -> Path:
    shutil.copytree(town_data, tmp_path / "data")
    return tmp_path / "data"


def test_a_start_on_an_island_begins_on_the_mainland_and_says_how_far(router: EmbeddedValhalla) -> None:
    route = router.route(town.ISLAND, B, Mode.WALK)
    assert 1000 < route.gap_start_m < 1300 and route.gap_end_m < 30
    assert say_gaps(route, "zh") == ("路线的起点离你约 1.1 公里。",)


def test_a_start_in_the_river_says_how_far_the_bank_is(router: EmbeddedValhalla) -> None:
    route = router.route(town.RIVER, B, Mode.DRIVE)
    assert route.gap_start_m == pytest.approx(555, abs=10)
    assert say_gaps(route, "en") == ("The route starts about 550 m from you.",)


def test_one_way_streets_hold_for_cars_only(router: EmbeddedValhalla) -> None:
    east, west = town.corner(8, 3), town.corner(2, 3)
    straight = float(distance_m(*east, *west))
    assert router.route(east, west, Mode.WALK).distance_m == pytest.approx(straight, rel=0.01)
    assert router.route(east, west, Mode.DRIVE).distance_m > straight + 300
    assert router.route(west, east, Mode.DRIVE).distance_m == pytest.approx(straight, rel=0.01)


def test_stairs_are_for_walkers_and_told(router: EmbeddedValhalla) -> None:
    hill = (town.LON - 0.004, town.LAT)
    told = [step.text for step in router.route(hill, town.corner(2, 2), Mode.WALK).steps]
    assert any(text.startswith("走楼梯（西山台阶）") for text in told)
    assert router.route(hill, town.corner(2, 2), Mode.DRIVE).gap_start_m > 300


def test_a_roundabout_is_counted_the_way_people_drive_there(router: EmbeddedValhalla) -> None:
    told = [step.text for step in router.route(A, town.EAST_END, Mode.DRIVE, "en").steps]
    assert "Enter the roundabout 东环岛 and take exit 1, about 120 m." in told
    assert told[0] == "Head east on Jing 2 Road, about 1.8 km, 3 minutes."


def test_without_tiles_auto_draws_the_line_and_says_why(tmp_path: Path) -> None:
    router = open_router(Settings(data=tmp_path))
    assert isinstance(router, AutoRouter) and not router.available()
    route = router.route(A, B, Mode.WALK, "zh")
    assert route.engine == "line" and route.steps[0].text.startswith("直线估计")
    assert router.matrix(A, [B, A], Mode.WALK) == [None, None]
    named = open_router(Settings(data=tmp_path, router="valhalla"))
    assert named is not None
    with pytest.raises(DataError) as caught:
        named.route(A, B, Mode.WALK)
    assert caught.value.code == "roads_missing" and "locator import osm" in explain(caught.value, "zh")


def test_auto_takes_up_tiles_that_appear_later(own_data: Path, tmp_path: Path) -> None:
    router = open_router(Settings(data=tmp_path / "later"))
    assert router is not None and router.route(A, B, Mode.WALK).engine == "line"
    shutil.copytree(own_data, tmp_path / "later")
    assert router.route(A, B, Mode.WALK).engine == "valhalla"


def test_auto_falls_back_with_the_reason_where_there_is_no_way(own_data: Path) -> None:
    router = open_router(Settings(data=own_data))
    assert router is not None
    route = router.route(A, town.DESERT, Mode.WALK, "en")
    assert route.engine == "line" and route.steps[0].text.startswith(
        "There is no road data near the destination. Straight-line"
    )
    assert (
        router.route(A, town.SECOND, Mode.WALK, "zh")
        .steps[0]
        .text.startswith("道路数据里没有从起点通到终点的路。直线估计")
    )


def cut(tiles: Path) -> None:
    tiles.write_bytes(tiles.read_bytes()[: tiles.stat().st_size // 2])


def alter(tiles: Path) -> None:
    content = bytearray(tiles.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4096] = bytes(4096)
    tiles.write_bytes(content)


@pytest.mark.parametrize(
    "harm", [cut, alter, Path.unlink, lambda tiles: shutil.rmtree(tiles.parent), lambda tiles: tiles.write_bytes(b"")]
)
def test_broken_tiles_are_told_before_they_are_opened(own_data: Path, harm: object) -> None:
    harm(find_roads(own_data).tiles)  # type: ignore[operator]
    router = EmbeddedValhalla(own_data)
    for ask in (lambda: router.route(A, B, Mode.WALK), lambda: router.matrix(A, [B], Mode.WALK)):
        with pytest.raises(DataError) as caught:
            ask()
        assert caught.value.code == "roads_broken"
    auto = open_router(Settings(data=own_data))
    assert auto is not None and auto.route(A, B, Mode.WALK, "zh").steps[0].text.startswith("道路数据已损坏")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": 99, "folder": "x"}',
        '{"format": 1, "folder": "../../etc", "source": 3}',
        "null",
    ],
)
def test_a_broken_description_is_told(own_data: Path, content: str) -> None:
    (roads_dir(own_data) / POINTER).write_text(content)
    with pytest.raises(DataError) as caught:
        EmbeddedValhalla(own_data).route(A, B, Mode.WALK)
    assert caught.value.code == "roads_broken" and all(explain(caught.value, lang) for lang in LANGS)


def test_tiles_of_another_major_version_are_not_opened(own_data: Path) -> None:
    pointer = roads_dir(own_data) / POINTER
    pointer.write_text(json.dumps({**json.loads(pointer.read_text()), "engine": "2.7.0"}))
    with pytest.raises(DataError) as caught:
        EmbeddedValhalla(own_data).route(A, B, Mode.WALK)
    assert caught.value.code == "roads_broken"


def test_tiles_deleted_while_running_give_a_sentence_and_come_back(own_data: Path, tmp_path: Path) -> None:
    router = EmbeddedValhalla(own_data)
    assert router.route(A, B, Mode.WALK).engine == "valhalla"
    shutil.move(roads_dir(own_data), tmp_path / "away")
    with pytest.raises(DataError) as caught:
        router.route(A, B, Mode.WALK)
    assert caught.value.code == "roads_missing"
    shutil.move(tmp_path / "away", roads_dir(own_data))
    assert router.route(A, B, Mode.WALK).engine == "valhalla"
    find_roads(own_data).tiles.unlink()
    with pytest.raises(DataError) as caught:
        router.route(A, B, Mode.WALK)
    assert caught.value.code == "roads_broken"


def test_targets_without_roads_are_not_asked_again_and_no_start_is_kept(town_data: Path) -> None:
    router = EmbeddedValhalla(town_data)
    assert router.matrix(A, [B, town.DESERT], Mode.WALK)[1] is None
    pool = router._open()
    assert pool.off_roads == {(Mode.WALK, town.DESERT)}
    assert router.matrix(town.DESERT, [B], Mode.WALK) == [None]
    assert pool.off_roads == {(Mode.WALK, town.DESERT)}


def test_a_matrix_with_every_kind_of_bad_target_still_answers_the_good_ones(router: EmbeddedValhalla) -> None:
    random.seed(8)
    good = [town.corner(random.uniform(0, 11), random.uniform(0, 11)) for _ in range(40)]
    bad = [town.DESERT, (0, 0), (75.9, 39.5), (float("nan"), 3), (town.DESERT[0] + 0.01, town.LAT)]
    targets = [*good, *bad]
    random.shuffle(targets)
    durations = router.matrix(A, targets, Mode.DRIVE)
    assert [targets[i] in good for i in range(len(targets))] == [seconds is not None for seconds in durations]


def test_many_threads_share_few_actors_without_harm(router: EmbeddedValhalla) -> None:
    random.seed(9)
    ends = [
        (
            town.corner(random.uniform(-1, 13), random.uniform(-1, 13)),
            town.corner(random.uniform(-1, 13), random.uniform(-1, 13)),
        )
        for _ in range(120)
    ]

    def ask(number: int) -> float:
        a, b = ends[number % len(ends)]
        mode = list(Mode)[number % 3]
        if number % 5 == 0:
            return sum(seconds or 0 for seconds in router.matrix(a, [b, town.corner(3, 3)], mode))
        try:
            return router.route(a, b, mode).distance_m
        except NotFound:
            return -1.0

    alone = [ask(number) for number in range(240)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(240))) == alone


@pytest.mark.shared
def test_a_bicycles_matrix_knows_the_penalties_of_its_route(shared_data: Path, tmp_path: Path) -> None:
    """Left to choose its algorithm, the engine says 124 seconds here for a way of 203."""
    from locator.routing.tiles import build_tiles

    build_tiles(shared_data / "osm" / "nanjing-center.osm.pbf", tmp_path)
    router = EmbeddedValhalla(tmp_path)
    ends = (118.77001602026407, 32.03409189397904), (118.76379396933584, 32.033523993781316)
    for mode in Mode:
        alone = router.route(*ends, mode).duration_s
        assert router.matrix(ends[0], [ends[1]], mode)[0] == pytest.approx(alone, rel=0.01, abs=1)


@pytest.mark.shared
def test_nanjing_is_told_in_the_readers_language(shared_data: Path, tmp_path: Path) -> None:
    from locator.routing.tiles import build_tiles

    build_tiles(shared_data / "osm" / "nanjing-center.osm.pbf", tmp_path)
    router = EmbeddedValhalla(tmp_path)
    ends = (118.7726, 32.0384), (118.7962, 32.0477)
    zh, en = ([step.text for step in router.route(*ends, Mode.DRIVE, lang).steps] for lang in LANGS)
    assert zh[:3] == ["沿王府大街向北出发，约 60 米。", "右转进入三元巷，约 600 米。", "左转进入中山南路，约 750 米。"]
    assert en[:3] == [
        "Head north on Wangfu Street, about 60 m.",
        "Turn right onto Sanyuan Alley, about 600 m.",
        "Turn left onto South Zhongshan Road, about 750 m.",
    ]
    random.seed(3)
    unknown = 0
    for _ in range(60):
        a, b = ((random.uniform(118.771, 118.798), random.uniform(32.034, 32.049)) for _ in range(2))
        for mode in Mode:
            try:
                route = router.route(a, b, mode)
            except LocatorError:
                unknown += 1
                continue
            assert route.steps and all(step.text.endswith("。") for step in route.steps)
            seconds = router.matrix(a, [b], mode)[0]
            assert seconds is not None and route.duration_s is not None
            assert abs(seconds - route.duration_s) <= max(1.0, 0.01 * route.duration_s)
    assert unknown <= 6, "too many places without a way"
