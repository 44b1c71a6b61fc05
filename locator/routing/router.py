"""Which engine finds the ways: the operator's choice, opened when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from locator.errors import InvalidInput, LocatorError, MissingExtra
from locator.i18n import explain
from locator.model import Mode, Route
from locator.routing.line import straight_line
from locator.routing.positions import LonLat
from locator.settings import Settings


class Router(Protocol):
    """Something that finds ways; safe to call from several threads."""

    engine: str
    """Its name, as in :attr:`locator.model.Route.engine`."""
    sent_to: str | None
    """Who learns the two positions, to be told to the person; None when nobody outside this machine does."""

    def available(self) -> bool:
        """Tell, without asking anybody, whether a route can be asked for."""

    def route(self, origin: LonLat, target: LonLat, mode: Mode, lang: str = "zh") -> Route:
        """Return the way between two WGS-84 (lon, lat) positions, or raise the LocatorError that says why not."""

    def matrix(self, origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[float | None]:
        """Return the seconds to each target, None where they are not known."""


_REMOTE: Mapping[str, tuple[str, str]] = {
    "valhalla-http": ("locator.routing.valhalla_http", "ValhallaServer"),
    "osrm": ("locator.routing.osrm", "OsrmServer"),
    "openrouteservice": ("locator.routing.openrouteservice", "OpenRouteService"),
    "amap": ("locator.routing.amap", "AMapDirections"),
}
"""Engines elsewhere, used only when the operator named one."""


class AutoRouter:
    """The embedded engine where it can answer, else the straight line with the reason in front."""

    sent_to: str | None = None

    def __init__(self, router: Router) -> None:
        self._router = router
        self.engine = router.engine

    def available(self) -> bool:
        """Tell whether there are road tiles."""
        return self._router.available()

    def route(self, origin: LonLat, target: LonLat, mode: Mode, lang: str = "zh") -> Route:
        """Return the way, or the straight line that says why."""
        return route_or_line(self._router if self.available() else None, origin, target, mode, lang)

    def matrix(self, origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[float | None]:
        """Return the seconds to each target; all None where there are no tiles."""
        if not self.available():
            return [None] * len(targets)
        return self._router.matrix(origin, targets, mode)


def open_router(settings: Settings) -> Router | None:
    """Return the engine of ``LOCATOR_ROUTER``, or None for ``none`` and where this platform has none.

    Raises
    ------
    MissingExtra
        ``valhalla`` was named and has no wheel here.
    SettingError
        A remote engine was named without its address or key.
    """
    if settings.router == "none":
        return None
    if settings.router in ("auto", "valhalla"):
        from locator.routing.valhalla import EmbeddedValhalla

        try:
            embedded = EmbeddedValhalla(settings.data)
        except MissingExtra:
            if settings.router == "valhalla":
                raise
            return None
        return AutoRouter(embedded) if settings.router == "auto" else embedded
    module, name = _REMOTE[settings.router]
    router: Router = getattr(importlib.import_module(module), name)(settings)
    return router


def route_or_line(router: Router | None, origin: LonLat, target: LonLat, mode: Mode, lang: str = "zh") -> Route:
    """Return the way, or the straight line: with the reason as its first words when an engine was asked in vain.

    Raises
    ------
    InvalidInput
        A position that is none.
    """
    if router is None:
        return straight_line(origin, target, mode, lang)
    try:
        return router.route(origin, target, mode, lang)
    except LocatorError as error:
        if isinstance(error, InvalidInput) and error.code == "route_position":
            raise
        return straight_line(origin, target, mode, lang, because=explain(error, lang))
