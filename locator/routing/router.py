"""Which engine finds the ways: the operator's choice, opened when asked for; else the straight line.

A line is never drawn or read like a route: its engine is ``line``, it has no duration, and its one step
says that the way by road is longer.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import batched
from typing import Any, Protocol
from urllib.parse import urlsplit

from locator.errors import InvalidInput, LocatorError, MissingExtra, ServiceReplyError, SettingError
from locator.http import HttpClient
from locator.i18n import explain, text
from locator.model import Mode
from locator.routing.narrative import finite, say_direction
from locator.routing.route import SEARCH_M, LonLat, Route, Step, askable, check_position, measure
from locator.settings import PREFIX, Settings
from locator.wording import HERE_M, say_rough_length

LINE_ENGINE = "line"
"""What a straight line calls itself in a route."""
UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError)
"""What reading a reply of another shape raises."""


class Router(Protocol):
    """Something that finds ways; safe to call from several threads."""

    engine: str
    """Its name, as in :attr:`locator.routing.route.Route.engine`."""
    sent_to: str | None
    """Who receives the two positions, so that the page can say it; None if they do not leave this machine."""

    def available(self) -> bool:
        """Tell, without asking anybody, whether a route can be asked for."""

    def route(self, origin: LonLat, target: LonLat, mode: Mode, lang: str = "zh") -> Route:
        """Return the way between two WGS-84 (lon, lat) positions, or raise the LocatorError that says why not."""

    def matrix(self, origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[float | None]:
        """Return the seconds to each target, None where they are not known."""


_REMOTE: Mapping[str, tuple[str, str]] = {
    "valhalla-http": ("locator.routing.valhalla", "ValhallaServer"),
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
        An invalid position.
    """
    if router is None:
        return straight_line(origin, target, mode, lang)
    try:
        return router.route(origin, target, mode, lang)
    except LocatorError as error:
        if isinstance(error, InvalidInput) and error.code == "route_position":
            raise
        return straight_line(origin, target, mode, lang, because=explain(error, lang))


def straight_line(
    origin: LonLat, target: LonLat, mode: Mode = Mode.WALK, lang: str = "zh", *, because: str = ""
) -> Route:
    """Return the geodesic between two positions as a route that is marked as an estimate.

    Parameters
    ----------
    origin, target
        WGS-84 (lon, lat) in degrees.
    mode
        Carried through; a straight line has no duration in any mode.
    because
        A sentence in ``lang`` to say first: why there is no route.

    Raises
    ------
    InvalidInput
        An invalid position.
    """
    start, end = check_position(*origin), check_position(*target)
    metres, bearing = measure(start, end)
    if metres < HERE_M:
        said = text("routing.line_here", lang)
    else:
        said = text(
            "routing.line", lang, direction=say_direction(bearing, lang), distance=say_rough_length(metres, lang)
        )
    said = text("routing.line_because", lang, because=because, line=said) if because else said
    step = Step(text=said, distance_m=metres, duration_s=0.0, lon=end[0], lat=end[1])
    return Route(engine=LINE_ENGINE, mode=mode, distance_m=metres, duration_s=None, line=(start, end), steps=(step,))


def ask_in_parts(
    start: LonLat,
    targets: Sequence[LonLat],
    mode: Mode,
    ask: Callable[[list[LonLat]], Sequence[float | None]],
    *,
    at_once: int,
) -> list[float | None]:
    """Return the seconds from a start to each target; those near enough are asked for, ``at_once`` in one call."""
    durations: list[float | None] = [None] * len(targets)
    for rows in batched(askable(start, targets, mode), at_once):
        found = ask([(float(targets[row][0]), float(targets[row][1])) for row in rows])
        for row, seconds in zip(rows, found, strict=True):
            durations[row] = seconds
    return durations


def near_only(row: Sequence[Any], off_m: Sequence[Any], count: int) -> list[float | None]:
    """Return the durations of an engine's row, None where it took a road too far from the target, or had none.

    Raises
    ------
    ValueError
        The row is not an answer for every one of ``count`` targets.
    """
    if not len(row) == len(off_m) == count:
        raise ValueError("not an answer for every target")
    near = [metres is not None and finite(metres) <= SEARCH_M for metres in off_m]
    return [finite(v) if v is not None and good else None for v, good in zip(row, near, strict=True)]


class RemoteEngine:
    """An engine at a URL.

    Parameters
    ----------
    settings
        ``LOCATOR_<SERVICE>_URL`` and ``LOCATOR_<SERVICE>_KEY``, the timeout, the user agent.

    Raises
    ------
    SettingError
        The address or the key is missing; the message names the setting.
    """

    engine = ""
    """Its name in a route."""
    service = ""
    """Its name in the settings."""
    default_url: str | None = None
    needs_key = False
    at_once = 50
    """Targets in one call."""

    def __init__(self, settings: Settings) -> None:
        url = settings.urls.get(self.service) or self.default_url
        if url is None:
            raise self._missing("URL", "the server's address")
        self.url = url.rstrip("/")
        self._key = settings.keys.get(self.service, "")
        if self.needs_key and not self._key:
            raise self._missing("KEY", "the service's key")
        self._client = HttpClient(settings)
        self.sent_to: str | None = urlsplit(url).hostname or self.service

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.sent_to})"

    def _missing(self, what: str, expected: str) -> SettingError:
        name = f"{PREFIX}{self.service.upper()}_{what}"
        return SettingError(
            f"{name} is not set; {self.engine} needs {expected}",
            code="setting",
            name=name,
            value="",
            expected=expected,
        )

    def available(self) -> bool:
        """Tell that it can be asked; whether it answers is known only afterwards."""
        return True

    def matrix(self, origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[float | None]:
        """Return the seconds from ``origin`` to each of ``targets``, None where there is no way.

        Raises
        ------
        ServiceError
            The service refused, is not there, or gave no usable answer.
        """
        start = check_position(*origin)
        with self._map_errors():
            return ask_in_parts(start, targets, mode, partial(self._durations, start, mode), at_once=self.at_once)

    def _durations(self, start: LonLat, mode: Mode, targets: list[LonLat]) -> Sequence[float | None]:
        """Return the seconds to a few targets, from one call."""
        raise NotImplementedError

    @contextlib.contextmanager
    def _map_errors(self) -> Iterator[None]:
        """Turn whatever is wrong with a reply into one error."""
        try:
            yield
        except LocatorError:  # some of ours are ValueErrors too
            raise
        except UNREADABLE as error:
            raise self._unusable(error) from error

    def _unusable(self, why: object) -> ServiceReplyError:
        return ServiceReplyError(
            f"{self.engine} answered what cannot be used: {type(why).__name__}",
            code="service_reply",
            service=self.engine,
        )

    def _get(self, address: str, params: Mapping[str, str]) -> Any:
        """Ask with GET; a 400 is read too, for the engines explain themselves in it."""
        return self._client.get_json(self.engine, address, params=params, accept=(200, 400, 404))

    def _post(self, address: str, content: Any, headers: Mapping[str, str] | None = None) -> Any:
        """Ask with POST; a 400 is read too."""
        return self._client.post_json(self.engine, address, content=content, headers=headers, accept=(200, 400, 404))
