"""The map that the page draws itself, with every outside host blocked: streets, names, pins and the way."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from conftest import make_visitor, run_server
from hostile import CORPUS
from osm_town import Town
from pictures import compare_pictures
from test_tiles import JINAN

from locator.cli import main
from locator.ground import build_ground, ground_dir
from locator.ground.archive import MAX_ZOOM
from locator.i18n import text

HERE = "118.7915,32.0415"
"""In the middle of the extract."""
OFFICES = """name,kind,address,lon,lat,province,city,district,source,source_date
秦淮区政务服务中心,government-hall,太平南路69号,118.7935,32.0335,江苏省,南京市,秦淮区,试验,2026-11-01
玄武区人力资源和社会保障局,hrss-bureau,珠江路455号,118.7895,32.0475,江苏省,南京市,玄武区,试验,2026-11-01
"""
"""Made up: no office on record stands where the extract has streets."""
_INK = """() => {
  const counts = {};
  for (const canvas of document.querySelectorAll(".leaflet-ground-pane canvas")) {
    if (!canvas.width) continue;
    const ink = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    ink.drawImage(canvas, 0, 0);
    const data = ink.getImageData(0, 0, canvas.width, canvas.height).data;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] < 255) continue;
      const key = "#" + [data[i], data[i + 1], data[i + 2]].map((n) => n.toString(16).padStart(2, "0")).join("");
      counts[key] = (counts[key] || 0) + 1;
    }
  }
  const style = getComputedStyle(document.documentElement), found = {};
  for (const name of ["green", "building", "minor", "secondary", "primary", "water", "edge"])
    found[name] = counts[style.getPropertyValue("--map-" + name).trim()] || 0;
  return found;
}"""
_BOXES = """() => {
  const frame = document.querySelector("#map_div").getBoundingClientRect();
  const box = (node) => { const r = node.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  return {
    map: [frame.left, frame.top, frame.right, frame.bottom],
    names: [...document.querySelectorAll(".ground-name")].map((node) => [node.textContent, getComputedStyle(node).fontSize, ...box(node)]),
    turned: [...document.querySelectorAll(".ground-name")].map((node) => /rotate\\((-?[\\d.]+)rad/.exec(node.style.transform)[1] !== "0.000"),
    kept: [...document.querySelectorAll(".pin-body, .map-bar, .map-legend:not([hidden]), .map-notice:not([hidden])")].map(box),
  };
}"""


@pytest.fixture(scope="module")
def nanjing(data_folder, shared_data, tmp_path_factory):
    """A data folder after one command: ``locator import osm`` of Nanjing's middle; and two offices."""
    folder = tmp_path_factory.mktemp("ground")
    shutil.copytree(data_folder, folder / "data")
    (folder / "two.csv").write_text(OFFICES, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCATOR_DATA", str(folder / "data"))
        assert main(["import", "osm", str(shared_data / "osm" / "nanjing-center.osm.pbf")]) == 0
        assert main(["import", "table", str(folder / "two.csv")]) == 0
    return folder / "data"


@pytest.fixture(scope="module")
def own_server(nanjing, tmp_path_factory):
    with run_server(nanjing, tmp_path_factory.mktemp("log") / "server.log", LOCATOR_TILES="ground") as running:
        yield running


def frame_of(person):
    return next(frame for frame in person.page.frames if "st_folium" in frame.url)


def look(person, lon: float, lat: float, zoom: float):
    """Move the map and wait until it is drawn."""
    frame = frame_of(person)
    frame.evaluate("([lat, lon, zoom]) => window.map.setView([lat, lon], zoom, {animate: false})", [lat, lon, zoom])
    person.page.wait_for_timeout(300)
    frame.locator('html[data-ground-waiting="0"]').wait_for(state="attached")
    person.page.wait_for_timeout(300)
    return frame


def wait_for_map(person, condition: str) -> None:
    """Wait until the map says something of itself; where other tiles are in use, a new frame follows the old one."""
    person.page.wait_for_function(
        f"""() => [...document.querySelectorAll("iframe[src*=st_folium]")].some((frame) => {{
          const said = frame.contentDocument?.documentElement?.dataset;
          return said && ({condition});
        }})"""
    )


def check_names(found: dict, least: int) -> None:
    """No name runs out of the map, over another that lies as straight, or over a pin or a control."""
    left, top, right, bottom = found["map"]
    names = found["names"]
    assert len(names) >= least
    for _, size, *box in names:
        assert float(size.removesuffix("px")) >= 14
        assert box[0] >= left - 8 and box[1] >= top - 8 and box[2] <= right + 8 and box[3] <= bottom + 8
    straight = [box for (_, _, *box), turned in zip(names, found["turned"], strict=True) if not turned]

    def lie_over(a, b) -> bool:
        return min(a[2], b[2]) - max(a[0], b[0]) > 2 and min(a[3], b[3]) - max(a[1], b[1]) > 2

    for n, box in enumerate(straight):
        assert not any(lie_over(box, other) for other in [*straight[n + 1 :], *found["kept"]])


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_a_search_in_nanjing_shows_streets_names_pins_and_the_way(chromium, own_server, size, scheme):
    with make_visitor(chromium, own_server, size, color_scheme=scheme) as person:
        person.open()
        person.search(HERE)
        person.map.locator(".pin").first.wait_for(state="attached")
        person.show_map()
        frame = look(person, 118.7915, 32.0415, 15)
        assert frame.locator("html[data-ground=own]").count() == 1
        ink = frame.evaluate(_INK)
        assert all(ink[name] > 200 for name in ("green", "building", "minor", "secondary", "primary")), ink
        said = {name for name, *_ in frame.evaluate(_BOXES)["names"]}
        assert {"中山东路", "大行宫"} <= said
        assert frame.locator(".pin").count() == 5 and frame.locator("path.way").count() == 1
        assert frame.locator(".map-notice").is_hidden()
        assert "© OpenStreetMap contributors" in frame.locator(".leaflet-control-attribution").inner_text()
        assert frame.locator(".map-north").get_attribute("aria-label") == "上北下南"
        check_names(frame.evaluate(_BOXES), 10)
        for zoom in (13, 14, 16, 17.5, 18):
            look(person, 118.7915, 32.0415, zoom)
            check_names(frame.evaluate(_BOXES), 3)
            assert frame.evaluate(_INK)["primary"] > 20, zoom
        assert person.outside == [] and person.faults == []


@pytest.mark.slow
@pytest.mark.shared
def test_the_map_follows_theme_and_type_without_loading_anything(chromium, own_server):
    with make_visitor(chromium, own_server, "phone", color_scheme="light") as person:
        person.open()
        person.search(HERE)
        person.map.locator(".pin").first.wait_for(state="attached")
        person.show_map()
        frame = look(person, 118.7915, 32.0415, 15)
        light = frame.locator("#map_div").screenshot(type="jpeg")
        asked: list[str] = []
        person.page.on("request", lambda request: asked.append(request.url))
        person.page.emulate_media(color_scheme="dark")
        person.page.wait_for_timeout(800)
        dark = frame.locator("#map_div").screenshot(type="jpeg")
        assert compare_pictures(chromium, light, dark).share > 0.5
        assert frame.evaluate(_INK)["minor"] > 200
        frame.evaluate("() => { document.documentElement.classList.add('large'); locatorGround.refresh(); }")
        person.page.wait_for_timeout(300)
        found = frame.evaluate(_BOXES)
        assert {size for _, size, *_ in found["names"]} <= {"17.5px", "19px", "21px"}
        check_names(found, 5)
        assert asked == [] and person.faults == []


WITHOUT = {
    "a worker": "",
    "no workers": "delete window.Worker",
    "no canvas for workers": "delete OffscreenCanvas.prototype.transferToImageBitmap",
    "a worker that dies": "const Real = Worker; window.Worker = function () { return new Real('../../assets/none.js'); }",
}


@pytest.mark.slow
@pytest.mark.shared
def test_the_page_draws_itself_what_a_worker_would(chromium, own_server):
    found = {}
    for name, script in WITHOUT.items():
        with make_visitor(chromium, own_server, "phone", color_scheme="light") as person:
            person.page.add_init_script(script)
            person.open()
            person.search(HERE)
            person.map.locator(".pin").first.wait_for(state="attached")
            person.show_map()
            frame = look(person, 118.7915, 32.0415, 15)
            drawn = "() => [...document.querySelectorAll('.leaflet-ground-pane canvas')].some((c) => c.width >= 512)"
            assert frame.evaluate(drawn), name
            found[name] = frame.evaluate(_INK)
            assert found[name]["minor"] > 200, name
            workers = [worker.url.partition("?")[0].rpartition("/")[2] for worker in person.page.workers]
            assert ("ground_draw.js" in workers) == (name == "a worker"), name
            if name != "a worker that dies":
                assert person.faults == []
    pictures = list(found.values())
    assert all(picture == pictures[0] for picture in pictures), found


_WAY = """(zoom) => {
  let line = [];
  window.map.eachLayer((layer) => { if (/^way/.test(layer.options.className || "") && layer.getLatLngs) line = layer.getLatLngs(); });
  return line.map((at) => { const tile = window.map.project(at, zoom).divideBy(256).floor(); return `${zoom}/${tile.x}/${tile.y}`; });
}"""
"""The tiles that the way lies in."""


@pytest.mark.slow
@pytest.mark.shared
def test_the_ways_surroundings_come_before_anybody_looks_at_a_step(chromium, own_server):
    with make_visitor(chromium, own_server, "desktop") as person:
        asked: list[str] = []
        person.page.on("request", lambda request: asked.append(request.url))
        person.open()
        person.search(HERE)
        person.map.locator("path.way").first.wait_for(state="attached")
        person.map.locator('html[data-ground-waiting="0"]').wait_for(state="attached")
        frame = frame_of(person)
        assert frame.evaluate("() => window.map.getZoom()") < MAX_ZOOM, "nothing at this scale is in sight"
        way = frame.evaluate(_WAY, MAX_ZOOM)
        assert len(way) > 2, "a way along streets"
        assert set(way) <= {re.sub(r".*/ground/tiles/\w+/", "", url) for url in asked}
        assert person.faults == [] and person.outside == []


@pytest.mark.slow
@pytest.mark.shared
def test_nobody_is_asked_where_our_own_ground_is_and_openstreetmap_elsewhere(chromium, nanjing, tmp_path):
    with run_server(nanjing, tmp_path / "server.log") as running, make_visitor(chromium, running) as person:
        person.open()
        person.search(HERE)
        person.map.locator(".pin").first.wait_for()
        look(person, 118.7915, 32.0415, 15)
        person.outside.clear()
        frame = look(person, 118.7935, 32.0405, 16)
        assert person.outside == [] and frame.locator("img.leaflet-tile").count() == 0
        frame.evaluate("() => window.map.setView([31.23, 121.47], 14, {animate: false})")
        frame.locator("html[data-ground=names]").wait_for(state="attached")
        assert person.outside and all(a.startswith("https://tile.openstreetmap.org/") for a in person.outside)
        assert "OpenStreetMap" in person.page.locator(".tiles").inner_text()
        assert person.faults == []


DAMAGE = {
    "taken away": (lambda archive: archive.unlink(), "are gone"),
    "cut short": (lambda archive: os.truncate(archive, archive.stat().st_size // 2 // 4096 * 4096), "import"),
    "overwritten": (lambda archive: archive.write_bytes(b"noise" * 10_000), "import"),
}


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("damage", DAMAGE)
def test_tiles_that_are_lost_leave_a_plain_ground_and_come_back(chromium, nanjing, tmp_path, damage):
    lose, said = DAMAGE[damage]
    shutil.copytree(nanjing, tmp_path / "data")
    (archive,) = ground_dir(tmp_path / "data").glob("*.mbtiles")
    log = tmp_path / "server.log"
    with (
        run_server(tmp_path / "data", log, LOCATOR_TILES="ground") as running,
        make_visitor(chromium, running) as person,
    ):
        person.open()
        person.search(HERE)
        person.map.locator(".pin").first.wait_for()
        look(person, 118.7915, 32.0415, 15)
        shutil.copy(archive, tmp_path / "kept")
        lose(archive)
        look(person, 118.7915, 32.0415, 13)
        assert person.faults == []
        person.search(JINAN)
        wait_for_map(person, "said.ground === 'names'")
        assert any("map tiles" in line and said in line for line in log.read_text("utf-8").splitlines())
        (tmp_path / "kept").rename(archive)
        person.search(HERE)
        wait_for_map(person, "said.groundTiles")
        assert person.faults == [] and person.outside == []


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_an_extract_the_pins_have_neighbours(chromium, server, size, lang):
    with make_visitor(chromium, server, size) as person:
        person.open(f"/?lang={lang}")
        person.search(JINAN)
        person.map.locator(".pin").first.wait_for(state="attached")
        person.show_map()
        person.map.locator('html[data-ground=names][data-ground-waiting="0"]').wait_for(state="attached")
        person.page.wait_for_timeout(300)
        frame = frame_of(person)
        found = frame.evaluate(_BOXES)
        check_names(found, 3)
        names = [name for name, *_ in found["names"]]
        assert any(re.search("医院|公园|小学|中学|街道|站$", name) for name in names), names
        assert frame.locator(".leaflet-control-scale-line").is_visible() and frame.locator(".map-north").is_visible()
        assert text("page.map.tiles_failed", lang) == frame.locator(".map-notice").inner_text()
        assert frame.locator(".ground-name:not([lang=zh-CN])").count() == 0, (
            "a screen reader's voice, if one reads them"
        )
        assert person.faults == []


def test_hostile_names_of_an_extract_stay_text(chromium, data_folder, tmp_path):
    shutil.copytree(data_folder, tmp_path / "data")
    town, words = Town(), [word for word in CORPUS if word.strip() and "\x00" not in word and word.isprintable()][:60]
    for number, word in enumerate(words):
        lon, lat = 116.93 + number % 10 * 0.004, 36.64 + number // 10 * 0.004
        town.way(number + 1, [(lon, lat), (lon + 0.003, lat)], highway="primary", name=word, name__en=word)
        town.node(lon, lat + 0.002, 5000 + number, amenity="hospital", name=word)
    ground_dir(tmp_path / "data").mkdir()
    build_ground(town.write(tmp_path / "town.osm"), ground_dir(tmp_path / "data") / "town.mbtiles", digest="h")
    with (
        run_server(tmp_path / "data", tmp_path / "server.log", LOCATOR_TILES="ground") as running,
        make_visitor(chromium, running) as person,
    ):
        person.open()
        person.search(JINAN)
        person.map.locator(".pin").first.wait_for()
        shown: set[str] = set()
        for row in range(3):
            frame = look(person, 116.948, 36.644 + row * 0.008, 16)
            shown |= {name for name, *_ in frame.evaluate(_BOXES)["names"]}
        assert len(shown & set(words)) >= 10, "they are on the map"
        assert frame.locator(".ground-names :not(span, i)").count() == 0
        assert person.faults == [] and person.outside == []
