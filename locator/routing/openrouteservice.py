"""openrouteservice, by ``LOCATOR_OPENROUTESERVICE_KEY`` or the address of one's own server.

Format: https://openrouteservice.org/dev/#/api-docs (v2, WGS-84, lon then lat).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from locator.model import Mode
from locator.routing.narrative import Manoeuvre, check_line, finite, make_route
from locator.routing.route import (
    SEARCH_M,
    LonLat,
    Route,
    check_ends,
    off_roads,
    too_far,
    unreachable,
)
from locator.routing.router import RemoteEngine, near_only

PROFILES: Mapping[Mode, str] = {
    Mode.WALK: "foot-walking",
    Mode.CYCLE: "cycling-regular",
    Mode.DRIVE: "driving-car",
}
CODES = (
    "left", "right", "sharp_left", "sharp_right", "slight_left", "slight_right", "continue",
    "roundabout_enter", "roundabout_exit", "uturn_left", "destination", "start", "stay_left", "stay_right",
)  # fmt: skip
"""Our codes in the order of the service's instruction types, 0 to 13."""
_TOO_FAR, _NO_ROUTE, _OFF_ROADS = 2004, 2009, 2010
_MATRIX_OFF_ROADS = 6010


class OpenRouteService(RemoteEngine):
    """Routes and travel times from openrouteservice."""

    engine = "openrouteservice"
    service = "openrouteservice"
    default_url = "https://api.openrouteservice.org"

    @property
    def needs_key(self) -> bool:  # type: ignore[override]
        """Tell whether the address in use wants a key: the public service does, one's own server does not."""
        return self.url == self.default_url

    def _ask(self, action: str, mode: Mode, content: Mapping[str, Any]) -> Any:
        headers = {"Authorization": self._key} if self._key else None
        return self._post(f"{self.url}/v2/{action.format(profile=PROFILES[mode])}", content, headers)

    def route(self, origin: LonLat, target: LonLat, mode: Mode, lang: str = "zh") -> Route:
        """Return the way from ``origin`` to ``target`` (WGS-84, lon then lat).

        Raises
        ------
        InvalidInput, NotFound
            As the embedded engine.
        ServiceError
            The service did not give a usable answer in time.
        """
        ends = check_ends(origin, target, mode)
        content = {"coordinates": [list(end) for end in ends], "radiuses": [SEARCH_M, SEARCH_M], "language": "en"}
        with self._map_errors():
            reply = self._ask("directions/{profile}/geojson", mode, content)
            if "error" in reply:
                raise self._explained(reply["error"], ends, mode)
            found = reply["features"][0]
            line = check_line([(float(lon), float(lat)) for lon, lat, *_ in found["geometry"]["coordinates"]])
            summary, steps = found["properties"]["summary"], found["properties"]["segments"][0]["steps"]
            return make_route(
                engine=self.engine,
                mode=mode,
                ends=ends,
                line=line,
                manoeuvres=[_read_step(step, line) for step in steps],
                length_m=finite(summary.get("distance", 0)),
                duration_s=finite(summary.get("duration", 0)),
                lang=lang,
            )

    def _explained(self, error: Any, ends: tuple[LonLat, LonLat], mode: Mode) -> Exception:
        code = int(error["code"]) if isinstance(error, Mapping) else 0
        if code == _TOO_FAR:
            return too_far(ends, mode)
        if code == _OFF_ROADS:
            return off_roads("start" if "coordinate 0" in str(error.get("message")) else "end")
        if code == _NO_ROUTE:
            return unreachable(mode)
        return self._unusable(ValueError(code))

    def _durations(self, start: LonLat, mode: Mode, targets: list[LonLat]) -> Sequence[float | None]:
        content = {
            "locations": [list(place) for place in (start, *targets)],
            "sources": ["0"],
            "destinations": [str(number) for number in range(1, len(targets) + 1)],
            "metrics": ["duration"],
        }
        reply = self._ask("matrix/{profile}", mode, content)
        if "error" in reply:
            if isinstance(reply["error"], Mapping) and int(reply["error"]["code"]) == _MATRIX_OFF_ROADS:
                return [None] * len(targets)
            raise self._explained(reply["error"], (start, targets[0]), mode)
        off_m = [None if place is None else place.get("snapped_distance", 0) for place in reply["destinations"]]
        return near_only(reply["durations"][0], off_m, len(targets))


def _read_step(step: Mapping[str, Any], line: Sequence[LonLat]) -> Manoeuvre:
    number = int(step["type"])
    code = CODES[number] if 0 <= number < len(CODES) else "continue"
    lon, lat = line[min(max(int(step["way_points"][0]), 0), len(line) - 1)]
    street = str(step.get("name") or "-")
    return Manoeuvre(
        code=code,
        lon=lon,
        lat=lat,
        distance_m=finite(step["distance"]),
        duration_s=finite(step["duration"]),
        streets=() if street == "-" or code in ("destination", "roundabout_enter") else (street,),
        exit_count=int(step["exit_number"]) if "exit_number" in step else None,
    )
