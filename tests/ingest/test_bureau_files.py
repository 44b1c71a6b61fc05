"""Spreadsheets as a bureau sends them: merged cells, two header rows, rounded numbers, wrong sizes, stray quotes."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date, time
from pathlib import Path

import openpyxl
import pytest

from locator.errors import SourceError
from locator.ingest.tables import TableSource
from locator.ingest.validate import check_records


def save(path: Path, rows: Sequence[Sequence[object]], merged: Sequence[str] = (), **sheets: object) -> Path:
    """Save rows as a workbook, with merged cells and further sheets."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    for title, more in sheets.items():
        sheet = book.create_sheet(title)
        for row in more:
            sheet.append(row)
    book.save(path)
    return path


def change(path: Path, old: bytes, new: bytes) -> Path:
    """Change the first sheet's XML in a workbook."""
    changed = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for item in source.infolist():
            content = source.read(item.filename)
            if item.filename.endswith("sheet1.xml"):
                assert old in content
                content = content.replace(old, new)
            target.writestr(item, content)
    return changed


def test_a_header_of_two_rows_is_one(tmp_path):
    rows = [
        ["某市社保经办机构一览表"],
        ["名称", "地址", "联系方式", None, "坐标", None],
        [None, None, "电话", "手机号码", "经度", "纬度"],
        ["甲局", "一路", "0531-88923656", "13905310000", 117.02, 36.67],
    ]
    path = save(tmp_path / "t.xlsx", rows, ["A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:F2"])
    source = TableSource(str(path))
    (record,) = source.records()
    assert record.row == 4 and source.ignored == ()
    assert record.fields == {
        "name": "甲局", "address": "一路", "phones": "0531-88923656; 13905310000", "lon": "117.02", "lat": "36.67",
    }  # fmt: skip
    (tmp_path / "t.csv").write_text(
        "名称,地址,联系方式,坐标,\n,,电话,经度,纬度\n甲局,一路,12333,117.02,36.67\n", "utf-8"
    )
    (record,) = TableSource(str(tmp_path / "t.csv")).records()
    assert (record.row, record.fields["lon"], record.fields["lat"]) == (3, "117.02", "36.67")


def test_a_row_of_data_is_no_second_header(tmp_path):
    (tmp_path / "t.csv").write_text("名称,类型,备注\n社保中心,机构,\n,网点,电话\n", "utf-8")
    records = list(TableSource(str(tmp_path / "t.csv")).records())
    assert [(record.row, record.fields["name"]) for record in records] == [(2, "社保中心"), (3, "")]


def test_a_cell_merged_over_several_rows_is_in_each(tmp_path):
    rows = [
        ["区县", "名称", "电话", "地址"],
        ["历下区", "甲局", "0531-88923656", "一路"],
        [None, "乙局", None, "二路"],
        [None, None, None, None],
        ["市中区", "丙局", "12333", "三路"],
        [None, None, "12345", None],
    ]
    path = save(tmp_path / "t.xlsx", rows, ["A2:A4", "C2:C3", "A5:A6", "B5:B6", "D5:D6"])
    records = list(TableSource(str(path)).records())
    assert [(r.row, r.fields["district"], r.fields["name"], r.fields.get("phones")) for r in records] == [
        (2, "历下区", "甲局", "0531-88923656"),
        (3, "历下区", "乙局", "0531-88923656"),
        (5, "市中区", "丙局", "12333"),
        (6, "市中区", "", "12345"),
    ], "no name is made up for a second line of one office: it is refused and told"
    assert [reject.code for reject in check_records(records).rejects] == ["name_missing"]


def test_every_visible_sheet_with_a_header_is_read_and_hidden_ones_are_named(tmp_path):
    head = ["名称", "地址"]
    path = save(tmp_path / "t.xlsx", [head, ["甲局", "一路"]], 说明=[["请勿外传"]], 县区=[head, ["乙局", "二路"]])
    book = openpyxl.load_workbook(path)
    book.create_sheet("旧表", 0).sheet_state = "hidden"
    book["旧表"].append(head)
    book["旧表"].append(["丙局", "三路"])
    book.save(path)
    source = TableSource(str(path))
    found = [(record.fields["name"], record.row, record.file) for record in source.records()]
    assert [name for name, _, _ in found] == ["甲局", "乙局"] and source.hidden_sheets == ("旧表",)
    assert {row for _, row, _ in found} == {2} and "县区" in found[1][2]
    for sheet, name in (("县区", "乙局"), ("旧表", "丙局")):
        assert [record.fields["name"] for record in TableSource(str(path), sheet=sheet).records()] == [name]


@pytest.mark.parametrize("size", [b"A1", b"A1:XFD1048576"])
def test_what_a_file_says_of_its_size_is_not_believed(tmp_path, size):
    path = save(tmp_path / "t.xlsx", [["名称", "地址"], ["甲局", "一路"]])
    path = change(path, b'<dimension ref="A1:B2"', b'<dimension ref="' + size + b'"')
    assert [record.fields for record in TableSource(str(path)).records()] == [{"name": "甲局", "address": "一路"}]


def test_what_excel_makes_of_numbers_dates_and_breaks(tmp_path):
    rows = [
        ["名称", "电话", "办公时间", "更新日期"],
        ["甲局", 53188923656, "周一至周五_x000D_\n9:00-17:00", date(2020, 1, 2)],
        ["乙局", 5.3189e10, date(2018, 7, 25), "２０２０年１月２日"],
        ["丙局", 13905310000.0, "９：００－１７：００", "2020.1.2"],
        ["丁局", "#N/A", time(9, 0), "#REF!"],
    ]
    points, rejects = check_records(TableSource(str(save(tmp_path / "t.xlsx", rows))).records())
    assert [[phone.number for phone in point.phones] for point in points] == [
        ["0531-88923656"], [], ["13905310000"], [],
    ]  # fmt: skip
    assert [point.hours for point in points] == ["Mo-Fr 09:00-17:00", None, None, None]
    assert points[2].hours_text == "９：００－１７：００"
    assert [point.provenance.date for point in points] == ["2020-01-02"] * 3 + [None]
    assert [(reject.row, reject.code) for reject in rejects] == [
        (3, "phone"), (3, "hours_is_date"), (4, "hours_no_days"), (5, "hours_is_date"),
    ]  # fmt: skip


TEXT = '名称,地址\r\n历下区社保中心,"经四路\r\n478号"\r\n'


@pytest.mark.parametrize(
    "content", [TEXT.encode(), ("\ufeff" + TEXT).encode("gb18030"), ("\ufeff" + TEXT).encode(), TEXT.encode("gbk")]
)
def test_marks_encodings_and_breaks_in_cells(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    (point,) = check_records(TableSource(str(tmp_path / "t.csv")).records()).points
    assert (point.name, point.address) == ("历下区社保中心", "经四路 478号")


@pytest.mark.parametrize(
    "content",
    [
        ("name,address\n" + "历下区社保中心,经四路\n" * 3).encode()[:-3] + b"\xe8\xb7\n",
        "name,address\n历下区社保中心,一路\n".encode() + "乙局,二路\n".encode("gbk"),
        b"\xef\xbb\xbf" + TEXT.encode("gb18030"),
    ],
    ids=["cut inside a letter", "two encodings", "the mark of another"],
)
def test_broken_utf_8_is_never_read_as_other_words(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(SourceError) as caught:
        list(TableSource(str(tmp_path / "t.csv")).records())
    assert caught.value.code == "encoding" and caught.value.exit_code == 1


def test_a_quotation_mark_that_is_not_closed_swallows_no_rows(tmp_path):
    (tmp_path / "t.csv").write_text('名称,地址\n甲局,一路\n"乙局,二路\n' + "丙局,三路\n" * 50, "utf-8")
    with pytest.raises(SourceError, match="row 3: a quotation mark") as caught:
        list(TableSource(str(tmp_path / "t.csv")).records())
    assert caught.value.code == "csv_broken"
    (tmp_path / "t.csv").write_text('名称,地址\n甲局,5" 管旁\n', "utf-8")
    assert len(list(TableSource(str(tmp_path / "t.csv")).records())) == 1
