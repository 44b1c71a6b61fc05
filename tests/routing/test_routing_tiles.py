"""Building road tiles: from good extracts and bad ones, and putting a set in use without anybody noticing."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
import town

from locator.errors import DataError, MissingExtra, NotFound
from locator.i18n import LANGS, explain, text
from locator.model import Mode
from locator.routing import tiles
from locator.routing.narrative import load_street_names
from locator.routing.osm_files import border_areas, read_street_names
from locator.routing.roads import POINTER, check_roads, find_roads, roads_dir
from locator.routing.router import open_router, route_or_line
from locator.routing.tiles import STAGES, build_tiles
from locator.routing.valhalla import EmbeddedValhalla
from locator.settings import Settings

A, B = town.corner(1, 1), town.corner(9, 8)


@pytest.fixture
def own_data(town_data: Path, tmp_path: Path) -> Path:
    """A copy of the town's tiles that a test may break."""
    shutil.copytree(town_data, tmp_path / "data")
    return tmp_path / "data"


def test_what_was_built_is_described(town_data: Path) -> None:
    roads = find_roads(town_data)
    check_roads(roads)
    assert roads.source == "town.osm" and roads.edges and 700 < roads.edges < 1200
    assert roads.tiles.stat().st_size == roads.size
    assert sorted(p.name for p in roads.folder.iterdir()) == [
        "borders.log",
        "build.json",
        "build.log",
        "names.json",
        "pack.log",
        "tiles.tar",
    ]


def test_progress_tells_each_stage_once_and_never_goes_back(town_file: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    build_tiles(town_file, tmp_path, progress=lambda stage, share: told.append((stage, share)), workers=1)
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert [stage for stage, _ in told] == [*STAGES, STAGES[-1]]
    assert all(text(f"routing.stage.{stage}", lang) for stage in STAGES for lang in LANGS)


def test_translated_street_names_are_kept_beside_the_tiles(town_data: Path, town_file: Path) -> None:
    names = load_street_names(find_roads(town_data).names)
    assert names == read_street_names(town_file)
    assert (
        names.say("经二路", "en") == "Jing 2 Road"
        and names.say("经二路", "zh") == "经二路"
        and names.say("北城街", "en") == "北城街"
    )


def test_a_translation_that_two_streets_share_is_left_out(tmp_path: Path) -> None:
    osm = town.Osm()
    for number, (name, english) in enumerate(
        [("汉中路", "East Zhongshan Road"), ("中山东路", "East Zhongshan Road"), ("珠江路", "Zhujiang Road"),
         ("珠江路辅路", "Zhujiang Road"), ("太平路", "Taiping Road"), ("太平路", "Taiping Rd"), ("太平路", "Taiping Road")]
    ):  # fmt: skip
        place = town.corner(number, 0)
        osm.way([place, (place[0], place[1] + 0.001)], highway="residential", name=name, name__en=english)
    names = read_street_names(osm.write(tmp_path / "names.osm"))
    assert names.tables["en"] == {"太平路": "Taiping Road", "珠江路": "Zhujiang Road", "珠江路辅路": "Zhujiang Road"}


def test_a_broken_table_of_names_is_an_empty_one(tmp_path: Path) -> None:
    for content in ("", "[]", '{"en": 3}', "null"):
        (tmp_path / "names.json").write_text(content)
        assert load_street_names(tmp_path / "names.json").say("经二路", "en") == "经二路"
    assert load_street_names(tmp_path / "none.json").tables == {}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("cut.osm", b"<?xml version='1.0'?><osm version='0.6'><node id='1'", "extract_broken"), ("page.osm.pbf", b"<html>404</html>", "extract_broken"),
     ("noise.osm.pbf", bytes(range(256)) * 40, "extract_broken"), ("empty.osm.pbf", b"", "extract_broken"), ("none.osm", b"<osm version='0.6'></osm>", "extract_empty")],
)  # fmt: skip
def test_a_bad_extract_is_told_and_leaves_the_old_tiles(own_data: Path, name: str, content: bytes, code: str) -> None:
    before, there = (roads_dir(own_data) / POINTER).read_bytes(), sorted(roads_dir(own_data).iterdir())
    extract = own_data / name
    extract.write_bytes(content)
    with pytest.raises(DataError) as caught:
        build_tiles(extract, own_data)
    assert caught.value.code == code and all(name in explain(caught.value, lang) for lang in LANGS)
    assert (roads_dir(own_data) / POINTER).read_bytes() == before
    assert sorted(roads_dir(own_data).iterdir()) == there, "something was left behind"
    assert EmbeddedValhalla(own_data).route(A, B, Mode.WALK).engine == "valhalla"


@pytest.mark.parametrize("which", ["valhalla_build_admins", "valhalla_build_tiles"])
def test_a_builder_that_dies_is_told_with_its_last_words(
    which: str, town_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, fake = tiles.engine_dir() / "bin", tmp_path / "wheel" / "bin"
    fake.mkdir(parents=True)
    (fake / "valhalla_build_admins").symlink_to(real / "valhalla_build_admins")
    (fake / which).unlink(missing_ok=True)
    (fake / which).write_text("#!/bin/sh\necho '2026-11-22 09:49:49.7 [ERROR] out of luck'; kill -6 $$\n")
    (fake / which).chmod(0o755)
    monkeypatch.setattr(tiles, "engine_dir", lambda: fake.parent)
    with pytest.raises(DataError) as caught:
        build_tiles(town_file, tmp_path / "data")
    assert caught.value.code == "roads_build" and caught.value.params["reason"] == "out of luck"
    assert list(roads_dir(tmp_path / "data").iterdir()) == []


def test_no_such_extract(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        build_tiles(tmp_path / "nowhere.osm.pbf", tmp_path)
    assert caught.value.code == "extract_missing"


def test_a_folder_that_cannot_be_written(town_file: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, no folder")
    with pytest.raises(DataError) as caught:
        build_tiles(town_file, tmp_path / "data")
    assert caught.value.code == "not_writable"


def test_a_new_set_is_taken_up_while_routes_are_asked_and_the_old_one_goes(own_data: Path, town_file: Path) -> None:
    router = EmbeddedValhalla(own_data)
    old = find_roads(own_data).folder
    wrong: list[Exception] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                time.sleep(0.02)
                assert 2900 < router.route(A, B, Mode.WALK).distance_m < 3300
            except Exception as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    build_tiles(town_file, own_data)
    router.route(A, B, Mode.WALK)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert not old.exists() and find_roads(own_data).folder != old


def test_two_builds_at_once_leave_one_whole_set(town_file: Path, tmp_path: Path) -> None:
    threads = [threading.Thread(target=build_tiles, args=(town_file, tmp_path)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_roads(find_roads(tmp_path))
    assert EmbeddedValhalla(tmp_path).route(A, B, Mode.WALK).distance_m > 0


def test_what_a_killed_build_left_is_swept_after_a_day(own_data: Path, town_file: Path) -> None:
    fresh, stale = roads_dir(own_data) / ".building-fresh", roads_dir(own_data) / ".building-stale"
    fresh.mkdir()
    stale.mkdir()
    os.utime(stale, (1, 1))
    build_tiles(town_file, own_data)
    assert fresh.exists() and not stale.exists()


SIDES = {
    (116.391, 39.907): True,  # Beijing
    (114.0579, 22.5431): True,  # Shenzhen
    (114.1694, 22.3193): False,  # Hong Kong, Kowloon
    (113.9461, 22.2866): False,  # Hong Kong, Lantau
    (113.5539, 22.1880): False,  # Macau
    (113.5650, 22.1400): False,  # Macau, Taipa
    (113.5439, 22.2700): True,  # Zhuhai
    (121.5654, 25.0330): True,  # Taipei
    (9.5215, 47.1410): True,  # Vaduz
}


def test_tiles_deleted_while_routing_leave_a_way_or_a_line_and_come_back(own_data: Path) -> None:
    """The whole folder of the set in use vanishes under four people who ask on: a way, or a straight line that says so."""
    service = EmbeddedValhalla(own_data, actors=2)
    kept = own_data.with_name("kept")
    shutil.copytree(own_data, kept)
    good = service.route(A, B, Mode.WALK).distance_m
    engines, faults, done = {"before": 0, "gone": 0, "back": 0}, [], threading.Event()
    phase = ["before"]

    def ask() -> None:
        while not done.is_set():
            now = phase[0]
            try:
                way = route_or_line(service, A, B, Mode.WALK)
                if way.engine != "line" and abs(way.distance_m - good) > 1:
                    faults.append(way.distance_m)
                engines[now] += 1
            except Exception as error:  # whatever it is: nobody may meet it
                faults.append(error)

    people = [threading.Thread(target=ask) for _ in range(4)]
    for person in people:
        person.start()
    try:
        for name, step in (("gone", lambda: shutil.rmtree(roads_dir(own_data))),
                           ("back", lambda: shutil.copytree(roads_dir(kept), roads_dir(own_data)))):  # fmt: skip
            _until(lambda: engines[phase[0]] > 20)
            step()
            phase[0] = name
        _until(lambda: engines["back"] > 20)
    finally:
        done.set()
        for person in people:
            person.join()
    assert faults == []
    assert route_or_line(service, A, B, Mode.WALK).distance_m == pytest.approx(good)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_hong_kong_and_macau_drive_on_the_left_and_the_rest_on_the_right(tmp_path: Path) -> None:
    from locator.routing.valhalla import _open_actor

    osm = town.Osm()
    for lon, lat in SIDES:
        osm.way([(lon, lat), (lon + 0.001, lat), (lon + 0.001, lat + 0.001)], highway="residential")
    actor = _open_actor(build_tiles(osm.write(tmp_path / "sides.osm"), tmp_path))
    for (lon, lat), right in SIDES.items():
        request = {"locations": [{"lon": lon, "lat": lat}], "costing": "auto", "verbose": True}
        node = json.loads(actor.locate(json.dumps(request)))[0]["nodes"][0]
        assert node["drive_on_right"] is right, (lon, lat)


def test_the_areas_of_the_borders_cover_the_globe_once() -> None:
    areas = list(border_areas().values())
    assert all(area.is_valid for area in areas)
    assert sum(area.area for area in areas) == pytest.approx(360 * 170)
    assert shapely.union_all(areas).area == pytest.approx(360 * 170)


def test_without_the_engine_there_is_no_router_but_a_line(
    tmp_path: Path, town_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    assert open_router(Settings(data=tmp_path)) is None
    for attempt in (
        lambda: open_router(Settings(data=tmp_path, router="valhalla")),
        lambda: build_tiles(town_file, tmp_path),
    ):
        with pytest.raises(MissingExtra) as caught:
            attempt()
        assert caught.value.code == "routing_extra"


def test_asking_for_links_loads_no_engine() -> None:
    import subprocess

    code = "import sys, locator.routing; print([m for m in ('valhalla', 'osmium', 'requests', 'shutil', 'subprocess') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "valhalla" not in done.stdout and "osmium" not in done.stdout
