"""Valhalla: in this process over our own road tiles, or a server by ``LOCATOR_VALHALLA_URL``.

The embedded engine sends nothing to other machines. One ``Actor`` (the engine's handle) serves one thread at a
time: shared by two it ends the process, so they wait in a queue. The server's format:
https://valhalla.github.io/valhalla/api/turn-by-turn/api-reference/ (WGS-84).
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

from locator.disk import FileMark
from locator.errors import DataError, LocatorError, ServiceReplyError, ServiceTimeout
from locator.model import Mode
from locator.routing.narrative import StreetNames, load_street_names
from locator.routing.roads import Roads, check_roads, find_roads, pointer_mark
from locator.routing.route import LonLat, Route, askable, check_ends, check_position
from locator.routing.router import UNREADABLE, RemoteEngine, ask_in_parts
from locator.routing.tiles import engine_config, engine_dir
from locator.routing.valhalla_calls import Ask, OneToMany, Refused, ask_route, read_trip

ENGINE = "valhalla"
AT_ONCE = 400
"""Targets in one matrix call."""
_CACHE_BYTES = 128_000_000
_PATIENCE_S = 30.0
_ACTIONS = {"route": "route", "sources_to_targets": "matrix", "locate": "locate"}
_CHOOSING, _EXACT = "select_optimal", "costmatrix"
"""How a matrix is computed: by the engine's choice; or as a route is, for bicycles, whose penalties the
engine's choice leaves out (39 % apart in Nanjing, docs/ROUTING.md)."""


class _Pool:
    """Actors over one set of tiles, made when first needed, each used by one thread at a time."""

    def __init__(self, roads: Roads, actors: int) -> None:
        self.roads = roads
        self.names: StreetNames = load_street_names(roads.names)
        self.off_roads: set[tuple[Mode, LonLat]] = set()
        self._free: dict[str, queue.LifoQueue[Any]] = {name: queue.LifoQueue() for name in (_CHOOSING, _EXACT)}
        for free in self._free.values():
            for _ in range(actors):
                free.put(None)

    @contextlib.contextmanager
    def ask(self, algorithm: str = _CHOOSING) -> Iterator[Ask]:
        """Lend an Actor, as something to ask."""
        free = self._free[algorithm]
        try:
            actor = free.get(timeout=_PATIENCE_S)
        except queue.Empty:
            raise ServiceTimeout("every router is busy", code="route_busy") from None
        try:
            if actor is None:
                actor = _open_actor(self.roads, algorithm)
            yield _asking(actor)
        except LocatorError:  # some of ours are ValueErrors too
            raise
        except Refused as refusal:
            raise DataError(f"the engine failed with {refusal}", code="roads_broken") from refusal
        except UNREADABLE as error:
            raise DataError(f"the engine's answer cannot be read: {error}", code="roads_broken") from error
        finally:
            free.put(actor)


def _asking(actor: Any) -> Ask:
    from valhalla import ValhallaError

    def ask(action: str, request: dict[str, Any]) -> Any:
        try:
            return json.loads(getattr(actor, _ACTIONS[action])(json.dumps(request)))
        except ValhallaError as error:
            raise Refused(error.code, str(error)) from error

    return ask


def _open_actor(roads: Roads, algorithm: str = _CHOOSING) -> Any:
    """Return an Actor over a set of tiles; its configuration file is deleted afterwards."""
    try:
        from valhalla import Actor

        config = engine_config()
        config["mjolnir"] |= {"tile_extract": str(roads.tiles), "tile_dir": "", "max_cache_size": _CACHE_BYTES}
        config["logging"] = {"type": ""}
        config["thor"]["source_to_target_algorithm"] = algorithm
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
        How many requests are answered at once; the number of cores when None.

    Raises
    ------
    MissingExtra
        The engine is not installed.
    """

    engine = ENGINE
    sent_to: str | None = None

    def __init__(self, data: Path, *, actors: int | None = None) -> None:
        engine_dir()
        self._data = data
        self._actors = actors or os.cpu_count() or 1
        self._lock = threading.Lock()
        self._pool: _Pool | None = None
        self._mark = FileMark()

    def available(self) -> bool:
        """Tell whether there are road tiles at all."""
        return bool(pointer_mark(self._data).inode)

    def _open(self) -> _Pool:
        """Return the pool over the set in use; checked whole when it is first opened."""
        mark = pointer_mark(self._data)
        with self._lock:
            if self._pool and mark.inode and mark == self._mark and self._pool.roads.tiles.exists():
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
            An invalid position (``route_position``), or too far apart (``route_too_far``).
        NotFound
            No road within 2 km of an end (``route_start_off_roads``, ``route_end_off_roads``), or no way
            between them (``route_unreachable``).
        DataError
            No tiles (``roads_missing``), or broken ones (``roads_broken``).
        """
        ends = check_ends(origin, target, mode)
        pool = self._open()
        with pool.ask() as ask:
            reply = ask_route(ask, ends, mode)
            return read_trip(reply, engine=ENGINE, mode=mode, ends=ends, names=pool.names, lang=lang)

    def matrix(self, origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[float | None]:
        """Return the seconds from ``origin`` to each of ``targets``, None where there is no way.

        Raises
        ------
        InvalidInput
            ``origin`` is no position.
        DataError
            No tiles, or broken ones.
        """
        start = check_position(*origin)
        if not askable(start, targets, mode):
            return [None] * len(targets)
        pool = self._open()
        with pool.ask(_EXACT if mode is Mode.CYCLE else _CHOOSING) as ask:
            asked = OneToMany(ask, start, mode, pool.off_roads)
            return ask_in_parts(start, targets, mode, asked.durations, at_once=AT_ONCE)


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
        with self._map_errors():
            try:
                reply = ask_route(self._ask, ends, mode)
            except Refused as refusal:
                raise self._refused(refusal) from refusal
            return read_trip(reply, engine=self.engine, mode=mode, ends=ends, lang=lang)

    def _durations(self, start: LonLat, mode: Mode, targets: list[LonLat]) -> Sequence[float | None]:
        try:
            return OneToMany(self._ask, start, mode, set()).durations(targets)
        except Refused as refusal:
            raise self._refused(refusal) from refusal

    def _refused(self, refusal: Refused) -> ServiceReplyError:
        return ServiceReplyError(
            f"{self.engine} refused with its error {refusal.code}", code="service_reply", service=self.engine
        )
