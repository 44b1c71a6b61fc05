"""One ``locator import osm``: offices into the layer, names into the gazetteer, roads into tiles; or nothing at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import osmium
import pytest
from osm_town import OFFICES, Town, make_town
from servers import Answer, loopback

from locator.cli import main
from locator.errors import DataError, InvalidInput, MissingExtra
from locator.geocode.index_files import open_data_gazetteer
from locator.ground import Ground
from locator.i18n import LANGS, load_catalogue
from locator.ingest import extracts, shipped
from locator.ingest.extracts import file_of, load_extracts
from locator.ingest.importing import import_source
from locator.ingest.osm import PUBLISHER
from locator.model import Mode, Precision
from locator.routing.roads import find_roads
from locator.routing.router import open_router
from locator.settings import Settings
from locator.stores import open_store


@pytest.fixture
def settings(in_data_folder) -> Settings:
    return Settings(data=in_data_folder)


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Path:
    return make_town().write(tmp_path_factory.mktemp("osm") / "town.osm")


@pytest.fixture(autouse=True)
def quick_gazetteer(request, monkeypatch):
    """Leave the gazetteer as it is after an import, but in the test that asks it (it takes seconds)."""
    if "gazetteer" not in request.node.name:
        monkeypatch.setattr(shipped, "rebuild_gazetteer", lambda *_args, **_options: None)


def names_of(settings: Settings) -> set[str]:
    """Return the names that the next gazetteer is built from."""
    return {record.name or "" for records in load_extracts(settings.data) for record in records}


def codes(summary) -> list[str]:
    return [code for code, _ in summary.notices]


def held(settings: Settings) -> tuple[object, ...]:
    """Return what an import may change: layer, gazetteer, kept names, roads in use and tiles of the map."""
    gazetteer = settings.data / "gazetteer.sqlite"
    kept = sorted(path.name for path in (settings.data / "extracts").glob("*"))
    try:
        roads = find_roads(settings.data).folder
    except DataError:
        roads = None
    tiles = [(path.name, path.stat().st_mtime_ns) for path in sorted((settings.data / "ground").glob("*"))]
    return open_store(settings).version, gazetteer.stat().st_mtime_ns, kept, roads, tiles


def find_number(settings: Settings, text: str) -> tuple[float, float, Precision] | None:
    places = open_data_gazetteer(settings).find(text)
    return (round(places[0].lon, 6), round(places[0].lat, 6), places[0].precision) if len(places) == 1 else None


@pytest.mark.slow
@pytest.mark.shared
def test_one_run_fills_layer_gazetteer_and_roads_and_the_same_again_changes_nothing(settings, town, shared_data):
    summary = import_source("osm", str(town), settings)
    assert (summary.source, summary.read, summary.kept) == ("osm-town", len(OFFICES), len(OFFICES))
    assert codes(summary)[-3:] == ["extract_places", "roads_built", "ground_built"]
    assert dict(summary.notices)["extract_places"]["numbers"] == 2
    found = open_store(settings).nearest(117.1005, 36.6005, limit=1)[0].point
    assert (
        found.name == OFFICES["way/10"] and found.provenance.source == PUBLISHER and "ODbL" in found.provenance.licence
    )
    assert find_number(settings, "济南市望月试验路12号") == (117.0012, 36.7005, Precision.ROOFTOP)
    assert open_data_gazetteer(settings).find("望月试验村")[0].precision is Precision.VILLAGE
    router = open_router(settings)
    assert router.available() and router.route((117.0, 36.7), (117.001, 36.701), Mode.WALK).engine == "valhalla"

    before = held(settings)
    again = import_source("osm", str(town), settings)
    assert (again.stored.added, again.stored.changed, again.stored.unchanged) == (0, 0, len(OFFICES))
    assert codes(again)[-1] == "roads_kept" and held(settings) == before

    extract = shared_data / "osm" / "liechtenstein-latest.osm.pbf"
    import_source("osm", str(extract), settings, roads=False)
    assert find_number(settings, "济南市望月试验路12号") == (117.0012, 36.7005, Precision.ROOFTOP), "the first stays"
    check_real_addresses(settings, extract)


def check_real_addresses(settings: Settings, extract: Path) -> None:
    reader = osmium.FileProcessor(str(extract), osmium.osm.NODE)
    numbered = [
        (thing.tags["addr:street"], thing.tags["addr:housenumber"], thing.tags["addr:city"], thing.lon, thing.lat)
        for thing in reader.with_filter(osmium.filter.KeyFilter("addr:housenumber"))
        if "addr:street" in thing.tags and "addr:city" in thing.tags
    ][:40]
    gazetteer = open_data_gazetteer(settings)
    right = 0
    for street, number, city, lon, lat in numbered:
        places = gazetteer.find(f"{street} {number}, {city}")
        right += any(abs(place.lon - lon) < 1e-6 and abs(place.lat - lat) < 1e-6 for place in places)
    assert len(numbered) >= 20 and right >= 0.9 * len(numbered), (right, len(numbered))


@pytest.mark.shared
def test_an_extract_without_an_office_still_brings_streets_and_roads(settings, shared_data):
    before = open_store(settings)
    total = len(list(before.points()))
    summary = import_source("osm", str(shared_data / "osm" / "nanjing-center.osm.pbf"), settings)
    assert (summary.source, summary.read, summary.stored.total) == ("osm-nanjing-center", 0, total)
    assert codes(summary) == ["extract_places", "roads_built", "ground_built"]
    assert {"中山东路", "新街口"} <= names_of(settings)
    assert find_roads(settings.data).source == "nanjing-center.osm.pbf"


def test_a_cut_extract_is_one_line_and_changes_nothing(settings, town, tmp_path, capsys):
    whole = tmp_path / "town.osm.pbf"
    with osmium.SimpleWriter(str(whole)) as writer:
        for thing in osmium.FileProcessor(str(town)):
            writer.add(thing)
    assert main(["import", "osm", str(whole)]) == 0
    before = held(settings)
    content = whole.read_bytes()
    capsys.readouterr()
    for length in (0, 30, len(content) // 2, len(content) - 3):
        whole.write_bytes(content[:length])
        assert main(["import", "osm", str(whole), "--lang", "en"]) == 1
        said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("locator: ")]
        assert said == ["locator: town.osm.pbf is not a whole file of OpenStreetMap data."]
        assert held(settings) == before


def test_what_fails_late_changes_nothing_either(settings, town, monkeypatch):
    before = held(settings)

    def broken(*_args, **_options):
        raise DataError("the builder gave up", code="roads_build", path="x", reason="y")

    monkeypatch.setattr(extracts, "build_tiles", broken)
    with pytest.raises(DataError, match="gave up"):
        import_source("osm", str(town), settings)
    assert held(settings) == before
    monkeypatch.undo()

    def full(*_args, **_options):
        raise DataError("disk full", code="data_write", path="x")

    monkeypatch.setattr("locator.stores.parquet.ParquetStore.replace", full)
    with pytest.raises(DataError, match="disk full"):
        import_source("osm", str(town), settings, roads=False)
    assert held(settings)[:2] == before[:2] and load_extracts(settings.data) == []


def test_a_dry_run_and_no_roads_leave_alone_what_they_say(settings, town):
    before = held(settings)
    summary = import_source("osm", str(town), settings, dry_run=True)
    assert summary.kept == len(OFFICES) and held(settings) == before
    assert main(["import", "osm", str(town), "--no-roads"]) == 0
    assert held(settings)[3] is None and held(settings)[0] != before[0]


def test_without_roads_or_an_engine_the_rest_is_imported(settings, town, tmp_path, monkeypatch):
    import_source("osm", str(town), settings)
    roads = held(settings)[3]
    bare = Town()
    bare.node(117.7, 36.6, 1, office="government", name="无路社保中心")
    path = str(bare.write(tmp_path / "bare.osm"))
    assert "roads_none" in codes(import_source("osm", path, settings)) and held(settings)[3] == roads

    def nowhere(*_args, **_options):
        raise MissingExtra("no wheel", code="routing_extra")

    monkeypatch.setattr(extracts, "build_tiles", nowhere)
    summary = import_source("osm", path, settings, name="other")
    assert "roads_no_engine" in codes(summary) and summary.stored.total > 0


def test_another_extract_replaces_the_roads_and_says_so(settings, town, tmp_path):
    import_source("osm", str(town), settings)
    second = shutil.copy(town, tmp_path / "second.osm")
    summary = import_source("osm", str(second), settings)
    assert dict(summary.notices)["roads_replaced"] == {"source": "town.osm"}
    assert len(load_extracts(settings.data)) == 2


def test_a_broken_file_of_names_says_which(settings, town):
    import_source("osm", str(town), settings, roads=False)
    kept = file_of(settings.data, "osm-town")
    whole = names_of(settings)
    assert {"望月试验路", "望月试验村"} <= whole
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(DataError) as caught:
        names_of(settings)
    assert caught.value.code == "extract_kept" and caught.value.params["path"] == kept.name
    import_source("osm", str(town), settings, roads=False)
    assert names_of(settings) == whole, "importing it again mends it"


def test_a_source_that_is_removed_takes_its_names_and_its_map_along_and_undo_brings_them_back(settings, town):
    import_source("osm", str(town), settings, roads=False)
    whole, ground = names_of(settings), Ground(settings.data)
    tiles = [archive.path.name for archive in ground.archives()]
    assert "望月试验路" in whole and len(tiles) == 1
    assert main(["remove", "osm-town"]) == 0
    assert (names_of(settings), ground.archives(), ground.version) == (set(), (), "")
    assert main(["undo"]) == 0
    assert names_of(settings) == whole and [archive.path.name for archive in ground.archives()] == tiles
    assert main(["undo"]) == 0
    assert (names_of(settings), ground.archives()) == (set(), ())
    import_source("osm", str(town), settings, roads=False)
    assert names_of(settings) == whole and len(ground.archives()) == 1


def test_undoing_an_import_takes_its_names_and_its_map_away(settings, town):
    import_source("osm", str(town), settings, roads=False)
    assert main(["undo"]) == 0
    assert names_of(settings) == set() and Ground(settings.data).archives() == ()


def test_a_region_is_downloaded_first(settings, town, tmp_path, monkeypatch, capsys):
    content = tmp_path / "x.osm.pbf"
    with osmium.SimpleWriter(str(content)) as writer:
        for thing in osmium.FileProcessor(str(town)):
            writer.add(thing)
    sums = hashlib.md5(content.read_bytes(), usedforsecurity=False).hexdigest()

    def answer(asked):
        if not asked.path.startswith("/asia/china/shandong-latest.osm.pbf"):
            return Answer(b"no", status=404)
        return Answer(
            f"{sums}  shandong-latest.osm.pbf\n".encode() if asked.path.endswith(".md5") else content.read_bytes()
        )

    with loopback(answer) as mirror:
        monkeypatch.setenv("LOCATOR_GEOFABRIK_URL", mirror.url)
        assert main(["import", "osm", "山东", "--download", "--no-roads", "--format", "json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["source"] == "osm-shandong" and summary["kept"] == len(OFFICES)
    assert [notice["code"] for notice in summary["notices"]][-2:] == ["extract_places", "ground_built"]
    with pytest.raises(InvalidInput) as caught:
        import_source("table", "山东", settings, download=True)
    assert caught.value.code == "download_kind"


@pytest.mark.parametrize("lang", LANGS)
def test_every_notice_has_its_sentence(lang):
    catalogue = load_catalogue(lang)
    for code in (
        "extract_places",
        "roads_built",
        "roads_replaced",
        "roads_kept",
        "roads_none",
        "roads_no_engine",
        "ground_built",
    ):
        assert f"import.{code}" in catalogue
