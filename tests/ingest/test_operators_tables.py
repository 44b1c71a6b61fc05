"""Tables of three more operators: forms, bank lists, map services' answers, archives; and what nobody sees of a sheet."""

from __future__ import annotations

import json
import zipfile

import openpyxl
import pyarrow as pa
import pytest

from locator.datum import Datum
from locator.errors import SourceError
from locator.i18n import explain
from locator.ingest import open_source
from locator.ingest.positions import doubt_places
from locator.ingest.validate import Checker
from locator.layer import SCHEMA, Layer

HEAD = "名称,地址,电话\n"
ROW = "甲社保中心,经十路1号,0531-88923656\n"


def check(path, kind="table", **options):
    """Return the points of a file, its faults as (row, column, code), and the source."""
    source = open_source(kind, str(path), **options)
    checker = Checker(datum=source.datum)
    points = list(checker.check(source.records()))
    return points, [(issue.row, issue.column, issue.code) for issue in checker.rejects], source


def check_text(tmp_path, text, name="t.csv", **options):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return check(path, **options)


# --- what is on the sheet and no office


@pytest.mark.parametrize(
    "hint", ["（全称）,（到门牌号）,（含区号）", "文本,文本,文本", "必填,必填,选填", "string,string,string"]
)
def test_what_a_form_says_under_its_header_is_no_office(tmp_path, hint):
    points, faults, _ = check_text(tmp_path, f"{HEAD}{hint}\n{ROW}")
    assert [p.name for p in points] == ["甲社保中心"] and faults == [(2, "name", "header_row")]


@pytest.mark.parametrize(
    "name",
    ["示例：某区社保中心", "XX区社保中心", "某某街道便民服务中心", "乙社保中心（示例）", "0531-88923656", "——12345"],
)
def test_an_example_or_a_number_is_no_office(tmp_path, name):
    points, faults, _ = check_text(tmp_path, f"{HEAD}{name},经十路9号,0531-88923657\n{ROW}")
    assert [p.name for p in points] == ["甲社保中心"] and faults == [(2, "name", "remark_row")]


@pytest.mark.parametrize("name", ["★甲社保中心", "甲社保中心*", "●甲社保中心※", "☆ 甲社保中心"])
def test_marks_are_not_part_of_a_name(tmp_path, name):
    assert check_text(tmp_path, f"{HEAD}{name},经十路1号,12333\n")[0][0].name == "甲社保中心"


@pytest.mark.parametrize("pairs", [1, 2])
def test_an_office_in_lines_of_its_own(tmp_path, pairs):
    offices = [("甲社保中心", "经十路1号", "0531-88923656"), ("乙社保中心", "经十路2号", "0531-88923657")]
    lines = []
    for office in offices:
        told = [f"{label}：,{cell}" for label, cell in zip(("单位名称", "单位地址", "联系电话"), office, strict=True)]
        lines += [",".join(told[n : n + pairs]) for n in range(0, len(told), pairs)] + [""]
    points, faults, _ = check_text(tmp_path, "济南市社保经办机构\n" + "\n".join(lines))
    assert [(p.name, p.address, p.phones[0].number) for p in points] == offices and faults == []


# --- which column is meant


@pytest.mark.parametrize(
    ("head", "cells", "address"),
    [
        ("原地址,现地址", "老街9号,经十路1号", "经十路1号"),
        ("地址,新地址", "老街9号,经十路1号", "经十路1号"),
        ("新址,地址", ",经十路1号", "经十路1号"),
        ("旧地址,地址", "老街9号,经十路1号", "经十路1号"),
    ],
)
def test_the_newer_address_counts(tmp_path, head, cells, address):
    assert check_text(tmp_path, f"名称,{head}\n甲社保中心,{cells}\n")[0][0].address == address


@pytest.mark.parametrize("other", ["投诉电话", "监督电话", "主管部门电话", "上级单位电话", "传真电话"])
def test_others_telephones_are_not_the_offices_and_told(tmp_path, other):
    points, _, source = check_text(tmp_path, f"名称,{other},电话\n甲社保中心,0531-12345678,0531-88923656\n")
    assert [phone.number for phone in points[0].phones] == ["0531-88923656"] and other in source.ignored


def test_people_before_their_numbers(tmp_path):
    rows = '甲社保中心,李四13805310001 王五13905310002\n乙社保中心,"0531-88923656，传真0531-88923657"\n'
    points, faults, _ = check_text(tmp_path, f"名称,联系人及电话\n{rows}")
    assert [[phone.number for phone in p.phones] for p in points] == [["13805310001", "13905310002"], ["0531-88923656"]]
    assert faults == []


def test_states_under_a_header_nobody_knows(tmp_path):
    rows = "甲社保中心,正常办公\n乙社保中心,已合并至甲\n丙社保中心,装修停业至2026年3月\n"
    points, faults, source = check_text(tmp_path, f"名称,目前怎样\n{rows}")
    assert [p.name for p in points] == ["甲社保中心"] and source.guessed == {"目前怎样": "status"}
    assert faults == [(3, "status", "status_closed"), (4, "status", "status_closed")]


@pytest.mark.parametrize(
    ("head", "open_word", "closed_word"),
    [
        ("启用", "是", "否"),
        ("在用", "1", "0"),
        ("active", "TRUE", "FALSE"),
        ("停用", "否", "是"),
        ("is_open", "yes", "no"),
    ],
)
def test_yes_and_no_under_a_word_for_open_or_closed(tmp_path, head, open_word, closed_word):
    text = f"名称,地址,{head}\n甲社保中心,经十路1号,{open_word}\n乙社保中心,经十路2号,{closed_word}\n"
    points, faults, _ = check_text(tmp_path, text)
    assert [p.name for p in points] == ["甲社保中心"] and faults == [(3, "status", "status_closed")]


@pytest.mark.parametrize("note", ["2024年5月起搬至经十路100号办公", "业务已移交乙街道", "现迁往政务中心"])
def test_a_note_that_speaks_of_a_move_is_a_doubt(tmp_path, note):
    assert check_text(tmp_path, f"名称,地址,备注\n甲社保中心,经十路1号,{note}\n")[1] == [(2, "notes", "says_closed")]


@pytest.mark.parametrize(
    ("bank", "outlet", "name"),
    [
        ("工商银行", "解放路支行", "工商银行解放路支行"),
        ("工商银行", "中国工商银行解放路支行", "中国工商银行解放路支行"),
        ("农商行", "甲信用社", "甲信用社"),
        ("", "解放路支行", "解放路支行"),
        ("工商银行", "甲社保中心", "甲社保中心"),
    ],
)
def test_whose_the_outlet_is(tmp_path, bank, outlet, name):
    points, _, source = check_text(tmp_path, f"银行,网点名称,地址\n{bank},{outlet},经十路1号\n")
    assert points[0].name == name and "银行" not in source.ignored


@pytest.mark.parametrize("cell", ['"117.0221E, 36.6512N"', "N36.6512 E117.0221"])
def test_a_pair_with_its_sides_under_any_header(tmp_path, cell):
    (point,), _, source = check_text(tmp_path, f"名称,位置\n甲社保中心,{cell}\n")
    assert (point.lon, point.lat) == (117.0221, 36.6512) and source.guessed == {"位置": "lonlat"}


def test_a_tab_parts_cells_that_go_over_lines(tmp_path):
    text = '名称\t地址\t电话\n"甲社保中心"\t"经十路1号\n（东门）"\t"0531-88923656\n0531-88923657"\n'
    (point,), faults, _ = check_text(tmp_path, text)
    assert (point.address, len(point.phones), faults) == ("经十路1号 （东门）", 2, [])


def test_entities_of_a_web_page_in_a_cell(tmp_path):
    (point,), faults, _ = check_text(tmp_path, "名称,地址\n甲社保中心,经十路1号&nbsp;A座&amp;B座\n")
    assert (point.address, faults) == ("经十路1号 A座&B座", [])


# --- positions that are no office's


def test_positions_that_many_addresses_share_and_degrees_without_fractions():
    def doubts(*places):
        rows = [
            {"id": f"a-{n}", "name": f"甲{n}", "kind": "other", "status": "listed", "source": "t", "address": address,
             "lon": lon, "lat": lat, "position": "poi"}
            for n, (address, lon, lat) in enumerate(places)
        ]  # fmt: skip
        given = {row["id"]: (row["lon"], row["lat"]) for row in rows}
        return {
            code: told["count"] for code, told in doubt_places(Layer(pa.Table.from_pylist(rows, schema=SCHEMA)), given)
        }

    same = [(f"经{n}路1号", 117.0221, 36.6512) for n in range(4)]
    assert doubts(*same, ("经九路1号", 117.0333, 36.6111)) == {"positions_shared": 4}
    assert doubts(*[("经十路1号", 117.0221, 36.6512)] * 4) == {}
    assert doubts(("经十路1号", 117.02, 36.65), ("经十路2号", 117.0, 36.0), ("经十路3号", 117.021, 36.65)) == {
        "positions_rough": 2
    }
    assert doubts(("经十路1号", -117.0221, 36.6512), ("经十路2号", 117.0221, 36.6513)) == {"positions_abroad": 1}
    assert doubts(("1 Main St", -117.0221, 36.6512), ("2 Main St", -117.0222, 36.6513)) == {}


# --- answers of map services

POI = {
    "id": "B1",
    "name": "甲社保中心",
    "address": "解放东路9号",
    "tel": "0531-88923656",
    "location": "117.0761,36.6662",
}


def test_photographs_make_no_further_offices(tmp_path):
    photos = [{"title": "门脸", "url": "http://a/1.jpg"}, {"title": "大厅", "url": "http://a/2.jpg"}]
    content = {"pois": [{**POI, "pname": "山东省", "cityname": "济南市", "adname": "历下区", "photos": photos}]}
    (point,), faults, source = check_text(tmp_path, json.dumps(content), "t.json")
    assert (point.website, faults, source.datum) == (None, [], Datum.GCJ02) and "photos" in source.ignored


def test_tencents_answer_is_in_its_datum(tmp_path):
    each = {
        "id": "1", "title": "甲社保中心", "address": "解放东路9号", "tel": "0531-88923656", "category": "机构", "type": 0,
        "location": {"lat": 36.6662, "lng": 117.0761}, "ad_info": {"adcode": 370102, "city": "济南市", "district": "历下区"},
    }  # fmt: skip
    (point,), _, source = check_text(tmp_path, json.dumps({"status": 0, "data": [each]}), "t.json")
    assert (source.datum, point.adcode, point.city, point.district) == (Datum.GCJ02, "370102", "济南市", "历下区")
    assert point.lon == pytest.approx(117.0700, abs=1e-3)


def test_members_and_outlines_of_overpass_are_no_offices_and_a_building_has_a_middle(tmp_path):
    box = {"minlat": 36.67, "minlon": 117.08, "maxlat": 36.6704, "maxlon": 117.0806}
    wide = {"minlat": 36.6, "minlon": 117.0, "maxlat": 36.7, "maxlon": 117.1}
    way = {"type": "way", "id": 2, "bounds": box, "geometry": [{"lat": 36.67, "lon": 117.08}] * 3, "tags": {"name": "甲政务服务中心"}}  # fmt: skip
    relation = {"type": "relation", "id": 3, "bounds": wide, "members": [{"type": "way", "ref": 1, "role": "outer"}] * 2, "tags": {"name": "乙社保中心"}}  # fmt: skip
    points, faults, _ = check_text(tmp_path, json.dumps({"elements": [way, relation]}), "t.json")
    assert [(p.id, p.lon and round(p.lon, 5)) for p in points] == [("way-2", 117.0803), ("relation-3", None)]
    assert faults == []


# --- web pages


def test_a_table_in_a_cell_of_another_and_what_a_browser_does_not_show(tmp_path):
    inner = (
        "<table><tr><th>名称</th><th>地址</th><th style='display: none'>电话</th></tr>"
        "<tr><td>甲社保中心<script>var a = 1;</script></td><td>经十路1号</td><td style='display:none'>12333</td></tr>"
        "<tr style='display:none'><td><s>乙社保中心</s></td><td>经十路2号</td><td></td></tr></table>"
    )
    page = f"<html><table><tr><td>导航</td><td>{inner}</td></tr></table></html>"
    points, _, source = check_text(tmp_path, page, "t.xls")
    assert [(p.name, p.address) for p in points] == [("甲社保中心", "经十路1号"), ("乙社保中心", "经十路2号")]
    assert (source.unseen.rows, source.unseen.struck, source.hidden_columns) == (1, 1, ("电话",))


# --- workbooks


def test_hidden_columns_and_struck_cells_of_a_workbook_are_told(tmp_path):
    book = openpyxl.Workbook()
    for row in (["名称", "电话", "地址", "内部号"], ["甲社保中心", "12333", "经十路1号", "7"]):
        book.active.append(row)
    book.active["C2"].font = openpyxl.styles.Font(strike=True)
    book.active.column_dimensions["B"].hidden = True
    book.active.column_dimensions["D"].hidden = True  # nobody's: not read
    book.save(tmp_path / "t.xlsx")
    _, _, source = check(tmp_path / "t.xlsx")
    assert (source.unseen.struck, source.hidden_columns, source.sheets_read) == (1, ("电话",), ())


def test_several_sheets_that_are_read_are_told(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "2025"
    for sheet in (book.active, book.create_sheet("2024")):
        sheet.append(["名称", "地址"])
        sheet.append(["甲社保中心", f"经十路{sheet.title}号"])
    book.save(tmp_path / "t.xlsx")
    assert check(tmp_path / "t.xlsx")[2].sheets_read == ("2025", "2024")
    assert check(tmp_path / "t.xlsx", sheet="2025")[2].sheets_read == ()


MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" '
    'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)
ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="A&amp;B"><table:table-column/><table:table-column table:visibility="collapse"/>'
    "{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
)


def test_hidden_columns_and_rows_of_an_opendocument_are_told(tmp_path):
    def row(*cells, how=""):
        told = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in cells
        )
        return f"<table:table-row{how}>{told}</table:table-row>"

    rows = (
        row("名称", "电话") + row("甲社保中心", "12333") + row("乙社保中心", "12333", how=' table:visibility="filter"')
    )
    rows += '<table:table-row table:visibility="collapse" table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>'
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", ODS.format(rows=rows))
    points, _, source = check(tmp_path / "t.ods")
    assert len(points) == 2 and (source.unseen.rows, source.hidden_columns) == (1, ("电话",))


# --- archives, KML, GPX

KML = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
POINT = "<Point><coordinates>117.0221,36.6512</coordinates></Point>"


@pytest.mark.parametrize(
    "inside",
    [
        "<name>甲</name><address>经十路1号</address><phoneNumber>0531-88923656</phoneNumber>" + POINT,
        "<name>甲</name><phoneNumber><![CDATA[0531-88923656]]></phoneNumber><address>经十路1号</address>"
        "<ExtendedData><Data name='备注'><value>x</value></Data></ExtendedData>" + POINT,
        "<name>甲</name><description><![CDATA[<address>别处</address>]]></description>"
        "<address>经十路1号</address><!-- <address>旧</address> --><phoneNumber>0531-88923656</phoneNumber>" + POINT,
    ],
)
def test_the_address_and_the_telephone_of_a_placemark(tmp_path, inside):
    text = KML.format(f"<Placemark>{inside}</Placemark><Placemark id='2'><name>乙</name>{POINT}</Placemark>")
    points, _, _ = check_text(tmp_path, text, "t.kml", kind="geojson")
    assert [(p.name, p.address, [n.number for n in p.phones]) for p in points] == [
        ("甲", "经十路1号", ["0531-88923656"]),
        ("乙", None, []),
    ]


def test_tags_of_a_placemark_that_are_never_closed_cost_no_time(tmp_path):
    text = KML.format("<Placemark><address><phoneNumber>" * 100_000)
    with pytest.raises(SourceError):
        check_text(tmp_path, text, "t.kml", kind="geojson")


def test_waypoints(tmp_path):
    text = (
        '<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
        '<wpt lat="36.6512" lon="117.0221"><name>甲社保中心</name><desc>地址：经十路1号</desc></wpt>'
        '<trk><name>路</name><trkseg><trkpt lat="36.6" lon="117"/></trkseg></trk></gpx>'
    )
    (point,), _, _ = check_text(tmp_path, text, "t.gpx", kind="geojson")
    assert (point.name, point.address, point.lon, point.lat) == ("甲社保中心", "经十路1号", 117.0221, 36.6512)


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_an_archive_of_one_file_is_that_file_and_leaves_nothing(tmp_path, monkeypatch):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    path = zipped(
        tmp_path / "网点.zip", **{"../../etc/网点.csv": HEAD + ROW, "说明.txt": "x", "__MACOSX/._网点.csv": "x"}
    )
    points, _, source = check(path)
    assert [p.name for p in points] == ["甲社保中心"] and source.name == "网点"
    assert [file.name for file in folder.rglob("*.csv")] == ["网点.csv"]
    del source
    assert list(folder.iterdir()) == []


def test_an_archive_of_placemarks(tmp_path):
    inside = f"<Placemark><name>甲社保中心</name>{POINT}</Placemark>"
    path = zipped(tmp_path / "t.kmz", **{"doc.kml": KML.format(inside), "more/other.kml": KML.format(""), "a.png": "x"})
    assert [p.name for p in check(path)[0]] == ["甲社保中心"]


def test_an_archive_of_a_shapefile(tmp_path):
    import geopandas
    import shapely

    frame = geopandas.GeoDataFrame({"name": ["甲社保中心"]}, geometry=[shapely.Point(117, 36)], crs=4326)
    frame.to_file(tmp_path / "in.shp", encoding="utf-8")
    files = {f"图/{p.name}": p.read_bytes() for p in tmp_path.glob("in.*")}
    (point,), _, _ = check(zipped(tmp_path / "t.zip", **files))
    assert (point.name, point.lon) == ("甲社保中心", 117.0)


def test_an_archive_that_swells_or_is_broken_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("locator.files.MAX_MEMBER", 1 << 20)
    swollen = zipped(tmp_path / "t.zip", **{"a.csv": "名称\n" + "甲" * (2 << 20)})
    broken = tmp_path / "u.zip"
    content = bytearray(zipped(tmp_path / "w.zip", **{"a.csv": HEAD + ROW}).read_bytes())
    content[45] ^= 0xFF  # of the packed bytes
    broken.write_bytes(content)
    for path, code in ((swollen, "workbook_swollen"), (broken, "archive_broken")):
        with pytest.raises(SourceError) as caught:
            open_source("table", str(path))
        assert caught.value.code == code
        assert all(path.name in explain(caught.value, lang) for lang in ("zh", "en"))
