"""The engines that the index is held against, each behind the same three calls."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from locator.datum import to_ecef

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
K = 5


class Peer(NamedTuple):
    """An engine ready for queries."""

    name: str
    one: Callable[[float, float], Any]
    """One query: the rows found, nearest first."""
    k: int = K
    many: Callable[[np.ndarray, np.ndarray], Any] | None = None
    """A batch: rows, shape (m, k)."""


def raw_tree(lon: np.ndarray, lat: np.ndarray) -> Peer:
    """Scipy's k-d tree over earth-centred positions, without geodesics: the floor."""
    from scipy.spatial import cKDTree

    tree = cKDTree(to_ecef(lon, lat))

    def one(x: float, y: float) -> np.ndarray:
        return tree.query(QUERIES[x, y], K)[1]

    return Peer("raw cKDTree (chord, no geodesic)", one)


QUERIES: dict[tuple[float, float], list[float]] = {}
"""Earth-centred positions of the queries, made beforehand: the floor pays nothing but the tree."""


def strtree(lon: np.ndarray, lat: np.ndarray) -> Peer:
    """Shapely's R-tree over degrees; it knows k = 1 only."""
    import shapely

    tree = shapely.STRtree(shapely.points(lon, lat))
    return Peer("shapely STRtree (degrees, k=1)", lambda x, y: [tree.nearest(shapely.Point(x, y))], 1)


def ball_tree(lon: np.ndarray, lat: np.ndarray) -> Peer:
    """Scikit-learn's ball tree with the haversine on a sphere."""
    from sklearn.neighbors import BallTree

    tree = BallTree(np.radians(np.column_stack([lat, lon])), metric="haversine")

    def one(x: float, y: float) -> np.ndarray:
        return tree.query(np.radians([[y, x]]), K)[1][0]

    return Peer("scikit-learn BallTree (sphere)", one)


def sjoin_nearest(lon: np.ndarray, lat: np.ndarray) -> Peer:
    """GeoPandas, in an equal-area projection of China; k = 1 (and ties)."""
    import geopandas
    import pyproj
    import shapely

    crs = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=30 +lon_0=105 +datum=WGS84"
    right = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(lon, lat), crs=4326).to_crs(crs)
    right.sindex  # noqa: B018 - built beforehand, as the others' are

    to_plane = pyproj.Transformer.from_crs(4326, crs, always_xy=True)

    def one(x: float, y: float) -> np.ndarray:  # a join of one row costs a second at a million: only its index
        return right.sindex.nearest(shapely.Point(*to_plane.transform(x, y)), return_all=False)[1]

    def many(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        left = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(x, y), crs=4326).to_crs(crs)
        joined = geopandas.sjoin_nearest(left, right, distance_col="metres")
        return joined[~joined.index.duplicated()]["index_right"].to_numpy()[:, None]

    return Peer("geopandas nearest (Albers, k=1)", one, 1, many)


@contextmanager
def postgis(lon: np.ndarray, lat: np.ndarray) -> Iterator[Peer | None]:
    """PostGIS on loopback: geography, GiST, CLUSTERed; None where it is not installed."""
    from servers import postgres_bin, run_cluster

    if postgres_bin() is None:
        yield None
        return
    import psycopg

    with run_cluster() as cluster, psycopg.connect(cluster.create_database("bench"), autocommit=True) as db:
        db.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        db.execute("CREATE TABLE p (row int, at geography(point))")
        db.execute("CREATE TEMP TABLE raw (row int, lon float8, lat float8)")
        with db.cursor().copy("COPY raw FROM STDIN") as copy:
            for row, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
                copy.write_row((row, x, y))
        db.execute("INSERT INTO p SELECT row, ST_MakePoint(lon, lat)::geography FROM raw")
        db.execute("CREATE INDEX p_at ON p USING gist (at)")
        db.execute("CLUSTER p USING p_at")
        db.execute("VACUUM ANALYZE p")
        text = "SELECT row FROM p ORDER BY at <-> ST_MakePoint(%s, %s)::geography LIMIT 5"

        def one(x: float, y: float) -> list[int]:
            return [row for (row,) in db.execute(text, (x, y), prepare=True)]

        yield Peer("PostGIS geography <-> (clustered)", one)
