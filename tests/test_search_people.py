"""Ranking for people: one office once, one building together, whose office it is, travel time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from locator.errors import ServiceTimeout
from locator.i18n import LANGS, text
from locator.model import Found, Hit, HoursState, Kind, Mode, Phone, Place, Precision, Provenance, ServicePoint
from locator.search import (
    group_by_building,
    merge_same_offices,
    rank_by_travel_time,
    serves_you,
)

HALL = ServicePoint(
    id="a",
    name="中山区社会保险服务中心",
    kind=Kind.INSURANCE_AGENCY,
    city="大连市",
    district="中山区",
    adcode="210202",
    address="长江路280号",
    lon=121.661,
    lat=38.9246,
    position=Precision.POI,
    phones=(Phone("0411-82345678"), Phone("12333")),
    provenance=Provenance(source="s", date="2023-06", confidence="M"),
)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"name": "大连市中山区社保中心"}, True),
        ({"name": "中山区社保所", "lon": 121.6611}, True),
        ({"name": "海港社保中心"}, False),
        ({"name": "海港社保中心", "phones": (Phone("0411-82345678", "社保"),)}, True),
        ({"name": "海港社保中心", "phones": (Phone("12333"),)}, False),
        ({"name": "海港社保中心", "phones": (Phone("0411-12333"),)}, False),
        ({"name": "中山区社保中心", "kind": Kind.MEDICAL_INSURANCE}, False),
        ({"name": "中山区社保中心", "lon": 121.67, "address": None}, False),
        ({"name": "中山区社保中心", "lon": 121.67, "address": "大连市中山区长江路280号3楼"}, True),
        ({"name": "中山区社保中心", "position": Precision.TOWNSHIP, "address": None}, False),
        ({"name": "中山区社保中心", "lon": None, "lat": None, "address": None}, False),
        ({"name": "中山区社保中心", "lat": 38.9346, "address": "长江路"}, False),
    ],
)
def test_what_is_one_office_under_two_names(change, same):
    other = replace(HALL, id="b", **({"phones": ()} | change))
    for pair in ((HALL, other), (other, HALL)):
        assert (len(merge_same_offices([Found(point, 1.0) for point in pair])) == 1) is same


def test_the_same_office_appears_once_by_its_best_entry():
    newer = replace(
        HALL, id="z", name="中山区社保中心", provenance=Provenance(source="t", date="2026-01-02", confidence="M")
    )
    official = replace(
        HALL, id="y", name="中山区社保中心", provenance=Provenance(source="u", date="2019", confidence="H")
    )
    medical = replace(HALL, id="m", name="中山区医保中心", kind=Kind.MEDICAL_INSURANCE)
    found = [Found(HALL, 1.0), Found(medical, 1.5), Found(newer, 2.0), Found(official, 3.0)]
    assert [office.point.id for office in merge_same_offices(found)] == ["y", "m"]
    assert [office.point.id for office in merge_same_offices(found[:3])] == ["z", "m"]


def hit(rank, point):
    return Hit(
        rank=rank,
        point=point,
        distance_m=1.0,
        approximate=False,
        tier=1,
        status=HoursState(state="unknown"),
        can_do=None,
    )


def test_hits_in_one_building_name_one_another_and_keep_their_order():
    near = replace(HALL, id="b", kind=Kind.MEDICAL_INSURANCE, lon=121.66115, address=None)
    away = replace(HALL, id="c", lon=121.67, address="长江路281号")
    about = replace(HALL, id="d", position=Precision.TOWNSHIP, address=None)
    hits = [hit(1, HALL), hit(2, away), hit(3, near), hit(4, about)]
    grouped = group_by_building(hits)
    assert [h.point.id for h in grouped] == ["a", "c", "b", "d"]
    assert [h.same_building for h in grouped] == [("b",), (), ("a",), ()]


# ---- which office is yours


def place(adcode=None, township=None):
    return Place(label="x", precision=Precision.STREET, source="test", adcode=adcode, township=township)


TOWN, OTHER_TOWN = "370104001", "370104002"


@pytest.mark.parametrize(
    ("serves", "basis", "where", "expected"),
    [
        ((), None, place("370104", TOWN), (None, None)),
        ((TOWN,), "name", place("370104", TOWN), (True, "township_name")),
        ((TOWN,), "source", place("370104", TOWN + "012"), (True, "township_source")),
        ((TOWN,), "name", place("370104", OTHER_TOWN), (False, "elsewhere_name")),
        ((TOWN,), "name", place("370104"), (None, None)),
        ((TOWN,), "name", place("370102"), (False, "elsewhere_name")),
        ((TOWN,), "name", place("370100"), (None, None)),
        ((TOWN,), "name", place(), (None, None)),
        (("370104",), "source", place("370104", TOWN), (True, "district_source")),
        (("370104",), "source", place("370104"), (True, "district_source")),
        (("370104",), "source", place("370100"), (None, None)),
        (("370104",), "source", place("370102"), (False, "elsewhere_source")),
        (("370100",), "source", place("370104", TOWN), (True, "city_source")),
        (("370100",), "source", place("370200"), (False, "elsewhere_source")),
        (("370000",), "source", place("370200"), (True, "province_source")),
        (("370102", TOWN), "source", place("370104", TOWN), (True, "township_source")),
        (("370100", TOWN), "source", place("370104", TOWN), (True, "township_source")),
        (("370102", TOWN), "source", place("370104"), (None, None)),
        (("442000",), "source", place("442000", "442000101"), (True, "city_source")),
        (("370104",), None, place("370104"), (True, "district_source")),
    ],
)
def test_whose_office_it_is(serves, basis, where, expected):
    point = replace(HALL, serves=serves, serves_basis=basis)
    assert serves_you(point, where) == expected


def test_every_reason_has_its_sentence():
    levels = ("township", "district", "city", "province", "elsewhere")
    for lang in LANGS:
        for level in levels:
            for basis in ("name", "source"):
                assert text(f"serving.{level}_{basis}", lang)


# ---- by travel time

NEAREST = [Found(replace(HALL, id=f"p{n:02d}"), 100.0 * n) for n in range(40)]


def test_travel_time_reranks_the_nearest_with_one_call():
    calls = []

    def matrix(origin, targets, mode):
        calls.append((origin, len(targets), mode))
        return [None if n == 0 else 1000.0 - n // 2 for n in range(len(targets))]

    ranking = rank_by_travel_time(NEAREST, (121.0, 38.0), Mode.WALK, matrix=matrix, limit=30)
    assert calls == [((121.0, 38.0), 30, Mode.WALK)]
    order = [item.found.point.id for item in ranking]
    assert order[:4] == ["p28", "p29", "p26", "p27"], "fastest first, equal times by distance"
    assert order[-1] == "p00" and ranking[-1].duration_s is None


def refuse(*_):
    raise ServiceTimeout("late", code="service_timeout", service="x")


@pytest.mark.parametrize("matrix", [None, refuse, lambda o, targets, m: [None] * len(targets), lambda o, t, m: [1.0]])
def test_without_travel_times_distance_ranks_and_no_time_is_claimed(matrix):
    ranking = rank_by_travel_time(NEAREST, (121.0, 38.0), Mode.DRIVE, matrix=matrix, limit=5)
    assert [item.found for item in ranking] == NEAREST[:5]
    assert all(item.duration_s is None for item in ranking)
