"""Files as city governments, banks, newsrooms and OpenStreetMap users hand them over, and what becomes of each row."""

from __future__ import annotations

import openpyxl
import pytest

from locator.ingest import open_source
from locator.ingest.validate import Checker
from locator.ingest.values import answer_question, read_status, says_closed


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
    "子区社保中心（旧址）", "丑区社保中心 停用", "Card center (temporarily closed)",
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


def test_words_for_columns_are_no_offices_where_rows_and_columns_are_swapped(tmp_path):
    points, faults = check_text(tmp_path, "名称,甲社保中心,乙社保中心\n地址,经十路1号,经十路2号\n电话,12333,12333\n")
    assert points == []
    assert [code for _, _, code in faults] == ["header_row", "header_row"]


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
