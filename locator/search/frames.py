"""The k nearest as one call from a GeoDataFrame to a GeoDataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from locator.errors import InvalidInput
from locator.search.bulk import nearest_many
from locator.search.index import check_bounds
from locator.search.tree import PointTree, Rows

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from locator.search.ellipsoid import Floats


def nearest_points(
    left: GeoDataFrame,
    right: GeoDataFrame,
    k: int = 1,
    *,
    how: str = "inner",
    within_m: float | None = None,
    lsuffix: str = "left",
    rsuffix: str = "right",
    distance_col: str | None = "distance_m",
    rank_col: str | None = "rank",
    threads: int = 1,
) -> GeoDataFrame:
    """Join every left point to its ``k`` nearest right points, exactly, by WGS-84 geodesic.

    The result has the shape of :meth:`geopandas.GeoDataFrame.sjoin_nearest`: the left rows with their
    geometry and index, repeated for each neighbour, ``index_right``, and the columns of the right.

    Parameters
    ----------
    left, right
        Points, in any coordinate reference system (each with one). Missing and empty ones find nothing
        and are not found.
    k
        How many neighbours; equal distances go by the order of the right rows.
    how
        ``inner`` leaves out left rows that find nothing, ``left`` keeps them.
    within_m
        No farther than this, in metres.
    distance_col, rank_col
        Names of the columns for the distance in metres and the rank from 1; None for no such column.

    Raises
    ------
    InvalidInput
        A geometry is no point, a frame has no reference system, ``how`` is another word, or ``k`` is
        below 1.
    """
    if how not in ("inner", "left"):
        raise InvalidInput(f"how is {how!r}; expected inner or left", code="nearest_how", value=how)
    if k < 1:
        raise InvalidInput(f"k is {k}; expected 1 or more", code="search_limit", value=k)
    reach = check_bounds(k, within_m)
    x, y = _positions(left, "left")
    tree = PointTree(*_positions(right, "right"))
    rows, metres = nearest_many(tree, x, y, k, within_m=reach, threads=threads)
    hit = rows >= 0
    if how == "left":
        hit[:, 0] = True
    at, rank = np.nonzero(hit)
    joined = _join(left.iloc[at], right, rows[hit], lsuffix=lsuffix, rsuffix=rsuffix)
    if rank_col:
        joined[rank_col] = np.where(rows[hit] >= 0, rank + 1, 0)
    if distance_col:
        joined[distance_col] = metres[hit]
    return joined


def _positions(frame: GeoDataFrame, side: str) -> tuple[Floats, Floats]:
    """Return the WGS-84 degrees of a frame of points; NaN where there is none."""
    if frame.crs is None:
        raise InvalidInput(f"the {side} frame has no coordinate reference system", code="nearest_crs", side=side)
    shapes = np.asarray(frame.geometry.to_crs(4326).array, dtype=object)
    if not np.isin(shapely.get_type_id(shapes), (-1, 0)).all():  # missing, point
        raise InvalidInput(f"the {side} frame has geometries that are no points", code="nearest_shapes", side=side)
    return shapely.get_x(shapes), shapely.get_y(shapes)  # NaN where missing or empty


def _join(left: GeoDataFrame, right: GeoDataFrame, rows: Rows, *, lsuffix: str, rsuffix: str) -> GeoDataFrame:
    """Put the columns of right rows (by number, -1 for none) beside as many left rows."""
    import pandas as pd

    facts = pd.DataFrame(right.drop(columns=right.geometry.name))
    clash = set(facts.columns) & set(left.columns) - {left.geometry.name}
    joined = left.rename(columns={name: f"{name}_{lsuffix}" for name in clash})
    joined["index_right"] = pd.Series(right.index.to_flat_index()).reindex(rows).array
    facts = facts.reset_index(drop=True).reindex(rows)
    for name in facts.columns:
        joined[f"{name}_{rsuffix}" if name in clash or name in joined.columns else name] = facts[name].array
    return joined
