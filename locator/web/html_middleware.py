"""What surrounds the page on its way to the browser: the HTML shell and the security headers.

Streamlit sends one fixed HTML document for every address. This ASGI layer gives it the person's language,
our style sheet, a way out for browsers without JavaScript, and adds the headers that a bureau's auditor asks
for to every reply.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from locator.api.problems import ErrorMiddleware
from locator.i18n import LANGS, language, text
from locator.outputs.folium_map import OWN_SUBDOMAINS, open_tiles
from locator.outputs.html_document import escape
from locator.web.plain import render_opening
from locator.web.routes import SCRIPTS, STYLES, TILE_SCRIPTS, PackedFiles, choose_encoding, pack
from locator.web.streamlit_patches import (
    component_folder,
    list_late_chunks,
    list_map_files,
    rewrite_document,
    rewrite_host_config,
    static_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from locator.ground import Ground
    from locator.settings import Settings
    from locator.web.routes import Assets

    type Rewrite = tuple[bytes, Callable[[str], str]]

COUNTED = ("/plain", "/sheet", "/send", "/hours.ics")
"""Paths whose requests count against a client's limit, as those to the API do: each costs a search or a page."""
_MAP_FRAME = "/component/streamlit_folium"
_HOST_CONFIG = "/_stcore/host-config"
_NO_PAGES = (
    "/component/", "/_stcore/", "/media/", "/static/", "/api/", "/assets/", "/ground/", "/plain", "/sheet", "/send/",
)  # fmt: skip
"""Beginnings of the paths that are not the page's."""
_TILE_HOSTS = {
    "auto": ("https://tile.openstreetmap.org",),
    "ground": (),
    "osm": ("https://tile.openstreetmap.org",),
    "tianditu": tuple(f"https://t{n}.tianditu.gov.cn" for n in range(8)),
    "amap": tuple(f"https://webrd0{n}.is.autonavi.com" for n in range(1, 5)),
    "none": (),
}
"""The outside hosts that a base map makes the browser ask."""


def list_tile_hosts(tiles: str) -> tuple[str, ...]:
    """Return the origins a base map is loaded from; empty where no other host is asked."""
    if tiles in _TILE_HOSTS:
        return _TILE_HOSTS[tiles]
    parts = urlsplit(tiles)
    hosts = dict.fromkeys(parts.netloc.replace("{s}", name) for name in OWN_SUBDOMAINS)
    return tuple(f"{parts.scheme}://{host}" for host in hosts) if parts.netloc else ()


def _build_policy(settings: Settings, *, map_frame: bool) -> str:
    """Return the Content-Security-Policy of a page, or of the map's frame inside it.

    Streamlit's and folium's own code decide how tight it can be: emotion writes styles (``unsafe-inline``
    for styles), a component's module arrives as a ``blob:``; streamlit-folium evaluates the script folium
    wrote, so ``unsafe-eval`` and inline scripts are allowed in the map's frame and nowhere else.
    """
    ancestors = " ".join(("'self'", *settings.frame_ancestors))
    tiles = " ".join(list_tile_hosts(settings.tiles))
    script = "'self' 'unsafe-inline' 'unsafe-eval'" if map_frame else "'self' blob:"
    images = f"'self' data: blob: {tiles}".strip() if map_frame else "'self' data: blob:"
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {script}",
            "style-src 'self' 'unsafe-inline'",
            f"img-src {images}",
            "font-src 'self' data:",
            "connect-src 'self'",
            "frame-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {ancestors}",
        )
    )


def build_headers(settings: Settings, path: str) -> list[tuple[bytes, bytes]]:
    """Return the security headers of a reply to ``path``."""
    headers = {
        "content-security-policy": _build_policy(settings, map_frame=path.startswith(_MAP_FRAME)),
        "x-content-type-options": "nosniff",
        # A tile server sees which site asks (OpenStreetMap's rules want that), never which address within it.
        "referrer-policy": "strict-origin-when-cross-origin",
        "permissions-policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
    }
    if not settings.frame_ancestors:
        headers["x-frame-options"] = "SAMEORIGIN"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def read_lang(query_string: bytes, default: str) -> str:
    """Return the language an address asks for, or the default."""
    asked = parse_qs(query_string.decode("latin-1")).get("lang", [default])[0]
    return asked if asked in LANGS else default


def choose_guard(settings: Settings, base: str = "") -> dict[str, Any]:
    """Return what :class:`locator.api.limits.Guard` is to know of the page: what is counted, and how it answers."""

    def say_busy(query_string: bytes) -> str:
        return text("page.trouble.often", read_lang(query_string, settings.lang))

    return {
        "limited": tuple(base + path for path in COUNTED),
        "busy": say_busy,
        "own_hosts": (urlsplit(settings.public_url or "").netloc.lower(),),
    }


@lru_cache(maxsize=16)
def rewrite_page(document: str, assets: Assets, lang: str, *, first: bool = True, ground: bool = False) -> str:
    """Return Streamlit's HTML document in the person's language, with a form that works before any script has run.

    Parameters
    ----------
    document
        Streamlit's document.
    first
        Whether the address is that of the page itself: the other views have no form.
    ground
        Whether there are map tiles of our own, which the browser will want to read.
    """
    preloads = [f'<link rel="modulepreload" href="{address}">' for address in list_late_chunks()]
    later = [assets.url(name) for name in (*SCRIPTS, *STYLES, *(TILE_SCRIPTS if ground else ()))]
    head = (
        f'<script async src="{assets.url("first.js")}"></script>'
        f'<link rel="modulepreload" href="{assets.url("page.js")}">'
        + "".join(preloads)
        + '<meta name="color-scheme" content="light dark">'
        f'<meta name="description" content="{escape(text("page.description", lang))}">'
    )
    fetched = [f'<link rel="prefetch" href="{address}">' for address in (*list_map_files(), *later)]
    plain = f'<p><a href="./plain?lang={lang}">{escape(text("page.no_script", lang))}</a></p>'
    return rewrite_document(
        document,
        lang=language(lang).html,
        title=escape(text("page.title", lang)),
        icon=assets.url("icon.svg"),
        head=head,
        body=render_opening(lang, with_form=first),
        end=f'<link rel="stylesheet" href="{assets.url("page.css")}">' + "".join(fetched),
        no_script="" if first else f"<style>#opening{{display:none}}</style>{plain}",
    )


class HtmlMiddleware:
    """The ASGI layer: rewrites HTML documents of the page, adds headers to everything."""

    def __init__(
        self, app: ASGIApp, *, settings: Settings, assets: Assets, ground: Ground | None = None, base: str = ""
    ) -> None:
        self.app = ErrorMiddleware(app, answer=lambda: PlainTextResponse(text("page.trouble.data", settings.lang), 500))
        self.settings = settings
        self.assets = assets
        self.base = base
        self.ground = ground if open_tiles(settings).ground else None
        self.files = open_packed_files()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"].removeprefix(self.base)
        headers = build_headers(self.settings, path)
        file = self.files.find(path) if scope["method"] in ("GET", "HEAD") else None
        if file is not None:
            reply = await self.files.answer(file, Headers(scope=scope))
            await reply(scope, receive, _Rewriter(send, headers, None))
            return
        accepted = ""
        if scope["method"] in ("GET", "HEAD") and (_may_be_page(path) or path.endswith(_HOST_CONFIG)):
            # The document must arrive uncompressed to be rewritten; it is small.
            accepted = Headers(scope=scope).get("accept-encoding", "")
            scope = dict(scope)
            scope["headers"] = [(k, v) for k, v in scope["headers"] if k not in (b"accept-encoding", b"range")]
        lang = read_lang(scope.get("query_string", b""), self.settings.lang)
        rewrite: Rewrite | None = None
        if path.endswith(_HOST_CONFIG):
            rewrite = (b"application/json", rewrite_host_config)
        elif _may_be_page(path):
            first, own = not path.strip("/"), self.ground is not None and bool(self.ground.version)
            rewrite = (b"text/html", lambda page: rewrite_page(page, self.assets, lang, first=first, ground=own))
        await self.app(scope, receive, _Rewriter(send, headers, rewrite, choose_encoding(accepted)))


@cache
def open_packed_files() -> PackedFiles:
    """Return the files of Streamlit and of the map's component, each to be compressed once."""
    return PackedFiles(
        {"/static/": static_folder() / "static", "/component/streamlit_folium.st_folium/": component_folder()}
    )


@lru_cache(maxsize=16)
def _pack_document(document: bytes, encoding: str) -> bytes:
    return pack(document, encoding)


def _may_be_page(path: str) -> bool:
    return "." not in path.rsplit("/", 1)[-1] and not path.startswith(_NO_PAGES)


class _Rewriter:
    """The ``send`` of one reply."""

    def __init__(
        self, send: Send, headers: Sequence[tuple[bytes, bytes]], rewrite: Rewrite | None, encoding: str = "identity"
    ) -> None:
        self._send, self._headers, self._rewrite, self._encoding = send, headers, rewrite, encoding
        self._start: Message | None = None
        self._body: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in self._headers if pair[0] not in given)]
            kind = dict(message["headers"]).get(b"content-type", b"")
            if self._rewrite and kind.startswith(self._rewrite[0]) and message["status"] == 200:
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._finish()
            return
        await self._send(message)

    async def _finish(self) -> None:
        assert self._start is not None  # noqa: S101 - only called after the start of such a reply
        assert self._rewrite is not None  # noqa: S101 - as above
        document = b"".join(self._body).decode("utf-8")
        body = self._rewrite[1](document).encode() if document else b""
        stale = (b"content-length", b"etag", b"last-modified", b"accept-ranges")
        headers = [(k, v) for k, v in self._start["headers"] if k.lower() not in stale]
        if body and self._encoding != "identity":
            body = _pack_document(body, self._encoding)
            headers += [(b"content-encoding", self._encoding.encode()), (b"vary", b"Accept-Encoding")]
        if body:
            headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
