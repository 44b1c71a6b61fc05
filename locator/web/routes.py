"""What is served beside the page from the same process and port: its files, health, metrics and the API.

Leaflet comes out of the installed package ``folium-offline`` (a carrier of the files folium names by CDN
addresses) and is written once to the data folder; the other files are in ``locator/web/static``.
An address carries a hash of its content, so that a browser may keep it for ever.
"""

from __future__ import annotations

import gzip
import hashlib
import ipaddress
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from locator.errors import DataError
from locator.ground import Ground, PlaceNames
from locator.ground.archive import MAX_ZOOM, is_tile
from locator.ground.names import MAX_ZOOM as NAMES_MAX_ZOOM
from locator.outputs.folium_map import open_tiles
from locator.settings import shipped_dir
from locator.web.streamlit_patches import strip_fonts

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.datastructures import Headers
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from locator.api.limits import ClientLimits
    from locator.service import Locator
    from locator.settings import Settings

log = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"
OWN = ("page.css", "page.js", "first.js", "map.css", "map.js", "ground.js", "ground_draw.js", "icon.svg")
VENDOR: Mapping[str, str] = {
    "leaflet.js": "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js",
    "leaflet.css": "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.css",
    "markercluster.js": "https://cdnjs.cloudflare.com/ajax/libs/leaflet.markercluster/1.1.0/leaflet.markercluster.js",
    "markercluster.css": "https://cdnjs.cloudflare.com/ajax/libs/leaflet.markercluster/1.1.0/MarkerCluster.css",
    "vectorgrid.js": "https://unpkg.com/leaflet.vectorgrid@latest/dist/Leaflet.VectorGrid.bundled.js",
}
"""Our name of each library file, and the address under which folium-offline carries it."""
SCRIPTS = ("leaflet.js", "markercluster.js", "ground.js", "map.js")
STYLES = ("leaflet.css", "markercluster.css", "map.css")
"""What the map's frame loads, in this order."""
TILE_SCRIPTS = ("vectorgrid.js", "ground_draw.js")
"""What it loads besides where there are map tiles of our own."""

_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_PACKED_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
"""What a proxy adds: a request that came through one is not from the machine itself."""
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file for the browser."""

    name: str
    content: bytes
    digest: str
    """First twelve hex digits of the content's SHA-256."""

    def packed(self, encoding: str) -> bytes:
        """Return the content compressed; done once for each file and encoding."""
        return _pack_once(self, encoding)

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


def pack(content: bytes, encoding: str) -> bytes:
    """Return bytes compressed for the way, as HTTP names it: ``br``, ``gzip`` or ``identity``."""
    if encoding == "br":
        return brotli.compress(content, quality=9)  # type: ignore[no-any-return]
    return gzip.compress(content, 9, mtime=0) if encoding == "gzip" else content


def choose_encoding(accepted: str) -> str:
    """Return the best compression that a request accepts (``Accept-Encoding``)."""
    offered = {
        part.partition(";")[0].strip() for part in accepted.lower().split(",") if ";q=0" not in part.replace(" ", "")
    }
    return "br" if "br" in offered else "gzip" if "gzip" in offered else "identity"


@lru_cache(maxsize=64)
def _pack_once(asset: Asset, encoding: str) -> bytes:
    return pack(asset.content, encoding)


class PackedFiles:
    """Files that other packages send to the browser, each compressed once and kept.

    Streamlit sends its own files as they are, 2.3 MB for a first page load.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        """By the start of the address, such as ``/static/``."""
        self._kept: dict[tuple[Path, str], bytes] = {}

    def find(self, path: str) -> Path | None:
        """Return the text file behind an address, or None when it is not one of these."""
        for prefix, folder in self._folders.items():
            if path.startswith(prefix) and Path(path).suffix in _PACKED_TYPES:
                found = (folder / path.removeprefix(prefix)).resolve()
                return found if found.is_relative_to(folder.resolve()) and found.is_file() else None
        return None

    def read(self, file: Path, encoding: str) -> bytes:
        """Return a file's content, compressed."""
        kept = self._kept.get((file, encoding))
        if kept is None:
            content = file.read_bytes()
            if file.suffix == ".css":
                content = strip_fonts(content)
            kept = self._kept[file, encoding] = pack(content, encoding)
        return kept

    async def answer(self, file: Path, headers: Headers) -> Response:
        """Return the reply to a request for a file. Names carry a hash of the content, so it may be kept for ever."""
        encoding = choose_encoding(headers.get("accept-encoding", ""))
        content = await run_in_threadpool(self.read, file, encoding)
        sent = {"cache-control": _FOREVER, "vary": "Accept-Encoding"}
        if encoding != "identity":
            sent["content-encoding"] = encoding
        return Response(content, media_type=_PACKED_TYPES[file.suffix], headers=sent)

    def warm_up(self, addresses: Iterable[str]) -> None:
        """Compress the files of a first page load before anybody asks for them."""
        for address in addresses:
            file = self.find(address.removeprefix("."))
            if file is not None:
                self.read(file, "br")
                self.read(file, "gzip")


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


def build_routes(
    settings: Settings,
    assets: Assets,
    *,
    locate: Callable[[], Locator],
    clock: Callable[[], datetime],
    limits: ClientLimits | None = None,
    ground: Ground | None = None,
    base: str = "",
) -> list[BaseRoute]:
    """Return every route that is not Streamlit's own, below the page's base path (``/cards``), as Streamlit's are.

    Parameters
    ----------
    locate
        Returns the process's one Locator.
    clock
        Returns now (aware).
    limits
        What each client has used, of the page and the API together.
    ground
        The map's own tiles; those of the data folder when None.
    """
    own_map = _ground_routes(ground or Ground(settings.data), settings)
    routes = (*_own_routes(assets, locate), *own_map, *_api_routes(settings, locate, clock, limits))
    return [_move_below(base, route) for route in routes]


def _move_below(base: str, route: BaseRoute) -> BaseRoute:
    if isinstance(route, Mount):
        return Mount(base + route.path, app=route.app)
    if isinstance(route, Route):
        return Route(base + route.path, route.endpoint, methods=list(route.methods or ()))
    return route


def _own_routes(assets: Assets, locate: Callable[[], Locator]) -> list[BaseRoute]:
    async def send_asset(request: Request) -> Response:
        asset = assets.get(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        fresh = request.query_params.get("v") == asset.digest
        headers = {"cache-control": _FOREVER if fresh else "no-cache", "etag": f'"{asset.digest}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        encoding = choose_encoding(request.headers.get("accept-encoding", ""))
        if encoding != "identity":
            headers["content-encoding"] = encoding
        content = await run_in_threadpool(asset.packed, encoding)
        return Response(content, media_type=asset.media_type, headers=headers | {"vary": "Accept-Encoding"})

    async def send_health(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    async def send_metrics(request: Request) -> Response:
        if not _is_operator(request):
            return Response(status_code=404)
        counts = (await run_in_threadpool(locate)).metrics.read()
        return PlainTextResponse(write_metrics(counts), headers={"cache-control": "no-store"})

    own = (("/assets/{name}", send_asset), ("/healthz", send_health), ("/metrics", send_metrics))
    return [Route(path, send) for path, send in own]


def _ground_routes(ground: Ground, settings: Settings) -> list[BaseRoute]:
    """Return the map's own tiles and names: ``y`` counts from the north; what no tile has is not found."""
    names = PlaceNames(shipped_dir() / "gazetteer")
    datum = open_tiles(settings).datum

    async def send_tile(request: Request) -> Response:
        numbers = _read_numbers(request, MAX_ZOOM)
        if numbers is None:
            return Response(status_code=404)
        tile = await run_in_threadpool(ground.tile, *numbers)
        fresh = request.path_params["version"] == ground.version
        headers = {"cache-control": _FOREVER if fresh else "no-store", "vary": "Accept-Encoding"}
        if tile is None:
            return Response(status_code=204, headers=headers)
        if choose_encoding(request.headers.get("accept-encoding", "").replace("br", "")) == "gzip":
            headers["content-encoding"] = "gzip"
        else:
            tile = gzip.decompress(tile)
        return Response(tile, media_type="application/vnd.mapbox-vector-tile", headers=headers)

    async def send_names(request: Request) -> Response:
        numbers = _read_numbers(request, NAMES_MAX_ZOOM)
        if numbers is None:
            return Response(status_code=404)
        try:
            found = await run_in_threadpool(names.tile, *numbers, datum)
        except DataError as error:
            log.error("the map has no names: %s", error)
            return JSONResponse([], headers={"cache-control": "no-store"})
        fresh = request.path_params["version"] == names.version
        return JSONResponse(found, headers={"cache-control": _FOREVER if fresh else "no-store"})

    numbered = "{version}/{zoom}/{x}/{y}"
    return [Route(f"/ground/tiles/{numbered}", send_tile), Route(f"/ground/names/{numbered}", send_names)]


def _read_numbers(request: Request, max_zoom: int) -> tuple[int, int, int] | None:
    """Return the zoom, x and y of a tile's address, or None when there is no such tile."""
    words = [request.path_params[name] for name in ("zoom", "x", "y")]
    if not all(word.isascii() and word.isdigit() and len(word) < 7 for word in words):
        return None
    zoom, x, y = map(int, words)
    return (zoom, x, y) if is_tile(zoom, x, y, max_zoom) else None


def _is_operator(request: Request) -> bool:
    """Tell whether a request comes from this machine itself, and not through a proxy on it."""
    if any(name in request.headers for name in _FORWARDED) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def write_metrics(counts: Mapping[str, int]) -> str:
    """Return the counts of searches as Prometheus reads them."""
    lines = ["# HELP locator_searches_total Searches since the start, by what came of them.",
             "# TYPE locator_searches_total counter"]  # fmt: skip
    lines += [f'locator_searches_total{{outcome="{outcome}"}} {count}' for outcome, count in sorted(counts.items())]
    return "\n".join(lines) + "\n"


def _api_routes(
    settings: Settings, locate: Callable[[], Locator], clock: Callable[[], datetime], limits: ClientLimits | None
) -> list[BaseRoute]:
    """Return what other programs and browsers without JavaScript use: the JSON API and the plain page."""
    from locator.api import build_api
    from locator.web.plain import plain_routes
    from locator.web.send_page import sheet_routes

    plain = plain_routes(locate, clock, settings.lang)
    sheets = sheet_routes(locate, clock, settings)
    api = Mount("/api", app=build_api(locate, settings, limits=limits))
    return [*plain, *sheets, Route("/api", lambda _: RedirectResponse("./api/docs")), api]
