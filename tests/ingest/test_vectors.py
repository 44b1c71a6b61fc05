"""Features of GeoJSON, GeoPackage and Shapefile (in GBK too) as records."""

from __future__ import annotations

import json

import geopandas as gpd
import pytest
import shapely

from locator.errors import InvalidInput, SourceError
from locator.ingest.validate import check_records
from locator.ingest.vector import VectorSource

ROWS = {
    "名称": ["五里沟街道人社中心", "槐荫区医保局", "没有位置的所"],
    "地址": ["经四路478号", None, "某路"],
    "电话": ["0531-87920528", "12393", None],
}
POINTS = [shapely.Point(116.97, 36.65), shapely.Point(116.9, 36.6), None]


def read(path, **options):
    """Return a file's records."""
    return list(VectorSource(str(path), **options).records())


def frame(**options):
    """Return the features above."""
    return gpd.GeoDataFrame(ROWS, geometry=POINTS, **({"crs": 4326} | options))


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "fgb"])
def test_every_format_gives_the_same_records(tmp_path, ending):
    path = tmp_path / f"offices.{ending}"
    frame().iloc[: 2 if ending == "fgb" else 3].to_file(path)
    records = read(path)
    by_name = {r.fields["name"]: r for r in records}
    first = by_name["五里沟街道人社中心"].fields
    assert (float(first["lon"]), float(first["lat"]), first["address"]) == (116.97, 36.65, "经四路478号")
    assert by_name["槐荫区医保局"].fields["address"] == ""
    if ending != "fgb":
        assert "lon" not in by_name["没有位置的所"].fields
    assert [r.row for r in records] == list(range(1, len(records) + 1))


@pytest.mark.parametrize(("encoding", "note"), [("GBK", False), ("UTF-8", False), ("GBK", True), ("UTF-8", True)])
def test_a_shapefile_in_gbk_with_and_without_a_note_of_it(tmp_path, encoding, note):
    path = tmp_path / "offices.shp"
    frame().iloc[:2].to_file(path, encoding=encoding)
    if not note:
        path.with_suffix(".cpg").unlink()
    assert [r.fields["name"] for r in read(path)] == ROWS["名称"][:2]


def test_another_reference_system_is_undone(tmp_path):
    path = tmp_path / "offices.gpkg"
    frame().iloc[:2].to_crs(3857).to_file(path)
    first = read(path)[0].fields
    assert float(first["lon"]) == pytest.approx(116.97, abs=1e-9)
    assert float(first["lat"]) == pytest.approx(36.65, abs=1e-9)


def test_areas_and_lines_stand_at_a_point_on_them(tmp_path):
    path = tmp_path / "areas.geojson"
    ring = shapely.Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    shapes = [ring, shapely.LineString([(0, 0), (1, 1)])]
    gpd.GeoDataFrame({"name": ["ring", "line"]}, geometry=shapes, crs=4326).to_file(path)
    for record, shape in zip(read(path), shapes, strict=True):
        point = shapely.Point(float(record.fields["lon"]), float(record.fields["lat"]))
        assert shape.distance(point) < 1e-9


def test_a_layer_of_another_country_and_kind_needs_no_code(tmp_path):
    """Libraries in Liechtenstein, with OpenStreetMap's own names of things."""
    path = tmp_path / "libraries.geojson"
    feature = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [9.5225, 47.1397]},
        "properties": {
            "@id": "node/1", "name": "Landesbibliothek", "opening_hours": "Mo-Fr 10:00-18:00", "phone": "+423 236 63 62",
            "wheelchair": "yes", "website": "https://www.landesbibliothek.li", "addr:city": "Vaduz", "amenity": "library",
        },
    }  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    points, rejects = check_records(read(path))
    (point,) = points
    assert (point.lon, point.lat, point.city, point.wheelchair) == (9.5225, 47.1397, "Vaduz", True)
    assert point.phones[0].number == "+4232366362" and point.hours == "Mo-Fr 10:00-18:00"
    assert point.id == "node-1" and rejects == []


@pytest.mark.parametrize(
    "content",
    [b"", b"not json", b'{"type": "FeatureCollection", "features": [', b"<html>", b'{"type": "FeatureCollection"}'],
)
def test_a_broken_file_is_one_clear_line(tmp_path, content):
    path = tmp_path / "t.geojson"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read(path)
    assert str(tmp_path) not in str(caught.value) and "\n" not in str(caught.value)


def test_a_cut_geopackage_is_one_clear_line(tmp_path):
    path = tmp_path / "t.gpkg"
    frame().to_file(path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(SourceError):
        read(path)


def test_features_without_a_name_are_refused_whole(tmp_path):
    path = tmp_path / "t.geojson"
    gpd.GeoDataFrame({"colour": ["red"]}, geometry=POINTS[:1], crs=4326).to_file(path)
    with pytest.raises(SourceError, match="name"):
        read(path)


def test_a_missing_file_is_misuse(tmp_path):
    with pytest.raises(InvalidInput):
        VectorSource(str(tmp_path / "no.geojson"))


def feature(properties: dict, geometry: dict | None, **more: object) -> dict:
    """Return a GeoJSON feature."""
    return {"type": "Feature", "properties": properties, "geometry": geometry, **more}


def test_an_export_with_several_keys_for_one_thing_is_taken(tmp_path):
    """What overpass turbo saves has ``id`` and ``@id``, ``phone`` and ``contact:phone``."""
    here = {"type": "Point", "coordinates": [117.0, 36.6]}
    first = {"@id": "node/1", "name": "甲局", "name:zh": "甲局", "phone": "0531-88923656", "contact:phone": "12333"}
    second = {"@id": "way/2", "name": "乙局", "contact:phone": "12345"}
    features = [feature(first, here, id="node/1"), feature(second, here, id="way/2")]
    path = tmp_path / "export.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    points, rejects = check_records(VectorSource(str(path)).records())
    assert [(p.id, p.name, p.phones[0].number) for p in points] == [
        ("node-1", "甲局", "0531-88923656"), ("way-2", "乙局", "12345"),
    ]  # fmt: skip
    assert rejects == []


def test_a_broken_shape_is_a_row_without_a_position(tmp_path):
    ring = "[[117.0, 36.0], [117.1, 36.0], [117.0, 36.1], [117.0, 36.0]]"
    shapes = [
        '{"type": "Point", "coordinates": [NaN, 36]}',
        '{"type": "Polygon", "coordinates": []}',
        f'{{"type": "Polygon", "coordinates": [{ring}]}}',
    ]
    features = ",".join(
        f'{{"type": "Feature", "properties": {{"name": "{n}"}}, "geometry": {shape}}}' for n, shape in enumerate(shapes)
    )
    path = tmp_path / "t.geojson"
    path.write_text(f'{{"type": "FeatureCollection", "features": [{features}]}}', "utf-8")
    records = list(VectorSource(str(path)).records())
    assert [record.fields["name"] for record in records] == ["0", "1", "2"]
    assert [bool(record.fields.get("lon")) for record in records] == [False, False, True]
