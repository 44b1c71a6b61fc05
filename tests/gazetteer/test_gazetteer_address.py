"""The grammar of what follows the divisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator.gazetteer.address import from_han, read_address, split_number, to_name, trim_street


@pytest.mark.parametrize(
    ("text", "street", "number"),
    [
        ("莲花路2006号", "莲花路", "2006"),
        ("莲花路2006", "莲花路", "2006"),
        ("莲花路 2006 号", "莲花路", "2006"),
        ("深南大道5015-9号", "深南大道", "5015-9"),
        ("新华里12号3栋2单元501室", "新华里", "12"),
        ("三里屯1号院2号楼", "三里屯", "1"),
        ("建国路93号院10号楼", "建国路", "93"),
        ("中山路一百二十号", "中山路", "120"),
        ("西园8路12号", "西园8路", "12"),
        ("2号路5号", "2号路", "5"),
        ("经五小纬二路53-3号", "经五小纬二路", "53-3"),
        ("无影山西路9号-4", "无影山西路", "9-4"),
        ("和平路甲155号", "和平路", "甲155"),
        ("长江路16之3号", "长江路", "16-3"),
        ("东门社区深南东路3020号百货广场西座12楼", "深南东路", "3020"),
        ("人民南路2010南门发展中心1层", "人民南路", "2010"),
        ("解放路22燕山大厦7楼", "解放路", "22"),
        ("工业七路3-16南60米", "工业七路", "3-16"),
        ("科苑南路3176号彩讯科技大厦29层", "科苑南路", "3176"),
        ("体育西路", "体育西路", ""),
        ("蛇口街道五巷", "五巷", ""),
        ("岗厦东村15栋", "", ""),
        ("良友里7栋", "良友里", "7栋"),
        ("红花地44号", "红花地", "44"),
        ("绿景山庄12号楼", "", ""),
        ("国贸商业大厦", "", ""),
        ("经四路东方新天地小区4号楼北侧门头", "经四路", ""),
        ("东晓街3期12栋", "东晓街", ""),
        ("", "", ""),
    ],
)
def test_street_and_number(text, street, number):
    address = read_address(text)
    assert (address.street, address.number) == (street, number)


def test_the_number_in_a_lane_is_the_houses():
    address = read_address("华山路2088弄3号501室")
    assert (address.street, address.lane, address.number) == ("华山路", "2088", "3")
    assert read_address("华山路2088弄").lane == "2088"


@pytest.mark.parametrize(
    ("text", "village"), [("大王庄3组12号", "大王庄"), ("南光村三组", "南光村"), ("五里屯", "五里屯")]
)
def test_a_village_group_is_its_village(text, village):
    assert read_address(text).village == village


@pytest.mark.parametrize(
    ("tail", "name"),
    [
        ("百货广场西座12楼1205-1208室", "百货广场西座"),
        ("3栋2单元501室", ""),
        ("特区报业大厦28楼2801室", "特区报业大厦"),
        ("文博中心对面", "文博中心"),
    ],
)
def test_the_landmark_behind_a_number(tail, name):
    assert to_name(tail) == name


@pytest.mark.parametrize(
    ("number", "value"),
    [("一", 1), ("十", 10), ("十二", 12), ("二十", 20), ("一百二十", 120), ("三〇五", 305), ("一百零五", 105)],
)
def test_chinese_numerals(number, value):
    assert from_han(number) == value


@given(st.integers(1, 999))
def test_chinese_numerals_round_trip(value):
    digits = "零一二三四五六七八九"
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    text = (digits[hundreds] + "百" if hundreds else "") + (digits[tens] + "十" if tens else "")
    text += ("零" if hundreds and not tens and ones else "") + (digits[ones] if ones else "")
    assert from_han(text) == value


@pytest.mark.parametrize(
    ("number", "split"),
    [("53-3", (53, "-3")), ("2006", (2006, "")), ("甲155", (155, "甲")), ("21a", (21, "a")), ("院", (0, "院"))],
)
def test_a_number_and_what_follows_it(number, split):
    assert split_number(number) == split


def test_what_stands_before_a_street_is_dropped():
    assert trim_street("东门社区深南东路") == "深南东路"
    assert trim_street("深南东路") == "深南东路"


@given(st.text(alphabet="路号弄村组栋室0123456789-甲一二十百 东a", max_size=60))
def test_any_text_is_read(text):
    address = read_address(text)
    assert address.number == "" or any(c.isdigit() for c in address.number)
