"""Filters keep the answer exact, whichever way the planner takes, and cost no more than they must."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_search_exact import check

from locator.layer import Layer
from locator.model import Filter, Kind, Precision, ServicePoint, Task
from locator.search import Index
from locator.search import index as index_module

ADCODES = ["370102", "370104", "370100", "370000", "210211", "442000", "469001", None]
KINDS = [Kind.HRSS_BUREAU, Kind.BANK, Kind.COMMUNITY_CENTER]


def passes(point, where):
    """What a filter means, written down a second time and plainly."""
    return (
        (where.kinds is None or point.kind in where.kinds)
        and (where.regions is None or any(inside(point.adcode, region) for region in where.regions))
        and (where.positions is None or point.position in where.positions)
        and (where.wheelchair is None or point.wheelchair is where.wheelchair)
        and (where.hours_known is None or (point.hours is not None) is where.hours_known)
        and (where.task is None or where.task not in point.not_tasks)
        and (where.predicate is None or where.predicate(point))
    )


def inside(adcode, region):
    if adcode is None:
        return False
    if region.endswith("0000"):
        return adcode[:2] == region[:2]
    return adcode[:4] == region[:4] if region.endswith("00") else adcode == region


POINTS = st.lists(
    st.builds(
        ServicePoint,
        id=st.uuids().map(str),
        name=st.just("x"),
        kind=st.sampled_from(KINDS),
        adcode=st.sampled_from(ADCODES),
        position=st.sampled_from([Precision.ROOFTOP, Precision.POI, Precision.DISTRICT, None]),
        wheelchair=st.sampled_from([True, False, None]),
        hours=st.sampled_from([None, "Mo-Fr 09:00-17:00", "24/7"]),
        not_tasks=st.sampled_from([frozenset(), frozenset({Task.APPLY}), frozenset({Task.APPLY, Task.PIN})]),
        lon=st.integers(0, 12).map(lambda n: 117 + n / 100),
        lat=st.integers(0, 12).map(lambda n: 36 + n / 100),
    ),
    max_size=60,
)
FILTERS = st.builds(
    Filter,
    kinds=st.none() | st.frozensets(st.sampled_from(KINDS)),
    regions=st.none() | st.lists(st.sampled_from([a for a in ADCODES if a] + ["110000"]), max_size=2).map(tuple),
    positions=st.none() | st.frozensets(st.sampled_from([Precision.ROOFTOP, Precision.POI, Precision.DISTRICT])),
    wheelchair=st.sampled_from([None, None, True, False]),
    hours_known=st.sampled_from([None, None, True, False]),
    task=st.sampled_from([None, None, Task.APPLY, Task.PIN]),
    predicate=st.sampled_from([None, None, lambda p: p.id < "8", lambda p: p.lon is not None and p.lon > 117.05]),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(POINTS, FILTERS, st.integers(1, 8), st.sampled_from([0.0, 0.02, 2.0]), st.sampled_from([None, 2_500.0]))
def test_a_filtered_answer_is_exact_whichever_way_it_takes(points, where, limit, own_share, within_m):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "OWN_TREE_SHARE", own_share)  # 0: never at once; 2: always
        index = Index(Layer.from_points(points))
        rows = [row for row, point in enumerate(points) if passes(point, where)]
        query = (117.053, 36.05)
        for _ in range(2):  # the second time warm
            hits = index.nearest(*query, limit=limit, where=where, within_m=within_m)
            check(index, hits, query, limit, within_m=within_m, rows=rows)
        many, _ = index.nearest_many([query[0]], [query[1]], limit=limit, where=where, within_m=within_m)
        assert [row for row in many[0].tolist() if row >= 0] == [hit.row for hit in hits]
        fields = replace(where, predicate=None)
        assert index.rows_passing(fields).tolist() == [row for row, p in enumerate(points) if passes(p, fields)]


def spread_layer(count, *, rare_every=1000):
    random = np.random.default_rng(3)
    return Layer.from_points(
        ServicePoint(
            id=f"p{row:06d}",
            name="x",
            kind=Kind.BANK if row % rare_every == 0 else Kind.OTHER,
            adcode="650102" if row < count // 50 else "110101",
            hours=f"Mo-Fr {8 + row % 3:02d}:00-17:00" if row % 2 else None,
            lon=float(random.uniform(87.5, 87.7) if row < count // 50 else random.uniform(116, 117)),
            lat=float(random.uniform(43.7, 43.9) if row < count // 50 else random.uniform(39.5, 40.5)),
        )
        for row in range(count)
    )


@pytest.mark.parametrize(
    "where",
    [
        Filter(kinds=frozenset({Kind.BANK})),
        Filter(kinds=frozenset({Kind.OTHER})),
        Filter(regions=("650000",)),
        Filter(regions=("650102",), kinds=frozenset({Kind.BANK})),
        Filter(regions=("110101", "650102"), hours_known=True),
        Filter(task=Task.APPLY),
    ],
)
def test_rare_common_and_far_filters_against_brute_force(where):
    layer = spread_layer(5_000)
    index = Index(layer)
    rows = [row for row, point in enumerate(layer.points()) if passes(point, where)]
    for query in ((116.4, 39.9), (87.6, 43.8), (-74.0, 40.7), (103.0, 42.0)):
        check(index, index.nearest(*query, limit=5, where=where), query, 5, rows=rows)


def test_nothing_passes_is_nothing_found():
    index = Index(spread_layer(100))
    assert index.nearest(116.4, 39.9, where=Filter(kinds=frozenset())) == []
    assert index.nearest(116.4, 39.9, where=Filter(regions=("990000",))) == []


def test_a_predicate_sees_only_what_it_must():
    seen = []

    def predicate(point):
        seen.append(point.id)
        return len(seen) % 2 == 0

    index = Index(spread_layer(5_000))
    where = Filter(hours_known=True, kinds=frozenset({Kind.OTHER}), predicate=predicate)
    hits = index.nearest(116.4, 39.9, limit=5, where=where)
    assert len(hits) == 5
    assert len(seen) == len(set(seen)) <= 64  # of 2,500 that pass the fields
    assert all(index.layer.point(index.layer.row_of(i)).hours for i in seen)


def test_a_predicate_that_fails_everything_is_asked_once_a_point():
    seen = []
    index = Index(spread_layer(300))
    assert index.nearest(116.4, 39.9, where=Filter(predicate=lambda p: seen.append(p.id) or False)) == []
    assert sorted(seen) == sorted(point.id for point in index.layer.points())


def test_trees_of_filters_stay_within_their_rows():
    layer = spread_layer(4_000, rare_every=3)
    index = Index(layer, spare_rows=2_000)
    filters = [
        Filter(hours_known=known, kinds=frozenset({kind}))
        for known in (True, False)
        for kind in (Kind.BANK, Kind.OTHER)
    ]
    for where in filters * 2:
        index.warm(where)
        held = sum(len(index.rows_passing(kept)) for kept in index.warm_filters())
        assert held <= 2_000
        rows = [row for row, point in enumerate(layer.points()) if passes(point, where)]
        check(index, index.nearest(116.4, 39.9, where=where), (116.4, 39.9), 5, rows=rows)
    assert index.warm_filters(), "at least the last one fits"


def test_a_filter_that_everything_passes_needs_no_tree_of_its_own(monkeypatch):
    layer = spread_layer(1_000)
    index = Index(layer, spare_rows=100)
    monkeypatch.setattr(index_module, "PointTree", None)
    for where in (Filter(kinds=frozenset({Kind.BANK, Kind.OTHER})), Filter(predicate=lambda point: True)):
        rows, _ = index.nearest_many([116.4], [39.9], limit=3, where=where)
        assert rows[0].tolist() == [hit.row for hit in index.nearest(116.4, 39.9, limit=3)]
    monkeypatch.undo()
    some = Filter(regions=("650000",))  # 20 points: the big tree does not count against the spare rows
    index.warm(some)
    assert some in index.warm_filters()


def test_columns_are_coded_only_when_a_filter_asks():
    layer = spread_layer(50)
    coded = []
    original = layer.codes
    layer.codes = lambda name: coded.append(name) or original(name)
    index = Index(layer)
    assert coded == ["status"], "who has vanished is never found"
    coded.clear()
    index.nearest(116.4, 39.9)
    assert coded == []
    index.nearest(116.4, 39.9, where=Filter(kinds=frozenset({Kind.BANK})))
    index.nearest(116.4, 39.9, where=Filter(kinds=frozenset({Kind.OTHER})))
    assert coded == ["kind"]


def test_threads_share_one_index_and_agree():
    layer = spread_layer(3_000)
    expected = Index(layer)
    shared = Index(layer, spare_rows=500)
    filters = [Filter(), Filter(kinds=frozenset({Kind.BANK})), Filter(regions=("650000",)), Filter(hours_known=True)]
    queries = [(116.1 + n / 50, 39.9) for n in range(30)]
    truth = {(q, n): expected.nearest(*q, where=w) for q in queries for n, w in enumerate(filters)}
    wrong = []

    def work(seed):
        for turn in np.random.default_rng(seed).permutation(len(truth)).tolist():
            query, number = list(truth)[turn]
            if shared.nearest(*query, where=filters[number]) != truth[query, number]:
                wrong.append((query, number))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_condition_over_nothing_finds_nothing():
    """Fields that no point has together, and a condition on top of them."""
    points = [ServicePoint(id="a", name="n", lon=117.0, lat=36.0, hours="24/7", position=Precision.CITY)]
    where = Filter(hours_known=True, positions=frozenset({Precision.POI}), predicate=lambda point: True)
    assert (
        Index(Layer.from_points([*points, replace(points[0], id="b", hours=None, position=Precision.POI)])).nearest(
            117.0, 36.0, limit=5, where=where
        )
        == []
    )
