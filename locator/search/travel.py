"""The nearest by travel time: the nearest by straight line, ranked again by one matrix call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from locator.errors import LocatorError
from locator.model import Found, Mode

Position = tuple[float, float]
Matrix = Callable[[Position, Sequence[Position], Mode], Sequence[float | None]]
"""Travel times in seconds from an origin to targets (lon, lat), None where there is no way."""

CANDIDATES = 30
"""How many of the nearest by straight line are asked about: one matrix call."""


class Travelled(NamedTuple):
    """A point with its straight-line distance, and the travel time where an engine gave one."""

    found: Found
    duration_s: float | None


class Ranking(NamedTuple):
    """Points in order, and what the order goes by."""

    points: list[Travelled]
    by: str
    """``time``, or ``distance`` when no engine answered."""


def rank_by_travel_time(
    found: Sequence[Found], origin: Position, mode: Mode, *, matrix: Matrix | None, limit: int
) -> Ranking:
    """Return points by travel time; by distance, and saying so, when no engine answers.

    Parameters
    ----------
    found
        The nearest by straight line, nearest first; the first :data:`CANDIDATES` of them compete, so
        give more than ``limit``. A point farther than those by straight line is not looked at.
    origin
        WGS-84 degrees, lon then lat.
    matrix
        The engine, or None when there is none.

    Returns
    -------
    Ranking
        Points without a way come after those with one, by distance; equal times by distance, then id.
    """
    candidates = [item for item in found if item.point.lon is not None and item.point.lat is not None][:CANDIDATES]
    times: Sequence[float | None] = []
    if matrix is not None and candidates:
        try:
            times = matrix(origin, [(f.point.lon or 0.0, f.point.lat or 0.0) for f in candidates], mode)
        except LocatorError:
            times = []
    if len(times) != len(candidates) or all(time is None for time in times):
        return Ranking([Travelled(item, None) for item in found[:limit]], "distance")
    timed = [Travelled(item, time) for item, time in zip(candidates, times, strict=True)]
    timed.sort(key=lambda t: (t.duration_s is None, t.duration_s or 0.0, t.found.distance_m, t.found.point.id))
    return Ranking(timed[:limit], "time")
