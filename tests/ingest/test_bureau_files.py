"""Spreadsheets as a bureau sends them: merged cells, two header rows, rounded numbers, wrong sizes, stray quotes."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Sequence
from datetime import date, time
from pathlib import Path

import openpyxl
import pytest

from locator.errors import SourceError
from locator.files.workbooks import open_sheets
from locator.ingest import open_source
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


def shown(path, kind="table"):
    """Return name, address, telephone numbers and hours of a file's points, and the codes of what was wrong."""
    source = open_source(kind, str(path))
    points, issues = check_records(source.records(), datum=source.datum)
    rows = [(p.name, p.address, [f"{n.number} {n.label or ''}".strip() for n in p.phones], p.hours) for p in points]
    return rows, [(issue.row, issue.code) for issue in issues]


def test_a_list_with_sums_among_its_rows_and_the_cell_above_meant(tmp_path):
    path = tmp_path / "list.txt"
    rows = [
        ["医保经办机构一览表"], ["序号", "经办点", "坐落", "咨询热线", "对外办公时间"],
        ["1", "甲区医疗保障局", "甲路8号", "0531-88151234 88151235", "周一至周五 9:00-17:00"],
        ["2", "乙区医疗保障局", "乙路2号", "电话：0531-82075678 传真：0531-82075679", "同上"],
        ["小计", "2", "", "", ""], ["3", "丙区医疗保障局", "丙路3号", "王主任 13805310000", "〃"],
        ["合计：3家"], ["注：节假日不办公。"],
    ]  # fmt: skip
    path.write_text("\n".join("\t".join(row) for row in rows), "gbk")
    points, issues = shown(path)
    assert points == [
        ("甲区医疗保障局", "甲路8号", ["0531-88151234", "0531-88151235"], "Mo-Fr 09:00-17:00"),
        ("乙区医疗保障局", "乙路2号", ["0531-82075678"], "Mo-Fr 09:00-17:00"),
        ("丙区医疗保障局", "丙路3号", ["13805310000 王主任"], "Mo-Fr 09:00-17:00"),
    ]
    assert {row for row, _ in issues} == {5, 7, 8}


def test_the_cell_above_that_is_blank_or_a_name_is_no_text(tmp_path):
    rows = [
        ["网点", "电话", "地址"], ["甲支行", "0531-86112233"], ["乙支行", "同上", "同上"],
        ["丙支行", " 同上 ", "三路3号"], ["同上", "0531-86112244", "四路4号"],
    ]  # fmt: skip
    points, issues = shown(save(tmp_path / "t.xlsx", rows))
    assert points == [
        ("甲支行", None, ["0531-86112233"], None), ("乙支行", None, ["0531-86112233"], None),
        ("丙支行", "三路3号", ["0531-86112233"], None),
    ]  # fmt: skip
    assert issues == [(5, "name_missing")]


def test_headings_between_the_rows_are_no_offices(tmp_path):
    rows = [
        ["网点", "地址", "电话"], ["一、甲区（2家）"], ["甲一支行", "一路1号", "12333"], ["甲二支行", "二路2号", ""],
        ["甲区小计", "2", ""], ["（二）乙区"], ["乙一支行", "三路3号", ""], ["2025", "", ""], ["咨询电话：12333"],
    ]  # fmt: skip
    points, issues = shown(save(tmp_path / "t.xlsx", rows))
    assert [name for name, *_ in points] == ["甲一支行", "甲二支行", "乙一支行"]
    assert {code for _, code in issues} == {"remark_row"} and len(issues) == 5


def test_two_header_rows_of_which_neither_is_known_alone(tmp_path):
    rows = [
        ["社保卡服务网点"], ["区县", "网点信息", "", "", "位置", ""],
        ["", "银行网点名称", "营业地址", "联系电话", "东经", "北纬"],
        ["甲区", "甲支行", "一路1号", "0531-86112233", 117.02, 36.66], ["", "乙支行", "二路2号", "", "E116.98", "N36.65"],
    ]  # fmt: skip
    path = save(tmp_path / "t.xlsx", rows, ["A1:F1", "A2:A3", "B2:D2", "E2:F2", "A4:A5"])
    source = open_source("table", str(path))
    points, issues = check_records(source.records(), datum=source.datum)
    assert [(p.name, p.district, p.address, p.lon, p.lat) for p in points] == [
        ("甲支行", "甲区", "一路1号", 117.02, 36.66), ("乙支行", "甲区", "二路2号", 116.98, 36.65),
    ]  # fmt: skip
    assert issues == []


def test_columns_of_days_that_say_as_another_day(tmp_path):
    days = [f"星期{day}" for day in "一二三四五六日"]
    path = tmp_path / "t.csv"
    same = ["09:00-12:00 13:00-17:00", *["同周一"] * 2, *["同上"] * 2, "不办公", "不办公"]
    path.write_text(
        ",".join(["服务大厅", "座机", *days]) + "\n" + ",".join(["甲区政务服务中心", "0531-88881111", *same]), "utf-8"
    )
    assert shown(path)[0][0][2:] == (["0531-88881111"], "Mo-Fr 09:00-12:00,13:00-17:00; Sa-Su off")


def test_a_web_page_whose_cells_go_over_rows(tmp_path):
    page = (
        "<meta charset=gb2312><table><tr><td colspan=4>人社服务网点一览</td></tr><tr><td>所属区县</td><td>网点名称</td><td>地址</td>"
        "<td>电话</td></tr><tr><td rowspan=2>甲区</td><td>甲一所</td><td>一路1号</td><td rowspan=3>0531-66601111</td></tr>"
        "<tr><td>甲二所</td><td>二路2号</td></tr><tr><td>乙区</td><td>乙所</td><td>三路3号</td></tr>"
        "<tr><td>丙区</td><td>丙所</td><td rowspan=99999>四路4号</td><td></td></tr></table>"
    )
    (tmp_path / "t.xls").write_text(page, "gb2312")
    source = open_source("table", str(tmp_path / "t.xls"))
    points, issues = check_records(source.records(), datum=source.datum)
    assert [(p.district, p.name, p.address, len(p.phones)) for p in points] == [
        ("甲区", "甲一所", "一路1号", 1), ("甲区", "甲二所", "二路2号", 1), ("乙区", "乙所", "三路3号", 1),
        ("丙区", "丙所", "四路4号", 0),
    ]  # fmt: skip
    assert issues == []


@pytest.mark.parametrize("odd", ["<![foo[ x ]]>", "<![if !supportEmptyParas]>&nbsp;<![endif]>"])
def test_a_web_page_with_sections_that_only_a_browser_passes_over(tmp_path, odd):
    (tmp_path / "t.xls").write_text(
        f"<table><tr><td>名称<td>地址</tr>{odd}<tr><td>甲所<td>一路1号</tr></table>", "utf-8"
    )
    assert shown(tmp_path / "t.xls")[0] == [("甲所", "一路1号", [], None)]


def test_blank_cells_merged_far_to_the_right_make_no_row_wider(tmp_path):
    rows = [["名称", "地址"], *([f"{n}所", f"一路{n}号"] for n in range(1, 4))]
    path = save(tmp_path / "t.xlsx", rows, merged=["XFC1:XFD4"])
    with open_sheets(path) as sheets:
        assert [len(cells) for _, cells in sheets[0].rows(())] == [2] * 4


@pytest.mark.parametrize("span", ["1" * 6000, "²", "-1", "0", "000000000000"])
def test_a_span_that_is_no_number_of_rows(tmp_path, span):
    page = f"<table><tr><td>名称<td>地址</tr><tr><td>甲所<td rowspan={span}>一路1号</tr></table>"
    (tmp_path / "t.xls").write_text(page, "utf-8")
    assert shown(tmp_path / "t.xls")[0] == [("甲所", "一路1号", [], None)]


def test_a_web_page_of_more_columns_than_a_table_has(tmp_path):
    wide = "<td rowspan=400 colspan=400>甲</td>" * 2000
    (tmp_path / "t.xls").write_text(f"<table><tr><td>名称<td>地址</tr><tr>{wide}</tr></table>", "utf-8")
    with pytest.raises(SourceError, match="columns"):
        shown(tmp_path / "t.xls")


def test_each_merged_cell_of_a_web_page_is_looked_at_while_it_lasts_and_no_longer(tmp_path):
    """A page's rows are read in time that grows with their number: no row asks all merged cells above it."""
    count, seen = 1000, 0
    rows = "<tr><td rowspan=2>甲区<td>甲{0}所</tr><tr><td>乙{0}所</tr>"
    (tmp_path / "t.xls").write_text(
        "<table><tr><td>区县<td>名称</tr>" + "".join(map(rows.format, range(count))) + "</table>", "utf-8"
    )

    def count_lines(frame, event, _):
        nonlocal seen
        seen += frame.f_code.co_filename.endswith("workbooks.py") and event == "line"
        return count_lines

    before = sys.gettrace()
    sys.settrace(count_lines)
    try:
        with open_sheets(tmp_path / "t.xls") as sheets:
            read = list(sheets[0].rows(()))
    finally:
        sys.settrace(before)
    assert [cells[0] for _, cells in read[1:]] == ["甲区"] * 2 * count
    assert seen < 200 * count


def test_lists_in_json_and_headers_in_traditional_han_and_english(tmp_path):
    numbers = '["0531-88001122", "0531-88001133"]'
    lines = [f'{{"orgName": "{name}", "telephone": {numbers}}}' for name in ("丙区社保中心", "丁区社保中心")]
    (tmp_path / "t.jsonl").write_text("\n".join(lines), "utf-8")
    assert shown(tmp_path / "t.jsonl")[0][:1] == [("丙区社保中心", None, ["0531-88001122", "0531-88001133"], None)]
    (tmp_path / "t.csv").write_text(
        "服務據點,所在地址,電話號碼,緯度,經度\n高雄辦事處,高雄市前金區成功一路436號,07-7275115,22.6284,120.2930\n",
        "utf-8",
    )
    assert shown(tmp_path / "t.csv") == ([("高雄辦事處", "高雄市前金區成功一路436號", ["07-7275115"], None)], [])
    (tmp_path / "e.csv").write_text(
        "Branch;Street address;Contact number;Lat;Long\nBaotu Service Hall;Luoyuan St 5;0531 8678 4321;36,66;117,03\n",
        "utf-8",
    )
    assert shown(tmp_path / "e.csv") == ([("Baotu Service Hall", "Luoyuan St 5", ["0531-86784321"], None)], [])
