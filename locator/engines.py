"""The engines behind every answer: layer, gazetteer, geocoder, clock, guide, router, live source.

Each is opened once, when it is first needed, and only then is it imported: a command that asks where a place is
needs neither layer nor router. :class:`locator.service.Locator` holds them.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from locator.errors import DataError, LocatorError, SettingError
from locator.geocode.index_files import built_places, gazetteer_version, open_data_gazetteer, places_file, start_places
from locator.ingest.shipped import ensure_data
from locator.settings import Settings, shipped_dir

GUIDE_FILE = "guide.json"
"""Where in the data folder the guide is kept once its files have been read and checked."""

if TYPE_CHECKING:
    from locator.disk import FileMark
    from locator.gazetteer.districts import DistrictIndex
    from locator.gazetteer.query import Gazetteer
    from locator.geocode.fallback import FallbackGeocoder
    from locator.guide.book import Guide
    from locator.hours.clock import HoursClock
    from locator.model import ServicePoint
    from locator.routing.router import Router
    from locator.stores import Store, Summary


log = logging.getLogger(__name__)
MEND_AGAIN_S = 30.0
"""How long to wait before damaged data is made again after a failure."""


def check_engines(settings: Settings) -> None:
    """Refuse settings that name what is not there: a folder, a layer, a service's key or address. Sends no request.

    Engines are opened when first needed; a server should refuse wrong settings when it starts.

    Raises
    ------
    SettingError
        One of them is missing; the message names the setting.
    MissingExtra
        ``LOCATOR_ROUTER=valhalla`` on a platform that has no engine.
    """
    from locator.geocode.providers import open_provider
    from locator.http import HttpClient
    from locator.ingest import open_source
    from locator.routing.router import open_router

    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise _refuse("LOCATOR_DATA", str(settings.data), "a folder") from None
    if not os.access(settings.data, os.W_OK | os.X_OK):
        raise _refuse("LOCATOR_DATA", str(settings.data), "a folder that can be written")
    layer = settings.layer
    if layer and "://" not in layer and not Path(layer).expanduser().is_file():
        raise _refuse("LOCATOR_LAYER", layer, "a file that is there, or postgresql://…")
    for name in settings.geocoders:
        if name != "gazetteer":
            open_provider(name, settings, HttpClient(settings))
    if settings.router not in ("auto", "none"):
        open_router(settings)
    if settings.live != "off":
        open_source(settings.live, "104,35,1", settings=settings)


def _refuse(name: str, value: str, expected: str) -> SettingError:
    message = f"{name} is {value!r}; expected {expected}"
    return SettingError(message, code="setting", name=name, value=value, expected=expected)


class Engines:
    """Layer, gazetteer, geocoder, clock, guide and router of these settings; safe to share between threads.

    Parameters
    ----------
    settings
        What the operator decided. The data folder is filled from the shipped data if it must be.

    Raises
    ------
    DataError
        The data folder cannot be filled or read.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.RLock()
        self._gazetteer: tuple[tuple[FileMark, FileMark], Gazetteer] | None = None
        self._mending = threading.Lock()
        self._mended_at = -MEND_AGAIN_S
        self._geocoder: FallbackGeocoder | None = None
        ensure_data(settings)
        start_places(settings)

    @property
    def store(self) -> Store:
        """The geodata layer; one that was damaged is made again in the background."""
        if self._store.damaged:
            self._mend()
        return self._store

    @cached_property
    def _store(self) -> Store:
        from locator.stores import open_store

        with self._lock:
            return open_store(self.settings)

    @property
    def gazetteer(self) -> Gazetteer:
        """The embedded index of places; opened anew after an import, and when the shipped places have been built.

        One that was damaged is made again in the background; a lost one answers meanwhile to whom it is open.

        Raises
        ------
        DataError
            It was damaged, or is gone and was never opened.
        """
        mark = gazetteer_version(self.settings)
        with self._lock:
            if self._gazetteer is None or self._gazetteer[0] != mark:
                self._gazetteer = (mark, self._open_gazetteer(mark))
            return self._gazetteer[1]

    def _open_gazetteer(self, mark: tuple[FileMark, FileMark]) -> Gazetteer:
        """Open the index; of one that was open before, look first at what happened to its files."""
        (index, places), before = mark, self._gazetteer
        if before is not None:
            if before[0][1].overwritten_as(places):
                places_file(self.settings.data).unlink(missing_ok=True)
            if before[0][1].inode and built_places(self.settings.data) is None:
                start_places(self.settings)
        if index.inode and not (before and before[0][0].overwritten_as(index)):
            return open_data_gazetteer(self.settings)
        self._mend()
        if before is not None and not index.inode:
            return before[1]
        raise DataError("the place index is damaged and being built again", code="gazetteer_damaged")

    def _mend(self) -> None:
        """Have the data folder looked over and made whole, beside the answers; by one thread, and not all the time."""
        if time.monotonic() - self._mended_at < MEND_AGAIN_S or not self._mending.acquire(blocking=False):
            return

        def work() -> None:
            try:
                log.error("data of ours is lost or damaged; it is made again")
                ensure_data(self.settings)
                with self._lock:
                    self._gazetteer = None
            except LocatorError as error:
                log.error("it could not be made again: %s", error.code)
                self._mended_at = time.monotonic()
            finally:
                self._mending.release()

        threading.Thread(target=work, name="locator-mend", daemon=True).start()

    @property
    def geocoder(self) -> FallbackGeocoder:
        """Coordinates, the gazetteer, then the services the operator switched on."""
        from locator.geocode.fallback import FallbackGeocoder

        with self._lock:
            if self._geocoder is None:
                self._geocoder = FallbackGeocoder(self.settings, self.gazetteer)
            self._geocoder.gazetteer = self.gazetteer
            return self._geocoder

    @cached_property
    def districts(self) -> DistrictIndex:
        """The outlines of the districts, and the named places that vote where there is none."""
        from locator.gazetteer.districts import DistrictIndex, read_voters

        with self._lock:
            return DistrictIndex.open(self.settings.data, voters=lambda: read_voters(shipped_dir() / "gazetteer"))

    @cached_property
    def clock(self) -> HoursClock:
        """China's working calendar, with the operator's own over it."""
        from locator.hours.clock import open_clock

        with self._lock:
            return open_clock(self.settings.data)

    @cached_property
    def guide(self) -> Guide:
        """Tasks, persons, materials and law."""
        from locator.guide.book import load_guide

        with self._lock:
            return load_guide(shipped_dir() / "guide", kept=self.settings.data / GUIDE_FILE)

    @cached_property
    def router(self) -> Router | None:
        """The engine that finds ways, or None."""
        from locator.routing.router import open_router

        with self._lock:
            return open_router(self.settings)

    def describe(self) -> dict[str, str]:
        """Return who answers what, for the operator: the layer's store, geocoders, router, live source."""
        return {
            "store": type(self.store).__name__,
            "geocoders": ", ".join(("coordinates", "gazetteer", *self.geocoder.services)),
            "router": type(self.router).__name__ if self.router else "none",
            "live": self.settings.live,
        }


# --- the live source

LIVE_RADIUS_M = 10_000
LIVE_DECIMALS = 2
"""A hundredth of a degree is 1.1 km of latitude and, in China, 0.7 to 1.1 km of longitude."""


def ask_surroundings(lon: float, lat: float, settings: Settings) -> list[ServicePoint]:
    """Return the offices a service knows around a position, checked and marked ``live``.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees; rounded to :data:`LIVE_DECIMALS` before anything leaves the machine.
    settings
        ``live`` names the service, ``overpass`` or ``amap``.

    Returns
    -------
    list of ServicePoint
        Within :data:`LIVE_RADIUS_M` of the rounded position; rows with a fault are left out.

    Raises
    ------
    SettingError
        ``LOCATOR_LIVE`` is off, or the service's key is missing.
    ServiceError
        The service gave no usable answer; in time, and with nothing kept.
    """
    from locator.gazetteer.districts import DistrictIndex
    from locator.ingest import open_source
    from locator.ingest.validate import check_records

    if settings.live == "off":
        raise SettingError(
            "LOCATOR_LIVE is off", code="setting", name="LOCATOR_LIVE", value="off", expected="overpass, amap"
        )
    x, y = (f"{round(degrees, LIVE_DECIMALS):.{LIVE_DECIMALS}f}" for degrees in (lon, lat))
    how = {"name": _live_name(settings), "patience_s": _patience_s(settings)}
    source = open_source(settings.live, f"{x},{y},{LIVE_RADIUS_M}", settings=settings, **how)
    checked = check_records(source.records(), datum=source.datum, districts=DistrictIndex.open(settings.data))
    return [_as_live(point) for point in checked.points]


def keep_surroundings(points: Iterable[ServicePoint], store: Store, settings: Settings) -> Summary:
    """Put live points into the store beside those asked for earlier; nothing else there changes.

    Raises
    ------
    DataError
        The store cannot be written; it is as it was.
    """
    return store.replace(_live_name(settings), points, partial=True)


def _live_name(settings: Settings) -> str:
    """Return what the layer calls the live service's points."""
    return f"live-{settings.live}"


def _patience_s(settings: Settings) -> float:
    """Return how long one request may take, in seconds: Overpass is asked once, AMap once for each keyword."""
    return 3 * settings.timeout_s if settings.live == "overpass" else settings.timeout_s


def _as_live(point: ServicePoint) -> ServicePoint:
    return replace(point, status="live", provenance=replace(point.provenance, confidence="live"))
