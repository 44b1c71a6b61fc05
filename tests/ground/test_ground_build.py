"""What of an extract becomes tiles of the map: each class at its zoom, names, cover; and extracts that are no good."""

from __future__ import annotations

import gzip
import json
import math
import os
import re
import sqlite3
from pathlib import Path

import osmium
import pyogrio
import pytest
from osm_town import Town, box

from locator.errors import DataError
from locator.ground import Ground, build_ground, ground_dir, read_archive
from locator.ground.archive import MAX_ZOOM
from locator.ground.features import ZOOMS, GroundClass
from locator.ground.names import tile_bounds

LON, LAT = 117.0, 36.7
STATIC = Path(__file__).parents[2] / "locator" / "web" / "static"
_C = GroundClass


def tile_of(lon: float, lat: float, zoom: int) -> tuple[int, int, int]:
    """Return zoom, x and y of the tile that a position is in."""
    side = 1 << zoom
    north = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return zoom, int((lon + 180) / 360 * side), int(north * side)


def build(town: Town, folder: Path) -> Ground:
    """Return the ground of a town."""
    extract = town.write(folder / "town.osm")
    out = ground_dir(folder) / "town.mbtiles"
    out.parent.mkdir(exist_ok=True)
    out.unlink(missing_ok=True)
    build_ground(extract, out, digest="d")
    return Ground(folder)


def read(ground: Ground, folder: Path, zoom: int, lon: float = LON, lat: float = LAT) -> list[tuple[int, str, str]]:
    """Return class, name and English name of what a tile holds, read by GDAL."""
    data = ground.tile(*tile_of(lon, lat, zoom))
    if data is None:
        return []
    path = folder / "tile.pbf"
    path.write_bytes(gzip.decompress(data))
    found = []
    for layer, _ in pyogrio.list_layers(path):
        frame = pyogrio.read_dataframe(path, layer=layer)
        names = [frame[key].tolist() if key in frame else [""] * len(frame) for key in "ne"]
        said = [[name if isinstance(name, str) else "" for name in column] for column in names]
        found += zip(frame.c.tolist(), *said, strict=True)
    return sorted(found)


def classes(*args) -> set[int]:
    return {row[0] for row in read(*args)}


LINES = [
    ({"highway": "motorway"}, _C.MOTORWAY, 5), ({"highway": "motorway_link"}, _C.MOTORWAY, 5),
    ({"highway": "trunk"}, _C.TRUNK, 8), ({"highway": "primary"}, _C.PRIMARY, 8),
    ({"highway": "secondary"}, _C.SECONDARY, 10), ({"highway": "tertiary"}, _C.TERTIARY, 12),
    ({"highway": "residential"}, _C.MINOR, 13), ({"highway": "living_street"}, _C.MINOR, 13),
    ({"highway": "service"}, _C.SERVICE, 14), ({"highway": "footway"}, _C.PATH, 14),
    ({"railway": "rail"}, _C.RAIL, 10), ({"railway": "subway"}, _C.SUBWAY, 12),
    ({"waterway": "river"}, _C.RIVER, 10), ({"waterway": "stream"}, _C.STREAM, 13),
    ({"highway": "proposed"}, None, 0), ({"railway": "abandoned"}, None, 0), ({"railway": "rail", "service": "yard"}, None, 0),
    ({"waterway": "stream", "tunnel": "culvert"}, None, 0),
    ({"boundary": "administrative", "admin_level": "2"}, None, 0), ({"power": "line"}, None, 0),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "kind", "zoom"), LINES)
def test_a_line_is_drawn_from_its_zoom_on_and_a_border_never(tmp_path, tags, kind, zoom):
    town = Town()
    town.way(1, [(LON - 0.05, LAT), (LON + 0.05, LAT + 0.05)], **tags)
    town.way(2, [(LON, LAT), (LON, LAT + 0.001)], highway="footway")
    ground = build(town, tmp_path)
    if kind is None:
        assert classes(ground, tmp_path, MAX_ZOOM) == {_C.PATH}
        return
    for at in range(MAX_ZOOM + 1):
        lon, lat = LON, LAT + 0.025  # on the line
        assert (kind in classes(ground, tmp_path, at, lon, lat)) == (at >= zoom), at


AREAS = [
    ({"natural": "water"}, 0.0004, {_C.WATER}, 14), ({"natural": "water"}, 0.001, {_C.WATER}, 13), ({"natural": "water"}, 0.05, {_C.WATER}, 5),
    ({"landuse": "forest"}, 0.006, {_C.GREEN}, 10), ({"leisure": "park", "name": "试验公园"}, 0.002, {_C.GREEN, _C.PARK}, 12),
    ({"building": "yes"}, 0.0005, {_C.BUILDING}, 14), ({"building": "yes", "name": "试验大厦"}, 0.0005, {_C.BUILDING, _C.PLACE}, 14),
    ({"amenity": "school", "name": "试验小学"}, 0.002, {_C.CAMPUS, _C.SCHOOL}, 13),
    ({"amenity": "hospital", "name": "试验医院"}, 0.002, {_C.CAMPUS, _C.HOSPITAL}, 13),
    ({"building": "no"}, 0.002, set(), 14), ({"landuse": "military", "name": "试验基地"}, 0.002, set(), 14),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "size", "kinds", "zoom"), AREAS)
def test_an_area_is_drawn_by_its_size_and_its_name_stands_in_it(tmp_path, tags, size, kinds, zoom):
    town = Town()
    town.way(1, box(LON, LAT, size), **tags)
    town.way(2, [(LON, LAT), (LON, LAT + 0.001)], highway="footway")
    ground = build(town, tmp_path)
    lon, lat = LON + size / 2, LAT + size / 2
    assert classes(ground, tmp_path, MAX_ZOOM, lon, lat) - {_C.PATH} == kinds
    if kinds:
        assert classes(ground, tmp_path, zoom, lon, lat) & kinds
        assert zoom == ZOOMS[0] or not classes(ground, tmp_path, zoom - 1, lon, lat) & kinds


def test_a_hole_in_a_wood_and_places_by_name(tmp_path):
    west, south, east, north = tile_bounds(*tile_of(LON, LAT, MAX_ZOOM))
    lon, lat = (west + east) / 2 - 0.005, (south + north) / 2 - 0.005
    town = Town()
    outer = town.way(1, box(lon, lat, 0.01))
    inner = town.way(2, box(lon + 0.004, lat + 0.004, 0.002))
    town.relation(3, [("way", outer, "outer"), ("way", inner, "inner")], type="multipolygon", natural="wood")
    town.node(lon + 0.005, lat + 0.005, 10, railway="station", name="试验站", name__en="Trial Station")
    town.node(lon + 0.0051, lat + 0.005, 11, place="village", name="Trial", name__zh="试验村")
    town.node(lon + 0.0052, lat + 0.005, 12, amenity="bank")
    town.node(lon + 0.0053, lat + 0.005, 13, amenity="bench", name="长椅")
    ground = build(town, tmp_path)
    at = tile_of(lon + 0.005, lat + 0.005, MAX_ZOOM)
    held = read(ground, tmp_path, MAX_ZOOM, lon + 0.005, lat + 0.005)
    assert held == [(1, "", ""), (52, "试验村", ""), (60, "试验站", "Trial Station")]
    path = tmp_path / "tile.pbf"
    path.write_bytes(gzip.decompress(ground.tile(*at)))
    areas = [pyogrio.read_dataframe(path, layer=name) for name, _ in pyogrio.list_layers(path)]
    wood = next(frame[frame.c == 1].geometry.iloc[0] for frame in areas if (frame.c == 1).any())
    assert sum(len(part.interiors) for part in getattr(wood, "geoms", [wood])) == 1


ENTRANCES = [
    ({"entrance": "main"}, ("入口", "Entrance")),
    ({"entrance": "yes", "name": "东门", "name__en": "East Gate"}, ("东门", "East Gate")),
    ({"railway": "subway_entrance", "name": "新街口#1"}, ("新街口#1", "")),
    ({"railway": "subway_entrance"}, ("入口", "Entrance")),
    ({"entrance": "exit"}, None), ({"entrance": "staircase", "name": "三单元"}, None), ({"entrance": "emergency"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "said"), ENTRANCES)
def test_a_way_in_is_marked_where_the_map_knows_it(tmp_path, tags, said):
    town = Town()
    corner = town.node(LON, LAT, 7, **tags)
    town.way(1, [corner, *box(LON, LAT, 0.0005)[1:-1], corner], building="yes")
    held = read(build(town, tmp_path), tmp_path, MAX_ZOOM)
    assert [row for row in held if row[0] != _C.BUILDING] == ([(_C.ENTRANCE, *said)] if said else [])


def test_the_pieces_of_a_street_are_one_line_and_streets_of_one_name_stay_apart(tmp_path):
    town = Town()
    nodes = [town.node(LON + n / 1000, LAT) for n in range(6)]
    for n in range(5):
        town.way(n + 1, nodes[n : n + 2], highway="residential", name="试验路")
    town.way(
        10,
        [(LON, LAT + 0.0005), (LON + 0.003, LAT + 0.0005)],
        highway="residential",
        name="试验路",
        name__en="Trial Road",
    )
    held = read(build(town, tmp_path), tmp_path, MAX_ZOOM, LON + 0.002, LAT)
    assert [row for row in held if row[0] == _C.MINOR] == [(_C.MINOR, "试验路", "Trial Road")] * 2


def test_the_archive_says_what_it_is_and_where_it_has_something(tmp_path):
    town = Town()
    town.way(1, [(LON, LAT), (LON + 0.1, LAT)], highway="primary", name="经十路")
    town.way(2, [(LON + 0.05, LAT), (LON + 0.051, LAT)], highway="residential")
    town.way(3, [(LON, LAT), (LON, LAT + 0.5)], railway="rail")
    build(town, tmp_path)
    archive = read_archive(ground_dir(tmp_path) / "town.mbtiles")
    assert (archive.digest, archive.source, archive.date, archive.cover_zoom) == ("d", "town.osm", "", MAX_ZOOM)
    _, x, y = tile_of(LON + 0.05, LAT, MAX_ZOOM)
    assert any(row == y and first <= x <= last for row, first, last in archive.cover)
    _, x, y = tile_of(LON + 0.05, LAT + 0.2, MAX_ZOOM)
    assert not any(row == y for row, _, _ in archive.cover), "a railway runs on where nothing else was taken along"
    layers = {name for name, _ in pyogrio.list_layers(archive.path)}
    assert "from8" in layers, "other programs open it"
    with sqlite3.connect(archive.path) as connection:
        said = dict(connection.execute("SELECT name, value FROM metadata"))
    assert (said["format"], said["minzoom"], said["maxzoom"]) == ("pbf", "5", "14")
    assert "OpenStreetMap" in said["attribution"] and json.loads(said["json"])["vector_layers"]


def test_an_extract_says_its_day(tmp_path):
    """In its header, or else by its newest way."""
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2026-11-01T20:21:00Z")
    with osmium.SimpleWriter(str(tmp_path / "a.osm.pbf"), header=header) as writer:
        writer.add_node(osmium.osm.mutable.Node(id=1, location=(LON, LAT), tags={"place": "city", "name": "济南市"}))
    assert build_ground(tmp_path / "a.osm.pbf", tmp_path / "a.mbtiles", digest="a").date == "2026-11-01"
    way = '<node id="1" lon="117" lat="36"/><node id="2" lon="117.1" lat="36"/><way id="1" version="1" timestamp="2025-02-03T04:05:06Z"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>'
    (tmp_path / "b.osm").write_text(f'<osm version="0.6">{way}</osm>', "utf-8")
    assert build_ground(tmp_path / "b.osm", tmp_path / "b.mbtiles", digest="b").date == "2025-02-03"


def test_an_extract_without_names_or_without_anything_is_no_fault(tmp_path):
    town = Town()
    town.way(1, [(LON, LAT), (LON + 0.01, LAT)], highway="primary")
    assert read(build(town, tmp_path), tmp_path, MAX_ZOOM) == [(_C.PRIMARY, "", "")]
    town = Town()
    town.node(LON, LAT, 1, power="tower")
    ground = build(town, tmp_path)
    assert ground.archives()[0].cover == () and ground.tile(*tile_of(LON, LAT, MAX_ZOOM)) is None


def test_ways_whose_nodes_are_missing_are_drawn_as_far_as_they_go(tmp_path):
    town = Town()
    nodes = [town.node(LON + n / 1000, LAT) for n in range(2)]
    town.way(1, [999_999, *nodes], highway="primary", name="经十路")
    town.way(2, [999_999, nodes[0]], highway="primary", name="经七路")
    town.way(3, [nodes[0], 999_998, 999_997, nodes[0]], building="yes", name="半座楼")
    assert read(build(town, tmp_path), tmp_path, MAX_ZOOM) == [(_C.PRIMARY, "经十路", "")]


@pytest.mark.shared
def test_a_cut_extract_is_refused_and_leaves_nothing(tmp_path, shared_data):
    content = (shared_data / "osm" / "nanjing-center.osm.pbf").read_bytes()
    for length in (0, 30, len(content) // 2, len(content) - 3):
        (tmp_path / "cut.osm.pbf").write_bytes(content[:length])
        with pytest.raises(DataError) as caught:
            build_ground(tmp_path / "cut.osm.pbf", tmp_path / "cut.mbtiles", digest="x")
        assert caught.value.code == "extract_broken"
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".building")] == []


TWO_GB = 2 * 10**9


@pytest.mark.parametrize(("name", "start"), [("big.osm.pbf", b""), ("big.osm", b"<osm version='0.6'>")])
def test_two_gigabytes_of_nothing_are_refused_at_once(tmp_path, name, start):
    (tmp_path / name).write_bytes(start)
    os.truncate(tmp_path / name, TWO_GB)
    with pytest.raises(DataError) as caught:
        build_ground(tmp_path / name, tmp_path / "b.mbtiles", digest="b")
    assert caught.value.code == "extract_broken"


def test_what_stands_before_two_gigabytes_of_nothing_is_drawn(tmp_path):
    town = Town()
    town.way(1, [(LON, LAT), (LON + 0.01, LAT)], highway="primary")
    with osmium.SimpleWriter(str(tmp_path / "big.osm.pbf")) as writer:
        for thing in osmium.FileProcessor(str(town.write(tmp_path / "town.osm"))):
            writer.add(thing)
    os.truncate(tmp_path / "big.osm.pbf", TWO_GB)
    assert build_ground(tmp_path / "big.osm.pbf", tmp_path / "b.mbtiles", digest="b").tiles > 0


@pytest.mark.shared
def test_the_middle_of_nanjing_has_its_streets(tmp_path, shared_data):
    build_ground(shared_data / "osm" / "nanjing-center.osm.pbf", tmp_path / "n.mbtiles", digest="n")
    (tmp_path / "ground").mkdir()
    (tmp_path / "n.mbtiles").rename(tmp_path / "ground" / "n.mbtiles")
    held = read(Ground(tmp_path), tmp_path, MAX_ZOOM, 118.7915, 32.0415)
    assert {"中山东路", "太平南路", "大行宫"} <= {name for _, name, _ in held}
    assert {_C.BUILDING, _C.MINOR, _C.GREEN, _C.SUBWAY} <= {row[0] for row in held}


def test_the_browser_knows_every_class():
    script = "".join((STATIC / name).read_text("utf-8") for name in ("ground.js", "ground_draw.js"))
    tables = {name: script.partition(f"var {name} = ")[2].partition(";\n")[0] for name in ("LINES", "AREAS", "NAMES")}
    lines = {int(n) for n in re.findall(r"^\s+(\d+): \{", tables["LINES"], re.MULTILINE)}
    areas = {int(n) for n in re.findall(r"\[(\d+), \"", tables["AREAS"])}
    names = {int(n) for n in re.findall(r"(\d+): \[", tables["NAMES"])}
    assert lines | areas | names == set(map(int, GroundClass))
    drawn = {int(n) for list_ in re.findall(r"(?:UNDER|ROADS|OVER) = \[([\d, ]+)\]", script) for n in list_.split(",")}
    assert drawn == lines
    style = (STATIC / "map.css").read_text("utf-8")
    light, dark = style.split("prefers-color-scheme: dark", 1)
    used = (
        set(re.findall(r'(?:fill|edge): "(\w+)"', tables["LINES"]))
        | set(re.findall(r', "(\w+)"', tables["AREAS"]))
        | {"land", "wall"}
    )
    assert all(f"--map-{name}:" in part for name in used for part in (light, dark))
