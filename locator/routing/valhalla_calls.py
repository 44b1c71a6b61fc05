"""How Valhalla is asked, whether it is in this process or a server: its traps are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from locator.errors import LocatorError
from locator.model import Mode
from locator.routing.limits import off_roads, too_far, unreachable
from locator.routing.positions import LonLat
from locator.routing.trip import COSTING, matrix_request, read_durations, route_request, to_location

type Ask = Callable[[str, dict[str, Any]], Any]
"""Sends a request to an action (``route``, ``sources_to_targets``, ``locate``); raises :class:`Refused`."""

NO_PATH = frozenset({170, 441, 442, 443})
OFF_ROADS = frozenset({171})
TOO_FAR = frozenset({154, 172})
_SECOND_RADIUS_M = 150
_REMEMBERED = 200_000


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
