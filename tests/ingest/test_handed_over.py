"""Files as city governments, banks, newsrooms and OpenStreetMap users hand them over, and what becomes of each row."""

from __future__ import annotations

import json
import zipfile

import geopandas
import openpyxl
import pytest
import shapely

from locator.cli.data import _shorten
from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.files import _rank
from locator.gazetteer.text import read_division_names
from locator.i18n import explain
from locator.ingest import open_source
from locator.ingest.positions import read_datum, read_position, split_pair
from locator.ingest.validate import Checker
from locator.ingest.values import answer_question, read_phones, read_status, says_closed
from locator.settings import shipped_dir


def check(path, kind="table", **options):
    """Return the points of a file, and its faults as (row, column, code)."""
    source = open_source(kind, str(path), **options)
    checker = Checker(datum=source.datum)
    points = list(checker.check(source.records()))
    return points, [(issue.row, issue.column, issue.code) for issue in checker.rejects]


def check_text(tmp_path, text, name="t.csv", **options):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return check(path, **options)


def save_rows(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"S{number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


# --- what is closed is never listed as open

CLOSED_NAMES = (
    "甲区社保中心（暂停服务）", "乙区社保中心[已撤销]", "丙区社保中心-已搬迁", "丁区社保中心(停用)", "己區社保中心（已搬遷）",
    "庚区社保中心（搬迁中，暂停营业）", "Social Security Bureau CLOSED", "壬区社保中心【装修，暂停对外】", "癸区社保中心（已迁）",
    "丁区社保中心（筹建中）", "子区社保中心（旧址）", "丑区社保中心 停用", "Card center (temporarily closed)",
)  # fmt: skip
OPEN_NAMES = (
    "甲区社保中心", "易地扶贫搬迁安置点便民服务中心（搬迁安置社区）", "乙区拆迁办社保窗口（拆迁办二楼）", "Closed Loop Center Hall",
    "丙区社保中心（地下停车）", "丁街道便民服务中心（暂停车辆由东门进）",
)  # fmt: skip


@pytest.mark.parametrize("name", CLOSED_NAMES)
def test_a_name_that_says_closed(name):
    assert says_closed(name)


@pytest.mark.parametrize("name", OPEN_NAMES)
def test_a_name_that_says_nothing_of_it(name):
    assert not says_closed(name)


@pytest.mark.parametrize(
    ("words", "is_open"),
    [
        ("正常", True), ("营业", True), ("正常营业", True), ("在用", True), ("运营中", True), ("open", True), ("listed", True),
        ("已搬迁", False), ("已搬遷", False), ("停用", False), ("撤销", False), ("暂停服务", False), ("已并入乙区中心", False),
        ("未营业", False), ("closed", False), ("Temporarily closed", False), ("vanished", False), ("无效", False),
        ("正常; 已撤并", False), ("待定", None), ("3", None), ("正常; 待定", None),
    ],
)  # fmt: skip
def test_the_words_of_a_status(words, is_open):
    assert read_status(words) is is_open


@pytest.mark.parametrize(
    ("asked", "said", "words"),
    [("是否营业", "否", "未营业"), ("是否停用", "是", "停用"), ("是否停用", "否", "未停用"), ("是否对外服务", "是", "服务"),
     ("状态", "否", "否"), ("是否营业", "装修", "装修")],
)  # fmt: skip
def test_a_question_and_its_answer(asked, said, words):
    assert answer_question(asked, said) == words


@pytest.mark.parametrize(
    ("head", "open_word", "closed_word"),
    [("状态", "正常", "已搬迁"), ("营业状态", "营业", "停用"), ("是否营业", "是", "否"), ("是否停用", "否", "是"),
     ("網點狀態", "正常", "暫停服務"), ("Status", "open", "closed"), ("运行状况状态", "正常", "撤销")],
)  # fmt: skip
def test_a_column_of_states_refuses_the_closed(tmp_path, head, open_word, closed_word):
    rows = f"名称,地址,{head}\n甲社保中心,经十路1号,{open_word}\n乙社保中心,经十路2号,{closed_word}\n"
    points, faults = check_text(tmp_path, rows)
    assert [point.name for point in points] == ["甲社保中心"]
    assert faults == [(3, "status", "status_closed")]


def test_a_state_nobody_knows_and_notes_that_say_closed_are_doubts(tmp_path):
    points, faults = check_text(
        tmp_path,
        "名称,地址,状态,备注\n甲社保中心,经十路1号,待定,\n乙社保中心,经十路2号,正常,已搬迁至经十路9号\n丙社保中心,经十路3号（旧址）,正常,\n",
    )
    assert len(points) == 3
    assert faults == [(2, "status", "status_unknown"), (3, "notes", "says_closed"), (4, "address", "says_closed")]


# --- which rows are offices, and under which header


@pytest.mark.parametrize(
    "total", ["合 计", "小计：3家", "历下区小计（1家）", "市中区 小计", "总  计", "全市合计：共2个网点", "Total"]
)
def test_a_sum_is_no_office(tmp_path, total):
    points, faults = check_text(tmp_path, f"区县,名称,地址\n历下区,甲社保中心,经十路1号\n{total},2家,\n")
    assert [point.name for point in points] == ["甲社保中心"]
    assert faults == [(3, "name", "remark_row")]


def test_a_header_that_comes_again_is_no_office_and_another_one_holds_from_there(tmp_path):
    points, faults = check_text(
        tmp_path,
        "名称,地址,电话\n甲社保中心,经十路1号,0531-88923656\n名称,地址,电话\n乙社保中心,经十路2号,0531-88923657\n"
        "网点名称,联系电话,地址\n丙支行,0531-88923658,经十路3号\n",
    )
    assert [(p.name, p.address, p.phones[0].number) for p in points] == [
        ("甲社保中心", "经十路1号", "0531-88923656"),
        ("乙社保中心", "经十路2号", "0531-88923657"),
        ("丙支行", "经十路3号", "0531-88923658"),
    ]
    assert not faults


@pytest.mark.parametrize("number", [0, 1])
def test_tables_side_by_side_are_one_each(tmp_path, number):
    head, gap = [*["序号"][:number], "名称", "地址", "电话"], [None]
    rows = [[*["1"][:number], f"{c}社保中心", f"经十路{n}号", f"0531-8892365{n}"] for n, c in enumerate("甲乙丙", 1)]
    path = save_rows(tmp_path / "t.xlsx", [head + gap + head, rows[0] + gap + rows[1], rows[2]])
    points, faults = check(path)
    assert [(p.name, p.address, [n.number for n in p.phones]) for p in points] == [
        ("甲社保中心", "经十路1号", ["0531-88923651"]),
        ("乙社保中心", "经十路2号", ["0531-88923652"]),
        ("丙社保中心", "经十路3号", ["0531-88923653"]),
    ]
    assert not faults


@pytest.mark.parametrize("corner", ["名称", "项目", ""])
def test_offices_in_columns_are_read_as_rows(tmp_path, corner):
    points, faults = check_text(
        tmp_path, f"{corner},甲社保中心,乙社保中心\n地址,经十路1号,经十路2号\n电话,12333,12345\n窗口数,3,5\n"
    )
    assert [(p.name, p.address, p.phones[0].number) for p in points] == [
        ("甲社保中心", "经十路1号", "12333"),
        ("乙社保中心", "经十路2号", "12345"),
    ]
    assert not faults


# --- what a row of its own says of those below it


@pytest.mark.parametrize(
    "heading",
    [
        "{}：,,",
        "【{}】,,",
        "{},,",
        "■ {},,",
        "一、{}（2家）,,",
        "（一）{},,",
        "山东省济南市{},,",
        "一,{},",
        ",{},2家",
        ",,{}",
    ],
)
def test_a_heading_gives_the_rows_below_their_district(tmp_path, heading):
    points, faults = check_text(
        tmp_path,
        f"名称,地址,电话\n{heading.format('历下区')}\n甲社保中心,经十路1号,12333\n乙社保所,经十路2号,12333\n"
        f"{heading.format('槐荫区')}\n丙社保中心,经四路478号,12345\n",
    )
    assert [(p.name, p.district) for p in points] == [
        ("甲社保中心", "历下区"),
        ("乙社保所", "历下区"),
        ("丙社保中心", "槐荫区"),
    ]
    assert [(row, code) for row, _, code in faults] == [(2, "remark_row"), (5, "remark_row")]


def test_a_heading_holds_until_the_next_one_and_for_rows_that_say_nothing_else(tmp_path):
    points, _ = check_text(
        tmp_path,
        "名称,地址,区县\n济南市,,\n历下区：,,\n甲社保中心,经十路1号,\n乙社保中心,经七路2号,市中区\n"
        "二、市直属机构,,\n丙社保中心,经十路3号,\n",
    )
    assert [(p.city, p.district) for p in points] == [("济南市", "历下区"), (None, "市中区"), (None, None)]


def test_a_heading_of_closed_offices(tmp_path):
    points, faults = check_text(
        tmp_path,
        "名称,地址\n甲社保中心,经十路1号\n【已撤销网点】,\n乙社保中心,经十路2号\n历下区：,\n丙社保中心,经十路3号\n",
    )
    assert [(p.name, p.district) for p in points] == [("甲社保中心", None), ("丙社保中心", "历下区")]
    assert (4, "status", "status_closed") in faults


def test_a_sheet_called_after_a_district(tmp_path):
    path = save_rows(
        tmp_path / "t.xlsx",
        [["名称", "地址"], ["甲社保中心", "经十路1号"]],
        [["名称", "地址"], ["乙社保中心", "经四路478号"]],
    )
    book = openpyxl.load_workbook(path)
    book["S1"].title, book["S2"].title = "历下区", "槐荫区"
    book.save(path)
    assert [(p.name, p.district) for p in check(path)[0]] == [("甲社保中心", "历下区"), ("乙社保中心", "槐荫区")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("历下区", {"district": "历下区"}),
        ("市中区", {"district": "市中区"}),
        ("济南市市中区", {"city": "济南市", "district": "市中区"}),
        ("山东省济南市历下区", {"province": "山东省", "city": "济南市", "district": "历下区"}),
        ("內蒙古自治區", {"province": "內蒙古自治區"}),
        ("臺北市中正區", {"city": "臺北市", "district": "中正區"}),
        ("五里沟街道", {"township": "五里沟街道"}),
        ("全市", {}), ("城区", {}), ("幸福小区", {}), ("各区县", {}), ("历下区社保中心", {}), ("北京", {}), ("", {}),
    ],
)  # fmt: skip
def test_names_of_divisions_and_nothing_else(text, names):
    assert read_division_names(text) == names


def test_other_tables_beside_and_below_with_their_own_columns(tmp_path):
    path = save_rows(
        tmp_path / "t.xlsx",
        [
            ["名称", "地址", None, "机构名称", "地址", "电话"],
            ["甲社保中心", "经十路1号", None, "乙医保中心", "经七路2号", "12393"],
            ["丙社保中心", "经十路3号"],
        ],
    )
    assert [(p.name, p.address, [n.number for n in p.phones]) for p in check(path)[0]] == [
        ("甲社保中心", "经十路1号", []),
        ("乙医保中心", "经七路2号", ["12393"]),
        ("丙社保中心", "经十路3号", []),
    ]


@pytest.mark.parametrize(
    ("head", "cells", "numbers"),
    [
        ("区号,电话", "0531,88923656", ["0531-88923656"]),
        ("电话,区号", "88923656,531", ["0531-88923656"]),
        ("Area Code,Phone", "531.0,8.8923656E7", ["0531-88923656"]),
        ("区号,座机,手机", "0531,88923656,13905310000", ["0531-88923656", "13905310000"]),
        ("区号,电话", "0531,0634-88923656", ["0634-88923656"]),
        ("区号,电话", "0531,12333", ["12333"]),
        ("电话（区号0531）,备注", "88923656,", ["0531-88923656"]),
        ("电话,分机", "0531-88923656,801", ["0531-88923656转801"]),
        ("电话,分机", "0531-88923656转801,801", ["0531-88923656转801"]),
        ("电话,备注", "5.3188923656E10,", ["0531-88923656"]),
        ("电话,备注", "5.3112333E7,", ["53112333"]),
        ("电话,备注", "'053188923656,", ["0531-88923656"]),
    ],
)
def test_a_telephone_in_parts(tmp_path, head, cells, numbers):
    points, _ = check_text(tmp_path, f"名称,地址,{head}\n甲社保中心,经十路1号,{cells}\n")
    assert [phone.number for phone in points[0].phones] == numbers


def test_an_extension_beside_several_numbers_is_told(tmp_path):
    points, faults = check_text(tmp_path, "名称,地址,电话,分机\n甲社保中心,经十路1号,0531-88923656/57,8012\n")
    assert len(points[0].phones) == 2 and faults == [(2, "phones", "phone")]


@pytest.mark.parametrize(
    ("rows", "guessed", "ignored"),
    [
        ("名称,地址,\n甲社保中心,经十路1号,0531-88923656\n", {"#3": "phones"}, ()),
        ("名称,地址,电话,\n甲社保中心,经十路1号,12333,东门进\n", {}, ("#4",)),
        (",名称,地址\n0,甲社保中心,经十路1号\n1,乙社保中心,经十路2号\n", {}, ()),
        ("名称,地址,,\n甲社保中心,经十路1号,,\n", {}, ()),
    ],
)
def test_a_column_without_a_header_is_known_by_its_content_or_told(tmp_path, rows, guessed, ignored):
    path = tmp_path / "t.csv"
    path.write_text(rows, "utf-8")
    source = open_source("table", str(path))
    assert list(source.records())
    assert (dict(source.guessed), source.ignored) == (guessed, ignored)


def test_a_table_without_a_header_keeps_its_first_row(tmp_path):
    points, _ = check_text(
        tmp_path,
        "济南市历下区社会保险中心,济南市历下区经十路1号,0531-88923656,117.0700,36.6660\n"
        "济南市市中区医疗保险中心,济南市市中区经七路2号,0531-88923657,116.9950,36.6500\n",
    )
    assert [(p.name, p.address, p.lon) for p in points] == [
        ("济南市历下区社会保险中心", "济南市历下区经十路1号", 117.07),
        ("济南市市中区医疗保险中心", "济南市市中区经七路2号", 116.995),
    ]


def test_a_table_of_two_columns_without_a_header_keeps_its_first_row(tmp_path):
    points, _ = check_text(tmp_path, "济南市历下区社会保险中心,经十路1号\n济南市市中区医疗保险中心,经七路2号\n")
    assert [(p.name, p.address) for p in points] == [
        ("济南市历下区社会保险中心", "经十路1号"),
        ("济南市市中区医疗保险中心", "经七路2号"),
    ]


@pytest.mark.parametrize(
    ("rows", "name", "ignored"),
    [
        ("单位,网点,地址\n历下区人社局,历下大厅,经十路1号\n市中区人社局,市中大厅,经七路2号\n", "历下大厅", ("单位",)),
        (
            "机构名称,单位名称,地址\n甲社保中心,历下区人社局,经十路1号\n乙社保中心,市中区人社局,经七路2号\n",
            "甲社保中心",
            ("单位名称",),
        ),
        ("名称,全称,地址\n甲社保中心,,经十路1号\n乙社保中心,乙社保中心,经七路2号\n", "甲社保中心", ()),
    ],
)
def test_of_two_columns_of_names_the_outlet_counts_and_the_other_is_told(tmp_path, rows, name, ignored):
    path = tmp_path / "t.csv"
    path.write_text(rows, "utf-8")
    source = open_source("table", str(path))
    assert next(iter(source.records())).fields["name"] == name and source.ignored == ignored


@pytest.mark.parametrize("head", ["地址及电话", "地址、联系电话", "联系电话/地址"])
@pytest.mark.parametrize(
    ("cell", "address", "numbers"),
    [
        ("经十路1号 0531-88923656", "经十路1号", ["0531-88923656"]),
        ("经十路1号，电话：0531-88923656、88923657", "经十路1号", ["0531-88923656", "0531-88923657"]),
        ("经十路12345号（13905310000）", "经十路12345号", ["13905310000"]),
        ("经十路1号", "经十路1号", []),
    ],
)
def test_an_address_and_its_telephones_in_one_cell(tmp_path, head, cell, address, numbers):
    points, faults = check_text(tmp_path, f'名称,{head}\n甲社保中心,"{cell}"\n')
    assert (points[0].address, [phone.number for phone in points[0].phones], faults) == (address, numbers, [])


def test_lines_of_a_cell_that_may_be_several_offices_are_a_doubt(tmp_path):
    points, faults = check_text(
        tmp_path, '名称,地址\n"甲支行（经十路1号）\n乙支行（经十路2号）",\n"甲社保中心\n东区",经十路1号\n'
    )
    assert len(points) == 2 and faults == [(2, "name", "name_several")]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("社保", "insurance-agency"),
        ("医保", "medical-insurance"),
        ("人社", "hrss-bureau"),
        ("政务大厅", "government-hall"),
    ],
)
def test_short_words_of_a_kind(tmp_path, word, kind):
    assert check_text(tmp_path, f"名称,地址,类别\n甲中心,经十路1号,{word}\n")[0][0].kind == kind


@pytest.mark.parametrize(
    ("head", "cells", "hours"),
    [
        ("工作日,周末", "9:00-17:00,休息", "Mo-Fr 09:00-17:00; PH off"),
        ("工作日办公时间,周末办公时间", "9:00-17:00,9:00-12:00", "Mo-Fr 09:00-17:00; Sa,Su 09:00-12:00; PH off"),
        ("周一至周五,周六、周日", "9:00-17:00,休息", "Mo-Fr 09:00-17:00"),
    ],
)
def test_hours_of_several_columns(tmp_path, head, cells, hours):
    points, _ = check_text(tmp_path, f"名称,地址,{head}\n甲社保中心,经十路1号,{cells}\n")
    assert points[0].hours is not None
    assert points[0].hours.startswith(hours)


@pytest.mark.parametrize(
    ("head", "cells", "words"),
    [
        ("上午,下午", "8:30-12:00,13:30-17:00", "上午 8:30-12:00；下午 13:30-17:00"),
        ("开门时间,关门时间", "9:00,17:00", "9:00-17:00"),
        ("上班时间,下班时间", "9:00,17:00", "9:00-17:00"),
        ("夏季办公时间,冬季办公时间", "8:30-18:00,8:30-17:30", "夏季 8:30-18:00；冬季 8:30-17:30"),
    ],
)
def test_hours_that_say_no_days_are_kept_as_words_of_all_their_columns(tmp_path, head, cells, words):
    points, faults = check_text(tmp_path, f"名称,地址,{head}\n甲社保中心,经十路1号,{cells}\n")
    assert (points[0].hours, points[0].hours_text) == (None, words)
    assert [column for _, column, _ in faults] == ["hours"]


@pytest.mark.parametrize(
    "head",
    [
        "\u200b名称\u200b,地址\ufeff,电\u200b话",
        "机构名称,所在地,電話番号",
        "기관명,주소,전화번호",
        "名　称,地 址,电　话",
    ],
)
def test_headers_with_what_nobody_sees_and_of_neighbours(tmp_path, head):
    points, _ = check_text(tmp_path, f"{head}\n甲社保中心,经十路1号,0531-88923656\n")
    assert [(p.name, p.address, p.phones[0].number) for p in points] == [("甲社保中心", "经十路1号", "0531-88923656")]


# --- what a file is shows in its content

TRADITIONAL = "名稱,地址,電話\n臺北市勞工保險局,臺北市中正區羅斯福路一段4號,02-2396-1266\n高雄市社會局,高雄市苓雅區四維三路2號,07-336-8333\n"
JAPANESE = (
    "施設名,所在地,電話番号\n新宿年金事務所,東京都新宿区大久保二丁目,03-5285-8611\nさくら窓口,千代田区,03-5285-8612\n"
)


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (TRADITIONAL, "big5", "臺北市勞工保險局"),
        (TRADITIONAL, "gb18030", "臺北市勞工保險局"),
        (JAPANESE, "cp932", "新宿年金事務所"),
        ("名称,地址\n甲社保中心,经十路1号\n", "utf-16-le", "甲社保中心"),
        ("名称,地址\n甲社保中心,经十路1号\n", "utf-16-be", "甲社保中心"),
        ("名称,地址\n甲社保中心,经十路1号\n", "gb18030", "甲社保中心"),
    ],
)
def test_a_text_is_read_in_the_encoding_in_which_it_is_usual_words(tmp_path, text, encoding, name):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    points, _ = check(path)
    assert points[0].name == name


def test_of_real_names_none_in_gb18030_is_taken_for_another_encoding():
    names = [
        line
        for path in (shipped_dir() / "offices").glob("*.csv")
        for line in path.read_text("utf-8-sig").splitlines()[1:]
    ]
    assert len(names) > 500
    assert {next(iter(_rank(f"名称,地址\n{name}".encode("gb18030")))) for name in names} == {"gb18030"}


OFFICE = {"名称": "甲社保中心", "地址": "经十路1号", "电话": "0531-88923656"}
OTHER = {"名称": "乙社保中心", "地址": "经十路2号", "电话": "0531-88923657"}
FEATURES = [
    {"type": "Feature", "properties": each, "geometry": {"type": "Point", "coordinates": [117.07, 36.67]}}
    for each in (OFFICE, OTHER)
]


@pytest.mark.parametrize(
    "content",
    [
        [OFFICE, OTHER],
        {"code": 0, "data": {"total": 2, "list": [OFFICE, OTHER]}},
        {"历下区": [OFFICE], "市中区": [OTHER]},
        {"370102": OFFICE, "370103": OTHER},
        [list(OFFICE), list(OFFICE.values()), list(OTHER.values())],
        {"columns": list(OFFICE), "data": [list(OFFICE.values()), list(OTHER.values())]},
        [{"区县": "历下区", "网点": [OFFICE, OTHER]}],
        [{"id": 1, "attributes": OFFICE}, {"id": 2, "attributes": OTHER}],
        FEATURES,
        {"type": "FeatureCollection", "features": FEATURES},
    ],
    ids=["array", "data.list", "by district", "by key", "rows", "columns", "nested", "esri", "features", "collection"],
)
def test_json_of_every_usual_shape(tmp_path, content):
    points, _ = check_text(tmp_path, json.dumps(content, ensure_ascii=False), "t.json")
    assert [(p.name, p.address, p.phones[0].number) for p in points] == [tuple(OFFICE.values()), tuple(OTHER.values())]


@pytest.mark.parametrize("name", ["t.geojsonl", "t.jsonl", "t.json", "t.txt"])
@pytest.mark.parametrize("start", ["", "\x1e"])
def test_features_a_line(tmp_path, name, start):
    text = "\n".join(start + json.dumps(feature, ensure_ascii=False) for feature in FEATURES)
    points, _ = check_text(tmp_path, text, name)
    assert [(p.name, p.lon, p.lat) for p in points] == [("甲社保中心", 117.07, 36.67), ("乙社保中心", 117.07, 36.67)]


def test_an_answer_of_overpass(tmp_path):
    node = {"type": "node", "id": 1, "lat": 36.67, "lon": 117.07, "tags": {"name": "甲社会保险中心", "addr:street": "经十路", "addr:housenumber": "1"}}  # fmt: skip
    way = {"type": "way", "id": 2, "center": {"lat": 36.68, "lon": 117.08}, "tags": {"name": "乙社会保险中心", "disused:office": "government"}}  # fmt: skip
    points, faults = check_text(tmp_path, json.dumps({"elements": [node, way]}, ensure_ascii=False), "t.json")
    assert [(p.id, p.name, p.address, p.lon) for p in points] == [("node-1", "甲社会保险中心", "经十路1号", 117.07)]
    assert faults == [(3, "status", "status_closed")]


def test_tags_of_openstreetmap_in_a_table(tmp_path):
    points, _ = check_text(
        tmp_path,
        "@id,@lat,@lon,name,office,addr:city,addr:street,addr:housenumber,contact:phone\n"
        "node/5,36.67,117.07,甲社会保险中心,government,济南市,经十路,1,+86 531 8892 3656\n",
    )
    (point,) = points
    assert (point.id, point.address, point.lon, point.phones[0].number) == (
        "node-5", "济南市经十路1号", 117.07, "0531-88923656",
    )  # fmt: skip


KML = """<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Folder><name>A</name><Placemark><name>甲社保中心</name><ExtendedData><Data name="电话"><value>0531-88923656</value></Data>
<Data name="地址"><value>经十路1号</value></Data></ExtendedData><Point><coordinates>117.07,36.67</coordinates></Point>
</Placemark></Folder><Folder><name>B</name><Placemark><name>乙社保中心</name><Point><coordinates>117.08,36.67</coordinates>
</Point></Placemark></Folder></Document></kml>"""


def test_a_description_of_a_placemark_says_what_its_lines_say(tmp_path):
    text = KML.replace(
        "<name>乙社保中心</name>",
        "<name>乙社保中心</name><description><![CDATA[地址：经四路478号<br>电话：0531-88923657<br/>东门进]]></description>",
    )
    point = check_text(tmp_path, text, "t.kml")[0][1]
    assert (point.address, point.phones[0].number, point.notes) == ("经四路478号", "0531-88923657", "东门进")


@pytest.mark.parametrize(("name", "datum"), [("GCJ-02", Datum.GCJ02), ("urn:ogc:def:crs:OGC:1.3:CRS84", Datum.WGS84)])
def test_a_reference_system_that_gdal_does_not_know(tmp_path, name, datum):
    path = tmp_path / "t.geojson"
    content = {"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": name}}, "features": FEATURES}
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    assert open_source("geojson", str(path)).datum is datum


def test_tags_of_openstreetmap_packed_into_one_column_and_a_name_in_chinese(tmp_path):
    packed = {
        "name": "甲社会保险中心",
        "other_tags": '"addr:street"=>"经四路","addr:housenumber"=>"478","phone"=>"+86 531 88923656"',
    }
    english = {"name": "Jinan Social Insurance Center", "name:zh": "济南市社会保险中心", "office": "government"}
    features = [
        {"type": "Feature", "properties": each, "geometry": {"type": "Point", "coordinates": [117.07, 36.67]}}
        for each in (packed, english)
    ]
    points, _ = check_text(
        tmp_path, json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "t.geojson"
    )
    assert [(p.name, p.address, [n.number for n in p.phones]) for p in points] == [
        ("甲社会保险中心", "经四路478号", ["0531-88923656"]),
        ("济南市社会保险中心", None, []),
    ]


@pytest.mark.parametrize("name", ["t.kml", "t.xml"])
def test_every_folder_of_a_kml_file_and_its_chinese_fields(tmp_path, name):
    points, _ = check_text(tmp_path, KML, name)
    assert [(p.name, p.address, p.lon) for p in points] == [
        ("甲社保中心", "经十路1号", 117.07),
        ("乙社保中心", None, 117.08),
    ]
    assert points[0].phones[0].number == "0531-88923656"


def test_layers_with_the_same_fields_are_read_and_others_are_named(tmp_path):
    path = tmp_path / "t.gpkg"
    for layer, names, field in (
        ("历下", ["甲社保中心"], "电话"),
        ("市中", ["乙社保中心"], "电话"),
        ("道路", ["经十路"], "宽"),
    ):
        frame = geopandas.GeoDataFrame({"名称": names, field: ["12333"]}, geometry=[shapely.Point(117, 36.6)], crs=4326)
        frame.to_file(path, layer=layer, driver="GPKG")
    source = open_source("table", str(path))
    assert [record.fields["name"] for record in source.records()] == ["甲社保中心", "乙社保中心"]  # fmt: skip
    assert source.left_layers == ("道路",)
    assert [p.name for p in check(path, sheet="道路")[0]] == ["经十路"]
    with pytest.raises(InvalidInput, match="历下"):
        check(path, sheet="无")


@pytest.mark.parametrize("name", ["t.xls", "t.xlsx", "t.csv"])
def test_a_table_of_text_under_another_name(tmp_path, name):
    assert len(check_text(tmp_path, "名称\t地址\n甲社保中心\t经十路1号\n", name)[0]) == 1


def test_excels_xml_of_2003(tmp_path):
    rows = "".join(
        f"<Row>{''.join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in row)}</Row>"
        for row in (("名称", "地址"), ("甲社保中心", "经十路1号"))
    )
    text = (
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="S"><Table>'
        f'<Row><Cell ss:MergeAcross="1"><Data ss:Type="String">网点</Data></Cell></Row>{rows}</Table></Worksheet></Workbook>'
    )
    assert [(p.name, p.address) for p in check_text(tmp_path, text, "t.xls")[0]] == [("甲社保中心", "经十路1号")]


def test_hidden_rows_formulas_without_values_and_comments_are_told(tmp_path):
    path = save_rows(
        tmp_path / "t.xlsx", [["名称", "地址"], ["甲社保中心", '="经十路"&1'], ["乙社保中心", "经十路2号"]]
    )
    book = openpyxl.load_workbook(path)
    book.active.row_dimensions[3].hidden = True
    book.active["A2"].comment = openpyxl.comments.Comment("已搬迁", "张三")
    book.save(path)
    source = open_source("table", str(path))
    assert len(list(source.records())) == 2
    assert source.unseen == (1, 1, 1, 0, ())


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("t.csv", b"", "format_empty"),
        ("t.csv", b"\n\n,,\n", "header_blank"),
        ("t.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "workbook_locked"),
        ("t.xlsx", b"Rar!\x1a\x07\0", "format_other"),
        ("t.csv", b"\x1f\x8b\x08\0", "format_other"),
        ("t.json", b"callback([])", "json_broken"),
        ("t.csv", '名称,地址\n甲,经十路1号\n"乙社保中心,经十路2号'.encode(), "csv_broken"),
    ],
)
def test_a_refusal_names_what_the_file_is(tmp_path, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        check(path)
    assert caught.value.code == code
    for lang in ("zh", "en"):
        said = explain(caught.value, lang)
        assert name in said and "{" not in said and len(said) > 20


def test_an_archive_says_what_is_in_it(tmp_path):
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("网点.csv", "名称\n甲\n")
        archive.writestr("旧网点.csv", "名称\n乙\n")
    with pytest.raises(SourceError) as caught:
        check(path)
    assert caught.value.code == "format_archive" and "网点.csv" in explain(caught.value, "zh")


# --- values


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("0531-8892-3656", ["0531-88923656"]),
        ("010 8888 1234", ["010-88881234"]),
        ("0531.88923656", ["0531-88923656"]),
        ("0531-88923656/57", ["0531-88923656", "0531-88923657"]),
        ("0531-88923656（养老）88923657（医保）", ["0531-88923656", "0531-88923657"]),
        ("0531-88923656 或 13905310000", ["0531-88923656", "13905310000"]),
        ("(0531)88923656", ["0531-88923656"]),
        ("（0531）8892 3656、（0531）8892 3657", ["0531-88923656", "0531-88923657"]),
    ],
)
def test_telephones_as_people_write_them(cell, numbers):
    read = read_phones(cell)
    assert [phone.number for phone in read.phones] == numbers and not read.unread


@pytest.mark.parametrize(
    "cell",
    [
        "36.666,117.07", "117,07 36,666", "纬度36.666 经度117.07", "117.07 E 36.666 N", "geo:36.666,117.07", "geo:36.666,117.07;u=30",
        "36.666N 117.07E", "117.07, 36.666",
    ],
)  # fmt: skip
def test_a_pair_of_degrees(cell):
    assert read_position(*split_pair(cell, lat_first=False)) == (117.07, 36.666)


def test_metres_of_a_map_are_called_so(tmp_path):
    rows = "名称,地址,X,Y\n甲社保中心,经十路1号,39506258.7,4060012.3\n乙社保中心,经十路2号,4060012.3,506258.7\n"
    points, faults = check_text(tmp_path, rows)
    assert len(points) == 2 and {code for _, _, code in faults} == {"position_projected"}


@pytest.mark.parametrize(
    ("rows", "datum"),
    [
        ([["名称", "地址", "坐标（GCJ-02）", None], [None, None, "经度", "纬度"], ["甲社保中心", "经十路1号", "117.07", "36.666"]], Datum.GCJ02),
        ([["名称", "地址", "经度", "纬度"], ["甲社保中心", "经十路1号", "117.07", "36.666"], ["注：坐标为百度坐标"]], Datum.BD09),
        ([["坐标系：高德"], ["名称", "地址", "经度", "纬度"], ["甲社保中心", "经十路1号", "117.07", "36.666"]], Datum.GCJ02),
        ([["name", "pname", "cityname", "adname", "location"], ["甲社保中心", "山东省", "济南市", "历下区", "117.07,36.666"]], Datum.GCJ02),
        ([["name", "uid", "area", "telephone", "lng", "lat"], ["甲社保中心", "a", "历下区", "12333", "117.07", "36.666"]], Datum.BD09),
        ([["名称", "地址", "经度", "纬度"], ["甲社保中心", "经十路1号", "117.07", "36.666"], ["注：高德地图可查"]], Datum.WGS84),
    ],
)  # fmt: skip
def test_a_datum_is_said_in_many_places(tmp_path, rows, datum):
    assert open_source("table", str(save_rows(tmp_path / "t.xlsx", rows))).datum is datum


@pytest.mark.parametrize(
    "cell", ["MULTIPOINT ((117.07 36.666))", "MULTIPOINT (117.07 36.666)", "POINT Z (117.07 36.666 20)"]
)
def test_points_of_wkt(cell):
    assert read_position(*split_pair(cell, lat_first=False)) == (117.07, 36.666)


@pytest.mark.parametrize(
    ("words", "datum"),
    [("高德", "gcj02"), ("火星坐标系", "gcj02"), ("GCJ-02", "gcj02"), ("百度", "bd09"), ("BD09", "bd09"), ("CGCS2000", "wgs84"),
     ("WGS-84", "wgs84"), ("西安80", None)],
)  # fmt: skip
def test_the_words_of_a_datum(words, datum):
    assert read_datum(words) == datum


@pytest.mark.parametrize("cell", ["45413", "45413.0", "20240501", "2024/5/1 0:00", "2024年5月1日", "2024-05-01"])
def test_a_date(tmp_path, cell):
    points, faults = check_text(tmp_path, f"名称,地址,更新日期\n甲社保中心,经十路1号,{cell}\n")
    assert points[0].provenance.date == "2024-05-01" and not faults


def test_a_cell_that_shows_a_link_and_blanks_in_words(tmp_path):
    points, faults = check_text(
        tmp_path,
        "名称,地址,网址,经度,纬度,备注\n"
        '"=HYPERLINK(""http://a.example/1"",""甲社保中心"")",经十路1号,"=HYPERLINK(""http://a.example"")",#N/A,#N/A,暫無\n',
    )
    assert [(p.name, p.website, p.notes, p.lon) for p in points] == [("甲社保中心", "http://a.example", None, None)]
    assert not faults


def test_a_row_that_differs_by_a_blank_is_the_same_row(tmp_path):
    points, faults = check_text(tmp_path, "名称,地址\n甲社保中心,经十路1号\n甲社保中心 ,经十路1号\n")
    assert len(points) == 1 and faults == [(3, "id", "duplicate_row")]


# --- what stands around the offices


@pytest.mark.parametrize(
    "line",
    [
        "历下区：",
        "【市中区】",
        "历下区",
        "说明 1. 请电话预约",
        "*带星号的为自助网点",
        "数据截止2024年6月",
        "联系人：张三",
        "以上网点周末不办公",
        "注1：凭预约号",
        "填报日期：2024-06-01",
        "2.节假日休息。",
        "医保网点",
        "历下区社保卡服务网点一览表",
    ],
)
def test_what_stands_alone_in_a_row_is_no_office(tmp_path, line):
    points, faults = check_text(tmp_path, f"名称,地址\n甲社保中心,经十路1号\n{line},\n")
    assert len(points) == 1 and faults == [(3, "name", "remark_row")]


@pytest.mark.parametrize("name", ["数据局政务大厅", "注册服务中心", "说明路社保中心", "统计局窗口", "历下区社保中心"])
def test_an_office_that_has_a_name_alone_is_one(tmp_path, name):
    points, faults = check_text(tmp_path, f"名称,地址\n甲社保中心,经十路1号\n{name},\n")
    assert [point.name for point in points] == ["甲社保中心", name] and not faults


@pytest.mark.parametrize("number", ["1.", "2、", "（3）", "12．", "四、"])
def test_a_number_before_a_name_is_not_part_of_it(tmp_path, number):
    assert check_text(tmp_path, f"名称,地址\n{number}甲社保中心,经十路1号\n")[0][0].name == "甲社保中心"


def test_a_day_of_closing_closes(tmp_path):
    points, _ = check_text(
        tmp_path, "名称,地址,是否关闭,撤销日期\n甲社保中心,经十路1号,否,\n乙社保中心,经十路2号,,2023-05-01\n"
    )
    assert [point.name for point in points] == ["甲社保中心"]


def test_street_and_number_in_columns_of_their_own(tmp_path):
    points, _ = check_text(tmp_path, "名称,区,路,门牌号\n甲社保中心,槐荫区,经四路,478号\n")
    assert (points[0].district, points[0].address) == ("槐荫区", "经四路478号")


def test_commas_of_full_width_part_cells_where_nothing_else_does(tmp_path):
    points, _ = check_text(tmp_path, "名称，地址，电话\n甲社保中心，经十路1号，12333\n")
    assert (points[0].name, points[0].address) == ("甲社保中心", "经十路1号")
    points, _ = check_text(tmp_path, "名称,地址\n甲社保中心,经十路1号，二楼，东门\n")
    assert points[0].address == "经十路1号，二楼，东门"


def test_a_sheet_of_closed_offices(tmp_path):
    path = save_rows(
        tmp_path / "t.xlsx",
        [["名称", "地址"], ["甲社保中心", "经十路1号"]],
        [["名称", "地址"], ["乙社保中心", "经十路2号"]],
    )
    book = openpyxl.load_workbook(path)
    book["S2"].title = "停用网点"
    book.save(path)
    points, faults = check(path)
    assert [point.name for point in points] == ["甲社保中心"] and faults == [(2, "status", "status_closed")]


def test_whose_the_outlets_are_is_not_their_name(tmp_path):
    rows = "单位名称,服务网点,地址\n济南市人社局,历下服务大厅,经十路1号\n济南市人社局,市中服务大厅,经十路2号\n"
    assert [point.name for point in check_text(tmp_path, rows)[0]] == ["历下服务大厅", "市中服务大厅"]


@pytest.mark.parametrize(
    ("code", "adcode"), [("370102000000", "370102"), ("370102001", "370102"), ("370102", "370102")]
)
def test_codes_of_the_statistics_office(tmp_path, code, adcode):
    points, faults = check_text(tmp_path, f"名称,地址,行政区划代码\n甲社保中心,经十路1号,{code}\n")
    assert points[0].adcode == adcode and not faults


def test_a_hundred_unknown_columns_are_not_named_one_by_one():
    said = str(_shorten(", ".join(f"指标{number}" for number in range(200))))
    assert len(said) <= 302 and said.endswith(" …") and said.startswith("指标0, 指标1")
