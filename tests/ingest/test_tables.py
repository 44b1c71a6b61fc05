"""Tables as people save them: every encoding and separator, headers in two languages, and files that are none."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.files import find_encoding
from locator.files.text_files import MAX_COLUMNS
from locator.ingest import SOURCES, open_source
from locator.ingest.headers import WORDS, read_header
from locator.ingest.positions import split_pair
from locator.ingest.tables import TableSource

CHINESE = (
    "名称,地址,电话,办公时间,经度,纬度\n五里沟街道人社中心,经四路478号,0531-87920528,周一至周五,116.98,36.658517\n"
)
FIELDS = {
    "name": "五里沟街道人社中心", "address": "经四路478号", "phones": "0531-87920528", "hours": "周一至周五",
    "lon": "116.98", "lat": "36.658517",
}  # fmt: skip


def read(path, **options):
    """Return a table's records."""
    return list(TableSource(str(path), **options).records())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_and_separator(tmp_path, encoding, separator, end):
    path = tmp_path / "offices.csv"
    path.write_bytes(CHINESE.replace(",", separator).replace("\n", end).encode(encoding))
    (record,) = read(path)
    assert record.fields == FIELDS and record.row == 2 and record.file == "offices.csv" and record.source == "offices"


def test_a_quoted_cell_may_hold_breaks_and_separators(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('name,address\n"甲,乙","一路\n2号"\n丙,三路\n', "utf-8")
    assert [r.fields["address"] for r in read(path)] == ["一路\n2号", "三路"]


def test_title_rows_above_the_header_and_empty_rows_are_passed_over(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "某市社保经办机构一览表,,\n,,\n单位名称,详细地址,联系电话\n甲局,一路,12333\n,,\n乙局,二路,\n", "utf-8"
    )
    assert [(r.row, r.fields["name"]) for r in read(path)] == [(4, "甲局"), (6, "乙局")]


@pytest.mark.parametrize(("column", "word"), [(c, w) for c, words in WORDS.items() for w in (c, *words)])
def test_every_word_stands_for_its_column(column, word):
    header = read_header(["name:x", "名称", word] if column != "name" else [word], {})
    assert header is not None and column in header.fields


def test_the_english_layer_names_are_words_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("Office Name,Address,Phone,Opening_Hours,Longitude,Latitude,Shoe size\nA,B,1,C,1,2,44\n", "utf-8")
    source = TableSource(str(path))
    (record,) = source.records()
    assert set(record.fields) == {"name", "address", "phones", "hours", "lon", "lat"} and source.ignored == (
        "Shoe size",
    )


@pytest.mark.parametrize(
    ("head", "datum"),
    [
        ("经度(GCJ-02)", Datum.GCJ02),
        ("高德经度", Datum.GCJ02),
        ("经度（百度）", Datum.BD09),
        ("经度[WGS84]", Datum.WGS84),
    ],
)
def test_the_header_may_declare_the_datum(tmp_path, head, datum):
    path = tmp_path / "t.csv"
    path.write_text(f"名称,{head},纬度\n甲,117,36\n", "utf-8")
    assert TableSource(str(path)).datum is (datum or Datum.WGS84)
    assert TableSource(str(path), datum=Datum.BD09).datum is Datum.BD09, "the operator's word wins"


@pytest.mark.parametrize(
    ("head", "cell"), [("坐标", "117.02,36.67"), ("location", "117.02000,36.67000"), ("纬经度", "36.67，117.02")]
)
def test_a_pair_in_one_cell(tmp_path, head, cell):
    path = tmp_path / "t.csv"
    path.write_text(f"名称\t{head}\n甲\t{cell}\n", "utf-8")
    (record,) = read(path)
    assert (float(record.fields["lon"]), float(record.fields["lat"])) == (117.02, 36.67)


def test_a_pair_that_is_none_is_left_to_the_check():
    assert split_pair("east of town", lat_first=False) == ("east of town", "")


def test_a_mapping_file_names_the_rest_and_gives_defaults(tmp_path):
    path, mapping = tmp_path / "t.csv", tmp_path / "m.yaml"
    path.write_text("窗口,在哪,名称\n甲窗口,一路,旧名\n", "utf-8")
    mapping.write_text(
        "columns: {窗口: name, 在哪: address, 名称: ignore}\ndefaults: {city: 济南市, address: 无}\n", "utf-8"
    )
    (record,) = read(path, mapping=str(mapping))
    assert record.fields == {"name": "甲窗口", "address": "一路", "city": "济南市"}


@pytest.mark.parametrize("text", ["columns: {a: nowhere}", "[1, 2]", "columns: [", "defaults: {nowhere: 1}"])
def test_a_wrong_mapping_is_told(tmp_path, text):
    mapping = tmp_path / "m.yaml"
    mapping.write_text(text, "utf-8")
    (tmp_path / "t.csv").write_text(CHINESE, "utf-8")
    with pytest.raises(InvalidInput, match=r"m\.yaml"):
        TableSource(str(tmp_path / "t.csv"), mapping=str(mapping))


def test_more_cells_than_columns_refuse_the_row(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,address\nA,B,surprise\nC,D,\n", "utf-8")
    first, second = read(path)
    assert first.fault and first.fault[1:3] == ("cells_extra", "surprise") and second.fault is None


def test_shielded_cells_come_back(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,phones\n甲,'+4232366111\n", "utf-8")
    (record,) = read(path)
    assert record.fields["phones"] == "+4232366111"


# --- workbooks


def save(path, rows, title="Sheet1"):
    """Save rows as a workbook."""
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_workbook_reads_as_a_person_sees_it(tmp_path):
    path = save(
        tmp_path / "t.xlsx",
        [
            ["某市一览表"],
            ["名称", "电话", "经度", "纬度", "办公时间", "无障碍", "更新时间"],
            ["甲", 12333, 117.02, 36.0, date(2018, 7, 25), True, datetime(2020, 1, 2, 3, 4)],
        ],
    )
    (record,) = read(path)
    assert record.row == 3
    assert record.fields == {
        "name": "甲", "phones": "12333", "lon": "117.02", "lat": "36", "hours": "2018-07-25", "wheelchair": "yes",
        "source_date": "2020-01-02 03:04:00",
    }  # fmt: skip


def test_the_sheet_with_the_header_is_found_or_named(tmp_path):
    path = save(tmp_path / "t.xlsx", [["封面"]], "封面")
    book = openpyxl.load_workbook(path)
    book.create_sheet("数据").append(["名称"])
    book["数据"].append(["甲"])
    book.save(path)
    assert [r.fields["name"] for r in read(path)] == ["甲"]
    assert [r.fields["name"] for r in read(path, sheet="数据")] == ["甲"]
    with pytest.raises(InvalidInput, match="封面, 数据"):
        read(path, sheet="没有")


def test_a_zip_bomb_is_weighed_not_opened(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (64 << 20))
    with pytest.raises(SourceError, match="64 MB"):
        read(path)


def test_entities_do_not_explode(tmp_path):
    path = save(tmp_path / "t.xlsx", [["名称"], ["甲"]])
    bomb = '<!DOCTYPE x [<!ENTITY a "' + "ha" * 50 + '">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9)
    ) + "]><worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData><row><c t='str'><v>&j;</v></c></row></sheetData></worksheet>"  # fmt: skip
    changed = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for item in source.infolist():
            target.writestr(item, bomb if item.filename.endswith("sheet1.xml") else source.read(item.filename))
    with pytest.raises(SourceError):
        read(changed)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\x89PNG\r\n\x1a\n"])
def test_what_only_calls_itself_a_workbook(tmp_path, content):
    path = tmp_path / "t.xlsx"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"t\.xlsx"):
        read(path)


# --- files that are no tables


def test_a_million_columns_are_refused_at_once(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("name," + ",".join(f"c{i}" for i in range(1_000_000)) + "\n", "utf-8")
    with pytest.raises(SourceError, match="columns") as caught:
        read(path)
    assert caught.value.exit_code == 1 and caught.value.code == "too_many_columns"
    book = save(tmp_path / "wide.xlsx", [["名称", *[f"c{i}" for i in range(MAX_COLUMNS)]], ["甲"]])
    with pytest.raises(SourceError, match="columns"):
        read(book)


def test_two_columns_for_one_of_ours(tmp_path):
    path = tmp_path / "t.csv"
    for head, row, expected in (
        ("name,address,address", "甲局,济南市槐荫区,经四路478号", {"address": "济南市槐荫区经四路478号"}),
        ("名称,办公地址,通讯地址", "甲局,经四路478号,经五路1号", {"address": "经四路478号"}),
        ("名称,地址,详细地址", "甲局,经四路,经四路478号", {"address": "经四路478号"}),
        ("电话,联系电话,名称", "12333,0531-88923656,甲局", {"phones": "12333; 0531-88923656"}),
        ("名称,name", "甲局,乙局", {"name": "乙局"}),
        ("名称,备用,备用,人数(2010),人数(2009)", "甲局,1,2,3,4", {"name": "甲局"}),
    ):
        path.write_text(f"{head}\n{row}\n", "utf-8")
        (record,) = read(path)
        assert record.fields | expected == record.fields, head


def test_a_mapping_chooses_between_headers_that_are_the_same(tmp_path):
    path, mapping = tmp_path / "t.csv", tmp_path / "m.yaml"
    path.write_text("名称,电话,电话\n甲局,12333,0531-88923656\n", "utf-8")
    mapping.write_text("columns: {电话: ignore, '电话#2': phones}\n", "utf-8")
    (record,) = read(path, mapping=str(mapping))
    assert record.fields["phones"] == "0531-88923656"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", "format_other"),
        (b"\x03\x01\x02\x00\x00\x00\xff\xfe,\xc3", "encoding"),
        (b"name,address\nA,\xff\xff\xff\n", "encoding"),
        (b"one,two\n1,2\n", "header_unknown"),
        (b"", "format_empty"),
        (b"<html><body>name</body></html>", "html_no_table"),
        (b"%PDF-1.7 ...", "format_other"),
        (b"<?xml version='1.0'?><a/>", "format_other"),
        (b"[1, 2]", "json_broken"),
        (b"name\n" + b"x" * (2 << 20), "line_long"),
    ],
)
def test_a_file_that_is_no_table(tmp_path, content, code):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read(path)
    assert caught.value.code == code


def test_a_wrong_encoding_named_by_the_operator(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(CHINESE.encode("gb18030"))
    with pytest.raises(SourceError, match="utf-8"):
        read(path, encoding="utf-8")
    with pytest.raises(InvalidInput, match="klingon"):
        read(path, encoding="klingon")
    assert find_encoding(path) == "gb18030"


def test_a_missing_file_and_an_unknown_kind_are_misuse(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        open_source("table", str(tmp_path / "no.csv"))
    assert caught.value.exit_code == 2
    with pytest.raises(InvalidInput, match=", ".join(SOURCES)):
        open_source("telepathy", "x")


cells = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufeff"), max_size=12)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5), st.sampled_from([",", ";", "\t"]))
def test_whatever_csv_writes_is_read_back(tmp_path_factory, rows, separator):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([("name", "address"), *rows])
    path.write_text(out.getvalue(), "utf-8", newline="")
    assume(read_header(rows[0], {}) is None)  # no header again
    expected = [row for row in rows if any(cell.strip() for cell in row)]
    found = [(r.fields["name"], r.fields["address"]) for r in read(path)]
    assert [tuple(c.strip() for c in row if not c.startswith("'")) for row in found] == [
        tuple(c.strip() for c in row if not c.startswith("'")) for row in expected
    ]
