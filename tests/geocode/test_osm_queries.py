"""Chinese addresses taken apart, and put together for services."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator.geocode.providers.osm import split_address, to_queries
from locator.geocode.records import MAX_CHARS
from locator.geocode.records import clean_text as clean

ADDRESSES = [
    # text, divisions, street, number, rest
    ("深圳市福田区莲花路2006号3栋501室", "深圳市福田区", "莲花路", "2006", "3栋501室"),
    ("西园8路12号", "", "西园8路", "12", ""),
    ("南京市秦淮区仁寿里30号", "南京市秦淮区", "仁寿里", "30", ""),
    ("管家桥85号", "", "管家桥", "85", ""),
    ("济南市市中区经四路478号", "济南市市中区", "经四路", "478", ""),
    ("中山市小榄镇升平中路10号", "中山市小榄镇", "升平中路", "10", ""),
    ("中山市中山路", "中山市", "中山路", "", ""),
    ("上海市浦东新区世纪大道100弄5号", "上海市浦东新区", "世纪大道", "100", "弄5号"),
    ("深圳市福田区市民中心", "深圳市福田区", "市民中心", "", ""),
    ("广东省深圳市福田区福中三路(市民中心)1号", "广东省深圳市福田区", "福中三路", "1", ""),
    ("杭州市西湖区文三路 90 号", "杭州市西湖区", "文三路", "90", ""),
    ("内蒙古自治区呼和浩特市新城区乌兰察布东街", "内蒙古自治区呼和浩特市新城区", "乌兰察布东街", "", ""),
    ("石家庄市长安区中山东路", "石家庄市长安区", "中山东路", "", ""),
    ("大连市沙河口区行政服务大厅", "大连市沙河口区", "行政服务大厅", "", ""),
    ("地铁3号线", "", "地铁3号线", "", ""),
    ("中山路178-2号", "", "中山路", "178-2", ""),
    ("大锏银巷17", "", "大锏银巷", "17", ""),
    ("中山东路300号长发中心A座", "", "中山东路", "300", "长发中心A座"),
    ("苏州工业园区现代大道９９９号", "苏州工业园区", "现代大道", "999", ""),
    ("县前街12号", "", "县前街", "12", ""),
    ("南京市", "南京市", "", "", ""),
    ("123", "", "123", "", ""),
    ("", "", "", "", ""),
]


@pytest.mark.parametrize(("text", "divisions", "street", "number", "rest"), ADDRESSES)
def test_takes_an_address_apart(text, divisions, street, number, rest):
    parts = split_address(text)
    assert (parts.divisions, parts.street, parts.number) == (divisions, street, number)
    assert parts.rest in (rest, rest.removeprefix("弄"))


@pytest.mark.parametrize(
    ("text", "city", "queries"),
    [
        ("深圳市福田区莲花路2006号3栋501室", None, ("深圳市福田区莲花路 2006", "莲花路 2006", "莲花路 2006号")),
        ("南京管家桥85号", "南京市", ("南京管家桥 85", "管家桥 85", "管家桥 85号")),
        ("南京市科巷菜市场", "南京市", ("南京市科巷菜市场", "科巷菜市场")),
        ("南京路5号", "南京市", ("南京路 5", "南京路 5号")),
        ("Städtle 44, Vaduz", None, ("Städtle 44, Vaduz",)),
        ("", None, ("",)),
    ],
)
def test_puts_an_address_in_words_that_nominatim_finds(text, city, queries):
    assert to_queries(text, city) == queries


@given(st.text(max_size=300))
def test_any_text_gives_short_clean_queries(text):
    for query in (*to_queries(text, "南京市"), clean(text)):
        assert len(query) <= MAX_CHARS + 3
        assert query.isprintable()
        assert query == query.strip()


@pytest.mark.parametrize("text", ["区" * 100_000, "1" * 100_000, "(" * 100_000, "市县" * 50_000, " " * 100_000])
def test_long_texts_take_no_time(text):
    start = time.process_time()
    to_queries(text)
    assert time.process_time() - start < 1
