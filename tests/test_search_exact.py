"""The nearest are the nearest: every answer against brute force by ``Geod.inv``, wherever on earth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from locator.datum import arcs, distance_m, geod, to_ecef
from locator.errors import InvalidInput
from locator.layer import Layer
from locator.model import ServicePoint
from locator.search import Index, ellipsoid, tree
from locator.search.tree import PointTree, place_origin


@pytest.fixture(scope="module", params=[0, tree.FEW], ids=["tree", "all"], autouse=True)
def _way(request):
    """Every test here runs with a tree, and with the chords to all positions measured."""
    patch = pytest.MonkeyPatch()
    patch.setattr(tree, "FEW", request.param)
    yield
    patch.undo()


TOLERANCE_M = 1e-6


def layer_of(positions):
    """A layer of points whose ids run against their rows, so that order by id shows."""
    count = len(positions)
    return Layer.from_points(
        ServicePoint(id=f"p{count - row:05d}", name="x", lon=lon, lat=lat) for row, (lon, lat) in enumerate(positions)
    )


def around(lon, lat, spread):
    """Positions on a coarse grid about a centre, so that distances tie and positions coincide."""
    step = st.integers(-8, 8)
    return st.builds(lambda i, j: (lon + i * spread, min(90.0, max(-90.0, lat + j * spread))), step, step)


ANYWHERE = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
CENTRES = st.sampled_from([
    (116.98, 36.65), (121.6, 38.9), (0.0, 51.48), (0.0, 0.0), (180.0, -17.0), (-180.0, 65.0),
    (45.0, 90.0), (-120.0, -90.0), (87.6, 43.8), (-71.0, -33.0),
])  # fmt: skip


@st.composite
def scenes(draw):
    """Points and a query: clusters on a grid, a scatter over the earth, and exact duplicates."""
    lon, lat = draw(CENTRES)
    spread = draw(st.sampled_from([1e-7, 1e-5, 1e-3, 0.02, 0.3, 4.0]))
    points = draw(st.lists(around(lon, lat, spread), max_size=40))
    points += draw(st.lists(ANYWHERE, max_size=10))
    if points:
        points += [points[0]] * draw(st.integers(0, 12))
    query = draw(st.one_of(around(lon, lat, spread), ANYWHERE, st.just((lon, lat))))
    return points, query, draw(st.integers(1, 12))


def check(index, hits, query, limit, within_m=None, rows=None):
    """Compare an answer with brute force: same distances, nothing nearer left out, in order."""
    layer = index.layer
    rows = np.arange(len(layer)) if rows is None else np.asarray(rows, int)
    truth = distance_m(query[0], query[1], layer.lon[rows], layer.lat[rows]) if len(rows) else np.zeros(0)
    by_row = dict(zip(rows.tolist(), truth.tolist(), strict=True))
    found = [hit.row for hit in hits]
    assert len(set(found)) == len(found)
    assert set(found) <= set(by_row)
    for hit in hits:
        assert abs(hit.distance_m - by_row[hit.row]) <= TOLERANCE_M
    ordered = np.sort(truth)
    if within_m is not None:
        sure = int((ordered <= within_m - TOLERANCE_M).sum())
        possible = int((ordered <= within_m + TOLERANCE_M).sum())
        assert min(limit, sure) <= len(hits) <= min(limit, possible)
    else:
        assert len(hits) == min(limit, len(rows))
    assert np.allclose([hit.distance_m for hit in hits], ordered[: len(hits)], rtol=0, atol=TOLERANCE_M)
    ids = layer.table.column("id").to_pylist()
    keys = [(hit.distance_m, ids[hit.row]) for hit in hits]
    assert keys == sorted(keys)
    if hits and len(hits) == limit:  # of those as far as the last, the first by id
        last = hits[-1].distance_m
        twins = [
            row for row in by_row if (layer.lon[row], layer.lat[row]) == (layer.lon[found[-1]], layer.lat[found[-1]])
        ]
        for row in twins:
            assert row in found or ids[row] > ids[found[-1]], last


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(scenes())
def test_the_nearest_are_exact_anywhere(scene):
    points, query, limit = scene
    index = Index(layer_of(points))
    check(index, index.nearest(*query, limit=limit), query, limit)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), st.sampled_from([0.0, 0.5, 100.0, 3_000.0, 60_000.0, 5e6, 3e7]))
def test_within_m_is_exact(scene, within_m):
    points, query, limit = scene
    index = Index(layer_of(points))
    check(index, index.nearest(*query, limit=limit, within_m=within_m), query, limit, within_m=within_m)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), st.lists(ANYWHERE, max_size=5), st.sampled_from([None, 100.0, 60_000.0]))
def test_many_at_once_is_the_same_as_one_by_one(scene, more, within_m):
    points, query, limit = scene
    index = Index(layer_of(points))
    queries = [query, *points[:5], *more]
    rows, metres = index.nearest_many(*np.asarray(queries).T, limit=limit, within_m=within_m)
    assert rows.shape == metres.shape == (len(queries), limit)
    for number, (lon, lat) in enumerate(queries):
        hits = index.nearest(lon, lat, limit=limit, within_m=within_m)
        count = len(hits)
        assert rows[number, :count].tolist() == [hit.row for hit in hits]
        assert metres[number, :count].tolist() == pytest.approx([hit.distance_m for hit in hits], abs=2e-7, rel=0)
        assert (rows[number, count:] == -1).all() and np.isnan(metres[number, count:]).all()


def test_many_duplicates_come_by_id():
    index = Index(layer_of([(117.0, 36.6)] * 200 + [(117.1, 36.6)]))
    hits = index.nearest(117.0, 36.6, limit=7)
    assert [index.layer.point(hit.row).id for hit in hits] == [f"p{n:05d}" for n in range(2, 9)]
    rows, metres = index.nearest_many([117.0] * 3, [36.6] * 3, limit=7)
    assert rows.tolist() == [[hit.row for hit in hits]] * 3
    assert (metres == 0).all()


def test_across_the_antimeridian_and_over_the_pole():
    index = Index(layer_of([(179.999, 10.0), (-179.999, 10.0), (0.0, 89.999), (180.0, 89.999)]))
    assert [hit.row for hit in index.nearest(-179.9999, 10.0, limit=2)] == [1, 0]
    (over,) = index.nearest(179.0, 90.0, limit=1)
    assert over.distance_m == pytest.approx(geod().inv(0, 89.999, 179.0, 90.0)[2], abs=1e-6)


def test_large_scattered_and_clustered_sets_against_brute_force():
    random = np.random.default_rng(11)
    centres = np.column_stack([random.uniform(75, 130, 40), random.uniform(20, 50, 40)])
    lon, lat = (centres[random.integers(0, 40, 20_000)] + random.normal(0, 0.05, (20_000, 2))).T
    lon, lat = (
        np.concatenate([lon, random.uniform(-180, 180, 3000)]),
        np.concatenate([lat, random.uniform(-90, 90, 3000)]),
    )
    lon[100:300], lat[100:300] = lon[0], lat[0]
    tree = PointTree(lon, lat)
    for row in [0, 150, *random.integers(0, len(lon), 60).tolist()]:
        x, y = float(lon[row]) + 0.001, float(lat[row])
        hits = tree.nearest(place_origin(x, y), 9)
        truth = np.sort(distance_m(x, y, lon, lat))[:9]
        assert np.abs(truth - [hit.distance_m for hit in hits]).max() <= TOLERANCE_M


def test_points_without_position_or_gone_from_their_source_are_not_found():
    points = [
        ServicePoint(id="a", name="a"),
        ServicePoint(id="b", name="b", lon=117.0, lat=36.0, status="vanished"),
        ServicePoint(id="c", name="c", lon=118.0, lat=36.0),
        ServicePoint(id="d", name="d", lon=119.0, lat=36.0, status="live"),
    ]
    index = Index(Layer.from_points(points))
    assert len(index) == 2
    assert [index.layer.point(hit.row).id for hit in index.nearest(117.0, 36.0)] == ["c", "d"]
    assert index.nearest_many([117.0], [36.0], limit=3)[0].tolist() == [[2, 3, -1]]


def test_an_empty_layer_answers_with_nothing():
    index = Index(Layer.from_points([]))
    assert index.nearest(117.0, 36.0) == []
    assert index.nearest_many([117.0], [36.0], limit=2)[0].tolist() == [[-1, -1]]
    assert index.nearest(117.0, 36.0, limit=0) == []


@pytest.mark.parametrize(("lon", "lat"), [(float("nan"), 0), (0, float("nan")), (0, 90.1), (361, 0), (float("inf"), 0)])
def test_a_position_that_is_none_is_refused_one_by_one_and_empty_in_bulk(lon, lat):
    index = Index(layer_of([(117.0, 36.0)]))
    with pytest.raises(InvalidInput):
        index.nearest(lon, lat)
    assert index.nearest_many([lon, 117.0], [lat, 36.0], limit=1)[0].tolist() == [[-1], [0]]


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"within_m": -1.0}, {"within_m": float("nan")}])
def test_bounds_that_cannot_be_are_refused(wrong):
    with pytest.raises(InvalidInput):
        Index(layer_of([(117.0, 36.0)])).nearest(117.0, 36.0, **wrong)


def test_shapes_that_differ_are_refused():
    with pytest.raises(InvalidInput):
        Index(layer_of([])).nearest_many([1.0, 2.0], [1.0])


# ---- the geometry underneath


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(ANYWHERE, st.floats(0, 360), st.floats(0, 2e7))
@example((0.0, 0.0), 0.0, 8e6)
@example((0.0, 89.0), 45.0, 9e6)
def test_chords_bound_geodesics(start, azimuth, length):
    lon, lat, _ = geod().fwd(*start, azimuth, length)
    metres = geod().inv(*start, lon, lat)[2]
    chord = float(np.linalg.norm(to_ecef(*start) - to_ecef(lon, lat)))
    assert ellipsoid.at_least(chord) <= metres + 2e-8
    assert metres <= ellipsoid.at_most(chord) + 2e-8
    assert chord <= ellipsoid.reach(metres) + 2e-8


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(ANYWHERE, st.floats(0, 360), st.floats(0, 49_900.0))
@example((10.0, 90.0), 3.0, 2_000.0)
def test_the_closed_form_is_the_geodesic(start, azimuth, length):
    lon, lat, _ = geod().fwd(*start, azimuth, length)
    metres = geod().inv(*start, lon, lat)[2]
    one, other = to_ecef(*start), to_ecef(lon, lat)
    assert float(arcs(one, other)[0]) == pytest.approx(metres, abs=2e-8, rel=0)
    assert ellipsoid.arc(one[0].tolist(), other[0].tolist()) == pytest.approx(metres, abs=2e-8, rel=0)
    if length < 2_999:
        origin = place_origin(*start)
        chord = float(np.linalg.norm(one - other))
        assert chord * (1 + chord * chord * origin.curvature) == pytest.approx(metres, abs=2.5e-7, rel=0)
        assert float(ellipsoid.mean_curvature(np.asarray([start[1]]))[0]) == pytest.approx(origin.curvature, rel=1e-12)
