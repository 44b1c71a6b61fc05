"""What is served beside the page from the same process and port: assets, health, and the API."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from locator.web import shared

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from locator.settings import Settings
    from locator.web.assets import Assets

_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
"""What a proxy adds: whoever comes through one is not the operator on the machine itself."""
_FOREVER = "public, max-age=31536000, immutable"


def build_routes(settings: Settings, assets: Assets, *, base: str = "") -> list[BaseRoute]:
    """Return every route that is not Streamlit's own, below the page's base path (``/cards``), as Streamlit's are."""
    return [_move_below(base, route) for route in (*_own_routes(assets), *_api_routes(settings))]


def _move_below(base: str, route: BaseRoute) -> BaseRoute:
    if isinstance(route, Mount):
        return Mount(base + route.path, app=route.app)
    if isinstance(route, Route):
        return Route(base + route.path, route.endpoint, methods=list(route.methods or ()))
    return route


def _own_routes(assets: Assets) -> list[BaseRoute]:
    async def send_asset(request: Request) -> Response:
        asset = assets.get(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        fresh = request.query_params.get("v") == asset.digest
        headers = {"cache-control": _FOREVER if fresh else "no-cache", "etag": f'"{asset.digest}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(asset.content, media_type=asset.media_type, headers=headers)

    async def send_health(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    async def send_metrics(request: Request) -> Response:
        if not _is_operator(request):
            return Response(status_code=404)
        counts = (await run_in_threadpool(shared.open_locator)).tally.read()
        return PlainTextResponse(write_metrics(counts), headers={"cache-control": "no-store"})

    own = (("/assets/{name}", send_asset), ("/healthz", send_health), ("/metrics", send_metrics))
    return [Route(path, send) for path, send in own]


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


def _api_routes(settings: Settings) -> list[BaseRoute]:
    """Return what other programs and browsers without JavaScript use: the JSON API and the plain page."""
    from locator.api import build_api
    from locator.web.plain import plain_routes
    from locator.web.sheets import sheet_routes

    plain = plain_routes(shared.open_locator, shared.read_clock, settings.lang)
    sheets = sheet_routes(shared.open_locator, shared.read_clock, settings)
    api = Mount("/api", app=build_api(shared.open_locator, settings))
    return [*plain, *sheets, Route("/api", lambda _: RedirectResponse("./api/docs")), api]
