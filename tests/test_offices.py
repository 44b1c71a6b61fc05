"""The shipped offices are what their sources said, in one form: no fault, no invention, nothing false."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from locator.adcode import prefecture_of
from locator.datum import Datum, distance_m, to_wgs84
from locator.hours.reader import read_hours_text
from locator.ingest.shipped import load_parts
from locator.ingest.validate import check_file
from locator.layer import COLUMNS
from locator.model import EXACT, Kind, Task
from locator.settings import shipped_dir

OFFICES = shipped_dir() / "offices"
FILES = sorted(OFFICES.glob("*.csv"))
DERIVED = {"status", "origins"}


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


ROWS = {row["id"]: row for path in FILES for row in rows_of(path)}


@pytest.fixture(scope="module")
def points():
    return {point.id: point for points in load_parts().values() for point in points}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_no_file_has_a_fault(path):
    report = check_file(path)
    assert report.faults == () and report.rows == len(rows_of(path))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_columns_are_the_layers(path):
    with path.open(encoding="utf-8") as handle:
        names = handle.readline().strip().split(",")
    assert set(names) == (set(COLUMNS) | {"datum"}) - DERIVED


def test_every_row_says_where_it_comes_from():
    for row in ROWS.values():
        assert row["source"] and row["confidence"] in "HML" and row["licence"], row["id"]
        assert bool(row["lon"]) == bool(row["datum"]), row["id"]


def test_ids_are_written_once_over_all_files():
    ids = [row["id"] for path in FILES for row in rows_of(path)]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"[a-z]+-\d{3,}", point_id) for point_id in ids)


def test_phones_have_their_area_code(points):
    for point in points.values():
        for number, _ in point.phones:
            assert re.fullmatch(r"0\d{2,3}-(\d{7,8}(转\d+)?|12333)", number), (point.id, number)
    zhongshan = points["zhongshan-002"].phones
    assert [p.number for p in zhongshan][:2] == ["0760-22838332", "0760-22821788"]
    assert zhongshan[0].label == "劳动争议综合维权"


def test_hours_are_what_the_words_say(points):
    read_by_hand = {"beijing-001"}  # in English
    for point in points.values():
        if point.hours_text and point.id not in read_by_hand:
            assert point.hours == read_hours_text(point.hours_text).expr, point.id
    assert points["jingzhou-001"].hours is None and "8:30" in points["jingzhou-001"].hours_text
    assert {i for i, p in points.items() if p.hours} == {
        "beijing-001", "xiangtan-001", "zhengzhou-001", "zhongshan-002", "xining-001"
    }  # fmt: skip


def test_epidemic_hours_stay_out(points):
    for name in ("欧阳路街道社区事务受理服务中心", "红桥区政务服务中心", "长春市繁荣路医保大厅"):
        (point,) = [p for p in points.values() if p.name == name]
        assert point.hours is None and point.hours_text is None and "未采用" in point.notes


def test_positions_are_brought_to_wgs84_each_from_its_datum(points):
    for point_id, datum in (("jinan-043", Datum.GCJ02), ("dalian-007", Datum.BD09)):
        row, point = ROWS[point_id], points[point_id]
        assert row["datum"] == datum
        lon, lat = to_wgs84(float(row["lon"]), float(row["lat"]), datum)
        assert distance_m(point.lon, point.lat, lon, lat) < 0.01
        assert 300 < distance_m(point.lon, point.lat, float(row["lon"]), float(row["lat"])) < 2000


def test_tasks_are_claimed_only_where_a_source_claims_them(points):
    claimed = {p.id: p.tasks for p in points.values() if p.tasks}
    outlets = {p.id for p in points.values() if p.kind is Kind.BANK}
    assert claimed.keys() == {"jinan-003", "jingzhou-001", "find-001"} | outlets
    assert claimed["jinan-003"] == {Task.REPORT_LOSS}
    assert all(claimed[i] == {Task.REPLACE_LOST, Task.REPLACE_DAMAGED} for i in outlets | {"find-001"})
    assert all("即时制卡" in points[i].services for i in outlets)
    (closed,) = [p for p in points.values() if p.not_tasks]
    assert closed.name.startswith("南湖") and Task.REPLACE_LOST in closed.not_tasks and "取消" in closed.notes


def test_what_does_not_serve_the_card_is_left_out(points):
    names = " ".join(p.name for p in points.values())
    assert "外国人来华工作许可办理" not in names and "科技政务服务中心" not in names and "移民" not in names


def test_the_hall_that_its_source_names_twice_is_there_once(points):
    halls = [p for p in points.values() if p.district == "沙河口区" and p.kind is Kind.GOVERNMENT_HALL]
    assert [p.name for p in halls] == ["沙河口区行政服务大厅"] and "行政服务中心" in halls[0].notes


def test_regions_are_named_in_full_and_match_the_gazetteer(points, locator):
    for point in points.values():
        assert point.province[-1] in "省市区" and point.city[-1] in "市州盟区县", point.id
        division = locator.engines.gazetteer.division(point.adcode)
        assert division is not None, point.adcode
        if division.level == "district":
            assert division.name == point.district, point.id
        if point.district in ("高新区", "横琴粤澳深度合作区"):
            assert point.adcode.endswith("00")
    assert {p.district for p in points.values() if "济阳县" in p.name} == {"济阳区"}


def test_the_area_a_name_suggests_is_a_township_of_today(points, locator):
    for point in points.values():
        for code in point.serves:
            township = locator.engines.gazetteer.division(code)
            assert township is not None and township.name == point.township and point.serves_basis == "name"


def test_counts_are_those_of_the_sources(points):
    assert Counter(path.stem for path in FILES for _ in rows_of(path)) == {
        "jinan": 106, "dalian": 20, "official-pages": 50, "osm-china": 532, "shanghai-card-points": 273,
        "linyi-card-outlets": 72, "single-finds": 19,
    }  # fmt: skip
    assert sum(p.position in EXACT for p in points.values()) == 98 + 532
    assert len({prefecture_of(p.adcode) for p in points.values()}) >= 165
    (doubtful,) = [p for p in points.values() if p.name.startswith("腊山")]
    assert doubtful.position not in EXACT and doubtful.lon is not None and "存疑" in doubtful.notes


# --- what each file promises


@pytest.mark.parametrize(
    "words",
    [
        "遗址", "旧址", "建设中", "规划", "交警", "派出所", "检察", "监察", "师生", "公积金", "考试", "办事处", "科技馆", "舞台", "勘验", "车管",
        "市场", "产业园", "公司", "小区", "超市", "广场", "公园", "医院", "卫生", "残疾人", "退役", "党委", "（老", "(老",
    ],
)  # fmt: skip
def test_nobody_is_sent_to_what_is_no_counter_of_the_map(words):
    assert not [row["name"] for row in rows_of(OFFICES / "osm-china.csv") if words in row["name"]]


def test_the_maps_offices_are_placed_by_it_and_say_what_is_not_known(locator):
    bare = {
        "政务服务中心",
        "行政服务中心",
        "市民中心",
        "市民之家",
        "人社局",
        "医保局",
        "社保局",
        "便民服务中心",
        "政务大厅",
    }
    for row in rows_of(OFFICES / "osm-china.csv"):
        assert row["licence"] == "ODbL 1.0, © OpenStreetMap contributors" and row["datum"] == "wgs84"
        assert not row["phones"] and not row["hours"] and not row["tasks"] and "OpenStreetMap" in row["notes"]
        assert row["name"] not in bare and not row["name"].startswith("原"), row["id"]
        found = locator.engines.districts.district_of(float(row["lon"]), float(row["lat"]))
        assert found.adcode == row["adcode"], row["id"]


def test_shanghais_points_state_the_area_they_serve_and_their_age(points):
    rows = [p for p in points.values() if p.id.startswith("shcard-")]
    assert sum(bool(p.serves) for p in rows) >= 250 and all("2016" in p.services and "2016" in p.notes for p in rows)
    assert all(p.lon is None and p.serves_basis == ("name" if p.serves else None) for p in rows)


def test_linyis_outlets_have_no_position_and_only_what_was_confirmed(points):
    rows = [p for p in points.values() if p.id.startswith("linyi-")]
    assert all(p.lon is None and p.kind is Kind.BANK for p in rows)
    assert (sum(bool(p.address) for p in rows), sum(bool(p.phones) for p in rows)) == (43, 30)


def test_what_several_files_say_of_one_office_is_told_once(locator):
    listed = list(locator.engines.store.points())
    for name, city in (
        ("广州市政务服务中心", "广州市"),
        ("姑苏区政务服务中心", "苏州市"),
        ("西宁市市民中心", "西宁市"),
    ):
        (hall,) = [p for p in listed if p.name == name and p.city == city]
        assert hall.position in EXACT and hall.origins
    assert 1000 <= len(listed) < len(ROWS)


# --- against the facts: no row lost, invented or altered

FIRST_FILES = ("jinan", "dalian", "official-pages")
"""The files whose rows the tests below compare with the facts, word by word."""
FIRST_ROWS = {row["id"]: row for name in FIRST_FILES for row in rows_of(OFFICES / f"{name}.csv")}
TWICE = "大连市沙河口区政府行政服务中心"
"""The hall of 沙河口区, which the source names twice."""


def facts_of(shared: Path) -> list[dict[str, str]]:
    """Return the facts' rows that belong here, each with a name: all but the windows for work permits."""
    folder = shared.parent / "facts" / "offices"
    rows = [row for name in ("jinan_dalian", "official_pages") for row in rows_of(folder / f"{name}.csv")]
    rows += [row for row in rows_of(folder / "not_for_the_card.csv") if "NEGATIVE row" in row["notes"]]
    return [{**row, "name": row["name"] or row["name_en"]} for row in rows if row["name"] != TWICE]


@pytest.mark.shared
def test_every_row_of_the_facts_is_here_and_no_other(shared_data):
    facts = facts_of(shared_data)
    assert Counter((f["name"], f["source_url"]) for f in facts) == Counter(
        (row["name"], row["source_url"]) for row in FIRST_ROWS.values()
    )


@pytest.mark.shared
def test_every_value_is_the_facts_own(shared_data, points):
    """Regions, telephone numbers and notes are told in one form here: the digits and the others' tests stand for them."""
    ours = {(row["name"], row["source_url"], row["lon"]): row for row in FIRST_ROWS.values()}
    assert len(ours) == len(FIRST_ROWS)
    for fact in facts_of(shared_data):
        row = ours[fact["name"], fact["source_url"], fact["lon"]]
        for column in ("name_en", "address", "services", "lon", "lat", "datum", "confidence", "source_url"):
            assert row[column] == fact[column], (row["id"], column)
        told = re.match(r"\d{4}(-\d{2})*", fact["source_date"])
        assert row["source_date"] == (told[0] if told else ""), row["id"]
        assert row["kind_source"] == fact["kind"], row["id"]
        assert row["hours_text"] in (fact["hours_text"], ""), row["id"]
        assert bool(row["hours_text"]) == bool(fact["hours_text"]) or "未采用" in row["notes"], row["id"]
        digits = set(re.findall(r"\d{7,8}|12333", fact["phone"] + fact["notes"]))
        for number, _ in points[row["id"]].phones:
            assert number.split("转")[0].rpartition("-")[2] in digits, (row["id"], number)
        assert not fact["phone"] or row["phones"], row["id"]


@pytest.mark.shared
def test_the_later_files_hold_the_facts_rows(shared_data):
    folder = shared_data.parent / "facts" / "offices"
    for facts, name in (
        ("shanghai_card_points", "shanghai-card-points"), ("linyi_card_outlets", "linyi-card-outlets"),
        ("misc_single_offices", "single-finds"),
    ):  # fmt: skip
        rows, theirs = rows_of(OFFICES / f"{name}.csv"), rows_of(folder / f"{facts}.csv")
        assert [row["name"] for row in rows] == [fact["name"] for fact in theirs]
        for row, fact in zip(rows, theirs, strict=True):
            assert row["address"] == fact["address"] and row["kind_source"] == fact["kind"], row["id"]
            assert all(number in fact["phone"] for number in re.findall(r"0\d+-\d+", row["phones"])), row["id"]
