"""The GeoDataFrame call has the shape of ``sjoin_nearest`` and the distances of brute force."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locator.datum import distance_m
from locator.errors import InvalidInput
from locator.search import nearest_points

POSITION = st.tuples(st.floats(-180, 180), st.floats(-89, 89))


def frame(positions, index=None, **columns):
    shapes = [shapely.Point(p) if p is not None else None for p in positions]
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs=4326, index=index)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(POSITION, min_size=1, max_size=8), st.lists(POSITION, min_size=1, max_size=20), st.integers(1, 4))
def test_k_nearest_of_a_frame_are_exact(left, right, k):
    joined = nearest_points(frame(left), frame(right, value=np.arange(len(right))), k)
    assert len(joined) == len(left) * min(k, len(right))
    for number, (lon, lat) in enumerate(left):
        truth = np.sort(distance_m(lon, lat, *np.asarray(right).T))[:k]
        mine = joined.loc[[number]]
        assert mine["distance_m"].to_numpy() == pytest.approx(truth, abs=1e-6, rel=0)
        assert mine["rank"].tolist() == list(range(1, len(mine) + 1))
        assert (mine["value"] == mine["index_right"]).all()


def test_the_shape_is_that_of_sjoin_nearest():
    left = frame([(116.0, 39.0), (117.0, 36.0)], index=["x", "y"], name=["l0", "l1"], a=[1, 2])
    right = frame([(117.001, 36.0), (116.001, 39.0)], index=[7, 9], name=["r0", "r1"], b=["p", "q"])
    ours = nearest_points(left, right, distance_col="d", rank_col=None)
    theirs = geopandas.sjoin_nearest(left.to_crs(3857), right.to_crs(3857), distance_col="d").to_crs(4326)
    assert ours.index.tolist() == theirs.index.tolist() == ["x", "y"]
    assert set(ours.columns) == set(theirs.columns)
    for column in ("name_left", "name_right", "index_right", "a", "b"):
        assert ours[column].tolist() == theirs[column].tolist(), column
    assert ours.crs == left.crs and (ours.geometry == left.geometry).all()


def test_any_reference_system_and_the_exact_distance():
    left, right = frame([(116.0, 39.0)]), frame([(116.5, 39.0), (117.0, 39.0)])
    projected = nearest_points(left.to_crs(32650), right.to_crs(3857), 2)
    truth = distance_m(116.0, 39.0, [116.5, 117.0], 39.0)
    assert projected.crs.to_epsg() == 32650
    assert projected["distance_m"].to_numpy() == pytest.approx(truth, abs=1e-3)


def test_missing_shapes_find_nothing_and_are_not_found():
    left, right = frame([(116.0, 39.0), None], name=["a", "b"]), frame([None, (116.1, 39.0)], value=[1, 2])
    inner = nearest_points(left, right, 3)
    assert inner["name"].tolist() == ["a"] and inner["index_right"].tolist() == [1] and inner["value"].tolist() == [2]
    outer = nearest_points(left, right, 3, how="left")
    assert outer["name"].tolist() == ["a", "b"]
    assert outer["rank"].tolist() == [1, 0]
    assert (
        pd.isna(outer["index_right"].iloc[1])
        and pd.isna(outer["value"].iloc[1])
        and pd.isna(outer["distance_m"].iloc[1])
    )


def test_within_and_an_empty_right():
    left, right = frame([(116.0, 39.0), (120.0, 30.0)]), frame([(116.001, 39.0)])
    assert nearest_points(left, right, 2, within_m=1_000.0).index.tolist() == [0]
    assert nearest_points(left, right.iloc[:0]).empty
    assert len(nearest_points(left, right.iloc[:0], how="left")) == 2


def test_the_callers_frames_stay_as_they_are():
    left, right = frame([(116.0, 39.0)], name=["a"]), frame([(116.1, 39.0)], name=["b"])
    before = left.copy(), right.copy()
    joined = nearest_points(left, right)
    joined["name_left"] = "changed"
    assert left.equals(before[0]) and right.equals(before[1])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a: nearest_points(a.set_crs(None, allow_override=True), a),
        lambda a: nearest_points(a, a.set_geometry([shapely.box(0, 0, 1, 1)], crs=4326)),
        lambda a: nearest_points(a, a, 0),
        lambda a: nearest_points(a, a, how="outer"),
        lambda a: nearest_points(a, a, within_m=-1.0),
    ],
)
def test_what_cannot_be_joined_is_refused(wrong):
    with pytest.raises(InvalidInput):
        wrong(frame([(116.0, 39.0)]))
