"""What a person takes along of one office: the print sheet, and its opening times as a calendar file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from locator.errors import LocatorError, NotFound
from locator.hours import write_calendar
from locator.i18n import explain
from locator.sheet import print_sheet, share_link
from locator.web.state import PageState, parse_state, to_params

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from locator.service import Locator
    from locator.settings import Settings


def sheet_address(state: PageState, point_id: str) -> str:
    """Return the address of an office's print sheet, relative to any view."""
    kept = PageState(task=state.task, person=state.person, lang=state.lang, large=state.large, chosen=point_id)
    return "./sheet?" + urlencode(to_params(kept) | {"lang": state.lang})


def sheet_routes(locate: Callable[[], Locator], clock: Callable[[], datetime], settings: Settings) -> list[BaseRoute]:
    """Return the routes of the print sheet and of the opening times to keep.

    An address names an office and a matter, never a person's place.
    """

    def write(state: PageState) -> str:
        locator = locate()
        point = locator.point(state.chosen or "")
        guide = locator.guide(state.task, state.person, point.adcode, state.lang)
        link = share_link(settings, point.id, state.lang)
        return print_sheet(point, guide, at=clock(), lang=state.lang, link=link, large=state.large)

    async def send(request: Request) -> Response:
        state = parse_state(request.query_params, default_lang=settings.lang)
        try:
            page = await run_in_threadpool(write, state)
        except LocatorError as error:
            status = 404 if isinstance(error, NotFound) else 503
            return PlainTextResponse(explain(error, state.lang), status_code=status)
        return HTMLResponse(page, headers={"cache-control": "no-cache"})

    def write_hours(state: PageState) -> str:
        point = locate().point(state.chosen or "")
        return write_calendar(
            point.hours,
            clock(),
            name=point.name,
            address=point.address,
            lang=state.lang,
            timezone=point.timezone,
            province=point.adcode,
            point_id=point.id,
        )

    async def send_hours(request: Request) -> Response:
        state = parse_state(request.query_params, default_lang=settings.lang)
        try:
            calendar = await run_in_threadpool(write_hours, state)
        except LocatorError as error:
            return PlainTextResponse(explain(error, state.lang), status_code=404)
        name = {"content-disposition": 'attachment; filename="hours.ics"', "cache-control": "no-cache"}
        return Response(calendar, media_type="text/calendar; charset=utf-8", headers=name)

    return [Route("/sheet", send), Route("/hours.ics", send_hours)]
