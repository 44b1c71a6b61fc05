"""How Valhalla is asked and read, whether it is in this process or a server: its traps are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from locator.errors import LocatorError
from locator.model import Mode
from locator.routing.narrative import CODES, NO_NAMES, Manoeuvre, StreetNames, check_line, finite, make_route
from locator.routing.route import SEARCH_M, LonLat, Route, off_roads, too_far, unreachable

type Ask = Callable[[str, dict[str, Any]], Any]
"""Sends a request to an action (``route``, ``sources_to_targets``, ``locate``); raises :class:`Refused`."""

NO_PATH = frozenset({170, 441, 442, 443})
OFF_ROADS = frozenset({171})
TOO_FAR = frozenset({154, 172})
_SECOND_RADIUS_M = 150
_REMEMBERED = 200_000
REACHABLE = 100
"""A road must reach this many others: below it is an island, a courtyard, a one-way trap."""
COSTING: Mapping[Mode, str] = {Mode.WALK: "pedestrian", Mode.CYCLE: "bicycle", Mode.DRIVE: "auto"}


class Refused(Exception):
    """The engine answered with one of its numbered errors."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(f"{code} {message}".strip())
        self.code = code


def ask_route(ask: Ask, ends: tuple[LonLat, LonLat], mode: Mode) -> Any:
    """Return the reply to a route request; a dead end is tried once more with every road around.

    Raises
    ------
    NotFound, InvalidInput
        No road near an end, no way, too far.
    Refused
        Any other refusal.
    """
    try:
        return ask("route", route_request(*ends, mode))
    except Refused as refusal:
        if refusal.code not in NO_PATH:
            raise _explained(ask, refusal, ends, mode) from refusal
    try:
        return ask("route", route_request(*ends, mode, radius_m=_SECOND_RADIUS_M))
    except Refused as refusal:
        raise _explained(ask, refusal, ends, mode) from refusal


def _explained(ask: Ask, refusal: Refused, ends: tuple[LonLat, LonLat], mode: Mode) -> LocatorError | Refused:
    """Return our error for the engine's: which end, and what to do."""
    if refusal.code in TOO_FAR:
        return too_far(ends, mode)
    if refusal.code in OFF_ROADS | NO_PATH:
        start, end = _on_road(ask, ends, mode)
        if not (start and end):
            return off_roads("end" if start else "start")
        return unreachable(mode)
    return refusal


def _on_road(ask: Ask, positions: Sequence[LonLat], mode: Mode) -> list[bool]:
    """Tell which positions have a road within reach."""
    request = {"locations": [to_location(p) for p in positions], "costing": COSTING[mode], "verbose": False}
    found = [bool(place.get("edges")) for place in ask("locate", request)]
    if len(found) != len(positions):
        raise ValueError("not an answer for every position")
    return found


class OneToMany:
    """Durations from one start, in as few calls as the engine accepts.

    Parameters
    ----------
    off_roads
        Targets known to have no road near, which are not asked again; added to. They are offices, of
        which there are finitely many; a person's position is never kept.
    """

    def __init__(self, ask: Ask, start: LonLat, mode: Mode, off_roads: set[tuple[Mode, LonLat]]) -> None:
        self._ask, self._start, self._mode, self._off = ask, start, mode, off_roads

    def durations(self, targets: Sequence[LonLat]) -> list[float | None]:
        """Return the seconds to each target, None where there is no way.

        The engine refuses a whole call for one bad target: then it is asked again without the positions
        that have no road, and after that in halves.
        """
        durations: list[float | None] = [None] * len(targets)
        keep = [row for row, target in enumerate(targets) if (self._mode, target) not in self._off]
        if keep:
            self._fill(durations, keep, targets)
        return durations

    def _fill(self, durations: list[float | None], rows: list[int], targets: Sequence[LonLat]) -> None:
        try:
            request = matrix_request(self._start, [targets[row] for row in rows], self._mode)
            values = read_durations(self._ask("sources_to_targets", request), len(rows))
        except Refused:
            if len(rows) > 1:
                self._fill_rest(durations, rows, targets)
            return
        for row, value in zip(rows, values, strict=True):
            durations[row] = value

    def _fill_rest(self, durations: list[float | None], rows: list[int], targets: Sequence[LonLat]) -> None:
        start_on_road, *on_road = _on_road(self._ask, [self._start, *(targets[row] for row in rows)], self._mode)
        if not start_on_road:
            return
        keep = [row for row, good in zip(rows, on_road, strict=True) if good]
        if len(self._off) < _REMEMBERED:
            self._off.update((self._mode, targets[row]) for row in set(rows) - set(keep))
        half = len(keep) // 2 if len(keep) == len(rows) else len(keep)
        for part in (keep[:half], keep[half:]):
            if part:
                self._fill(durations, part, targets)


# ---- requests and replies


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


def decode_line(encoded: str) -> list[LonLat]:
    """Return the (lon, lat) pairs of an encoded polyline.

    Raises
    ------
    ValueError
        The text is no encoded polyline.

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
                pairs.append((numbers[1] / 1e6, numbers[0] / 1e6))
            axis, shift, number = 1 - axis, 0, 0
        elif shift > 60:
            raise ValueError("not an encoded line")
    return check_line(pairs)


def read_trip(
    reply: Any, *, engine: str, mode: Mode, ends: tuple[LonLat, LonLat], lang: str, names: StreetNames = NO_NAMES
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
