"""The live fallback: ask a service for the offices around a position that the layer has nothing near.

Off unless ``LOCATOR_LIVE`` names a service, and then asked only when the person presses the button that
names it. The service sees a position rounded to about a kilometre. What comes back is checked like an
import, kept in the store under the service's name, and marked ``live``: nobody has looked at it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from locator.errors import SettingError
from locator.model import ServicePoint
from locator.sources import open_source
from locator.validate import check_records

if TYPE_CHECKING:
    from locator.settings import Settings
    from locator.stores import Store, Summary

RADIUS_M = 10_000
DECIMALS = 2
"""A hundredth of a degree is 1.1 km of latitude and, in China, 0.7 to 1.1 km of longitude."""


def ask_surroundings(lon: float, lat: float, settings: Settings) -> list[ServicePoint]:
    """Return the offices a service knows around a position, checked and marked ``live``.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees; rounded to :data:`DECIMALS` before anything leaves the machine.
    settings
        ``live`` names the service, ``overpass`` or ``amap``.

    Returns
    -------
    list of ServicePoint
        Within :data:`RADIUS_M` of the rounded position; rows with a fault are left out.

    Raises
    ------
    SettingError
        ``LOCATOR_LIVE`` is off, or the service's key is missing.
    ServiceError
        The service gave no usable answer; in time, and with nothing kept.
    """
    if settings.live == "off":
        raise SettingError(
            "LOCATOR_LIVE is off", code="setting", name="LOCATOR_LIVE", value="off", expected="overpass, amap"
        )
    circle = f"{round(lon, DECIMALS):.{DECIMALS}f},{round(lat, DECIMALS):.{DECIMALS}f},{RADIUS_M}"
    source = open_source(
        settings.live, circle, settings=settings, name=source_name(settings), patience_s=patience_s(settings)
    )
    checked = check_records(source.records(), datum=source.datum)
    return [_mark(point) for point in checked.points]


def keep_surroundings(points: Iterable[ServicePoint], store: Store, settings: Settings) -> Summary:
    """Put live points into the store beside those asked for earlier; nothing else there changes.

    Raises
    ------
    DataError
        The store cannot be written; it is as it was.
    """
    return store.replace(source_name(settings), points, partial=True)


def source_name(settings: Settings) -> str:
    """Return what the layer calls the live service's points."""
    return f"live-{settings.live}"


def patience_s(settings: Settings) -> float:
    """Return how long one request may take, in seconds: Overpass is asked once, AMap once for each keyword."""
    return 3 * settings.timeout_s if settings.live == "overpass" else settings.timeout_s


def _mark(point: ServicePoint) -> ServicePoint:
    return replace(point, status="live", provenance=replace(point.provenance, confidence="live"))
