"""Every script and style sheet the browser loads, from this machine.

Leaflet comes out of the installed package ``folium-offline`` (a carrier of the files folium names by CDN
addresses) and is written once to a folder of ours; the rest is written by us in ``locator/web/static``.
An address carries a hash of its content, so that a browser may keep it for ever.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from locator.errors import DataError

STATIC = Path(__file__).parent / "static"
OWN = ("page.css", "page.js", "map.css", "map.js", "icon.svg")
VENDOR: Mapping[str, str] = {
    "leaflet.js": "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js",
    "leaflet.css": "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.css",
    "markercluster.js": "https://cdnjs.cloudflare.com/ajax/libs/leaflet.markercluster/1.1.0/leaflet.markercluster.js",
    "markercluster.css": "https://cdnjs.cloudflare.com/ajax/libs/leaflet.markercluster/1.1.0/MarkerCluster.css",
}
"""Our name of each library file, and the address under which folium-offline carries it."""

_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file for the browser."""

    name: str
    content: bytes
    digest: str
    """First twelve hex digits of the content's SHA-256."""

    @property
    def media_type(self) -> str:
        """The ``Content-Type`` it is sent with."""
        return _TYPES[Path(self.name).suffix]


class Assets:
    """The files the browser loads, by name."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._assets = {
            name: Asset(name, content, hashlib.sha256(content).hexdigest()[:12]) for name, content in files.items()
        }

    def get(self, name: str) -> Asset | None:
        """Return the file of that name, or None."""
        return self._assets.get(name)

    def url(self, name: str, *, prefix: str = "./") -> str:
        """Return the address of a file, relative to a page at ``prefix``'s end."""
        return f"{prefix}assets/{name}?v={self._assets[name].digest}"


def _vendor_files(folder: Path) -> dict[str, bytes]:
    """Return the library files, taken out of folium-offline when ``folder`` has not all of them yet."""
    folder = folder / metadata.version("folium-offline")
    paths = {name: folder / name for name in VENDOR}
    if not all(path.is_file() for path in paths.values()):
        try:
            # A module of 3.5 MB: imported for its texts only, and only once for each data folder.
            from offlinefolium.elements import _res

            folder.mkdir(parents=True, exist_ok=True)
            for name, address in VENDOR.items():
                part = folder / f".{name}.{os.getpid()}"
                part.write_text(_res[address], encoding="utf-8")
                part.replace(paths[name])
        except (ImportError, KeyError, OSError) as error:
            raise DataError(
                f"the map's library files cannot be written to {folder}", code="assets_missing", path=str(folder)
            ) from error
    return {name: path.read_bytes() for name, path in paths.items()}


def open_assets(folder: Path) -> Assets:
    """Return all files for the browser.

    Parameters
    ----------
    folder
        Where the library files are kept; made and filled when missing.

    Raises
    ------
    DataError
        The folder cannot be written, or folium-offline lacks a file.
    """
    own = {name: (STATIC / name).read_bytes() for name in OWN}
    return Assets(own | _vendor_files(folder))
