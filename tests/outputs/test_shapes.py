"""Answers in words: lengths as somebody would say them, an "about" that claims no more than is known."""

from __future__ import annotations

import pytest

from locator.i18n import LANGS, load_catalogue
from locator.model import Hit, HoursState, Notice, Phone, Precision, ServicePoint
from locator.outputs.shapes import order_phones, region_of, say_hit_distance, say_notice, shape_point


def hit(distance_m, *, approximate=False, error_m=None):
    point = ServicePoint(id="a", name="n", position=Precision.POI)
    state = HoursState(state="unknown")
    return Hit(
        rank=1,
        point=point,
        distance_m=distance_m,
        approximate=approximate,
        error_m=error_m,
        tier=1,
        status=state,
        can_do=None,
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (hit(450.0), "450 m"),
        (hit(5200.0, approximate=True, error_m=3000.0), "about 5 km"),
        (hit(40.0, approximate=True, error_m=5000.0), "within about 5 km"),
        (hit(640.0, approximate=True), "about 640 m"),
        (hit(None), None),
    ],
)
def test_an_approximate_distance_says_so(given, said):
    assert say_hit_distance(given, "en") == said


def test_a_region_is_one_piece_and_a_municipality_is_named_once():
    assert (
        region_of(ServicePoint(id="a", name="n", province="上海市", city="上海市", district="黄浦区")) == "上海市黄浦区"
    )
    assert region_of(ServicePoint(id="a", name="n")) is None


@pytest.mark.parametrize("lang", LANGS)
def test_a_notice_fills_its_sentence(lang):
    said = say_notice(
        Notice(code="nothing_near", params={"place": "拉萨市", "hotline": "12333", "cities": "济南市"}), lang
    )
    assert "拉萨市" in said and "12333" in said
    assert "names." not in say_notice(Notice(code="origin_coarse", params={"precision": Precision.CITY}), lang)
    assert len([code for code in load_catalogue(lang) if code.startswith("notices.")]) > 10


HOTLINE = Phone("0760-12333", "热线")


@pytest.mark.parametrize(
    ("phones", "order"),
    [
        ((), ["0760-12333"]),
        ((Phone("1-own"),), ["1-own"]),
        ((Phone("2", "仲裁"), Phone("3", "劳动关系")), ["0760-12333", "2", "3"]),
        ((Phone("2", "仲裁"), Phone("4", "社保卡"), Phone("1-own")), ["1-own", "4", "0760-12333", "2"]),
    ],
)
def test_another_desks_number_comes_after_the_hotline(phones, order):
    assert [phone.number for phone in order_phones(phones, HOTLINE)] == order


def test_a_points_own_number_is_its_phone():
    point = ServicePoint(id="a", name="n", phones=(Phone("2", "仲裁"), Phone("1")))
    shape = shape_point(point)
    assert shape["phone"] == "1" and [phone["number"] for phone in shape["phones"]] == ["1", "2"]
    assert shape_point(ServicePoint(id="a", name="n", phones=(Phone("2", "仲裁"),)))["phone"] is None
