"""WGS-84, GCJ-02 and BD-09, and distances on the WGS-84 ellipsoid, on arrays.

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

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

GEOD = pyproj.Geod(ellps="WGS84")
"""The WGS-84 ellipsoid. ``Geod.inv`` is safe to call from several threads."""

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)

_KRASOVSKY_M = 6378245.0
_KRASOVSKY_E2 = 0.00669342162296594323
_BD_PI = np.pi * 3000 / 180
_ROUNDS = 6


class Datum(StrEnum):
    """What a pair of degrees is measured against."""

    WGS84 = "wgs84"
    """OpenStreetMap, GPS, and (as CGCS2000, within a metre) Tianditu."""
    GCJ02 = "gcj02"
    """AMap (Gaode), Tencent, Apple and Google on the mainland."""
    BD09 = "bd09"
    """Baidu."""


# The shift applies on the mainland only: services draw Hong Kong, Macau, Taiwan and every other country
# unshifted. A rectangle would shift Seoul and Hanoi, so this is a coarse outline (lon, lat), drawn some
# tens of kilometres outside the land border where nobody else's city is near, and close to it where one is.
_MAINLAND = shapely.Polygon(
    [
        (73.4, 39.4), (73.8, 37.2), (75.0, 36.4), (78.0, 35.2), (78.6, 32.6), (78.7, 31.3), (81.2, 30.0),
        (84.2, 28.7), (86.1, 27.8), (88.8, 27.8), (89.6, 28.0), (91.6, 27.6), (92.2, 26.8), (96.2, 28.1),
        (97.6, 27.9), (98.4, 27.3), (98.5, 25.7), (97.5, 24.6), (97.5, 23.8), (98.7, 23.9), (99.2, 22.1),
        (100.2, 21.3), (101.7, 21.0), (101.9, 22.3), (103.9, 22.4), (105.3, 23.2), (106.6, 22.7), (106.6, 21.9),
        (107.9, 21.4), (107.5, 19.5), (108.0, 17.8), (109.6, 17.5), (111.4, 19.2), (113.2, 21.4), (113.50, 22.08),
        (113.527, 22.185), (113.5465, 22.2125), (113.62, 22.22), (113.66, 22.42), (113.93, 22.43), (113.985, 22.497),
        (114.035, 22.5035), (114.085, 22.529), (114.115, 22.531), (114.15, 22.543), (114.20, 22.556),
        (114.228, 22.5435), (114.27, 22.55), (114.34, 22.535), (114.45, 22.42), (115.0, 22.1), (117.2, 22.9),
        (118.05, 24.20), (118.18, 24.42), (118.20, 24.53), (118.55, 24.52), (119.6, 25.1), (119.85, 25.7),
        (120.3, 26.5), (122.5, 28.2), (123.6, 30.6), (122.8, 33.0), (121.8, 35.2), (123.4, 37.0), (123.4, 38.8),
        (124.20, 39.80), (124.40, 40.105), (124.75, 40.35), (125.05, 40.52), (125.9, 40.88), (126.9, 41.70),
        (128.1, 41.38), (128.3, 42.0), (129.4, 42.38), (129.9, 42.92), (130.4, 42.6), (130.7, 42.3), (131.1, 42.9),
        (131.3, 44.0), (131.1, 44.8), (133.1, 45.1), (134.8, 47.7), (134.8, 48.45), (131.0, 47.75), (130.6, 48.9),
        (127.6, 49.85), (127.55, 50.22), (126.1, 52.8), (124.0, 53.4), (120.0, 53.3), (119.9, 52.6), (120.8, 52.0),
        (119.2, 50.2), (117.8, 49.5), (116.6, 49.9), (115.4, 47.9), (118.5, 47.9), (119.9, 46.8), (116.6, 46.3),
        (111.9, 44.9), (111.9, 43.7), (110.0, 42.6), (105.0, 41.5), (96.4, 42.7), (95.3, 44.2), (91.0, 45.2),
        (90.8, 46.9), (87.8, 49.2), (85.7, 48.4), (85.5, 47.0), (82.9, 47.2), (82.3, 45.3), (80.4, 45.0),
        (80.2, 42.1), (76.8, 41.0), (75.6, 40.6), (73.7, 40.0),
    ]
)  # fmt: skip
shapely.prepare(_MAINLAND)


def on_mainland(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Tell which positions services shift: mainland China, by a coarse outline.

    Parameters
    ----------
    lon, lat
        Degrees, any shape; NaN gives False. The outline follows the border with Hong Kong and Macau
        to about a kilometre and other borders to some tens of kilometres.
    """
    return np.asarray(shapely.contains_xy(_MAINLAND, np.asarray(lon, float), np.asarray(lat, float)))


def _shift(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the GCJ-02 shift in degrees (lon, lat) at WGS-84 positions."""
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
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    if datum is Datum.WGS84:
        return x, y
    gx, gy = _bd09_to_gcj02(x, y) if datum is Datum.BD09 else (x, y)
    wx, wy = _gcj02_to_wgs84(gx, gy)
    inside = on_mainland(wx, wy)
    return np.where(inside, wx, x), np.where(inside, wy, y)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert WGS-84 degrees to ``datum``; the inverse of :func:`to_wgs84`, to 1e-8 m."""
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
    Karney's algorithm through PROJ, accurate to about 15 nm.
    """
    args = np.broadcast_arrays(*(np.asarray(v, float) for v in (lon1, lat1, lon2, lat2)))
    x1, y1, x2, y2 = (a.ravel() for a in args)
    _, _, metres = GEOD.inv(x1, y1, x2, y2)
    return np.asarray(metres, float).reshape(args[0].shape)


def to_ecef(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Return earth-centred x, y, z in metres of positions on the ellipsoid, shape ``(n, 3)``."""
    phi, lam = np.radians(np.atleast_1d(np.asarray(lat, float))), np.radians(np.atleast_1d(np.asarray(lon, float)))
    sin, cos = np.sin(phi), np.cos(phi)
    normal = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQUARED * sin * sin)
    out = np.empty((phi.size, 3))
    out[:, 0] = normal * cos * np.cos(lam)
    out[:, 1] = normal * cos * np.sin(lam)
    out[:, 2] = normal * (1 - ECCENTRICITY_SQUARED) * sin
    return out
