"""Two sources of one office become one point by the written rule, and each field keeps its source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator.layer import Layer
from locator.model import Kind, Phone, Precision, Provenance, ServicePoint
from locator.stores.contents import find_near, mark_vanished
from locator.stores.merge import APART, DECISIONS, merge_parts, plain_name, qualify, read_decisions
from locator.stores.merge import SAME as MADE_ONE

OLD = Provenance(source="old", date="2018-07", confidence="M", licence="facts only")
NEW = Provenance(source="new", date="2026-01", confidence="H", licence="ODbL-1.0")


def office(point_id: str = "a-1", **fields):
    """Return an office in Jinan."""
    usual = {
        "name": "五里沟街道人社中心", "kind": Kind.COMMUNITY_CENTER, "province": "山东省", "city": "济南市",
        "district": "槐荫区", "adcode": "370104", "lon": 116.97, "lat": 36.66, "position": Precision.POI,
        "provenance": OLD,
    }  # fmt: skip
    return ServicePoint(id=point_id, **(usual | fields))


def merge(*parts):
    """Merge parts given as lists of points; they are called a, b, c …"""
    return merge_parts({name: Layer.from_points(part) for name, part in zip("abc", parts, strict=False)})


SAME = [
    ("the same name near by", {"lon": 116.9735}),
    ("its divisions before the name", {"name": "济南市槐荫区五里沟街道人社中心"}),
    ("other punctuation", {"name": "五里沟街道 人社中心()"}),
    ("the same id and name, wherever", {"id": "a-1", "lon": 117.5}),
    ("no position but the same telephone", {"lon": None, "lat": None, "position": None, "phones": (Phone("0531-87920528"),)}),
    ("placed by township, same address", {"position": Precision.TOWNSHIP, "lat": 36.7, "address": "济南市槐荫区经四路478号"}),
    ("another name at the same place, same telephone", {"name": "人社所", "phones": (Phone("0531-87920528"),)}),
    ("a name that holds the other, same place", {"name": "五里沟街道人社中心(大厅)"}),
]  # fmt: skip
OTHER = [
    ("the same name far away", {"lon": 117.02}),
    ("the same name in another county, no position", {"lon": None, "lat": None, "position": None, "adcode": "370105",
                                                       "phones": (Phone("0531-87920528"),)}),
    ("no position and nothing in common", {"lon": None, "lat": None, "position": None}),
    ("another office in the same building", {"name": "槐荫区医疗保障局", "kind": Kind.MEDICAL_INSURANCE}),
    ("the same id but another office elsewhere", {"id": "a-1", "name": "别的所", "lon": 117.5}),
    ("only a hotline in common", {"name": "别的中心", "phones": (Phone("12333"),)}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "fields"), SAME, ids=[why for why, _ in SAME])
def test_the_same_office(why, fields):
    known = office(phones=(Phone("0531-87920528"), Phone("12333")), address="经四路478号")
    merged = merge([known], [office(**_other(fields))])
    assert len(merged.layer) == 1 and merged.joined == {"a": 1, "b": 1}


@pytest.mark.parametrize(("why", "fields"), OTHER, ids=[why for why, _ in OTHER])
def test_another_office(why, fields):
    known = office(phones=(Phone("0531-87920528"), Phone("12333")), address="经四路478号")
    merged = merge([known], [office(**_other(fields))])
    assert len(merged.layer) == 2 and merged.joined == {}
    assert len({p.id for p in merged.layer.points()}) == 2, "and each has an id of its own"


def _other(fields):
    fields = dict(fields)
    return {"point_id": fields.pop("id", "b-1"), **fields}


def test_the_better_source_speaks_and_blanks_are_filled_with_their_origin():
    first = office(phones=(Phone("0531-87920528"),), hours=None, services="社保")
    second = office("b-1", provenance=NEW, hours="Mo-Fr 09:00-17:00", hours_text="周一至周五", phones=())
    (point,) = merge([first], [second]).layer.points()
    assert point.id == "a-1", "the id of the source that was there first"
    assert point.provenance == NEW and point.hours == "Mo-Fr 09:00-17:00"
    assert point.phones == first.phones and point.services == "社保"
    assert point.origins == {"phones": OLD, "services": OLD}


def test_an_exact_position_beats_a_coarse_one_of_a_better_source():
    coarse = office(
        "b-1", provenance=NEW, position=Precision.TOWNSHIP, lon=116.9, error_m=5000.0, phones=(Phone("0531-1234567"),)
    )
    exact = office(phones=(Phone("0531-1234567"),))
    (point,) = merge([exact], [coarse]).layer.points()
    assert (point.lon, point.position, point.error_m) == (116.97, Precision.POI, None)
    assert point.origins["lon"] == OLD and point.provenance == NEW


def test_licences_that_meet_are_told():
    (point,) = merge([office(address=None)], [office("b-1", provenance=NEW)]).layer.points()
    assert len(point.licences) == 1, "nothing of the other source was used"
    (point,) = merge([office(services="社保")], [office("b-1", provenance=NEW)]).layer.points()
    assert set(point.licences) == {"ODbL-1.0", "facts only"}


def test_rows_of_one_source_are_never_merged():
    merged = merge([office("a-1"), office("a-2")], [office("b-1")])
    assert len(merged.layer) == 2 and merged.joined == {"a": 1, "b": 1}


def test_three_sources_become_one():
    merged = merge([office("a-1")], [office("b-1", services="x")], [office("c-1", provenance=NEW)])
    (point,) = merged.layer.points()
    assert point.id == "a-1" and point.origins["services"] == OLD and merged.joined == {"a": 1, "b": 1, "c": 1}


def test_listed_somewhere_is_listed():
    (point,) = merge([office(status="vanished")], [office("b-1")]).layer.points()
    assert point.status == "listed"
    (point,) = merge([office(status="vanished")], [office("b-1", status="vanished")]).layer.points()
    assert point.status == "vanished"


def test_the_order_is_that_of_the_parts():
    a = [office(f"a-{n}", name=f"{n}号所", lon=116 + n / 10) for n in range(4)]
    b = [office("b-0", name="2号所", lon=116.2), office("b-1", name="新所", lon=118.0)]
    assert [p.id for p in merge(a, b).layer.points()] == ["a-0", "a-1", "a-2", "a-3", "b-1"]


def test_a_layer_read_from_a_file_merges_with_one_in_memory(tmp_path):
    from locator.stores.files import read_layer, write_part

    part = write_part(tmp_path, "a", Layer.from_points([office()]), "")
    layer, _ = read_layer(tmp_path / part.file)
    merged = merge_parts({"a": layer, "b": Layer.from_points([office("b-1", lon=117.5)])})
    assert [p.id for p in merged.layer.points()] == ["a-1", "b-1"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=8))
def test_merging_loses_no_office(rows):
    a = [office(f"a-{n}", name=f"{who}号所", lon=116 + where / 10) for n, (who, where) in enumerate(rows)]
    b = [office(f"b-{n}", name=f"{who}号所", lon=116 + where / 10) for n, (who, where) in enumerate(rows)]
    merged = merge(a, b)
    assert len(merged.layer) == len(a) + len(b) - merged.joined.get("b", 0)
    places = {(p.name, round(p.lon, 3)) for p in merged.layer.points()}
    assert places == {(p.name, round(p.lon, 3)) for p in a}


def test_what_a_source_no_longer_has_is_marked():
    old, new = Layer.from_points([office("a-1"), office("a-2")]), Layer.from_points([office("a-2")])
    assert [(p.id, p.status) for p in mark_vanished(old, new).points()] == [("a-2", "listed"), ("a-1", "vanished")]
    assert [p.status for p in mark_vanished(old, new, partial=True).points()] == ["listed", "listed"]
    back = mark_vanished(mark_vanished(old, new), old)
    assert [(p.id, p.status) for p in back.points()] == [("a-1", "listed"), ("a-2", "listed")]


def test_plain_names():
    assert plain_name("济南市 槐荫区-五里沟(街道)", "山东省", "济南市", "槐荫区") == "五里沟街道"
    assert plain_name("济南市", "济南市") == "济南市"


def decided(word: str, *ids: str) -> Layer:
    """Return what an operator has said of two offices."""
    return Layer.from_points([ServicePoint(id=" ".join(ids), name=word, serves=ids, provenance=OLD)])


def shown(parts: dict[str, Layer]) -> list[str]:
    return sorted(merge_parts(parts).layer.table.column("id").to_pylist())


def test_an_operator_makes_one_of_two_whatever_the_rule_says():
    far = Layer.from_points([office("a-1"), office("a-2", name="别的所", lon=117.5, website="https://a.example/")])
    assert shown({"a": far}) == ["a-1", "a-2"]
    one = merge_parts({"a": far, DECISIONS: decided(MADE_ONE, "a-2", "a-1")}).layer
    assert [p.id for p in one.points()] == ["a-1"] and one.point(0).website == "https://a.example/"
    other = Layer.from_points([office("b-1", name="别的所", lon=117.5)])
    parts = {"a": far, "b": other, DECISIONS: decided(MADE_ONE, "a-1", "a-2")}
    assert shown(parts) == ["a-1"], "what is the same as one of them by the rule joins both"
    assert shown({"a": far, DECISIONS: decided(MADE_ONE, "a-1", "nobody")}) == ["a-1", "a-2"]


@pytest.mark.parametrize("point_id", ["a-1", "b-1"])
def test_what_was_joined_by_the_rule_stays_joined_when_an_operator_adds_another(point_id):
    ours, theirs = [office("a-1")], [office(point_id), office("b-2", name="别的所", lon=117.5)]
    parts = {"a": Layer.from_points(ours), "b": Layer.from_points(theirs)}
    assert shown(parts) == ["a-1", "b-2"]
    assert shown(parts | {DECISIONS: decided(MADE_ONE, "a-1", "b-2")}) == ["a-1"]


def test_an_operator_keeps_two_apart_whatever_the_rule_says():
    parts = {name: Layer.from_points([office(f"{name}-1")]) for name in "abc"}
    assert shown(parts) == ["a-1"]
    assert shown(parts | {DECISIONS: decided(APART, "b-1", "a-1")}) in (["a-1", "b-1"], ["a-1", "b-1", "c-1"])
    assert "b-1" in shown(parts | {DECISIONS: decided(APART, "a-1", "b-1")})


NUMBER = (Phone("0531-87920528"), Phone("12333"))


@pytest.mark.parametrize(
    ("fields", "near"),
    [
        ({"lon": 116.9711}, True), ({"lon": 116.9711, "phones": (Phone("0531-87920528", "办公室"),)}, True),
        ({"lon": 116.9719}, False), ({"kind": Kind.BANK}, False), ({"phones": (Phone("12333"),)}, False),
        ({"phones": ()}, False), ({"position": Precision.TOWNSHIP}, False), ({"status": "vanished"}, False),
        ({"lon": None, "lat": None, "position": None}, False),
    ],
)  # fmt: skip
def test_offices_that_may_be_one(fields, near):
    layer = Layer.from_points(
        [office("x", phones=NUMBER), office("y", **{"name": "另一个所", "phones": NUMBER, **fields})]
    )
    found = find_near(layer, None, read_decisions({}))
    assert [(pair.one.id, pair.other.id) for pair in found] == ([("x", "y")] if near else [])
    if near:
        assert found[0].describe()["phone"] == "0531-87920528" and 0 < found[0].metres < 150
        assert not find_near(layer, None, read_decisions({DECISIONS: decided(APART, "y", "x")}))
        assert not find_near(layer, Layer.from_points([office("z")]), read_decisions({}))
        assert find_near(layer, Layer.from_points([office("y")]), read_decisions({}))


def test_the_number_of_many_offices_is_nobodys_own():
    layer = Layer.from_points(office(f"x{n}", name=f"{n}号所", phones=NUMBER) for n in range(30))
    assert find_near(layer, None, read_decisions({})) == ()
    some = Layer.from_points(office(f"x{n}", name=f"{n}号所", phones=NUMBER) for n in range(5))
    assert len(find_near(some, None, read_decisions({}))) == 10
    assert find_near(Layer.from_points([]), None, read_decisions({})) == ()


def test_a_decision_names_one_source_s_row_where_two_share_an_id():
    """Two offices of two sources are both called x: what is said of the second one is not said of the first."""
    a, b = office("x", name="甲社保中心", lon=117.0), office("x", name="乙社保中心", lon=117.3)
    parts = {"a": Layer.from_points([a]), "b b": Layer.from_points([b, office("y", name="丙社保中心", lon=117.6)])}
    assert sorted(merge_parts(parts).layer.table.column("id").to_pylist()) == ["x", "x.2", "y"]
    joined = merge_parts({**parts, DECISIONS: decided(MADE_ONE, qualify("x", "b b"), "y")}).layer
    assert {point.name for point in joined.points()} == {"甲社保中心", "乙社保中心"}
    assert merge_parts({**parts, DECISIONS: decided(MADE_ONE, "x", "y")}).layer.table.num_rows == 2
