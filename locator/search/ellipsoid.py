"""From the straight chord through the earth to the way along its surface, exactly.

A k-d tree finds neighbours by the chord between earth-centred positions. This module turns a chord
into the WGS-84 geodesic, and bounds the one by the other so that a tree's answer can be certified.

Notes
-----
A geodesic's curvature in space is the normal curvature of the ellipsoid, which lies between
``1 / 6399.594 km`` (the poles) and ``1 / 6335.439 km`` (the equator, north to south). By Schur's
comparison theorem its chord is no shorter than that of a circle of the smaller radius. The other way
round the theorem holds for plane curves only; a geodesic of the ellipsoid twists by at most 0.0034 of
its curvature, which shortens the bound by less than 6e-6 of the radius up to a quarter of the earth, and
:data:`FLAT_RADIUS_M` leaves 2e-4. Beyond that the chord itself is the bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from locator.datum import ECCENTRICITY_SQUARED, SEMI_MAJOR_M

Floats = NDArray[np.float64]

EPSILON_M = 1e-6
"""Rounding of chords (2e-9 m), of the closed form (2e-7 m) and of ``Geod.inv`` (15e-9 m), generously."""
NEAR_M = 3_000.0
"""Up to this chord the local mean curvature alone gives the geodesic to 2e-7 m."""
DIGITS = 7
"""Distances are rounded to 1e-7 m, so that equal ones are equal however they were computed."""

FLAT_RADIUS_M = 6_401_000.0
BENT_RADIUS_M = 6_335_430.0
_QUARTER_M = 9_000_000.0


def at_most(chord: float) -> float:
    """Return the longest geodesic in metres that two positions ``chord`` metres apart may have."""
    ratio = chord / (2 * BENT_RADIUS_M)
    return math.inf if ratio >= 1 else 2 * BENT_RADIUS_M * math.asin(ratio)


def at_least(chord: float) -> float:
    """Return the shortest geodesic in metres that two positions ``chord`` metres apart may have."""
    return chord if chord > _QUARTER_M else 2 * FLAT_RADIUS_M * math.asin(chord / (2 * FLAT_RADIUS_M))


def reach(geodesic: float) -> float:
    """Return the longest chord in metres that positions within ``geodesic`` metres may have."""
    if geodesic >= 2 * FLAT_RADIUS_M * math.asin(_QUARTER_M / (2 * FLAT_RADIUS_M)):
        return geodesic
    return 2 * FLAT_RADIUS_M * math.sin(geodesic / (2 * FLAT_RADIUS_M))


def mean_curvature(lat: Floats) -> Floats:
    """Return the Gaussian curvature at latitudes in degrees, over 24: the third-order term of chord to arc."""
    sine = np.sin(np.radians(lat))
    w2 = 1 - ECCENTRICITY_SQUARED * sine * sine
    return np.asarray(w2 * w2 / (24 * SEMI_MAJOR_M * SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED)))


def arc(start: Sequence[float], end: Sequence[float]) -> float:
    """Return what :func:`locator.datum.arcs` does for one pair; for a few pairs this is much the faster."""
    (x1, y1, z1), (x2, y2, z2) = start, end
    dx, dy, dz = x2 - x1, y2 - y1, z2 - z1
    x, y, z = x1 + x2, y1 + y2, (z1 + z2) / (1 - ECCENTRICITY_SQUARED)
    chord2, axial2 = dx * dx + dy * dy + dz * dz, x * x + y * y
    w2 = 1 - ECCENTRICITY_SQUARED * z * z / (axial2 + z * z)
    across = math.sqrt(w2) / SEMI_MAJOR_M
    along = w2 * across / (1 - ECCENTRICITY_SQUARED)
    east = dy * x - dx * y
    east2 = east * east / (axial2 or 1.0) / (chord2 or 1.0)
    curvature = along + (across - along) * min(east2, 1.0)
    u2 = chord2 * curvature * curvature / 4
    return math.sqrt(chord2) * (1 + u2 * (1 / 6 + u2 * (3 / 40 + u2 * (5 / 112))))


_SPREAD = (
    (32, 0x1F00000000FFFF),
    (16, 0x1F0000FF0000FF),
    (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3),
    (2, 0x1249249249249249),
)


def morton_keys(xyz: Floats) -> NDArray[np.uint64]:
    """Return places on a Morton (Z-order) curve through earth-centred positions, 6 m apart."""
    keys = np.zeros(len(xyz), np.uint64)
    for axis in range(3):
        part = ((xyz[:, axis] + 6.4e6) * (2_097_151 / 12.8e6)).astype(np.uint64)
        for shift, mask in _SPREAD:
            part = (part | (part << np.uint64(shift))) & np.uint64(mask)
        keys |= part << np.uint64(axis)
    return keys
