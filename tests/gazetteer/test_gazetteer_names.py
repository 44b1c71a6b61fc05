"""How names are shortened, spelt and folded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipped_divisions import DIVISIONS

from locator.gazetteer.text import (
    MAX_TEXT,
    PEOPLES,
    normalise,
    short_name,
    short_names,
    spell,
    split_parts,
    split_pinyin,
    syllables,
    to_bigrams,
    to_key,
)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("深圳市", "深圳"),
        ("广东省", "广东"),
        ("内蒙古自治区", "内蒙古"),
        ("新疆维吾尔自治区", "新疆"),
        ("广西壮族自治区", "广西"),
        ("香港特别行政区", "香港"),
        ("延边朝鲜族自治州", "延边"),
        ("恩施土家族苗族自治州", "恩施"),
        ("克孜勒苏柯尔克孜自治州", "克孜勒苏"),
        ("伊犁哈萨克自治州", "伊犁"),
        ("巴音郭楞蒙古自治州", "巴音郭楞"),
        ("鄂温克族自治旗", "鄂温克"),
        ("积石山保安族东乡族撒拉族自治县", "积石山"),
        ("双江拉祜族佤族布朗族傣族自治县", "双江"),
        ("东乡族自治县", "东乡"),
        ("浦东新区", "浦东"),
        ("盘县", "盘县"),
        ("东区", "东区"),
        ("西丽街道", "西丽"),
        ("小榄镇", "小榄"),
        ("锡林郭勒盟", "锡林郭勒"),
        ("神农架林区", "神农架"),
    ],
)
def test_short_names(name, short):
    assert short_name(name) == short


def test_all_recognised_peoples_but_the_han_are_there():
    assert len(PEOPLES) == len(set(PEOPLES)) == 55


def test_every_autonomous_division_has_a_short_name_without_its_peoples():
    for row in DIVISIONS:
        if "自治" in row["name"] and row["level"] in {"city", "district"}:
            short = short_name(row["name"])
            assert 1 < len(short) < len(row["name"]) - 2, row["name"]
            assert "自治" not in short


def test_a_development_zone_is_called_by_its_usual_name():
    assert "济南高新区" in short_names("济南高新技术产业开发区", "zone")
    assert "芜湖经开区" in short_names("芜湖经济技术开发区", "zone")


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [
        ("重庆市", "chong qing shi"),
        ("朝阳区", "chao yang qu"),
        ("六合区", "lu he qu"),
        ("长子县", "zhang zi xian"),
        ("厦门", "xia men"),
        ("深南大道", "shen nan da dao"),
        ("绿园区", "lv yuan qu"),
        ("人民路12号", "ren min lu 12 hao"),
        ("长治市", "chang zhi shi"),
        ("花都区", "hua du qu"),
        ("曾都区", "zeng du qu"),
        ("闵行区", "min hang qu"),
        ("家长", "jia zhang"),
        ("安镇街道行政服务中心", "an zhen jie dao xing zheng fu wu zhong xin"),
        ("兰陵支行营业部", "lan ling zhi hang ying ye bu"),
    ],
)
def test_pinyin_of_names(name, pinyin):
    assert " ".join(spell(name)) == pinyin


def test_the_shipped_divisions_are_spelt_as_names_are():
    """One table says how place names are read; the shipped file follows it (Han only: 〇 and signs are no syllables)."""
    plain = [d for d in DIVISIONS if all("\u3400" <= c <= "\u9fff" for c in d["name"])]
    assert len(plain) > 40_000
    assert [d["name"] for d in plain if d["pinyin"] != " ".join(spell(d["name"]))] == []


@pytest.mark.parametrize(
    ("letters", "parts"),
    [
        ("shenzhen", ("shen", "zhen")),
        ("lianh", ("lian", "h")),
        ("lianhualu", ("lian", "hua", "lu")),
        ("xian", ("xian",)),
        ("sz", None),
        ("asdf", None),
    ],
)
def test_letters_split_into_syllables(letters, parts):
    split = split_pinyin(letters)
    assert (split and split.syllables) == parts


def test_there_are_all_syllables_of_mandarin():
    assert 400 < len(syllables()) < 440
    assert {"zhuang", "lv", "nv", "er", "a", "shi"} <= syllables()


def test_shipped_pinyin_is_made_of_syllables():
    for row in DIVISIONS:
        if len(row["code"]) == 6:
            assert set(row["pinyin"].split(" ")) <= syllables(), row["name"]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("深圳市（福田區）莲花路２００６号", "深圳市 福田区 莲花路2006号"),
        ("Städtle 43", "stadtle 43"),
        ("2栋—501", "2栋-501"),
        ("深圳-福田", "深圳 福田"),
        ("\x00😀？？", ""),
        ("' OR 1=1 --", "or 1 1"),
        ("𠮷野家", "𠮷野家"),
    ],
)
def test_texts_are_folded(text, normal):
    assert normalise(text) == normal


@given(st.text(max_size=400))
def test_folding_takes_anything_and_is_stable(text):
    once = normalise(text)
    assert len(once) <= MAX_TEXT
    assert normalise(once) == once
    assert to_key(once) == to_key(to_key(once))
    assert all(split_parts(part) for part in split_parts(text))
    assert '"' not in to_bigrams(once)


def test_index_terms_cover_every_character():
    assert to_bigrams("莲花路a5") == "莲花 花路 路 a5"
