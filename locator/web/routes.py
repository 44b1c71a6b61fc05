"""What is served beside the page from the same process and port: assets, health, and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from locator.web import shared

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from locator.settings import Settings
    from locator.web.assets import Assets

_FOREVER = "public, max-age=31536000, immutable"


def build_routes(settings: Settings, assets: Assets) -> list[BaseRoute]:
    """Return every route that is not Streamlit's own."""
    return [*_own_routes(assets), *_api_routes(settings)]


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

    return [Route("/assets/{name}", send_asset), Route("/healthz", send_health)]


def _api_routes(settings: Settings) -> list[BaseRoute]:
    """Return what other programs and browsers without JavaScript use: the JSON API and the plain page."""
    from locator.api import build_api
    from locator.web.plain import plain_routes
    from locator.web.sheets import sheet_routes

    plain = plain_routes(shared.open_locator, shared.read_clock, settings.lang)
    sheets = sheet_routes(shared.open_locator, shared.read_clock, settings)
    return [*plain, *sheets, Mount("/api", app=build_api(shared.open_locator, settings))]
