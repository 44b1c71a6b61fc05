"""Files to take away: they open right, run nothing, come back the same, and say where they come from."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import geopandas as gpd
import pandas
import pyarrow.parquet
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator.errors import DataError, InvalidInput
from locator.i18n import LANGS, text
from locator.ingest import open_source
from locator.ingest.headers import read_header
from locator.ingest.validate import check_records
from locator.layer import COLUMNS
from locator.model import EXACT, Hit, HoursState, Kind, Phone, Precision, Provenance, ServicePoint, Task
from locator.outputs import answer_files, exports
from locator.outputs.answer_files import HIT_COLUMNS, PEOPLE_COLUMNS
from locator.outputs.shapes import shape_point
from locator.settings import parse_moment

NOW = parse_moment("2026-11-23T10:00")
HOSTILE = (
    "=HYPERLINK(1)",
    "+1",
    "-1+cmd",
    "@SUM",
    "\t=1",
    "\r=1",
    '"<script>alert(1)</script>',
    "{{7*7}}",
    "’;--",
    '甲,乙;"丙"',
    " =1",
)


def office(point_id: str = "a-1", **fields) -> ServicePoint:
    """Return an office with most fields filled."""
    usual = {
        "name": "五里沟街道人社中心", "name_en": "Wuligou", "kind": Kind.COMMUNITY_CENTER, "kind_source": "街道人社中心",
        "province": "山东省", "city": "济南市", "district": "槐荫区", "township": "五里沟街道", "adcode": "370104",
        "address": "经四路478号", "phones": (Phone("0531-87920528", "窗口"), Phone("+4232366362")),
        "hours": "Mo-Fr 09:00-17:00; PH off", "hours_text": "工作日", "services": "补卡;换卡", "tasks": frozenset({Task.APPLY}),
        "not_tasks": frozenset({Task.MEDICAL}), "lon": 116.97, "lat": 36.66, "position": Precision.POI, "error_m": 45.0,
        "serves": ("370104005",), "serves_basis": "name", "wheelchair": True, "website": "https://x.cn", "notes": "注",
        "notes_en": "note", "provenance": Provenance(source="表", url="https://x.cn", date="2018-07-25", confidence="M", licence="facts"),
    }  # fmt: skip
    return ServicePoint(id=point_id, **(usual | fields))


def hit(rank: int = 1, **fields) -> Hit:
    """Return a hit of an office."""
    return Hit(
        rank=rank, point=office(**fields), distance_m=42.6654, approximate=False, tier=1, status=HoursState(state="unknown", reason="hours_unknown"),
        can_do=None,
    )  # fmt: skip


def rows_of(text_: str) -> list[list[str]]:
    """Return the cells of a CSV text with its mark."""
    assert text_.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text_[1:], newline="")))


@pytest.mark.parametrize("make", [answer_files.hits_to_spreadsheet, answer_files.hits_to_csv])
@pytest.mark.parametrize("lang", LANGS)
def test_no_cell_of_a_hits_file_starts_a_formula(make, lang):
    hits = [hit(n, name=name, address=name, notes=name, services=name) for n, name in enumerate(HOSTILE, 1)]
    for row in rows_of(make(hits, at=NOW, lang=lang)):
        for cell in row:
            assert not re.match(r"[=+@\t\r]|-(?!\d+(\.\d+)?$)", cell), cell


def test_a_hits_file_for_people_speaks_their_language():
    zh, en = (rows_of(answer_files.hits_to_spreadsheet([hit()], at=NOW, lang=lang)) for lang in ("zh", "en"))
    assert zh[0][:2] == ["序号", "名称"] and en[0][:2] == ["rank", "name"] and len(zh[0]) == len(PEOPLE_COLUMNS)
    assert text("names.kind.community-center", "zh") in zh[1] and text("names.kind.community-center", "en") in en[1]
    assert "五里沟街道人社中心" in en[1], "an office's name stays as it is"
    assert "note" in en[1] and "注" in zh[1]


def test_a_hits_file_for_programs_keeps_its_names():
    head, row = rows_of(answer_files.hits_to_csv([hit()], at=NOW))
    assert tuple(head) == HIT_COLUMNS
    found = dict(zip(head, row, strict=True))
    assert (found["rank"], found["distance_m"], found["kind"], found["lon"]) == (
        "1",
        "42.7",
        "community-center",
        "116.97",
    )
    assert (found["source"], found["source_date"], found["licence"]) == ("表", "2018-07-25", "facts")


@pytest.mark.parametrize(
    ("position", "pinned"), [(Precision.POI, True), (Precision.TOWNSHIP, False), (Precision.CITY, False), (None, False)]
)
def test_only_an_exact_position_gets_a_pin(position, pinned):
    one = hit(position=position, **({"lon": None, "lat": None} if position is None else {}))
    (feature,) = json.loads(answer_files.hits_to_geojson([one], at=NOW))["features"]
    assert (feature["geometry"] is not None) is pinned
    assert ("<Point>" in answer_files.hits_to_kml([one], at=NOW)) is pinned
    assert ("<Point>" in exports.points_to_kml([one.point])) is pinned


def test_geojson_is_rfc_7946_and_names_the_licences():
    collection = json.loads(exports.points_to_geojson([office(), office("b", lon=None, lat=None, position=None)]))
    assert collection["licences"] == ["facts"]
    first, second = collection["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [116.97, 36.66]} and first["id"] == "a-1"
    assert second["geometry"] is None and set(first["properties"]) <= set(COLUMNS)


def test_kml_is_well_formed_whatever_a_name_holds():
    points = [office(f"a-{n}", name=name + "\x0b\x00\ufffe]]>") for n, name in enumerate(HOSTILE)]
    root = ElementTree.fromstring(exports.points_to_kml(points, title="<&>"))
    names = [element.text for element in root.iter("{http://www.opengis.net/kml/2.2}name")]
    assert names[0] == "<&>" and len(names) == len(HOSTILE) + 1


cells = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Cf", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)


@given(cells, st.none() | cells)
def test_csv_comes_back_the_same(tmp_path_factory, name, address):
    point = office(name="所" + name, address=address and "路" + address)
    path = tmp_path_factory.mktemp("x") / "points.csv"
    exports.write_points([point], path)
    points, rejects = check_records(open_source("table", str(path)).records())
    if not rejects:
        assert points == [replace(point, name=points[0].name, address=points[0].address)]
    else:
        assert {r.code for r in rejects} <= {"markup", "too_long"}


@pytest.mark.parametrize("form", ["csv", "geojson", "gpkg"])
def test_every_format_that_can_be_imported_comes_back_the_same(tmp_path, form):
    points = [
        office(), office("b-2", name="无位置所", lon=None, lat=None, position=None, error_m=None, wheelchair=None, tasks=None),
        office("c-3", name="二所", lon=-0.1276, lat=-51.5, hours=None, hours_text=None, wheelchair=False),
    ]  # fmt: skip
    path = tmp_path / f"points.{form}"
    assert exports.write_points(iter(points), path) == 3
    back, rejects = check_records(open_source("table" if form == "csv" else "geojson", str(path)).records())
    assert rejects == [] and sorted(back, key=lambda p: p.id) == points


def test_geoparquet_comes_back_the_same(tmp_path):
    from locator.stores.files import read_layer

    points = [office(), office("b", lon=None, lat=None, position=None)]
    assert exports.write_points(points, tmp_path / "points.parquet") == 2
    assert list(read_layer(tmp_path / "points.parquet")[0].points()) == points
    assert gpd.read_parquet(tmp_path / "points.parquet").geometry.x[0] == 116.97


@pytest.mark.parametrize("form", exports.FORMATS)
def test_an_export_is_whole_or_not_there(tmp_path, form):
    path = tmp_path / f"points.{form}"

    def broken():
        yield office()
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError):
        exports.write_points(broken(), path)
    assert list(tmp_path.iterdir()) == []
    assert exports.write_points([], path) == 0 and path.is_file()


def test_an_unknown_format_is_misuse(tmp_path):
    with pytest.raises(InvalidInput, match="csv, geojson, kml, gpkg, parquet"):
        exports.write_points([], tmp_path / "points.doc")


@pytest.mark.parametrize("lang", LANGS)
def test_a_list_for_people_can_be_imported_again(lang):
    head = rows_of(exports.points_to_csv([office()], lang=lang))[0]
    fields = read_header(head, {}).fields
    assert {"id", "name", "kind", "address", "phones", "hours", "lon", "lat", "source", "datum"} <= set(fields)


@pytest.mark.parametrize("lang", [None, *LANGS])
def test_no_cell_of_a_points_file_starts_a_formula(lang):
    points = [office(f"a-{n}", name=name, notes=name) for n, name in enumerate(HOSTILE)]
    for row in rows_of(exports.points_to_csv(points, lang=lang)):
        assert not any(re.match(r"[=+@\t\r]|-(?!\d+(\.\d+)?$)", cell) for cell in row)


def test_the_whole_layer_goes_out_and_comes_back(locator, tmp_path):
    points = list(locator.points())
    exports.write_points(points, tmp_path / "all.csv")
    back, rejects = check_records(open_source("table", str(tmp_path / "all.csv")).records())
    assert [r for r in rejects if r.severity != "doubt"] == []
    assert back == [replace(point, origins={}) for point in points]  # each row is one source's again


def test_an_office_of_two_sources_is_shown_under_both_licences():
    odbl = Provenance(source="OpenStreetMap", licence="ODbL 1.0, © OpenStreetMap contributors")
    point = replace(office(), origins={"lon": odbl})
    both = f"{office().provenance.licence}; {odbl.licence}"
    assert shape_point(point)["provenance"]["licence"] == both
    assert both in rows_of(exports.points_to_csv([point], lang="en"))[1]
    assert odbl.licence in exports.points_to_csv([point]) and odbl.licence in exports.points_to_geojson([point])


@pytest.mark.parametrize("form", ["gpkg", "geojson", "kml"])
def test_gdal_reads_every_export_with_its_precision(tmp_path, form):
    points = [office(), office("b-2", name="二所", position=Precision.DISTRICT, error_m=9000.0)]
    exports.write_points(points, tmp_path / f"points.{form}")
    frame = pyogrio.read_dataframe(tmp_path / f"points.{form}")
    assert len(frame) == 2 and frame.crs.to_epsg() == 4326
    shown = frame.geometry[frame.geometry.notna()]
    assert shown.geom_type.eq("Point").all() and len(shown) == (1 if form == "kml" else 2), "KML cannot say how exact"
    assert shown.x.tolist() == pytest.approx([p.lon for p in points][: len(shown)])
    if form != "kml":
        assert frame["position"].tolist() == [str(p.position) for p in points]
        assert frame["name"].tolist() == [p.name for p in points] and frame["error_m"].tolist()[1] == 9000


def test_a_spreadsheet_reads_the_csv_as_it_is(tmp_path):
    exports.write_points([office(name='一所, "东"', address="某路1号\n二楼")], tmp_path / "points.csv")
    raw = (tmp_path / "points.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf"), "without the mark a spreadsheet takes it for GB18030"
    frame = pandas.read_csv(tmp_path / "points.csv", dtype=str)
    assert frame["name"].tolist() == ['一所, "东"'] and list(frame.columns)[:2] == list(exports.POINT_COLUMNS)[:2]


def test_geoparquet_says_what_the_standard_asks(tmp_path):
    """https://geoparquet.org/releases/v1.1.0/: version, primary column, its encoding and kinds, a box around all."""
    exports.write_points([office(), office("b", lon=None, lat=None, position=None)], tmp_path / "points.parquet")
    schema = pyarrow.parquet.read_schema(tmp_path / "points.parquet")
    geo = json.loads(schema.metadata[b"geo"])
    column = geo["columns"][geo["primary_column"]]
    assert geo["version"] == "1.1.0" and column["encoding"] == "point" and column["geometry_types"] == ["Point"]
    assert "crs" not in column, "left out it is OGC:CRS84, longitude first"
    assert len(column["bbox"]) == 4 and column["bbox"][0] == column["bbox"][2] == 116.97
    kind = schema.field(geo["primary_column"]).type
    assert [(field.name, str(field.type)) for field in kind] == [("x", "double"), ("y", "double")]


def test_a_geopackage_has_its_style_beside_it(tmp_path):
    exports.write_points([office()], tmp_path / "points.gpkg")
    style = ElementTree.parse(tmp_path / "points.qml").getroot()
    rules = {rule.get("symbol"): rule.get("filter") for rule in style.iter("rule")}
    symbols = {symbol.get("name") for symbol in style.iter("symbol")}
    assert set(rules) == symbols and rules["1"] == "ELSE"
    for precision in Precision:
        assert (f"'{precision}'" in rules["0"]) is (precision in EXACT)
    columns = pyogrio.read_info(tmp_path / "points.gpkg")["fields"].tolist()
    assert "position" in columns and '"position"' in rules["0"]
