"""Places of an operator's own: read, refused with a reason, found afterwards; nothing changes when a file is broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from locator.datum import Datum, distance_m, to_wgs84
from locator.errors import SourceError
from locator.gazetteer.divisions import PlaceKind
from locator.geocode.index_files import open_data_gazetteer
from locator.ingest.place_files import KINDS, VONNG, import_places, read_files
from locator.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def settings(data_folder, tmp_path) -> Settings:
    """A data folder of this test's own."""
    return Settings(data=Path(shutil.copytree(data_folder, tmp_path / "data")), places="off")


def near_m(place, lon: float, lat: float, datum: Datum) -> float:
    """How far a place is from a position of a datum, in metres."""
    x, y = to_wgs84(lon, lat, datum)
    return float(distance_m(place.lon, place.lat, float(x), float(y)))


def test_places_of_a_table_are_found_by_name_alias_and_inside_an_address(settings):
    count = import_places(EXAMPLES / "places.csv", settings)
    assert (count.read, count.kept, count.seats, count.rejects) == (3, 3, 0, ())
    gazetteer = open_data_gazetteer(settings)
    for text in ("济南市历城区示范书院", "示范学堂", "历城区某某路12号示范书院东门"):
        place = gazetteer.resolve(text).one.place
        assert near_m(place, 117.2001, 36.7002, Datum.GCJ02) < 1, text
    district = gazetteer.division("370102")
    building = gazetteer.resolve("历下区示范大厦").one.place
    assert (building.precision, building.error_m) == ("district", district.error_m)


@pytest.mark.slow
def test_a_folder_in_the_form_of_vonngs_tables_places_townships(settings):
    count = import_places(EXAMPLES / "adcode", settings, name="adcode")
    assert (count.read, count.kept, count.seats) == (10, 6, 4)
    assert [(r.code, r.row) for r in count.rejects] == [("township_unknown", 6), ("adcode_unknown", 10)]
    gazetteer = open_data_gazetteer(settings)
    place = gazetteer.resolve("济南市槐荫区振兴街街道").one.place
    assert (place.precision, place.township) == ("township", "370104001")
    assert near_m(place, 116.96211, 36.6615, Datum.GCJ02) < 1
    assert place.error_m >= 1000
    village = gazetteer.resolve("槐荫区示范街社区居委会").one.place
    assert near_m(village, 116.9632, 36.6619, Datum.GCJ02) < 1
    unplaced = gazetteer.resolve("槐荫区无位置社区居委会").one.place
    assert unplaced.precision == "district"


@pytest.mark.slow
def test_geojson_and_the_same_name_again_replaces(settings, tmp_path):
    file = tmp_path / "own.geojson"
    for name in ("第一处园子", "第二处园子"):
        square = [[[113.9, 22.5], [113.902, 22.5], [113.902, 22.502], [113.9, 22.502], [113.9, 22.5]]]
        feature = {"type": "Feature", "properties": {"name": name, "kind": "park", "adcode": 440305},
                   "geometry": {"type": "Polygon", "coordinates": square}}  # fmt: skip
        file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
        assert import_places(file, settings).kept == 1
    gazetteer = open_data_gazetteer(settings)
    assert near_m(gazetteer.resolve("南山区第二处园子").one.place, 113.901, 22.501, Datum.WGS84) < 1
    assert gazetteer.resolve("深圳市南山区第一处园子").one.place.precision == "district"


def test_a_dry_run_changes_nothing(settings):
    import_places(EXAMPLES / "places.csv", settings, dry_run=True)
    assert open_data_gazetteer(settings).resolve("示范学堂").meanings == ()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", "地址,经度\n某路1号,114\n", "header_missing"),
        ("a.csv", "name,lon,lat\n", "source_empty"),
        ("a.geojson", '{"type": "FeatureCollection"}', "geojson_broken"),
        ("a.geojson", "[1, 2", "geojson_broken"),
    ],
)
def test_a_broken_file_is_refused_in_one_sentence_and_leaves_all_as_it_was(settings, tmp_path, name, content, code):
    (tmp_path / name).write_text(content, "utf-8")
    before = sorted(p.name for p in settings.data.rglob("*.parquet"))
    with pytest.raises(SourceError) as caught:
        import_places(tmp_path / name, settings)
    assert caught.value.code == code
    assert sorted(p.name for p in settings.data.rglob("*.parquet")) == before


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("某某书院,飞船,370112,117.2,36.7", "place_kind"),
        ("书,sight,370112,117.2,36.7", "name_missing"),
        ("某某书院,sight,999999,117.2,36.7", "adcode_unknown"),
        ("某某书院,sight,,2.35,48.86", "place_position"),
        ("某某书院,sight,,,", "place_position"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason(settings, tmp_path, row, code):
    (tmp_path / "own.csv").write_text(f"name,kind,adcode,lon,lat\n{row}\n好的书院,sight,370112,117.2,36.7\n", "utf-8")
    count = import_places(tmp_path / "own.csv", settings, dry_run=True)
    assert ([r.code for r in count.rejects], count.kept) == ([code], 1)
    assert count.rejects[0].row == 2


def test_every_kind_of_the_index_can_be_named():
    assert {kind.value for kind in PlaceKind} <= set(KINDS)
    assert len(VONNG) == 20
    assert all(row.datum is Datum.GCJ02 for row in read_files(EXAMPLES / "adcode"))
