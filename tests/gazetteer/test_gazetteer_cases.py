"""The table of texts with the place and precision expected, and all same-named districts of China."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from shipped_divisions import DIVISIONS

CASES = list(csv.DictReader((Path(__file__).parent / "places.csv").read_text("utf-8").splitlines()))


def test_the_table_has_every_sort_of_case():
    sorts = {"full", "short", "left out", "township", "ambiguous", "renamed", "english", "pinyin", "typo", "office", "street",
             "poi", "signs", "nonsense", "pasted", "spoken", "contradiction", "radical", "weak", "later", "slip", "area", "nickname", "retired", "crossing",
             "part"}  # fmt: skip
    assert {case["why"] for case in CASES} == sorts
    assert len({case["text"] for case in CASES}) == len(CASES) >= 300


def short(label: str) -> str:
    """A label without the name of what stands there."""
    return label.split("(", maxsplit=1)[0]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['why']}-{c['text']}")
def test_a_text_means_the_expected_place(gazetteer, case):
    resolved = gazetteer.resolve(case["text"])
    meanings = resolved.meanings
    assert resolved.sure == (case["note"] != "asks")
    expected = [label for label in case["place"].split("|") if label]
    assert sorted(short(m.place.label) for m in meanings) == sorted(expected)
    if case["precision"]:
        assert meanings[0].place.precision == case["precision"]
    notes = {note for m in meanings for note in m.notes}
    if case["note"]:
        assert case["note"] in notes | {"asks"}
    else:
        assert not notes - {"city_assumed"} or len(expected) != 1


@pytest.mark.parametrize("case", [c for c in CASES if c["precision"]], ids=lambda c: c["text"])
def test_every_place_says_how_exact_it_is(gazetteer, case):
    (meaning,) = gazetteer.resolve(case["text"]).meanings
    place = meaning.place
    assert place.lon is not None and place.lat is not None
    assert place.error_m is not None and place.error_m > 0


def same_named_districts() -> dict[str, set[str]]:
    named = defaultdict(set)
    for row in DIVISIONS:
        if row["level"] == "district":
            named[row["name"]].add(row["code"])
    return {name: codes for name, codes in named.items() if len(codes) > 1}


SAME = same_named_districts()


def test_there_are_same_named_districts():
    assert len(SAME) > 25
    assert len(SAME["鼓楼区"]) == 4


@pytest.mark.parametrize("name", sorted(SAME))
def test_a_shared_district_name_gives_every_candidate(gazetteer, name):
    found = {m.place.adcode for m in gazetteer.resolve(name).meanings}
    assert found >= SAME[name]


@pytest.mark.parametrize("code", sorted(code for codes in SAME.values() for code in codes))
def test_its_city_makes_a_shared_name_one_district(gazetteer, code):
    for text in (gazetteer.describe(code, "zh"), gazetteer.describe(code, "zh").replace("省", "", 1)):
        (meaning,) = gazetteer.resolve(text).meanings
        assert (meaning.place.adcode, meaning.place.precision) == (code, "district")


@pytest.mark.parametrize("name", sorted(SAME))
def test_the_chosen_city_decides_a_shared_name(gazetteer, name):
    for code in SAME[name]:
        city = code[:4] + "00" if gazetteer.division(code[:4] + "00") else code[:2] + "0000"
        inside = {c for c in SAME[name] if c.startswith(code[:4])}
        found = {m.place.adcode for m in gazetteer.resolve(name, region=city).meanings}
        assert found == inside or city.endswith("0000")
