"""What puts found points in order besides distance: whose office it is, and how long the way takes.

An office may say whom it serves (``serves``: adcodes of six digits, township codes of nine), and on
what that rests (``serves_basis``: ``source``, or its own ``name``). Where either side does not tell,
the answer is None, never no.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from locator.adcode import stem
from locator.errors import LocatorError
from locator.model import Found, Mode, Place, ServicePoint

Position = tuple[float, float]
Matrix = Callable[[Position, Sequence[Position], Mode], Sequence[float | None]]
"""Travel times in seconds from an origin to targets (lon, lat), None where there is no way."""

CANDIDATES = 30
"""How many of the nearest by straight line are asked about: one matrix call."""


class Travelled(NamedTuple):
    """A point with its straight-line distance, and the travel time where an engine gave one."""

    found: Found
    duration_s: float | None


def rank_by_travel_time(
    found: Sequence[Found], origin: Position, mode: Mode, *, matrix: Matrix | None, limit: int
) -> list[Travelled]:
    """Return points by travel time; by distance, without times, when no engine answers.

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
    list of Travelled
        Points without a way come after those with one, by distance; equal times by distance, then id.
    """
    candidates = [item for item in found if item.point.lon_lat][:CANDIDATES]
    times: Sequence[float | None] = []
    if matrix is not None and candidates:
        try:
            times = matrix(origin, [at for item in candidates if (at := item.point.lon_lat)], mode)
        except LocatorError:
            times = []
    if len(times) != len(candidates) or all(time is None for time in times):
        return [Travelled(item, None) for item in found[:limit]]
    timed = [Travelled(item, time) for item, time in zip(candidates, times, strict=True)]
    timed.sort(key=lambda t: (t.duration_s is None, t.duration_s or 0.0, t.found.distance_m, t.found.point.id))
    return timed[:limit]


_LEVELS = {2: "province", 4: "city", 6: "district", 9: "township"}


class Serving(NamedTuple):
    """Whether a point serves a place, and why: a key of the ``serving`` catalogue."""

    serves: bool | None
    why: str | None
    """``township_name`` (the township's own office by its name), ``city_source`` …; ``elsewhere_source`` …
    for False; None when the data does not tell."""


NOT_KNOWN = Serving(None, None)


def serves_you(point: ServicePoint, place: Place) -> Serving:
    """Return whether a point states that it serves the area a place lies in.

    Parameters
    ----------
    point
        Its ``serves`` and ``serves_basis`` are read, nothing is guessed from its position.
    place
        Its ``township`` and ``adcode`` say what is known of where it lies; a place known by city only
        is neither inside nor outside one of the city's districts.
    """
    basis = "name" if point.serves_basis == "name" else "source"
    answers = [(_lies_in(place, area), area) for area in point.serves]
    inside = [area for answer, area in answers if answer]
    if inside:
        finest = max(inside, key=lambda area: len(_prefix(area)))
        return Serving(True, f"{_LEVELS.get(len(_prefix(finest)), 'district')}_{basis}")
    if not answers or any(answer is None for answer, _ in answers):
        return NOT_KNOWN
    return Serving(False, f"elsewhere_{basis}")


def _prefix(area: str) -> str:
    return area[:9] if len(area) >= 9 else stem(area)


def _lies_in(place: Place, area: str) -> bool | None:
    """Return whether a place lies in an area, None when it is not known finely enough."""
    wanted = _prefix(area)
    known = place.township[:9] if place.township else stem(place.adcode) if place.adcode else ""
    if known.startswith(wanted):
        return True
    return None if wanted.startswith(known) else False
