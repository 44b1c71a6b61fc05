"""A Valhalla server elsewhere, by ``LOCATOR_VALHALLA_URL``.

Format: https://valhalla.github.io/valhalla/api/turn-by-turn/api-reference/ (WGS-84).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from locator.errors import ServiceReplyError
from locator.model import Mode, Route
from locator.routing.limits import askable, check_ends
from locator.routing.names import StreetNames
from locator.routing.positions import LonLat, check_position
from locator.routing.remote import RemoteEngine
from locator.routing.trip import read_trip
from locator.routing.valhalla_calls import OneToMany, Refused, ask_route

AT_ONCE = 50
"""Targets in one call: what public servers allow."""


class ValhallaServer(RemoteEngine):
    """Routes and travel times from a Valhalla server; the words are ours all the same."""

    engine = "valhalla-http"
    service = "valhalla"

    def _ask(self, action: str, request: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else None
        reply = self._post(f"{self.url}/{action}", request, headers)
        if isinstance(reply, dict) and "error_code" in reply:
            raise Refused(int(reply["error_code"]))
        return reply

    def route(self, origin: LonLat, target: LonLat, mode: Mode, lang: str = "zh") -> Route:
        """Return the way from ``origin`` to ``target`` (WGS-84, lon then lat).

        Raises
        ------
        InvalidInput, NotFound
            As the embedded engine.
        ServiceError
            The server did not give a usable answer in time.
        """
        ends = check_ends(origin, target, mode)
        with self._reading():
            try:
                reply = ask_route(self._ask, ends, mode)
            except Refused as refusal:
                raise self._refused(refusal) from refusal
            return read_trip(reply, engine=self.engine, mode=mode, ends=ends, names=StreetNames(), lang=lang)

    def matrix(self, origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[float | None]:
        """Return the seconds from ``origin`` to each of ``targets``, None where there is no way."""
        start = check_position(*origin)
        durations: list[float | None] = [None] * len(targets)
        near = askable(start, targets, mode)
        with self._reading():
            asked = OneToMany(self._ask, start, mode, set())
            for first in range(0, len(near), AT_ONCE):
                part = near[first : first + AT_ONCE]
                try:
                    values = asked.durations([(float(targets[r][0]), float(targets[r][1])) for r in part])
                except Refused as refusal:
                    raise self._refused(refusal) from refusal
                for row, value in zip(part, values, strict=True):
                    durations[row] = value
        return durations

    def _refused(self, refusal: Refused) -> ServiceReplyError:
        return ServiceReplyError(
            f"{self.engine} refused with its error {refusal.code}", code="service_reply", service=self.engine
        )
