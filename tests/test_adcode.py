"""What follows from the digits of a region code."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator import adcode

CODES = {
    row["code"]: row["level"]
    for row in csv.DictReader(
        (Path(__file__).parents[1] / "data" / "gazetteer" / "divisions.csv").read_text("utf-8").splitlines()
    )
}


@pytest.mark.parametrize(
    ("code", "prefecture", "stem", "level"),
    [
        ("370104", "370100", "370104", "district"),
        ("370100", "370100", "3701", "city"),
        ("370000", "370000", "37", "province"),
        ("110000", "110000", "11", "province"),
        ("110105", "110000", "110105", "district"),
        ("500153", "500000", "500153", "district"),
        ("500230", "500000", "500230", "district"),
        ("429004", "429004", "429004", "district"),
        ("469023", "469023", "469023", "district"),
        ("659012", "659012", "659012", "district"),
        ("441900", "441900", "4419", "city"),
        ("441900003", "441900", "441900003", "township"),
        ("419001001", "419001", "419001001", "township"),
        ("810000", "810000", "81", "province"),
        ("810001", "810000", "810001", "district"),
        ("820008", "820000", "820008", "district"),
        ("710000", "710000", "71", "province"),
        ("710200", "710200", "7102", "city"),
    ],
)
def test_what_a_code_says(code, prefecture, stem, level):
    assert adcode.prefecture_of(code) == prefecture
    assert adcode.stem(code) == stem
    assert adcode.level_of(code) == level


@pytest.mark.parametrize(
    ("code", "around"),
    [
        ("370104007", ("370104", "370100", "370000")),
        ("370104", ("370100", "370000")),
        ("370100", ("370000",)),
        ("370000", ()),
        ("110105", ("110000",)),
        ("429004", ("420000",)),
        ("441900003", ("441900", "440000")),
        ("810001", ("810000",)),
    ],
)
def test_ancestors(code, around):
    assert adcode.ancestors(code) == around


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        ("370104", "370100", True),
        ("370104", "370000", True),
        ("370104", "370104", True),
        ("370104001", "370104", True),
        ("370100", "370104", False),
        ("371002", "370100", False),
        ("429005", "429004", False),
        ("110105", "110000", True),
    ],
)
def test_is_inside(inner, outer, inside):
    assert adcode.is_inside(inner, outer) is inside


@pytest.mark.parametrize(
    ("value", "formed"),
    [
        ("370104", True), ("110000", True), ("070104", False), ("37010", False), ("3701041", False), ("", False),
        (None, False), ("37010a", False), ("３７０１０４", False), ("٣٧٠١٠٤", False), ("१२३४५६", False),
        ("370104\n", False), ("²70104", False),
    ],
)  # fmt: skip
def test_well_formed(value, formed):
    assert adcode.is_adcode(value) is formed


@pytest.mark.parametrize(
    ("value", "formed"), [("370104007", True), ("370104", False), ("٣٧٠١٠٤٠٠٧", False), (None, False)]
)
def test_well_formed_townships(value, formed):
    assert adcode.is_township_code(value) is formed


@pytest.mark.parametrize(
    ("own", "other", "finer"),
    [
        ("370100", "370104", "370104"),
        ("370104", "370100", "370104"),
        ("370104", "370105", "370104"),
        (None, "370104", "370104"),
        ("370104", None, "370104"),
        (None, None, None),
    ],
)
def test_finer(own, other, finer):
    assert adcode.finer(own, other) == finer


def test_a_province_of_several_cities_has_no_city():
    assert adcode.prefecture_stems(["370000", "370104", "370105", "310000", "429004"]) == ["31", "3701", "429004"]


def test_every_shipped_division_agrees_with_its_level():
    levels = {code: level for code, level in CODES.items() if level != "zone"}
    assert len(levels) > 40_000
    wrong = [code for code, level in levels.items() if adcode.level_of(code) != level]
    assert not wrong, wrong[:20]


def test_every_shipped_division_lies_in_a_shipped_one():
    """The county around it as far as the table knows one (Jiayuguan's townships have none), and always the city."""
    cities = {outer for code in CODES for outer in (adcode.prefecture_of(code), adcode.province_of(code))}
    assert not cities - CODES.keys()
    counties = {outer for code in CODES for outer in adcode.ancestors(code)} - CODES.keys()
    assert counties <= {"620201"}


@given(st.from_regex(r"[1-9][0-9]{5}", fullmatch=True))
def test_a_code_lies_in_all_that_is_around_it(code):
    for outer in adcode.ancestors(code):
        assert adcode.is_inside(code, outer) and adcode.stem(outer) != adcode.stem(code)
    assert adcode.is_inside(code, adcode.prefecture_of(code))
    assert adcode.prefecture_of(adcode.prefecture_of(code)) == adcode.prefecture_of(code)
