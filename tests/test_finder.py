"""From a place to hits: groups, tiers, prefectures, and no claim beyond the data."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locator.finder import Search, find_hits
from locator.finder.fitness import LIKE_DISTANCE_M, is_of_a_township, settle_like_distances
from locator.layer import Layer
from locator.model import Found, HoursState, Kind, Mode, Place, Precision, Provenance, Query, ServicePoint, Task
from locator.outputs.shapes import group_of
from locator.search import Index

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
HERE = Place(label="here", lon=117.0, lat=36.65, precision=Precision.ROOFTOP, source="test", adcode="370104")
CARD, MEDICAL = frozenset(Kind) - {Kind.MEDICAL_INSURANCE}, frozenset({Kind.MEDICAL_INSURANCE})


class MemoryStore:
    """The least a store must do, over the real index."""

    def __init__(self, points):
        self.all = list(points)
        self.index = Index(Layer.from_points(self.all))

    def nearest(self, lon, lat, *, limit, within_m, where):
        found = self.index.nearest(lon, lat, limit=limit, within_m=within_m, where=where)
        return [Found(self.all[row], distance) for row, distance in found]

    def points(self, where):
        for point in self.all:
            region = any((point.adcode or "").startswith(code.rstrip("0")) for code in where.regions or ("",))
            kind = where.kinds is None or point.kind in where.kinds
            if region and kind and (where.positions is None or point.position in where.positions):
                yield point


def office(point_id, east_km=0.0, **fields):
    """Return an office some kilometres east of HERE."""
    made = {
        "name": f"办事点{point_id}", "kind": Kind.HRSS_BUREAU, "adcode": "370104", "position": Precision.POI,
        "lon": 117.0 + east_km / 89.3, "lat": 36.65, "address": f"{point_id}路1号",
    } | fields  # fmt: skip
    return ServicePoint(id=point_id, **made)


def find(
    points, *, place=HERE, state=lambda point: HoursState(state="unknown"), matrix=None, regions=None, authority=None,
    reopens=lambda point: False, **query,
):  # fmt: skip
    """Run a search and return its ids and notices."""
    search = Search(
        store=MemoryStore(points), place=place, query=Query(**query), regions=regions,
        tiers=(CARD, MEDICAL) if query.get("task") else (None, None), state_of=state, matrix=matrix,
        authority=authority, reopens_today=reopens,
    )  # fmt: skip
    hits, notices = find_hits(search)
    return hits, [notice.code for notice in notices]


def ids(hits):
    return [hit.point.id for hit in hits]


def test_nearest_first_and_ranked_from_one():
    hits, _ = find([office("c", 3), office("a", 1), office("b", 2)])
    assert ids(hits) == ["a", "b", "c"] and [hit.rank for hit in hits] == [1, 2, 3]
    assert hits[0].distance_m == pytest.approx(1000, rel=0.01) and not hits[0].approximate


def test_the_other_authority_comes_after_even_when_nearer():
    hits, _ = find([office("m", 0.1, kind=Kind.MEDICAL_INSURANCE), office("h", 5)], task=Task.APPLY)
    assert [(hit.point.id, hit.tier) for hit in hits] == [("h", 1), ("m", 2)]


def test_township_offices_come_after_the_exact_ones_and_say_about():
    hits, _ = find([office("t", 0.1, position=Precision.TOWNSHIP), office("x", 9)])
    assert ids(hits) == ["x", "t"] and [hit.approximate for hit in hits] == [False, True]


def test_district_offices_are_not_ranked_by_distance():
    points = [
        office("d", 0.1, position=Precision.DISTRICT),
        office("x", 9),
        office("e", 2, position=Precision.CITY, adcode="370100"),
    ]
    hits, _ = find(points)
    assert [(hit.point.id, hit.distance_m is None) for hit in hits] == [("x", False), ("d", True)]
    hits, _ = find(points[:1] + points[2:])
    assert [(hit.point.id, hit.distance_m) for hit in hits] == [("d", None), ("e", None)]


def test_another_prefecture_and_beyond_50_km_are_not_near():
    hits, _ = find([office("far", 51), office("other", 5, adcode="370900")])
    assert hits == []
    hits, _ = find([office("far", 51), office("other", 5, adcode="370900")], within_m=60_000.0)
    assert ids(hits) == ["other", "far"]


def test_a_position_without_adcode_goes_by_distance_alone():
    anywhere = Place(label="p", lon=117.0, lat=36.65, precision=Precision.POINT, source="coordinates")
    hits, _ = find([office("other", 5, adcode="370900")], place=anywhere)
    assert ids(hits) == ["other"]


def test_a_place_without_position_lists_its_area_unranked():
    county = Place(label="县", precision=Precision.DISTRICT, source="gazetteer", adcode="370104")
    hits, _ = find([office("d", position=Precision.DISTRICT)], place=county)
    assert [(hit.point.id, hit.distance_m) for hit in hits] == [("d", None)]


CITY = Place(label="市", lon=117.0, lat=36.65, precision=Precision.CITY, source="gazetteer", adcode="370100")
DISTRICT = replace(CITY, precision=Precision.DISTRICT, adcode="370104", township="370104007")


def test_from_a_coarse_origin_nothing_has_a_distance():
    hits, codes = find([office("a", 1), office("b", 3, position=Precision.TOWNSHIP)], place=CITY)
    assert [(hit.distance_m, hit.approximate, hit.area) for hit in hits] == [(None, True, "own")] * 2
    assert codes == ["origin_coarse"] and {group_of(hit) for hit in hits} == {"area"}


def test_a_circle_asked_for_around_a_coarse_place_is_measured():
    hits, _ = find([office("a", 1), office("b", 9)], place=CITY, within_m=5000.0)
    assert ids(hits) == ["a"] and hits[0].distance_m == pytest.approx(1000, rel=0.01) and hits[0].approximate


def test_in_a_district_its_own_halls_come_first_then_the_townships_then_the_rest():
    points = [
        office("neighbours", 0.1, kind=Kind.COMMUNITY_CENTER),
        office("other-street", 0.2, kind=Kind.COMMUNITY_CENTER, serves=("370104001",), serves_basis="name"),
        office("city", 1, kind=Kind.INSURANCE_AGENCY, adcode="370100"),
        office("other-district", 1, kind=Kind.INSURANCE_AGENCY, adcode="370105"),
        office("street", 4, kind=Kind.COMMUNITY_CENTER, serves=("370104007",), serves_basis="name"),
        office("hall", 5, kind=Kind.GOVERNMENT_HALL),
        office("agency", 9, kind=Kind.INSURANCE_AGENCY, position=Precision.DISTRICT),
        office("bureau", 7),
    ]
    hits, _ = find(points, place=DISTRICT, task=Task.APPLY, limit=10, authority="hrss")
    assert ids(hits) == [
        "agency", "bureau", "hall", "street", "neighbours", "other-street", "city", "other-district",
    ]  # fmt: skip
    assert [hit.area for hit in hits] == ["own"] * 6 + ["other"] * 2
    assert [group_of(hit) for hit in hits][-2:] == ["elsewhere"] * 2
    hits, _ = find(points, place=DISTRICT, task=Task.APPLY, limit=4, authority="hrss")
    assert ids(hits) == ["agency", "bureau", "hall", "street"]


@pytest.mark.parametrize(
    ("fields", "township"),
    [
        ({"name": "航头镇市民服务中心"}, True),
        ({"name": "镇海区政务服务中心", "district": "镇海区"}, False),
        ({"name": "景德镇市社会保险局", "city": "景德镇市"}, False),
        ({"name": "政务服务中心", "township": "五里沟街道"}, True),
        ({"name": "槐荫区社会保险局"}, False),
    ],
)
def test_a_townships_hall_is_not_the_districts_own(fields, township):
    assert is_of_a_township(office("x", kind=Kind.GOVERNMENT_HALL, **fields)) is township


def test_a_medical_matter_asks_the_medical_hall_of_the_district_first():
    points = [
        office("bureau", 1),
        office("hall", 2, kind=Kind.GOVERNMENT_HALL),
        office("med", 9, kind=Kind.MEDICAL_INSURANCE),
    ]
    hits, _ = find(points, place=DISTRICT, authority="medical")
    assert ids(hits) == ["med", "hall", "bureau"]


# --- of two at like distance the better fit first


MAPPED = Provenance(source="OpenStreetMap contributors", licence="ODbL-1.0")


def test_at_like_distance_the_one_known_to_do_it_comes_first():
    points = [office("near", 1.0), office("does", 1.4, tasks=frozenset({Task.APPLY})), office("later", 1.45)]
    hits, _ = find(points, task=Task.APPLY, authority="hrss")
    assert ids(hits) == ["does", "near", "later"]
    hits, _ = find([points[0], replace(points[1], lon=117.0 + 1.6 / 89.3)], task=Task.APPLY, authority="hrss")
    assert ids(hits) == ["near", "does"], "600 m farther is farther"


def test_a_bureau_comes_before_a_bank_at_like_distance():
    points = [office("bank", 1.0, kind=Kind.BANK), office("bureau", 1.3)]
    assert ids(find(points, task=Task.APPLY, authority="hrss")[0]) == ["bureau", "bank"]
    assert ids(find(points)[0]) == ["bank", "bureau"], "without a matter only distance counts"


@pytest.mark.parametrize(
    ("name", "provenance", "doubtful"),
    [
        ("幸福社区服务中心", MAPPED, True),
        ("光明党群服务中心", MAPPED, True),
        ("新村社区居委会", MAPPED, True),
        ("幸福社区事务受理服务中心", MAPPED, False),
        ("幸福社区社保服务站", MAPPED, False),
        ("段店北路街道人社中心", MAPPED, False),
        ("幸福社区服务中心", Provenance(source="www.example.gov.cn", licence="facts"), False),
    ],
)
def test_a_plain_neighbourhood_centre_of_a_map_may_not_handle_it(name, provenance, doubtful):
    points = [
        office("plain", 1.0, name=name, kind=Kind.COMMUNITY_CENTER, provenance=provenance),
        office("bank", 1.4, kind=Kind.BANK),
    ]
    hits, _ = find(points, task=Task.APPLY, authority="hrss")
    assert {hit.point.id: hit.may_not_handle for hit in hits} == {"plain": doubtful, "bank": False}
    assert doubtful is (ids(hits) == ["bank", "plain"])


@given(st.lists(st.tuples(st.floats(0, 5000), st.sampled_from([Kind.HRSS_BUREAU, Kind.BANK, Kind.OTHER])), max_size=12))
def test_no_point_passes_one_that_is_much_nearer(rows):
    found = sorted(
        (Found(office(f"p{n}", kind=kind), metres) for n, (metres, kind) in enumerate(rows)), key=lambda f: f.distance_m
    )
    settled = settle_like_distances(found, Task.APPLY, "hrss")
    assert sorted(settled, key=id) == sorted(found, key=id)
    for place, item in enumerate(settled):
        for other in settled[:place]:
            assert other.distance_m - item.distance_m <= LIKE_DISTANCE_M


def test_open_now_drops_the_closed_and_puts_the_open_first():
    states = {"open": "open", "shut": "closed", "ask": "unknown"}
    points = [office("ask", 1), office("shut", 2, hours="Mo 09:00-10:00"), office("open", 3, hours="Mo-Fr 09:00-17:00")]
    hits, codes = find(points, state=lambda p: HoursState(state=states[p.id]), open_now=True)
    assert ids(hits) == ["open", "ask"] and codes == ["hours_unknown_kept"]


def test_open_now_keeps_what_opens_again_today_in_its_place():
    points = [
        office("break", 1, hours="Mo-Fr 09:00-12:00"),
        office("open", 2, hours="24/7"),
        office("shut", 0.5, hours="Sa 09:00-10:00"),
    ]
    states = {"break": "closed", "open": "open", "shut": "closed"}
    hits, _ = find(
        points, state=lambda p: HoursState(state=states[p.id]), reopens=lambda p: p.id == "break", open_now=True
    )
    assert ids(hits) == ["break", "open"]


def test_can_do_is_true_only_where_a_source_says_so():
    points = [
        office("yes", 1, tasks=frozenset({Task.APPLY})),
        office("silent", 2),
        office("no", 3, not_tasks=frozenset({Task.APPLY})),
    ]
    hits, _ = find(points, task=Task.APPLY)
    assert [(hit.point.id, hit.can_do) for hit in hits] == [("yes", True), ("silent", None)]


def test_one_office_under_two_names_takes_one_place():
    points = [office("a", 1, name="沙河口区行政服务大厅"), office("b", 1, name="沙河口区行政服务中心"), office("c", 2)]
    hits, _ = find(points, limit=2)
    assert len(ids(hits)) == 2 and "c" in ids(hits)


def test_the_office_that_serves_the_place_comes_before_the_others():
    home = replace(HERE, township="370104001")
    points = [
        office("silent", 1, hours="Mo-Fr 09:00-17:00"),
        office("other", 2, serves=("370104002",), serves_basis="name"),
        office("town", 3, serves=("370104001",), serves_basis="name"),
        office("about", 4, serves=("370104",), serves_basis="source", position=Precision.TOWNSHIP,
               hours="Mo-Fr 09:00-17:00"),
    ]  # fmt: skip
    hits, _ = find(points, place=home)
    assert [(h.rank, h.point.id, h.serves_you, h.serves_why, group_of(h)) for h in hits] == [
        (1, "town", True, "township_name", "yours"), (2, "about", True, "district_source", "yours"),
        (3, "silent", None, None, "near"), (4, "other", False, "elsewhere_name", "near"),
    ]  # fmt: skip
    hits, _ = find(points, place=replace(HERE, adcode="370100"))  # of the place only the city is known
    assert [h.serves_you for h in hits] == [None] * 4 and ids(hits) == ["silent", "other", "town", "about"]
    states = {"silent": "open", "other": "closed", "town": "unknown", "about": "open"}
    hits, _ = find(points, place=home, state=lambda p: HoursState(state=states[p.id]), open_now=True)
    assert [group_of(h, open_only=True) for h in hits] == ["yours", "near", "unknown"]


def test_one_matrix_call_ranks_the_thirty_nearest():
    asked = []

    def matrix(origin, targets, mode):
        asked.append(len(targets))
        return [1000.0 - x for x, _ in targets]  # the farther east, the sooner

    points = [office(f"p{n:02d}", n / 2) for n in range(40)]
    hits, _ = find(points, mode=Mode.DRIVE, matrix=matrix, limit=3)
    assert asked == [30] and ids(hits) == ["p29", "p28", "p27"]


def test_travel_time_ranks_where_a_router_tells():
    points = [office("near", 1), office("far", 2)]
    hits, codes = find(points, mode=Mode.WALK, matrix=lambda origin, targets, mode: [900.0, 300.0])
    assert [(hit.point.id, hit.duration_s) for hit in hits] == [("far", 300.0), ("near", 900.0)] and codes == []
    hits, codes = find(points, mode=Mode.WALK)
    assert ids(hits) == ["near", "far"] and codes == ["travel_time_unavailable"]
