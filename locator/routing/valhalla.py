"""The embedded engine: Valhalla in this process, over our own road tiles.

Nothing leaves the machine. One ``Actor`` (the engine's handle) serves one thread at a time: shared by two
it ends the process, so they wait in a queue.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from locator.datum import distance_m
from locator.errors import DataError, InvalidInput, LocatorError, NotFound, ServiceTimeout
from locator.model import Mode, Route
from locator.routing.names import StreetNames, load_street_names
from locator.routing.positions import LonLat, check_position
from locator.routing.roads import Roads, check_roads, find_roads, pointer_mark
from locator.routing.tiles import engine_dir
from locator.routing.trip import COSTING, matrix_request, read_durations, read_trip, route_request, to_location

ENGINE = "valhalla"
MAX_M = {Mode.WALK: 200_000.0, Mode.CYCLE: 200_000.0, Mode.DRIVE: 400_000.0}
"""Farther by the straight line is not asked of the engine: seconds of work for a way nobody takes."""
AT_ONCE = 400
"""Targets in one matrix call."""
_CACHE_BYTES = 128_000_000
_PATIENCE_S = 30.0
_SECOND_RADIUS_M = 150
_REMEMBERED = 200_000
_NO_PATH = frozenset({170, 441, 442, 443})
_OFF_ROADS = frozenset({171})
_TOO_FAR = frozenset({154, 172})


class _Pool:
    """Actors over one set of tiles, made when first needed, each used by one thread at a time."""

    def __init__(self, roads: Roads, actors: int) -> None:
        self.roads = roads
        self.names: StreetNames = load_street_names(roads.names)
        self.off_roads: set[tuple[Mode, LonLat]] = set()
        """Targets of matrix calls known to have no road near: offices, of which there are finitely many."""
        self._free: queue.LifoQueue[Any] = queue.LifoQueue()
        for _ in range(actors):
            self._free.put(None)

    @contextlib.contextmanager
    def actor(self) -> Iterator[Any]:
        """Lend an Actor."""
        try:
            actor = self._free.get(timeout=_PATIENCE_S)
        except queue.Empty:
            raise ServiceTimeout("every router is busy", code="route_busy") from None
        try:
            if actor is None:
                actor = _open_actor(self.roads)
            yield actor
        finally:
            self._free.put(actor)


def _open_actor(roads: Roads) -> Any:
    """Return an Actor over a set of tiles; its configuration is a file that nobody needs afterwards."""
    try:
        from valhalla import Actor, get_config

        config = get_config(tile_extract=roads.tiles, tile_dir="")
        config["mjolnir"]["max_cache_size"] = _CACHE_BYTES
        config["logging"] = {"type": ""}
        handle, name = tempfile.mkstemp(suffix=".json", prefix="locator-valhalla-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(config, file)
        try:
            return Actor(Path(name))
        finally:
            Path(name).unlink(missing_ok=True)
    except (OSError, RuntimeError, AttributeError, ValueError) as error:
        raise DataError(f"the road tiles cannot be opened: {error}", code="roads_broken") from error


class EmbeddedValhalla:
    """Routes and travel times from the road tiles under ``data``; a new set is taken up without a restart.

    Parameters
    ----------
    data
        ``LOCATOR_DATA``.
    actors
        How many requests are answered at once; the number of cores when None. Each takes some memory
        for tiles it has read.
    """

    engine = ENGINE
    sent_to: str | None = None

    def __init__(self, data: Path, *, actors: int | None = None) -> None:
        engine_dir()
        self._data = data
        self._actors = actors or os.cpu_count() or 1
        self._lock = threading.Lock()
        self._pool: _Pool | None = None
        self._mark: tuple[int, int] | None = None

    def available(self) -> bool:
        """Tell whether there are road tiles at all."""
        return pointer_mark(self._data) is not None

    def _open(self) -> _Pool:
        """Return the pool over the set in use; checked whole when it is first opened."""
        mark = pointer_mark(self._data)
        with self._lock:
            if self._pool is not None and mark is not None and mark == self._mark and self._pool.roads.tiles.exists():
                return self._pool
            self._pool = None
            roads = find_roads(self._data)
            check_roads(roads)
            self._pool, self._mark = _Pool(roads, self._actors), mark
            return self._pool

    def route(self, origin: LonLat, target: LonLat, mode: Mode, lang: str = "zh") -> Route:
        """Return the way from ``origin`` to ``target`` (WGS-84, lon then lat), its steps in words of ``lang``.

        Raises
        ------
        InvalidInput
            A position that is none (``route_position``), or farther apart than anybody goes (``route_too_far``).
        NotFound
            No road within 2 km of an end (``route_start_off_roads``, ``route_end_off_roads``), or no way
            between them (``route_unreachable``).
        DataError
            No tiles (``roads_missing``), or broken ones (``roads_broken``).
        """
        ends = check_position(*origin), check_position(*target)
        check_distance(*ends, mode)
        pool = self._open()
        with pool.actor() as actor:
            reply = self._ask(actor, ends, mode)
        try:
            return read_trip(reply, engine=ENGINE, mode=mode, ends=ends, names=pool.names, lang=lang)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DataError(f"the engine gave no route that can be read: {error}", code="roads_broken") from error

    def _ask(self, actor: Any, ends: tuple[LonLat, LonLat], mode: Mode) -> Any:
        """Ask for a route; a dead end is tried once more with every road around."""
        from valhalla import ValhallaError

        try:
            return _call(actor.route, route_request(*ends, mode))
        except ValhallaError as error:
            if error.code not in _NO_PATH:
                raise self._explained(actor, error, ends, mode) from error
        try:
            return _call(actor.route, route_request(*ends, mode, radius_m=_SECOND_RADIUS_M))
        except ValhallaError as error:
            raise self._explained(actor, error, ends, mode) from error

    def _explained(self, actor: Any, error: Any, ends: tuple[LonLat, LonLat], mode: Mode) -> LocatorError:
        """Return our error for the engine's: which end, and what to do."""
        if error.code in _TOO_FAR:
            return too_far(*ends, mode)
        if error.code in _OFF_ROADS | _NO_PATH:
            on_road = _on_road(actor, ends, mode)
            if not all(on_road):
                return off_roads("end" if on_road[0] else "start")
            return unreachable(mode)
        return DataError(f"the engine failed with {error.code}: {error}", code="roads_broken")

    def matrix(self, origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[float | None]:
        """Return the seconds from ``origin`` to each of ``targets``, None where there is no way.

        The engine refuses a whole call for one bad target; bad ones are found, left out, and are None.

        Raises
        ------
        InvalidInput
            ``origin`` is no position.
        DataError
            No tiles, or broken ones.
        """
        start = check_position(*origin)
        durations: list[float | None] = [None] * len(targets)
        near = _askable(start, targets, mode)
        if not near:
            return durations
        pool = self._open()
        near = [row for row in near if (mode, tuple(targets[row])) not in pool.off_roads]
        with pool.actor() as actor:
            asked = _Matrix(actor, start, mode, pool.off_roads)
            for first in range(0, len(near), AT_ONCE):
                part = near[first : first + AT_ONCE]
                for row, value in zip(part, asked.durations([targets[i] for i in part]), strict=True):
                    durations[row] = value
        return durations


def _call(method: Any, request: dict[str, Any]) -> Any:
    return json.loads(method(json.dumps(request)))


def _askable(start: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[int]:
    """Return which targets are positions within reach."""
    if not targets:
        return []
    pairs = np.asarray(targets, float).reshape(-1, 2)
    lon, lat = pairs[:, 0], pairs[:, 1]
    known = (np.abs(lon) <= 180) & (np.abs(lat) <= 85) & ~((lon == 0) & (lat == 0))
    away = distance_m(*start, np.where(known, lon, 0), np.where(known, lat, 0))
    return [int(row) for row in np.flatnonzero(known & (away <= MAX_M[mode]))]


def _on_road(actor: Any, positions: Sequence[LonLat], mode: Mode) -> list[bool]:
    """Tell which positions have a road within reach."""
    request = {"locations": [to_location(p) for p in positions], "costing": COSTING[mode], "verbose": False}
    return [bool(found.get("edges")) for found in _call(actor.locate, request)]


class _Matrix:
    """One-to-many calls from one start, split until the engine accepts them."""

    def __init__(self, actor: Any, start: LonLat, mode: Mode, off_roads: set[tuple[Mode, LonLat]]) -> None:
        self._actor, self._start, self._mode, self._off = actor, start, mode, off_roads

    def durations(self, targets: Sequence[LonLat]) -> list[float | None]:
        """Ask; when the call is refused, again without the positions that have no road, then in halves."""
        from valhalla import ValhallaError

        try:
            request = matrix_request(self._start, targets, self._mode)
            return read_durations(_call(self._actor.matrix, request), len(targets))
        except ValhallaError:
            start_on_road, *on_road = _on_road(self._actor, [self._start, *targets], self._mode)
        if len(self._off) < _REMEMBERED:
            self._off.update((self._mode, (t[0], t[1])) for t, good in zip(targets, on_road, strict=True) if not good)
        keep = [row for row, good in enumerate(on_road) if good]
        durations: list[float | None] = [None] * len(targets)
        if not start_on_road or not keep or len(targets) == 1:
            return durations
        half = len(keep) // 2 if len(keep) == len(targets) else len(keep)
        for part in (keep[:half], keep[half:]):
            if part:
                for row, value in zip(part, self.durations([targets[i] for i in part]), strict=True):
                    durations[row] = value
        return durations


def check_distance(start: LonLat, end: LonLat, mode: Mode) -> None:
    """Refuse ends that are farther apart than anybody goes this way (``route_too_far``)."""
    if float(distance_m(*start, *end)) > MAX_M[mode]:
        raise too_far(start, end, mode)


def too_far(start: LonLat, end: LonLat, mode: Mode) -> InvalidInput:
    """Return the error of two ends too far apart."""
    away, most = float(distance_m(*start, *end)) / 1000, MAX_M[mode] / 1000
    return InvalidInput(
        f"start and end are {away:.0f} km apart; a way of this kind is sought up to {most:.0f} km",
        code="route_too_far",
        km=f"{away:.0f}",
        most=f"{most:.0f}",
    )


def off_roads(end: str) -> NotFound:
    """Return the error of an end (``start`` or ``end``) without a road near it."""
    return NotFound(f"no road of our data near the {end}", code=f"route_{end}_off_roads")


def unreachable(mode: Mode) -> NotFound:
    """Return the error of two ends with no way between them."""
    return NotFound(f"no way to {mode} from start to end", code="route_unreachable")
