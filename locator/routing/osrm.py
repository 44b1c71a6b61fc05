"""An OSRM server elsewhere, by ``LOCATOR_OSRM_URL``.

Format: https://project-osrm.org/docs/v5.24.0/api/ (WGS-84, lon then lat). A server holds one profile and answers
every other mode with that one and does not say so. Therefore the address may hold ``{profile}`` (``foot``, ``bike``
or ``car``) for several servers, and the mode of the answer is compared with the one asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from locator.errors import NotFound
from locator.model import Mode
from locator.routing.narrative import Manoeuvre, check_line, finite, make_route
from locator.routing.route import SEARCH_M, LonLat, Route, askable, check_ends, check_position, off_roads, unreachable
from locator.routing.router import RemoteEngine, near_only

PROFILES: Mapping[Mode, str] = {Mode.WALK: "foot", Mode.CYCLE: "bike", Mode.DRIVE: "car"}
TRAVEL: Mapping[Mode, frozenset[str]] = {
    Mode.WALK: frozenset({"walking"}),
    Mode.CYCLE: frozenset({"cycling", "pushing bike"}),
    Mode.DRIVE: frozenset({"driving"}),
}
"""What OSRM's steps call each mode; ferries and trains ride in all of them."""

_TURNS = {
    "uturn": "uturn_left", "sharp right": "sharp_right", "right": "right", "slight right": "slight_right",
    "straight": "continue", "slight left": "slight_left", "left": "left", "sharp left": "sharp_left",
}  # fmt: skip
_SIDES = {"right": "right", "slight right": "right", "sharp right": "right",
          "left": "left", "slight left": "left", "sharp left": "left"}  # fmt: skip
_BY_SIDE = {
    "merge": ("merge", "merge_right", "merge_left"),
    "on ramp": ("ramp_straight", "ramp_right", "ramp_left"),
    "off ramp": ("exit_right", "exit_right", "exit_left"),
    "fork": ("stay_straight", "stay_right", "stay_left"),
    "arrive": ("destination", "destination_right", "destination_left"),
}
"""Manoeuvres whose word depends on the side: straight, right, left."""
_FIXED = {
    "depart": "start", "new name": "becomes", "notification": "continue", "roundabout": "roundabout_enter",
    "rotary": "roundabout_enter", "exit roundabout": "roundabout_exit", "exit rotary": "roundabout_exit",
}  # fmt: skip


def code_of(kind: str, modifier: str | None) -> str:
    """Return our code for OSRM's type and modifier; a type unknown to us is read by its modifier, as OSRM asks."""
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _BY_SIDE:
        straight, right, left = _BY_SIDE[kind]
        return {"right": right, "left": left}.get(_SIDES.get(modifier or "", ""), straight)
    return _TURNS.get(modifier or "", "continue")


class OsrmServer(RemoteEngine):
    """Routes and travel times from one OSRM server, or one for each mode."""

    engine = "osrm"
    service = "osrm"
    at_once = 99
    """Servers allow 100 positions by default."""

    def _address(self, action: str, mode: Mode, places: Sequence[LonLat]) -> str:
        profile = PROFILES[mode]
        where = ";".join(f"{lon:.6f},{lat:.6f}" for lon, lat in places)
        return f"{self.url.replace('{profile}', profile)}/{action}/v1/{profile}/{where}"

    def route(self, origin: LonLat, target: LonLat, mode: Mode, lang: str = "zh") -> Route:
        """Return the way from ``origin`` to ``target`` (WGS-84, lon then lat).

        Raises
        ------
        InvalidInput, NotFound
            As the embedded engine; ``route_mode`` when the server routes for another mode.
        ServiceError
            The server did not give a usable answer in time.
        """
        ends = check_ends(origin, target, mode)
        params = {"overview": "full", "geometries": "geojson", "steps": "true", "radiuses": f"{SEARCH_M};{SEARCH_M}"}
        with self._map_errors():
            reply = self._get(self._address("route", mode, ends), params)
            self._check_code(reply, mode)
            way = reply["routes"][0]
            steps = [step for leg in way["legs"] for step in leg["steps"]]
            self._check_mode(steps, mode)
            return make_route(
                engine=self.engine,
                mode=mode,
                ends=ends,
                line=check_line([(float(lon), float(lat)) for lon, lat, *_ in way["geometry"]["coordinates"]]),
                manoeuvres=[_read_step(step) for step in steps],
                length_m=finite(way["distance"]),
                duration_s=finite(way["duration"]),
                lang=lang,
            )

    def _check_code(self, reply: Mapping[str, Any], mode: Mode) -> None:
        code = reply["code"]
        if code == "Ok":
            return
        if code == "NoSegment":
            raise off_roads("start" if str(reply.get("message", "")).rstrip().endswith("0") else "end")
        if code in ("NoRoute", "NoTable"):
            raise unreachable(mode)
        raise self._unusable(ValueError(code))

    def _check_mode(self, steps: Sequence[Mapping[str, Any]], mode: Mode) -> None:
        travelled = {step.get("mode") for step in steps}
        if travelled & frozenset().union(*TRAVEL.values()) and not travelled & TRAVEL[mode]:
            raise NotFound(
                f"{self.engine} ({self.sent_to}) routes for another mode than {mode}",
                code="route_mode",
                service=self.engine,
            )

    def matrix(self, origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[float | None]:
        """Return the seconds from ``origin`` to each of ``targets``, None where there is no way.

        One route is asked first: a table does not say for which mode it was made.
        """
        start = check_position(*origin)
        near = askable(start, targets, mode)
        if near:
            self._check_profile(start, targets[near[0]], mode)
        return super().matrix(start, targets, mode)

    def _check_profile(self, start: LonLat, target: LonLat, mode: Mode) -> None:
        with self._map_errors():
            reply = self._get(self._address("route", mode, [start, target]), {"overview": "false", "steps": "true"})
            if reply["code"] == "Ok":
                self._check_mode([step for leg in reply["routes"][0]["legs"] for step in leg["steps"]], mode)

    def _durations(self, start: LonLat, mode: Mode, targets: list[LonLat]) -> Sequence[float | None]:
        numbers = ";".join(map(str, range(1, len(targets) + 1)))
        params = {"sources": "0", "destinations": numbers, "annotations": "duration"}
        reply = self._get(self._address("table", mode, [start, *targets]), params)
        if reply["code"] in ("NoSegment", "NoTable"):
            return [None] * len(targets)
        self._check_code(reply, mode)
        if finite(reply["sources"][0]["distance"]) > SEARCH_M:
            return [None] * len(targets)
        off_m = [place["distance"] for place in reply["destinations"]]
        return near_only(reply["durations"][0], off_m, len(targets))


def _read_step(step: Mapping[str, Any]) -> Manoeuvre:
    told = step["maneuver"]
    lon, lat = told["location"]
    code = code_of(str(told["type"]), told.get("modifier"))
    round_about = code == "roundabout_enter"
    street = str((step.get("rotary_name") if round_about else step.get("name")) or "")
    number = str(step.get("ref") or "")
    return Manoeuvre(
        code=code,
        lon=float(lon),
        lat=float(lat),
        distance_m=finite(step["distance"]),
        duration_s=finite(step["duration"]),
        streets=tuple(name for name in (street, number) if name and not code.startswith("destination")),
        bearing=float(told["bearing_after"]) if code == "start" else None,
        exit_count=int(told["exit"]) if round_about and "exit" in told else None,
        toward=str(step["destinations"]).split(":")[-1].split(",")[0] if step.get("destinations") else None,
    )
