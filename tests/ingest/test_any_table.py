"""Tables and features as operators bring them: each kind of fault that used to cost a file, a row or the truth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import yaml
from xls_file import write_xls

from locator.cli.data import write_mapping
from locator.errors import LocatorError, SourceError
from locator.files import FEATURES, find_format
from locator.files.isolated import DRIVERS
from locator.files.workbooks import MAX_STRINGS, check_openpyxl
from locator.ingest import open_source
from locator.ingest.headers import read_header
from locator.ingest.positions import read_degrees, read_position, split_pair
from locator.ingest.tables import TableSource, describe_columns
from locator.ingest.validate import Checker, check_records
from locator.ingest.values import read_phones
from locator.ingest.vector import VectorSource
from locator.layer import Layer
from locator.model import Kind
from locator.stores.files import to_geo_table, write_table

ROOT = Path(__file__).parents[2]


def read(path, kind="table", **options):
    """Return the points of a file, and what was wrong with it."""
    source = open_source(kind, str(path), **options)
    return check_records(source.records(), datum=source.datum)


def write(path, text, encoding="utf-8"):
    path.write_text(text, encoding)
    return path


# --- columns by their names, by words like them, by what stands in them

NAME_HEADERS = [
    "医院名称",
    "支行名称",
    "服务网点",
    "网点",
    "受理点名称",
    "名稱",
    "機構名稱",
    "社保所名称",
    "办理网点名称",
    "窗口单位",
    "机构全称",
    "人社中心名称",
    "Name",
    "FACILITY_NAME",
    "Branch-Name",
    "office_name",
    "服务大厅",
    "经办机构名称",
    "社区名称（全称）",
    "单位名称*",
]


@pytest.mark.parametrize("head", [*NAME_HEADERS, "Branch Name", "Name of Office"])
def test_a_name_is_known_by_words_like_it(tmp_path, head):
    path = write(tmp_path / "t.csv", f"序号,{head},地址,电话\n1,甲区社会保险中心,经四路1号,0531-88923656\n")
    (point,), _ = read(path)
    assert (point.name, point.address, point.phones[0].number) == ("甲区社会保险中心", "经四路1号", "0531-88923656")


def test_columns_are_known_by_what_stands_in_them(tmp_path):
    path = write(
        tmp_path / "t.csv",
        "A列,B列,C列,D列,E列,F列\n"
        "甲区社会保险中心,济南市槐荫区经四路478号,0531-88923656,117.02081,36.65421,人社局\n"
        "乙街道人社中心,济南市槐荫区经五路1号,0531-88923657,117.03081,36.66421,人社局\n",
    )
    source = open_source("table", str(path))
    first, second = check_records(source.records()).points
    assert (first.name, first.address, first.phones[0].number) == (
        "甲区社会保险中心",
        "济南市槐荫区经四路478号",
        "0531-88923656",
    )
    assert (second.lon, second.lat) == (117.03081, 36.66421)
    assert source.guessed == {"A列": "name", "B列": "address", "C列": "phones", "D列": "lon", "E列": "lat"}
    assert source.ignored == ("F列",)


def test_what_all_rows_belong_to_is_not_their_name(tmp_path):
    rows = "".join(f"某市人力资源和社会保障局,乙{n}街道办事处,某路{n}号\n" for n in range(1, 9))
    path = write(tmp_path / "t.csv", "甲,乙,丙\n" + rows)
    assert [p.name for p in read(path).points][:2] == ["乙1街道办事处", "乙2街道办事处"]


def test_a_refusal_lists_the_columns_and_the_mapping_file_leads_on(tmp_path):
    path = write(tmp_path / "t.csv", "k1,k2\n甲,一路1号\n乙,二路2号\n")
    with pytest.raises(SourceError) as caught:
        read(path)
    assert caught.value.code == "header_unknown" and "k1 (甲)" in str(caught.value.params["columns"])
    mapping = tmp_path / "m.yaml"
    write_mapping(mapping, "t.csv", caught.value.seen_columns)
    content = yaml.safe_load(mapping.read_text("utf-8"))
    assert content["columns"] == {"k1": "ignore", "k2": "ignore"}
    mapping.write_text(mapping.read_text("utf-8").replace('"k1": ignore', '"k1": name'), "utf-8")
    assert [p.name for p in read(path, mapping=str(mapping)).points] == ["甲", "乙"]


def test_the_command_writes_the_mapping_file(tmp_path, monkeypatch, capsys, data_folder):
    from locator.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCATOR_DATA", str(data_folder))
    write(tmp_path / "t.csv", "k1,k2\n甲,一路1号\n")
    assert main(["import", "table", "t.csv", "--dry-run", "--lang", "en"]) == 1
    assert "t.mapping.yaml" in capsys.readouterr().err and (tmp_path / "t.mapping.yaml").is_file()


def test_a_mapping_matches_the_header_as_it_stands_in_the_file(tmp_path):
    path = write(tmp_path / "t.csv", "Name  of Place ,address\nAlpha,1 Road\n")
    for key in ("Name  of Place ", "Name of Place", " Name of Place"):
        mapping = write(tmp_path / "m.yaml", yaml.safe_dump({"columns": {key: "name"}}))
        assert [p.name for p in read(path, mapping=str(mapping)).points] == ["Alpha"]


def test_the_names_of_columns_a_mapping_may_use():
    assert list(describe_columns(["电话", "电话", " x "], [["", "2", "3"], ["1", "", ""]])) == [
        ("电话", "1"), ("电话#2", "2"), ("x", "3"),
    ]  # fmt: skip
    header = read_header(["名称", "电话", "电话"], {})
    assert header is not None and header.names == ("名称", "电话", "电话#2")


@pytest.mark.parametrize(
    "days",
    [
        "周一 周二 周三 周四 周五 周六 周日",
        "星期一 星期二 星期三 星期四 星期五 星期六 星期日",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    ],
)
def test_seven_columns_for_the_days(tmp_path, days):
    head = ",".join(["名称", *days.split()])
    path = write(tmp_path / "t.csv", f"{head}\n甲局" + ',"9:00-12:00 13:30-17:00"' * 5 + ",9:00～11:30,休息\n")
    (point,), issues = read(path)
    assert not issues and point.hours == "Mo-Fr 09:00-12:00,13:30-17:00; Sa 09:00-11:30; Su off"


def test_a_day_without_a_word_is_unknown_and_an_afternoon_is_one(tmp_path):
    head = "名称,周一,周二,周三,周四,周五,周六,周日"
    path = write(tmp_path / "t.csv", f"{head}\n甲局,下午2:00-5:00,下午2:00-5:00,休息,预约,9:00-12:00,,\n")
    (point,), _ = read(path)
    assert point.hours == 'Mo-Tu 14:00-17:00; We off; Th unknown "预约"; Fr 09:00-12:00; Sa-Su unknown'


# --- ids


def test_running_numbers_are_no_ids_and_ids_do_not_change(tmp_path):
    def ids(text):
        return {p.name: p.id for p in read(write(tmp_path / "t.csv", text)).points}

    first = ids("编号,名称,地址\n1,甲局,一路1号\n2,乙局,二路2号\n")
    moved = ids("编号,名称,地址,城市,电话\n1,戊局,五路5号,,\n2,甲局,一路1号,济南市,12333\n3,乙局,二路2号,,\n")
    assert first == {name: moved[name] for name in first}
    assert len(ids("编号,区县,名称,地址\n1,历下区,甲,一路\n1,市中区,乙,二路\n1,天桥区,丙,三路\n")) == 3
    assert ids("id,名称\n1,甲局\n")["甲局"] != "1"
    mapping = write(tmp_path / "m.yaml", "columns: {编号: id}\n")
    points, _ = read(write(tmp_path / "t.csv", "编号,名称\n17,甲局\n"), mapping=str(mapping))
    assert points[0].id == "17"


# --- formats


def workbook(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def spreadsheet_ods(path, rows):
    """Write an OpenDocument spreadsheet with the little that one needs."""
    cells = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in row)
        + "</table:table-row>"
        for row in rows
    )
    names = ["office", "table", "text"]
    space = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in names)
    content = (
        f'<?xml version="1.0"?><office:document-content {space} office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="Sheet1">{cells}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return path


ROWS = [["名称", "地址", "电话"], ["甲社保中心", "经四路1号", "0531-88923656"], ["乙社保中心", "经四路2号", "12333"]]
HTML = "<html><meta charset=utf-8><table>" + "".join(
    "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in ROWS
) + "</table></html>"  # fmt: skip
OBJECTS = [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]


@pytest.mark.parametrize(
    "form", ["csv", "xlsx", "xls", "ods", "html", "html.xls", "json", "jsonl", "wrapped.json", "parquet"]
)
@pytest.mark.parametrize("kind", ["table", "geojson"])
def test_every_format_of_rows_gives_the_same_points(tmp_path, form, kind):
    path = tmp_path / f"t.{form}"
    match form:
        case "csv":
            write(path, "\n".join(",".join(row) for row in ROWS))
        case "xlsx":
            workbook(path, ROWS)
        case "xls":
            write_xls(path, {"Sheet1": ROWS})
        case "ods":
            spreadsheet_ods(path, ROWS)
        case "html" | "html.xls":
            write(path, HTML)
        case "json":
            write(path, json.dumps(OBJECTS, ensure_ascii=False))
        case "wrapped.json":
            write(path, json.dumps({"code": 0, "data": OBJECTS}, ensure_ascii=False))
        case "jsonl":
            write(path, "\n".join(json.dumps(each, ensure_ascii=False) for each in OBJECTS))
        case "parquet":
            pq.write_table(pa.Table.from_pylist(OBJECTS), path)
    points, issues = read(path, kind if form != "html.xls" else "table")
    assert [(p.name, p.address, p.phones[0].number) for p in points] == [
        ("甲社保中心", "经四路1号", "0531-88923656"), ("乙社保中心", "经四路2号", "12333"),
    ]  # fmt: skip
    assert issues == []


def test_a_workbook_of_old_excel(tmp_path):
    head = ["名称", "地址", "经度", "纬度", "联系电话", "备注"]
    rows = [[f"{n}号社保中心", f"经{n}路{n}号", 117.0 + n / 1000, 36.6, 53188920000.0 + n, None] for n in range(1, 400)]
    sheets = {
        "内部": [head, ["不公开的所", "一路", 117.0, 36.6, None, None]],
        "公开": [["办事点一览"], [], head, *rows],
    }
    path = write_xls(tmp_path / "offices.dat", sheets, hidden=["内部"])
    assert find_format(path) == "xls"
    source = TableSource(str(path))
    points, issues = check_records(source.records(), datum=source.datum)
    assert len(points) == 399 and issues == [] and source.hidden_sheets == ("内部",)
    last = points[-1]
    assert (last.name, last.lon, last.phones[0].number) == ("399号社保中心", 117.399, "0531-88920399")
    chosen = TableSource(str(path), sheet="内部")
    assert [record.fields["name"] for record in chosen.records()] == ["不公开的所"]


@pytest.mark.parametrize("kept", [600, 2048, 5000])
def test_a_cut_workbook_of_old_excel_is_told(tmp_path, kept):
    rows = [["名称"], *[[f"{n}号社保中心"] for n in range(800)]]
    path = write_xls(tmp_path / "offices.xls", {"Sheet1": rows})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(SourceError, match=r"offices\.xls"):
        list(TableSource(str(path)).records())


def test_our_own_export_comes_back(tmp_path):
    points = read(
        write(
            tmp_path / "t.csv", "名称,地址,经度,纬度,来源日期\n甲局,一路1号,117.02,36.67,2024-05-06\n乙局,二路2号,,,\n"
        )
    ).points
    write_table(to_geo_table(Layer.from_points(points)), tmp_path / "own.parquet")
    again = read(tmp_path / "own.parquet").points
    assert [(p.id, p.name, p.lon, p.lat, p.provenance) for p in again] == [
        (p.id, p.name, p.lon, p.lat, p.provenance) for p in points
    ]


@pytest.mark.parametrize(
    ("start", "form"),
    [(b"\xd0\xcf\x11\xe0", "xls"), (b"PAR1", "parquet"), (b"SQLite format 3\0", "gpkg"), (b"%PDF-1.4", "pdf"),
     (b"PK\x03\x04x", "zip"), (b"<?xml?><kml/>", "kml"), (b"<!DOCTYPE html>", "html"), (b"<a/>", "xml"),
     (b'{"type": "FeatureCollection"', "geojson"), (b"[{}]", "json"), (b"a,b", "csv"), (b"", "empty")],
)  # fmt: skip
def test_the_format_is_in_the_content(tmp_path, start, form):
    path = tmp_path / "f.bin"
    path.write_bytes(start)
    assert find_format(path) == form


def test_a_far_cell_is_one_sentence_and_no_crash(tmp_path):
    """A workbook that asks for 500 GB in the reader of OpenDocument and old Excel files."""
    rows = '<table:table-row table:number-rows-repeated="900000"><table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
    path = spreadsheet_ods(tmp_path / "t.ods", ROWS[:1])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    far = (
        rows
        + '<table:table-row><table:table-cell table:number-columns-repeated="16000"/><table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row></table:table>'
    )
    parts["content.xml"] = parts["content.xml"].replace(b"</table:table>", far.encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(SourceError) as caught:
        read(path)
    assert caught.value.code in ("workbook_broken", "header_unknown", "too_many_columns")


def test_millions_of_shared_strings_are_refused_at_once(tmp_path):
    path = workbook(tmp_path / "t.xlsx", ROWS)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        words = "".join(f"<si><t>{n}</t></si>" for n in range(MAX_STRINGS + 1000))
        archive.writestr("xl/sharedStrings.xml", f"<sst>{words}</sst>")
    with pytest.raises(SourceError) as caught:
        read(path)
    assert caught.value.code == "workbook_swollen"


def test_what_is_reached_into_of_openpyxl_is_there():
    assert check_openpyxl() == []


# --- one driver for each ending, nothing else

LINKS = {
    "vrt": '<OGRVRTDataSource><OGRVRTLayer name="passwd"><SrcDataSource>CSV:{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
    "gdalg": '{{"type": "gdal_streamed_alg", "command_line": "gdal vector read {secret}", "relative_paths_relative_to_this_file": false}}',
    "wfs": "<OGRWFSDataSource><URL>http://127.0.0.1:{port}/wfs</URL></OGRWFSDataSource>",
    "csw": "<OGRCSWDataSource><URL>http://127.0.0.1:{port}/csw</URL></OGRCSWDataSource>",
    "oapif": '{{"links": [{{"rel": "data", "href": "http://127.0.0.1:{port}/collections"}}]}}',
    "esri": '{{"displayFieldName": "name", "geometryType": "esriGeometryPoint", "features": []}}',
    "topo": '{{"type": "Topology", "objects": {{"name": {{"type": "Point", "coordinates": [1, 2]}}}}}}',
    "http": "http://127.0.0.1:{port}/x.geojson",
    "vsi": "/vsicurl/http://127.0.0.1:{port}/x.geojson",
    "gml": '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"><name>x</name></gml:FeatureCollection>',
}


@pytest.mark.parametrize("document", LINKS)
@pytest.mark.parametrize("ending", sorted({driver: ending for ending, driver in DRIVERS.items()}.values()))
def test_no_document_leads_elsewhere(tmp_path, document, ending):
    secret = write(tmp_path / "secret.csv", "name,office\nroot,secret\n")
    path = tmp_path / f"t{ending}"
    write(path, LINKS[document].format(secret=secret, port=9))
    with pytest.raises(LocatorError):
        list(open_source("geojson", str(path)).records())


@pytest.mark.parametrize("ending", sorted(DRIVERS))
def test_the_reader_has_the_one_driver_of_the_ending(tmp_path, ending):
    from locator.files.isolated import open_child

    path = tmp_path / f"t{ending}"
    path.write_bytes(b"")
    with open_child("vector", path) as child:
        assert child.ask("drivers") == [DRIVERS[ending]]


@pytest.mark.filterwarnings("ignore")
def test_none_of_gdals_drivers_reads_under_another_ending(tmp_path):
    """Every driver of this GDAL that can write makes a file; those it reads by their
    content are read by their own driver, any other is refused."""
    frame = pa.table({"name": ["office"]})
    import geopandas
    import shapely

    features = geopandas.GeoDataFrame(frame.to_pandas(), geometry=[shapely.Point(117, 36)], crs=4326)
    tried = 0
    for driver, can in pyogrio.list_drivers().items():
        if "w" not in can or driver in ("MEM", "PDF", "PGDUMP"):
            continue
        made = tmp_path / f"made-{driver.replace(' ', '-')}"
        try:
            pyogrio.write_dataframe(features, made, driver=driver)
        except Exception:
            continue
        if made.is_dir() or not made.is_file():
            continue
        tried += 1
        own = {ending for ending, name in DRIVERS.items() if name == driver}
        for ending in {".geojson"} - own:
            path = tmp_path / f"as-{tried}{ending}"
            path.write_bytes(made.read_bytes())
            source = VectorSource(str(path))
            if driver in ("JSONFG", "GeoJSONSeq") and ending == ".geojson":
                continue  # a GeoJSON file too
            if find_format(path) in FEATURES:
                assert DRIVERS[FEATURES[find_format(path)]] in (driver, "LIBKML", "GPKG")
                continue
            with pytest.raises(SourceError):
                list(source.records())
    assert tried >= 8


def test_a_shapefile_gets_no_file_beside_it(tmp_path):
    import geopandas
    import shapely

    folder = tmp_path / "in"
    folder.mkdir()
    frame = geopandas.GeoDataFrame({"name": ["甲社保中心"]}, geometry=[shapely.Point(117, 36)], crs=4326)
    frame.to_file(folder / "t.shp")
    frame.to_file(folder / "t.gpkg")
    (folder / "t.shx").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    folder.chmod(0o555)
    try:
        for name in ("t.shp", "t.gpkg"):
            assert [p.name for p in read(folder / name, "geojson").points] == ["甲社保中心"]
    finally:
        folder.chmod(0o755)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


SECCOMP = """
    import ctypes, struct, sys
    # socket(AF_INET or AF_INET6) is refused by the kernel, for this process and every child
    ARCH = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
    import platform
    arch, number = ARCH[platform.machine()]
    def op(code, jt, jf, k):
        return struct.pack("HBBI", code, jt, jf, k)
    program = b"".join([
        op(0x20, 0, 0, 4), op(0x15, 0, 5, arch), op(0x20, 0, 0, 0), op(0x15, 0, 3, number),
        op(0x20, 0, 0, 16), op(0x15, 0, 1, 2), op(0x06, 0, 0, 0x00050000 | 13), op(0x06, 0, 0, 0x7FFF0000),
    ])
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(program)
    fprog = struct.pack("HxxxxxxQ", 8, ctypes.addressof(buffer))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.c_char_p(fprog)) == 0
    import socket
    try:
        socket.socket(socket.AF_INET)
        raise SystemExit("sockets are not refused")
    except PermissionError:
        pass
    from locator.cli import main
    for arguments in ARGUMENTS:
        code = main(arguments)
        if code:
            raise SystemExit(f"{arguments} gave {code}")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's filter of system calls")
def test_a_process_that_may_open_no_socket_imports_finds_and_exports(tmp_path, data_folder):
    """The one way to the network is the HTTP client: everything else works where the kernel refuses sockets."""
    import shutil

    data = shutil.copytree(data_folder, tmp_path / "data")
    table = write(tmp_path / "t.csv", "名称,地址,经度,纬度\n甲区社会保险中心,济南市槐荫区经四路478号,116.97,36.65\n")
    geo = write(
        tmp_path / "t.geojson",
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"name": "乙区社会保险中心"},
                        "geometry": {"type": "Point", "coordinates": [116.98, 36.65]},
                    }
                ],
            }
        ),
    )
    arguments = [
        ["import", "table", str(table)], ["import", "geojson", str(geo)], ["find", "--at", "116.97,36.65"],
        ["export", "-o", str(tmp_path / "o.gpkg"), "--region", "济南市"], ["check"], ["info"],
    ]  # fmt: skip
    code = textwrap.dedent(SECCOMP).replace("ARGUMENTS", repr(arguments))
    environment = {**os.environ, "LOCATOR_DATA": str(data)}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]


# --- values


@pytest.mark.parametrize(
    ("cell", "position"),
    [
        ("POINT(117.02 36.67)", (117.02, 36.67)), ("SRID=4326;POINT (117.02 36.67)", (117.02, 36.67)),
        ("lon:117.02 lat:36.67", (117.02, 36.67)), ("经度:117.02，纬度:36.67", (117.02, 36.67)),
        ('{"lng": 117.02, "lat": 36.67}', (117.02, 36.67)), ("N36.67 E117.02", (117.02, 36.67)),
        ("36°40′12″N, 117°01′12″E", (117.02, 36.67)), ("117:01:12,36:40:12", (117.02, 36.67)),
        ("33.5S, 70.6W", (-70.6, -33.5)), ("[117.02, 36.67]", (117.02, 36.67)),
    ],
)  # fmt: skip
def test_a_position_in_one_cell(cell, position):
    found = read_position(*split_pair(cell, lat_first=False))
    assert found == pytest.approx(position)
    assert read_position(cell, "") == pytest.approx(position)


def test_degrees_of_the_other_sides():
    assert (
        read_degrees("西经70.6") == -70.6
        and read_degrees("33°30′S") == -33.5
        and read_degrees("117°01.2′") == pytest.approx(117.02)
    )


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("4008612345", ["400-861-2345"]), ("8008612345", ["800-861-2345"]), ("4006861234", ["400-686-1234"]),
        ("400-861-2345转2", ["400-861-2345转2"]), ("0531-88923656-801", ["0531-88923656转801"]),
        ("0531-88923656#53", ["0531-88923656转53"]), ("0531-88923656转801", ["0531-88923656转801"]),
        ("0531-88923656 0531-88923657", ["0531-88923656", "0531-88923657"]),
        ("0531-88923656/88923657", ["0531-88923656", "0531-88923657"]), ("+86 531 88923656", ["0531-88923656"]),
        ("86-21-56331234", ["021-56331234"]), ("13800000000 12333", ["13800000000", "12333"]),
    ],
)  # fmt: skip
def test_telephones(cell, numbers):
    assert [p.number for p in read_phones(cell).phones][: len(numbers)] == numbers


@pytest.mark.parametrize(
    ("country", "cell", "number"),
    [
        ("JP", "03-3581-4321", "+81335814321"),
        ("CA", "416-394-5170", "+14163945170"),
        ("DE", "030 18681 0", "+4930186810"),
    ],
)
def test_telephones_of_a_country(country, cell, number):
    assert [p.number for p in read_phones(cell, country=country).phones] == [number]


def test_a_foreign_number_stays_as_written_where_the_office_is_abroad(tmp_path):
    path = write(tmp_path / "t.csv", "name,phone,lon,lat\nLibrary,416-394-5170,-79.5,43.7\n甲局,416-394-5170,117,36\n")
    points, _ = read(path)
    assert [[p.number for p in point.phones] for point in points] == [["416-394-5170"], []]


def test_the_idiom_that_keeps_a_text_a_text(tmp_path):
    path = write(tmp_path / "t.csv", '名称,电话\n甲局,"=""0531-88923656"""\n')
    assert read(path).points[0].phones[0].number == "0531-88923656"


# --- OpenStreetMap's keys in a table of features


def test_tags_of_openstreetmap_as_properties(tmp_path):
    tags = {
        "@id": "node/1", "office": "government", "government": "social_security", "name": "甲社保中心",
        "opening_hours": "Mo-Fr 09:00-17:00", "contact:phone": "+86 531 88923656", "addr:city": "济南市",
        "addr:street": "经四路", "addr:housenumber": "478",
    }  # fmt: skip
    feature = {"type": "Feature", "properties": tags, "geometry": {"type": "Point", "coordinates": [117.02, 36.67]}}
    path = write(tmp_path / "t.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))
    (point,), _ = read(path, "geojson")
    assert (point.name, point.kind, point.address) == ("甲社保中心", Kind.INSURANCE_AGENCY, "济南市经四路478号")
    assert (point.id, point.phones[0].number) == ("node-1", "0531-88923656")


# --- regions


def test_rows_get_the_district_they_stand_in_and_one_that_contradicts_is_told(tmp_path):
    import numpy as np
    import shapely

    from locator.gazetteer.districts import DistrictIndex

    polygons = np.array([shapely.box(117, 36, 117.5, 36.5), shapely.box(117.5, 36, 118, 36.5)], dtype=object)
    index = DistrictIndex(lambda: (np.array([370102, 370103], np.int32), polygons))
    path = write(
        tmp_path / "t.csv",
        "名称,行政区划代码,经度,纬度\n甲局,,117.2,36.2\n乙局,370100,117.7,36.2\n丙局,370103,117.2,36.2\n丁局,370103,117.4999,36.2\n",
    )
    checker = Checker(districts=index)
    source = open_source("table", str(path))
    points = list(checker.check(source.records()))
    assert [p.adcode for p in points] == ["370102", "370103", "370103", "370103"]
    assert [(i.row, i.code, i.severity) for i in checker.rejects] == [(4, "other_district", "doubt")]
