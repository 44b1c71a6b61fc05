"""Every paragraph of the check: what is refused, what is left out, what is only doubted."""

from __future__ import annotations

import tracemalloc
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from locator.datum import Datum, distance_m, from_wgs84
from locator.files.text_files import escape_formula, unescape_formula
from locator.gazetteer.districts import DistrictIndex
from locator.hours.clock import shipped_clock
from locator.i18n import LANGS, load_catalogue
from locator.ingest import RawRecord
from locator.ingest.positions import doubt_datum
from locator.ingest.validate import Centre, Checker, check_records
from locator.ingest.values import (
    KIND_WORDS,
    MAX_CHARACTERS,
    clean_text,
    find_text_fault,
    kind_of_name,
    read_kind,
    read_phones,
)
from locator.model import Kind, Phone, Precision

TUESDAY = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Asia/Shanghai"))


def check(row: int = 2, declared: Datum = Datum.WGS84, **fields: str):
    """Check one row with a name of its own unless it gives one."""
    fields = {"name": "测试中心", **fields}
    return check_records([RawRecord(source="s", file="f.csv", row=row, fields=fields)], datum=declared)


def test_long_cells_are_not_kept_once_their_row_is_checked():
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for n in range(100):
            check(services="业务" * 50_000 + str(n))
        assert tracemalloc.get_traced_memory()[0] - before < 4_000_000, "a fifth of what came"
    finally:
        tracemalloc.stop()


REFUSED = [
    ("name", "", "name_missing"),
    ("name", "<script>alert(1)</script>", "markup"),
    ("name", "{{7*7}}", "markup"),
    ("name", "${alert(1)}", "markup"),
    ("name", "{% raw %}", "markup"),
    ("name", "=HYPERLINK(\"http://x\")", "formula_start"),
    ("name", "+cmd|' /C calc'!A0", "formula_start"),
    ("name", "@SUM(1)", "formula_start"),
    ("name", "＝1+1", "formula_start"),
    ("name", "a\x07b", "control_character"),
    ("name", "中心\u202ecod.exe", "control_character"),
    ("name", "名" * 201, "too_long"),
    ("name", "丑区人社局（已搬迁）", "name_closed"),
    ("name", "寅街道社保所(停用)", "name_closed"),
    ("name", "卯区社保中心旧址已拆除", "name_closed"),
    ("name", "Social Security Bureau (closed)", "name_closed"),
    ("name", "合计", "remark_row"),
    ("name", "共 23 家", "remark_row"),
    ("name", "注：节假日除外", "remark_row"),
    ("name", "填表人：张三", "remark_row"),
    ("name", "#REF!", "name_missing"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value", "code"), REFUSED)
def test_a_row_is_refused(column, value, code):
    points, rejects = check(row=7, **{column: value})
    assert points == []
    (reject,) = rejects
    assert (reject.file, reject.row, reject.column, reject.code, reject.severity) == ("f.csv", 7, column, code, "row")
    assert reject.reason and all(c.isprintable() for c in reject.value)


LEFT_OUT = [
    ("phones", "没有", "phone", "phones", ()),
    ("phones", "2018-07-25", "phone", "phones", ()),
    ("phones", "5.3189E+10", "phone", "phones", ()),
    ("phones", "53187000000", "phone", "phones", ()),
    ("hours", "2018-07-25", "hours_is_date", "hours", None),
    ("hours", "2018-07-25 09:00:00", "hours_is_date", "hours", None),
    ("hours", "43306", "hours_is_date", "hours", None),
    ("hours", "09:00:00", "hours_is_date", "hours", None),
    ("hours", "有空就来", "hours_not_understood", "hours", None),
    ("hours", "9:00-12:00", "hours_no_days", "hours", None),
    ("hours", "09:00-12:00,13:30-17:00; PH off", "hours_no_days", "hours", None),
    ("kind", "spaceship", "kind_unknown", "kind", Kind.OTHER),
    ("tasks", "fly", "task_unknown", "tasks", None),
    ("adcode", "37010", "adcode_form", "adcode", None),
    ("serves", "abc", "adcode_form", "serves", ()),
    ("website", "example.org", "url_form", "website", None),
    ("website", "ftp://x", "url_form", "website", None),
    ("wheelchair", "maybe", "word_unknown", "wheelchair", None),
    ("timezone", "Mars/Base", "timezone_unknown", "timezone", "Asia/Shanghai"),
    ("error_m", "-5", "not_a_number", "error_m", None),
    ("error_m", "wide", "not_a_number", "error_m", None),
    ("position", "township", "position_without_pair", "position", None),
    ("position", "near", "word_unknown", "position", None),
    ("hours_date", "last week", "date_form", "hours_date", None),
]


@pytest.mark.parametrize(("column", "value", "code", "field", "kept"), LEFT_OUT)
def test_a_value_is_left_out_and_the_row_is_kept(column, value, code, field, kept):
    points, rejects = check(**{column: value})
    (reject,) = rejects
    assert (reject.column, reject.code, reject.severity) == (column, code, "value")
    assert getattr(points[0], field) == kept


def test_an_afternoon_after_a_semicolon_is_of_the_same_days():
    points, rejects = check(hours="Mo-Fr 09:00-12:00; 13:30-17:00")
    assert points[0].hours == "Mo-Fr 09:00-12:00,13:30-17:00" and not rejects


@pytest.mark.parametrize("cell", ["有空就来", "9:00-12:00"])
def test_hours_nobody_can_read_are_kept_as_words(cell):
    points, _ = check(hours=cell)
    assert points[0].hours_text == cell and shipped_clock().evaluate_point(points[0], TUESDAY).state == "unknown"


@pytest.mark.parametrize(
    "cell", ["Mo-Su 09:00-17:00", "24/7", "2026 Nov 24 09:00-12:00", "Mo-Fr 09:00-17:00; 12:00-13:00 off"]
)
def test_hours_that_name_their_days_are_taken(cell):
    points, rejects = check(hours=cell)
    assert points[0].hours == cell and not rejects


def test_hours_are_read_from_osm_syntax_and_from_chinese():
    points, rejects = check(hours="Mo-Fr 09:00-12:00; PH off")
    assert points[0].hours == "Mo-Fr 09:00-12:00; PH off" and not rejects
    points, rejects = check(hours="周一至周五 9:00-12:00,13:30-17:00(法定节假日除外)")
    assert points[0].hours == "Mo-Fr 09:00-12:00,13:30-17:00; PH off" and points[0].hours_text.startswith("周一")
    points, _ = check(hours_text="周一至周五 9:00-17:00(法定节假日除外)")
    assert points[0].hours == "Mo-Fr 09:00-17:00; PH off"
    points, _ = check(hours="", hours_text="周一至周五 9:00-17:00(法定节假日除外)")
    assert points[0].hours is None, "a blank in a column of hours is somebody's decision"


POSITIONS = [
    ("36.65", "117.02", "position_swapped"),
    ("0", "0", "null_island"),
    ("117.02", "", "position_half"),
    ("", "36.65", "position_half"),
    ("east", "36.65", "not_a_number"),
    ("nan", "36.65", "position_half"),
    ("inf", "36.65", "not_a_number"),
    ("190", "10", "position_range"),
    ("10", "-95", "position_range"),
]


@pytest.mark.parametrize(("lon", "lat", "code"), POSITIONS)
def test_a_position_that_is_none_costs_the_position(lon, lat, code):
    (point,), (issue,) = check(lon=lon, lat=lat)
    assert (point.lon, point.lat, point.position) == (None, None, None)
    assert issue.code == code and issue.column in ("lon", "lat") and issue.severity == "value"


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("address", "路" * 301, "too_long"),
        ("address", "<img src=x onerror=alert(1)>", "markup"),
        ("notes", "见 javascript:alert(1)", "markup"),
        ("notes", '<a href="http://x.example">连结</a>', "markup"),
        ("township", "=1+1", "formula_start"),
        ("datum", "mercator", "word_unknown"),
    ],
)
def test_a_text_that_is_none_costs_that_text(column, value, code):
    (point,), (issue,) = check(**{column: value})
    assert (issue.column, issue.code, issue.severity) == (column, code, "value")
    assert getattr(point, column, None) is None and point.name


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ("１１７．０２０８", "３６．６５４２"), ("东经117.0208°", "北纬36.6542°"), ("E117.0208", "N36.6542"),
        ("117.0208E", "36.6542 N"), ("117°01′14.88″", "36°39′15.12″"), ("117°1'14.88\"E", "36°39'15.12\"N"),
        ("117度1分14.88秒", "36度39分15.12秒"), ("117,0208", "36,6542"),
    ],
)  # fmt: skip
def test_degrees_as_people_write_them(lon, lat):
    points, rejects = check(lon=lon, lat=lat)
    assert not rejects and (points[0].lon, points[0].lat) == (pytest.approx(117.0208), pytest.approx(36.6542))


@pytest.mark.parametrize("pair", [(9.52, 47.14), (-74.0, 40.7), (15.6, 78.2), (-70.9, -53.2), (117.02, 36.65)])
def test_positions_of_every_country_are_taken(pair):
    points, rejects = check(lon=str(pair[0]), lat=str(pair[1]))
    assert not rejects and (points[0].lon, points[0].lat) == pair and points[0].position is Precision.POI


@given(st.floats(103, 117), st.floats(26, 38), st.sampled_from(Datum))
def test_a_position_of_any_datum_becomes_wgs84(lon, lat, datum):
    x, y = from_wgs84(lon, lat, datum)
    points, _ = check(lon=repr(float(x)), lat=repr(float(y)), declared=datum)
    assert distance_m(points[0].lon, points[0].lat, lon, lat) < 0.001


def test_a_rows_own_datum_wins():
    x, y = from_wgs84(117.0, 36.6, Datum.BD09)
    record = RawRecord(
        source="s",
        file="f",
        row=2,
        fields={"name": "n", "lon": repr(float(x)), "lat": repr(float(y)), "datum": "BD-09"},
    )
    (point,), _ = check_records([record], datum=Datum.WGS84)
    assert distance_m(point.lon, point.lat, 117.0, 36.6) < 0.001


@pytest.mark.parametrize("own", ["a b", "../etc/passwd", "编号一", "a!"])
def test_an_id_that_cannot_travel_is_replaced(own):
    (point,), (reject,) = check(id=own)
    assert (reject.code, reject.severity) == ("id_form", "value")
    assert point.id.startswith("s-") and point.id.isascii()


def test_ids_stay_and_doubles_are_refused():
    rows = [
        {"id": "a", "name": "甲"}, {"id": "a", "name": "乙"},
        {"name": "丙", "address": "一路1号"}, {"name": "丙", "address": "一路1号"},
        {"name": "丙", "address": "一路1号", "phones": "12333"},
    ]  # fmt: skip
    records = [RawRecord(source="s", file="f", row=n, fields=row) for n, row in enumerate(rows, 2)]
    points, rejects = check_records(records)
    assert [(r.row, r.code, r.severity) for r in rejects] == [(3, "duplicate_id", "value"), (5, "duplicate_row", "row")]
    assert len({p.id for p in points}) == 4 and points[3].id == points[2].id + "-2"
    again, _ = check_records(records)
    assert [p.id for p in again] == [p.id for p in points]


def test_far_from_its_region_is_a_doubt_and_outside_a_boundary_a_fault():
    record = RawRecord(source="s", file="f", row=2, fields={"name": "n", "adcode": "370104", "lon": "113", "lat": "23"})
    centre = Centre(116.9, 36.65, "district")
    points, (doubt,) = check_records([record], centre_of=lambda code: centre if code == "370104" else None)
    assert (doubt.code, doubt.severity) == ("far_from_region", "doubt") and len(points) == 1
    points, rejects = check_records([record], boundaries={"370104": shapely.box(116, 36, 117, 37)})
    assert points == [] and [r.code for r in rejects] == ["outside_boundary"]
    inside = RawRecord(source="s", file="f", row=2, fields={**record.fields, "lon": "116.9", "lat": "36.6"})
    assert check_records([inside], boundaries={"370104": shapely.box(116, 36, 117, 37)}).rejects == []


@pytest.mark.parametrize(
    ("adcode", "lon", "position", "expected", "codes"),
    [
        ("", "116.95", "", "370103", []),  # no district: that of the position
        ("", "116.95", "township", None, []),  # a township's middle says nothing of the office's district
        ("370103", "116.95", "", "370103", []),
        ("370100", "116.95", "", "370103", []),  # the city holds the district: the row learns it
        ("370104", "116.95", "", "370104", ["other_district"]),
        ("370104", "116.904", "", "370104", []),  # 360 m from the border
        ("370104", "113.95", "", "370104", []),  # no outline there: nothing is known
    ],
)
def test_the_district_of_a_position_fills_the_rows_or_is_told_beside_it(adcode, lon, position, expected, codes):
    squares = np.array([shapely.box(116.8, 36, 116.9, 37), shapely.box(116.9, 36, 117, 37)], object)
    districts = DistrictIndex(lambda: (np.array([370104, 370103], np.int32), squares))
    fields = {"name": "n", "adcode": adcode, "lon": lon, "lat": "36.5", "position": position}
    (point,), rejects = check_records([RawRecord(source="s", file="f", row=2, fields=fields)], districts=districts)
    assert (point.adcode, [(r.code, r.severity) for r in rejects]) == (expected, [(code, "doubt") for code in codes])


def test_a_file_in_another_datum_is_noticed_where_offices_are_known():
    known = [(117.0 + i / 100, 36.6) for i in range(5)]
    shifted = [tuple(float(v) for v in from_wgs84(*pair, Datum.GCJ02)) for pair in known]
    doubt = doubt_datum(zip(shifted, known, strict=True), Datum.WGS84)
    assert doubt is not None and doubt.likely is Datum.GCJ02 and doubt.overlaps == 5
    assert doubt.likely_m < 1 and doubt.declared_m > 300
    assert doubt_datum(zip(shifted, known, strict=True), Datum.GCJ02) is None
    assert doubt_datum(zip(known, known, strict=True), Datum.WGS84) is None
    assert doubt_datum(zip(shifted[:2], known[:2], strict=True), Datum.WGS84) is None, "two are too few to say"
    assert doubt_datum([], Datum.WGS84) is None


def test_counts_of_a_checker():
    records = [RawRecord(source="s", file="f", row=n, fields={"name": name}) for n, name in enumerate(("a", "", "b"))]
    checker = Checker()
    assert len(list(checker.check(records))) == 2 and (checker.read, checker.refused) == (3, 1)


PHONES = [
    ("0531-88923656 人才服务; 12333", [("0531-88923656", "人才服务"), ("12333", None)]),
    ("22838332,22821788(劳动争议综合维权)", [("22838332", None), ("22821788", "劳动争议综合维权")]),
    ("0753-4439057(社保关系);0753-4428013(城乡居民养老)",
     [("0753-4439057", "社保关系"), ("0753-4428013", "城乡居民养老")]),
    ("电话：010-12345678转8005", [("010-12345678转8005", None)]),
    ("(0531)8892 3656", [("0531-88923656", None)]),
    ("+86 531 8892 3656", [("0531-88923656", None)]),
    ("0531－88923656、88923657", [("0531-88923656", None), ("0531-88923657", None)]),
    ("8008205114/4008205114", [("800-820-5114", None), ("400-820-5114", None)]),
    ("021-12333", [("021-12333", None)]),
    ("138 1234 5678", [("13812345678", None)]),
    ("+423 236 61 11", [("+4232366111", None)]),
    ("+41 (0)44 123 45 67", [("+41441234567", None)]),
    ("53188923656", [("0531-88923656", None)]),
    ("1088923656", [("010-88923656", None)]),
    ("5.3188923656E+10", [("0531-88923656", None)]),
    ("13905310000.0", [("13905310000", None)]),
    ("4008205114", [("400-820-5114", None)]),
    ("０５３１－８８９２３６５６", [("0531-88923656", None)]),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "expected"), PHONES)
def test_phones(cell, expected):
    found = read_phones(cell)
    assert found.phones == tuple(Phone(*pair) for pair in expected) and found.unread == ()


def test_local_numbers_are_doubted_or_completed():
    assert read_phones("22838332").local == ("22838332",)
    assert read_phones("22838332", area_code="0760").phones == (Phone("0760-22838332"),)
    points, (doubt,) = check(phones="22838332")
    assert doubt.severity == "doubt" and points[0].phones == (Phone("22838332"),)


NAMES = {
    "广州市医疗保险服务管理中心": Kind.MEDICAL_INSURANCE, "上海市社会保险事业管理中心": Kind.INSURANCE_AGENCY,
    "北京市大兴区政务服务中心人保局分中心": Kind.GOVERNMENT_HALL, "中山市人力资源和社会保障局小榄分局": Kind.HRSS_BUREAU,
    "深圳市社会保险基金管理局南山分局": Kind.INSURANCE_AGENCY, "苍梧县社会保险事业管理所": Kind.INSURANCE_AGENCY,
    "欧阳路街道社区事务受理服务中心": Kind.COMMUNITY_CENTER, "广州市社会保障卡服务中心": Kind.CARD_CENTER,
    "杭州市民卡南服务厅": Kind.CARD_CENTER, "大连市公共行政服务中心": Kind.GOVERNMENT_HALL,
    "河南省医疗保障服务中心": Kind.MEDICAL_INSURANCE, "重庆市渝中区医保分中心": Kind.MEDICAL_INSURANCE,
    "东莞市民服务中心": Kind.GOVERNMENT_HALL, "笕桥街道党群服务中心": Kind.COMMUNITY_CENTER,
    "南湖街道劳动就业社会保障服务中心": Kind.COMMUNITY_CENTER, "大兴区医疗保障局": Kind.MEDICAL_INSURANCE,
    "北京市医疗保险事务管理中心": Kind.MEDICAL_INSURANCE, "香炉礁街道劳动保障事务所": Kind.COMMUNITY_CENTER,
    "沙园社区劳动保障工作站": Kind.COMMUNITY_CENTER, "五里沟街道人社中心": Kind.COMMUNITY_CENTER,
    "中国人寿保险股份有限公司": None, "益丰大药房(医保定点)": None, "某某人力资源有限公司": None, "平安保险服务中心": None,
    "社会福利院": None, "劳动人事争议仲裁院": None, "社保局(公交站)": None, "南方人才市场": None,
    "中国工商银行济南分行": None, "Liechtensteinische Landesbibliothek": None,
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), NAMES.items())
def test_kinds_by_name(name, kind):
    assert kind_of_name(name) is kind


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_and_is_its_own_word(kind):
    assert kind in KIND_WORDS.values() and read_kind(str(kind)) is kind


def test_kind_of_the_name_when_the_source_says_nothing():
    points, _ = check(name="重庆市渝中区医保分中心")
    assert points[0].kind is Kind.MEDICAL_INSURANCE
    points, _ = check(name="重庆市渝中区医保分中心", kind="政务服务中心")
    assert points[0].kind is Kind.GOVERNMENT_HALL and points[0].kind_source == "政务服务中心"


@given(st.text(max_size=40))
def test_no_text_breaks_the_check(text):
    for column in ("name", "address", "phones", "hours", "kind", "adcode", "lon", "website", "source_date"):
        points, rejects = check(**{column: text})
        assert len(points) == 1 or any(r.severity == "row" for r in rejects)
        assert all(r.value.isprintable() for r in rejects)


@given(st.text())
def test_a_shielded_cell_runs_nowhere_and_comes_back(text):
    cell = escape_formula(text)
    assert unescape_formula(cell) == text
    assert not cell.lstrip()[:1] or cell.lstrip()[0] not in "=+@＝＋－＠" or cell.startswith("'")
    assert not cell.startswith(("\t", "\r", "\n"))


def test_minus_is_shielded_but_for_numbers():
    assert (
        escape_formula("-3.5") == "-3.5"
        and escape_formula("-3+cmd") == "'-3+cmd"
        and escape_formula("+423123") == "'+423123"
    )
    assert clean_text("\u200b 人社\u3000局\n") == "人社 局" and clean_text("暂无") == ""


def test_limits_hold_at_the_edge():
    for column, most in MAX_CHARACTERS.items():
        assert find_text_fault(column, "字" * most) is None
        assert find_text_fault(column, "字" * (most + 1))[0] == "too_long"


def test_every_code_has_a_sentence_in_every_language():
    codes = {code for _, _, code in REFUSED} | {row[2] for row in LEFT_OUT} | {row[2] for row in POSITIONS}
    codes |= {
        "duplicate_id",
        "duplicate_row",
        "far_from_region",
        "other_district",
        "outside_boundary",
        "phone_no_area_code",
        "cells_extra",
        "remark_row",
    }
    for lang in LANGS:
        assert {f"import.fault.{code}" for code in codes} <= set(load_catalogue(lang))
