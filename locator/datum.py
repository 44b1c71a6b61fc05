"""WGS-84, GCJ-02 and BD-09, and distances on the WGS-84 ellipsoid, on arrays.

NumPy, PROJ and GEOS are imported by the functions that need them: naming a datum needs none of them.

Inside the program every coordinate is WGS-84, longitude then latitude, in degrees. A source, a
geocoder and a tile layer declare their datum, and :func:`to_wgs84` / :func:`from_wgs84` convert once
at that border.

Notes
-----
GCJ-02 is the shift that Chinese law asks of maps published on the mainland; its formula became public
in 2010 and is what AMap and Tencent use. BD-09 is Baidu's further shift of GCJ-02. The inverses are
fixed-point iterations: 3 nm (GCJ-02) and 8 nm (BD-09) round trip after six rounds.
"""

from __future__ import annotations

import math
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyproj
    import shapely
    from numpy.typing import ArrayLike, NDArray

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)

FAR_M = 50_000.0
"""Up to this chord the curvature in the pair's direction gives it to 1e-8 m; beyond, ``Geod.inv``."""

METRES_PER_DEGREE = 111_320.0
"""Of latitude, and of longitude on the equator, where about is enough."""
CHINA_BOX = (73.0, 3.0, 136.0, 54.5)
"""West, south, east and north of China with its seas, in degrees."""

_KRASOVSKY_M = 6378245.0
_KRASOVSKY_E2 = 0.00669342162296594323
_BD_PI = math.pi * 3000 / 180
_ROUNDS = 6


class Datum(StrEnum):
    """What a pair of degrees is measured against."""

    WGS84 = "wgs84"
    """OpenStreetMap, GPS, and (as CGCS2000, within a metre) Tianditu."""
    GCJ02 = "gcj02"
    """AMap (Gaode), Tencent, Apple and Google on the mainland."""
    BD09 = "bd09"
    """Baidu."""


@cache
def geod() -> pyproj.Geod:
    """Return the WGS-84 ellipsoid. ``Geod.inv`` is safe to call from several threads."""
    import pyproj

    return pyproj.Geod(ellps="WGS84")


@cache
def mainland_outline() -> shapely.Geometry:
    """Return the outline that :func:`on_mainland` uses, (lon, lat) in WGS-84 degrees; a ring in a ring is a hole.

    It is read from ``mainland.csv``, which ``data/outline/build.py`` makes.
    """
    import numpy as np
    import shapely

    blocks = (Path(__file__).parent / "mainland.csv").read_text("utf-8").split("\n\n")
    rings = [np.array([line.split(",") for line in block.split()], float) for block in blocks]
    outline = shapely.build_area(shapely.MultiLineString(rings))
    shapely.prepare(outline)
    return outline


def is_position(lon: ArrayLike, lat: ArrayLike, *, farthest_lat: float = 90.0) -> NDArray[np.bool_]:
    """Tell which pairs of degrees are positions on earth that somebody may mean.

    Parameters
    ----------
    lon, lat
        Degrees, any shape. What is no number is no position, nor is (0, 0), the mark of one never filled in.
    farthest_lat
        No position lies farther from the equator, in degrees.
    """
    import numpy as np

    x, y = np.asarray(lon, float), np.asarray(lat, float)
    return np.asarray((np.abs(x) <= 180) & (np.abs(y) <= farthest_lat) & ((x != 0) | (y != 0)))


def in_china_box(lon: float, lat: float) -> bool:
    """Tell whether a position lies in the rectangle around China (:data:`CHINA_BOX`)."""
    west, south, east, north = CHINA_BOX
    return west <= lon <= east and south <= lat <= north


def on_mainland(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Tell which positions services shift: mainland China and its coastal waters.

    A rectangle would shift Seoul and Hanoi; services draw Hong Kong, Macau, Taiwan's islands and every
    other country unshifted, and what China maps as its own shifted.

    Parameters
    ----------
    lon, lat
        Degrees, any shape; NaN gives False. The outline is half a kilometre fine, and every town that
        GeoNames knows is on its own side (``tests/test_datum.py``).
    """
    import numpy as np
    import shapely

    return np.asarray(shapely.contains_xy(mainland_outline(), np.asarray(lon, float), np.asarray(lat, float)))


def _shift(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the GCJ-02 shift in degrees (lon, lat) at WGS-84 positions."""
    import numpy as np

    x, y = lon - 105.0, lat - 35.0
    pi, root = np.pi, np.sqrt(np.abs(x))
    common = (20 * np.sin(6 * pi * x) + 20 * np.sin(2 * pi * x)) * 2 / 3
    north = (
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
        + (20 * np.sin(pi * y) + 40 * np.sin(pi * y / 3)) * 2 / 3
        + (160 * np.sin(pi * y / 12) + 320 * np.sin(pi * y / 30)) * 2 / 3
    )  # fmt: skip
    east = (
        300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
        + (20 * np.sin(pi * x) + 40 * np.sin(pi * x / 3)) * 2 / 3
        + (150 * np.sin(pi * x / 12) + 300 * np.sin(pi * x / 30)) * 2 / 3
    )  # fmt: skip
    radians = np.radians(lat)
    m = 1 - _KRASOVSKY_E2 * np.sin(radians) ** 2
    root_m = np.sqrt(m)
    d_lon = east * 180 / (_KRASOVSKY_M / root_m * np.cos(radians) * pi)
    d_lat = north * 180 / (_KRASOVSKY_M * (1 - _KRASOVSKY_E2) / (m * root_m) * pi)
    return d_lon, d_lat


def _gcj02_to_bd09(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    z = np.hypot(lon, lat) + 2e-5 * np.sin(lat * _BD_PI)
    theta = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * _BD_PI)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def _bd09_to_gcj02(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = lon - 0.0065, lat - 0.006
    for _ in range(_ROUNDS):
        bx, by = _gcj02_to_bd09(x, y)
        x, y = x + lon - bx, y + lat - by
    return x, y


def _gcj02_to_wgs84(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = lon, lat
    for _ in range(_ROUNDS):
        dx, dy = _shift(x, y)
        x, y = lon - dx, lat - dy
    return x, y


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert degrees of ``datum`` to WGS-84.

    Parameters
    ----------
    lon, lat
        Degrees, scalars or arrays of one shape. Outside the mainland they come back unchanged.

    Returns
    -------
    lon, lat
        WGS-84 degrees, arrays of the same shape.
    """
    import numpy as np

    x, y = np.asarray(lon, float), np.asarray(lat, float)
    if datum is Datum.WGS84:
        return x, y
    gx, gy = _bd09_to_gcj02(x, y) if datum is Datum.BD09 else (x, y)
    wx, wy = _gcj02_to_wgs84(gx, gy)
    inside = on_mainland(wx, wy)
    return np.where(inside, wx, x), np.where(inside, wy, y)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert WGS-84 degrees to ``datum``; the inverse of :func:`to_wgs84`, to 1e-8 m."""
    import numpy as np

    x, y = np.asarray(lon, float), np.asarray(lat, float)
    if datum is Datum.WGS84:
        return x, y
    dx, dy = _shift(x, y)
    gx, gy = x + dx, y + dy
    if datum is Datum.BD09:
        gx, gy = _gcj02_to_bd09(gx, gy)
    inside = on_mainland(x, y)
    return np.where(inside, gx, x), np.where(inside, gy, y)


def distance_m(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> NDArray[np.float64]:
    """Return the WGS-84 geodesic between positions in metres, broadcast over arrays.

    Notes
    -----
    Up to :data:`FAR_M` by :func:`arcs`, beyond by Karney's algorithm through PROJ: accurate to about 15 nm.
    """
    import numpy as np

    args = np.broadcast_arrays(*(np.asarray(v, float) for v in (lon1, lat1, lon2, lat2)))
    x1, y1, x2, y2 = (a.ravel() for a in args)
    with np.errstate(invalid="ignore"):  # what is no position stays NaN
        start, end = to_ecef(x1, y1), to_ecef(x2, y2)
        metres = arcs(start, end)
        near = np.einsum("ij,ij->i", end - start, end - start) <= FAR_M * FAR_M
    far = ~(near & (np.abs(y1) <= 90) & (np.abs(y2) <= 90))
    if far.any():
        metres[far] = geod().inv(x1[far], y1[far], x2[far], y2[far])[2]
    return np.asarray(metres, float).reshape(args[0].shape)


def arcs(from_xyz: NDArray[np.float64], to_xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return geodesics in metres between earth-centred positions, for chords up to :data:`FAR_M`.

    Parameters
    ----------
    from_xyz, to_xyz
        Metres on the ellipsoid, shapes that broadcast, the last axis x, y, z.

    Notes
    -----
    The chord is stretched by the series of the arc sine with Euler's normal curvature, in the pair's
    direction, at the middle.
    """
    import numpy as np

    way, middle = to_xyz - from_xyz, to_xyz + from_xyz
    chord2 = np.einsum("...i,...i->...", way, way)
    x, y, z = middle[..., 0], middle[..., 1], middle[..., 2] / (1 - ECCENTRICITY_SQUARED)
    axial2 = x * x + y * y
    w2 = 1 - ECCENTRICITY_SQUARED * z * z / (axial2 + z * z)
    across = np.sqrt(w2) / SEMI_MAJOR_M
    along = w2 * across / (1 - ECCENTRICITY_SQUARED)
    east = way[..., 1] * x - way[..., 0] * y
    east2 = east * east / np.where(axial2 == 0, 1, axial2) / np.where(chord2 == 0, 1, chord2)
    curvature = along + (across - along) * np.minimum(east2, 1)
    chord = np.sqrt(chord2)
    u2 = (chord * curvature / 2) ** 2
    return np.asarray(chord * (1 + u2 * (1 / 6 + u2 * (3 / 40 + u2 * (5 / 112)))))


def to_ecef(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Return earth-centred x, y, z in metres of positions on the ellipsoid, shape ``(n, 3)``."""
    import numpy as np

    phi, lam = np.radians(np.atleast_1d(np.asarray(lat, float))), np.radians(np.atleast_1d(np.asarray(lon, float)))
    sin, cos = np.sin(phi), np.cos(phi)
    normal = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQUARED * sin * sin)
    out = np.empty((phi.size, 3))
    out[:, 0] = normal * cos * np.cos(lam)
    out[:, 1] = normal * cos * np.sin(lam)
    out[:, 2] = normal * (1 - ECCENTRICITY_SQUARED) * sin
    return out
