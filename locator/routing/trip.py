"""Valhalla's requests and replies, the same for the embedded engine and a server."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from locator.datum import distance_m
from locator.i18n import text
from locator.model import Mode, Route, Step
from locator.routing.limits import SEARCH_M
from locator.routing.line import HERE_M
from locator.routing.names import StreetNames
from locator.routing.narrative import CODES, Manoeuvre, to_steps
from locator.routing.positions import LonLat

REACHABLE = 100
"""A road must reach this many others: below it is an island, a courtyard, a one-way trap."""
COSTING: Mapping[Mode, str] = {Mode.WALK: "pedestrian", Mode.CYCLE: "bicycle", Mode.DRIVE: "auto"}
MAX_POINTS = 200_000


def to_location(position: LonLat, *, radius_m: int = 0) -> dict[str, float]:
    """Return a position as Valhalla wants it, with the limits that keep it honest."""
    lon, lat = position
    return {
        "lon": lon,
        "lat": lat,
        "search_cutoff": SEARCH_M,
        "minimum_reachability": REACHABLE,
        "radius": radius_m,
    }


def route_request(origin: LonLat, target: LonLat, mode: Mode, *, radius_m: int = 0) -> dict[str, Any]:
    """Return the body of a route request; the words are ours, so none are asked for."""
    return {
        "locations": [to_location(origin, radius_m=radius_m), to_location(target, radius_m=radius_m)],
        "costing": COSTING[mode],
        "directions_type": "maneuvers",
        "units": "kilometers",
    }


def matrix_request(origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> dict[str, Any]:
    """Return the body of a one-to-many request."""
    return {
        "sources": [to_location(origin)],
        "targets": [to_location(target) for target in targets],
        "costing": COSTING[mode],
        "verbose": False,
    }


def read_durations(reply: Any, count: int) -> list[float | None]:
    """Return the seconds of a matrix reply, None where there is no way.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is no such reply.
    """
    row = reply["sources_to_targets"]["durations"][0]
    if len(row) != count:
        raise ValueError(f"{len(row)} durations for {count} targets")
    return [None if value is None else finite(value) for value in row]


def finite(value: Any) -> float:
    """Return a number that is not negative, or ValueError."""
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{number} is no distance or duration")
    return number


def decode_line(encoded: str, digits: int = 6) -> list[LonLat]:
    """Return the (lon, lat) pairs of an encoded polyline.

    Notes
    -----
    https://developers.google.com/maps/documentation/utilities/polylinealgorithm, with six digits here.
    """
    pairs, numbers, shift, number = [], [0, 0], 0, 0
    axis = 0
    for sign in encoded:
        bits = ord(sign) - 63
        if not 0 <= bits < 64:
            raise ValueError("not an encoded line")
        number |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers[axis] += ~(number >> 1) if number & 1 else number >> 1
            if axis:
                pairs.append((numbers[1] / 10**digits, numbers[0] / 10**digits))
            axis, shift, number = 1 - axis, 0, 0
        elif shift > 60:
            raise ValueError("not an encoded line")
    return check_line(pairs)


def check_line(line: Sequence[LonLat]) -> list[LonLat]:
    """Return the line if it is one on the globe: at least one point, not beyond any sense."""
    if not 1 <= len(line) <= MAX_POINTS:
        raise ValueError(f"a line of {len(line)} points")
    if not all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in line):
        raise ValueError("a line that leaves the globe")
    return list(line)


def make_route(
    *, engine: str, mode: Mode, ends: tuple[LonLat, LonLat], line: Sequence[LonLat],
    manoeuvres: Sequence[Manoeuvre], length_m: float, duration_s: float, names: StreetNames, lang: str,
) -> Route:  # fmt: skip
    """Return a route with its words, and with how far it starts and ends from where it was asked."""
    (x1, y1), (x2, y2) = ends
    first, last = line[0], line[-1]
    here = Step(text=text("routing.line_here", lang), distance_m=length_m, duration_s=duration_s, lon=x2, lat=y2)
    shape = (first, last) if len(line) == 1 else tuple(line)
    return Route(
        engine=engine,
        mode=mode,
        distance_m=length_m,
        duration_s=duration_s,
        line=tuple(shape),
        steps=(here,) if length_m < HERE_M else to_steps(manoeuvres, names, lang),
        gap_start_m=float(distance_m(x1, y1, *first)),
        gap_end_m=float(distance_m(x2, y2, *last)),
    )


def read_trip(
    reply: Any, *, engine: str, mode: Mode, ends: tuple[LonLat, LonLat], names: StreetNames, lang: str
) -> Route:
    """Return the route of a reply.

    Raises
    ------
    KeyError, TypeError, ValueError, IndexError
        It is no such reply.
    """
    trip = reply["trip"]
    leg = trip["legs"][0]
    line = decode_line(leg["shape"])
    return make_route(
        engine=engine,
        mode=mode,
        ends=ends,
        line=line,
        manoeuvres=[_read_manoeuvre(item, line) for item in leg["maneuvers"]],
        length_m=finite(trip["summary"]["length"]) * 1000,
        duration_s=finite(trip["summary"]["time"]),
        names=names,
        lang=lang,
    )


def _read_manoeuvre(item: Mapping[str, Any], line: Sequence[LonLat]) -> Manoeuvre:
    number = int(item["type"])
    lon, lat = line[min(max(int(item["begin_shape_index"]), 0), len(line) - 1)]
    toward = item.get("sign", {}).get("exit_toward_elements") or [{}]
    return Manoeuvre(
        code=CODES[number] if 0 <= number < len(CODES) else "continue",
        lon=lon,
        lat=lat,
        distance_m=finite(item["length"]) * 1000,
        duration_s=finite(item["time"]),
        streets=tuple(map(str, item.get("begin_street_names") or item.get("street_names") or ())),
        bearing=float(item["bearing_after"]) if "bearing_after" in item else None,
        exit_count=int(item["roundabout_exit_count"]) if "roundabout_exit_count" in item else None,
        toward=toward[0].get("text"),
    )
