"""Geocoding services behind the gazetteer, each a class that declares datum, pace, timeout, cache and terms."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from locator.geocode.providers.provider import Provider
    from locator.http import HttpClient
    from locator.settings import Settings

PROVIDERS = {
    "nominatim": "osm:NominatimProvider",
    "photon": "osm:PhotonProvider",
    "amap": "amap:AmapProvider",
    "tianditu": "tianditu:TiandituProvider",
    "tencent": "tencent:TencentProvider",
    "baidu": "baidu:BaiduProvider",
}
"""Where each service's class is; imported when it is switched on."""

__all__ = ["PROVIDERS", "load_provider", "open_provider"]


def load_provider(name: str) -> type[Provider]:
    """Return the class of a service."""
    module, _, cls = PROVIDERS[name].partition(":")
    found: type[Provider] = getattr(import_module(f"{__name__}.{module}"), cls)
    return found


def open_provider(name: str, settings: Settings, client: HttpClient) -> Provider:
    """Return a service ready to be asked.

    Raises
    ------
    SettingError
        It needs a key and has none.
    """
    return load_provider(name)(settings, client)
