"""Names of places: inside an address, alone, by what is named after an area; and the index that holds them."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from shipped_divisions import SHIPPED

from locator.errors import DataError
from locator.gazetteer.address import other_forms, read_crossing, strip_pasted, without_tail
from locator.gazetteer.build import build_places
from locator.gazetteer.query import Gazetteer, open_gazetteer
from locator.gazetteer.schema import MORE_FROM
from locator.gazetteer.sources import PLACES_FILE

CASES = list(csv.DictReader((Path(__file__).parent / "named_places.csv").read_text("utf-8").splitlines()))
DISTRICTS = [440303, 440304, 110105, 110108, 110114, 540102, 460106, 310115, 330106, 320102, 510107]
NAMES = (
    "绿景山庄|望京SOHO|布达拉宫|骑楼老街|东方明珠|鸟巢|国贸|黄龙万科|天通苑|五道口|苏州桥"
    "|横店影视城|三亚湾|白洋淀|香港中文大学|新疆大学|仁济医院|农业银行|沃尔玛超市|李家沟村|光明村|国际机场|杭州汽车西站"
    "|洛阳龙门|云南昆明站|宋家庄|公主坟|湖北省人民医院|人民路|胜利南路|滕王阁|山西大学|儿童医院|南方医院|小寨|大理古城|4号口|贵阳路小学|中国人民大学|白石洲站|会展中心站|徐家汇"
    "|天一阁|大足石刻|长江大学|之江学院|武汉大学|协和医院|复旦大学|厦门|邯郸路|华西医院|四川大学|华中科技大学|南方医科|法门寺|周庄"
    "|朱家角|义乌|遵义会议|中央民族大学|天河路|体育东路|七宝|市民之家|南京南站"
)


@pytest.fixture(scope="module")
def some_shipped(tmp_path_factory) -> Path:
    """The shipped files, of the places those in a few districts, and everywhere those of the names that are asked."""
    folder = tmp_path_factory.mktemp("shipped")
    for file in SHIPPED.glob("*.csv"):
        (folder / file.name).write_bytes(file.read_bytes())
    table = pq.read_table(SHIPPED / PLACES_FILE)
    near = pc.is_in(table["adcode"], pa.array(DISTRICTS, pa.int32()))
    pq.write_table(table.filter(pc.or_(near, pc.match_substring_regex(table["name"], NAMES))), folder / PLACES_FILE)
    return folder


@pytest.fixture(scope="module")
def places_file(some_shipped, tmp_path_factory) -> Path:
    """The index of these places."""
    path = tmp_path_factory.mktemp("places") / "places.sqlite"
    assert build_places(path, some_shipped) > 10_000
    return path


@pytest.fixture(scope="module")
def with_places(index_file, places_file) -> Gazetteer:
    """The divisions, three offices, an invented import, and these places."""
    return open_gazetteer(index_file, places_file)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['why']}-{c['text']}")
def test_a_name_means_the_expected_place(with_places, case):
    resolved = with_places.resolve(case["text"], region=case["region"] or None)
    labels = [m.place.label for m in resolved.meanings]
    assert sorted(labels) == sorted(label for label in case["place"].split("|") if label)
    assert resolved.sure == (case["note"] != "asks")
    if case["precision"]:
        place = resolved.meanings[0].place
        assert place.precision == case["precision"]
        assert place.error_m is not None and place.error_m > 0
    if case["note"] not in ("", "asks"):
        assert case["note"] in resolved.meanings[0].notes


def test_a_place_inside_an_address_lies_in_the_division_typed(with_places):
    place = with_places.resolve("深圳市福田区绿景山庄").one.place
    assert (place.adcode, place.precision) == ("440304", "district")


def test_a_name_counts_only_where_one_place_has_it(with_places):
    rows = with_places.places.file.named("国贸")
    assert len({row.code[:4] for row in rows}) > 1
    assert with_places.resolve("国贸").one is None


def test_suggestions_offer_divisions_imports_and_places_together(with_places):
    labels = [s.text for s in with_places.suggest("望京SOHO")]
    assert labels[0] == "北京市朝阳区望京SOHO"
    assert with_places.suggest("莲花路")[0].text.endswith("莲花路")
    assert any("布达拉宫" in s.text for s in with_places.suggest("budalagong"))
    assert any("绿景山庄" in s.text for s in with_places.suggest("绿井山庄", region="440300"))


def test_numbers_of_the_two_files_do_not_meet(with_places):
    rows = with_places.places.file.named("望京soho")
    assert all(row.id >= MORE_FROM for row in rows)
    assert with_places.places.file.rows([rows[0].id]) == rows[:1]
    (office,) = (row for row in with_places.places.file.named("五里沟街道人社中心"))
    assert office.id < MORE_FROM


def test_without_the_places_divisions_and_offices_answer(index_file):
    alone = open_gazetteer(index_file)
    assert alone.resolve("上海市徐汇区").one.place.adcode == "310104"
    assert alone.resolve("望京SOHO").meanings == ()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all" * 50])
def test_a_broken_file_of_places_is_told_and_leaves_nothing(some_shipped, tmp_path, content):
    broken = tmp_path / "shipped"
    broken.mkdir()
    for file in some_shipped.glob("*.csv"):
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / PLACES_FILE).write_bytes(content)
    with pytest.raises(DataError):
        build_places(tmp_path / "places.sqlite", broken)
    assert not list(tmp_path.glob("*.sqlite*"))


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("深圳北站", ["深圳北地铁站", "深圳北火车站", "深圳北高铁站", "深圳北轻轨站", "深圳北"]),
        ("光谷广场", ["光谷广场地铁站", "光谷广场火车站"]),
        ("国贸", []),
    ],
)
def test_a_station_is_written_in_several_ways(name, others):
    assert other_forms(name) == others


@pytest.mark.parametrize(
    ("name", "shorter"), [("天通苑北一区", "天通苑北"), ("桃源村三期", "桃源村"), ("一区", "一区"), ("望京", "望京")]
)
def test_the_numbered_part_of_an_estate_is_left_out(name, shorter):
    assert without_tail(name) == shorter


@pytest.mark.parametrize(
    ("text", "streets"),
    [
        ("经四路与纬九路交叉口", ("经四路", "纬九路")),
        ("天河路和体育东路交汇处", ("天河路", "体育东路")),
        ("人民路、中山路路口", ("人民路", "中山路")),
        ("人民路中山路交叉口", ("人民路", "中山路")),
        ("莲花路2006号", None),
        ("莲花路路口", None),
    ],
)
def test_a_crossing_names_two_streets(text, streets):
    crossing = read_crossing(text)
    assert (crossing and (crossing.one, crossing.other)) == streets


@pytest.mark.parametrize("text", ["中国银行", "地址大学", "位置", "100080", "我", "附近", ""])
def test_what_is_no_label_stays(text):
    assert strip_pasted(text) == text
