"""One office to send or to take along: its page to send and print, and its opening times as a calendar file.

The way's words reach the sheet in the body of a ``POST``, as the page shows them: neither the address of a
sheet nor its form holds where the person is.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from locator.errors import DataError, LocatorError, NotFound
from locator.hours.telling import write_calendar
from locator.i18n import explain_outside, text
from locator.model import Mode, ServicePoint
from locator.outputs.html_document import Markup, tag
from locator.outputs.print_page import write_print_page
from locator.outputs.shapes import find_hotline, guide_hotline, split_phones
from locator.routing.links import links as links_into_apps
from locator.routing.route import Route as Way
from locator.routing.route import Step
from locator.web.plain import read_form
from locator.web.state import PageState, parse_state, to_params

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from locator.service import Locator
    from locator.settings import Settings


MAX_STEPS = 60
"""How many steps of a way a sheet is given: more fit on none."""
MAX_STEP = 200
"""Characters of one step."""
_TOLD = ("id", "mode", "length", "engine", "step")
_KEY = secrets.token_bytes(32)
"""A key of this process: a form whose way was not written by this page is refused."""
MAX_FORM_BYTES = 131_072
"""Bytes of a form with a way in Chinese: a character takes nine bytes in a form."""


def address_to_send(state: PageState, point_id: str, *, public_url: str | None = None) -> str:
    """Return the address of an office's page to send: office, task, person and language, never a position."""
    query = urlencode({"task": state.task, "person": state.person, "lang": state.lang})
    return f"{public_url.rstrip('/') if public_url else '.'}/send/{quote(point_id, safe='')}?{query}"


def render_print_button(state: PageState, point_id: str, way: Way | None) -> Markup:
    """Return the button that opens an office's page to print: a link, or a form with the way's words."""
    said = text("page.hit.print", state.lang)
    kept = PageState(task=state.task, person=state.person, lang=state.lang, large=state.large, chosen=point_id)
    params = to_params(kept) | {"lang": state.lang}
    if way is None:
        return tag(
            "a", said, class_="button small", href="./sheet?" + urlencode(params), target="_blank", rel="noopener"
        )
    fields = [*params.items(), ("mode", way.mode), ("length", round(way.distance_m)), ("engine", way.engine)]
    fields += [("step", step.text[:MAX_STEP]) for step in way.steps[:MAX_STEPS]]
    fields.append(("proof", _prove(_told(fields))))
    hidden = [tag("input", type="hidden", name=name, value=str(value)) for name, value in fields]
    button = tag("button", said, type="submit", class_="small")
    return tag("form", *hidden, button, method="post", action="./sheet", target="_blank", rel="noopener")


def list_buttons(point: ServicePoint, guide: Mapping[str, Any] | None, state: PageState) -> list[tuple[str, str]]:
    """Return what can be pressed on an office's page: to call, to open it in a map app, to see it on our page."""
    own, _ = split_phones(point.phones)
    number = own[0].number if own else guide_hotline(guide)
    first = find_hotline(urgent["text"]) if (urgent := (guide or {}).get("first")) else None
    numbers = dict.fromkeys((first, number) if first else (number,))  # what is urgent comes before the office
    buttons = [(text("page.first.call", state.lang, number=n), f"tel:{n}") for n in numbers]
    if point.pin:
        links = links_into_apps(None, point.pin, point.name, lang=state.lang)
        buttons += [(text(f"routing.app.{link.app}", state.lang), link.url) for link in links]
    kept = PageState(task=state.task, person=state.person, chosen=point.id, area=point.adcode, lang=state.lang)
    query = urlencode(to_params(kept) | {"lang": state.lang})
    return [*buttons, (text("page.send.open", state.lang), f"../?{query}")]


def _told(fields: Sequence[tuple[str, object]]) -> list[tuple[str, str]]:
    """Return what a form says of the way to which office, in order."""
    return [(name, str(value)) for name, value in fields if name in _TOLD]


def _prove(told: Sequence[tuple[str, str]]) -> str:
    return hmac.digest(_KEY, urlencode(told).encode(), hashlib.sha256).hex()


def read_way(fields: Mapping[str, Sequence[str]]) -> Way | None:
    """Return the way that a form carries, in words only; None when it carries none, or words that are not ours."""
    told = [(name, value) for name in _TOLD for value in fields.get(name, ())]
    if not hmac.compare_digest(_prove(told), fields.get("proof", [""])[0].encode("ascii", "replace").decode()):
        return None
    mode, length = (fields.get(name, [""])[0] for name in ("mode", "length"))
    try:
        metres = float(length)
    except ValueError:
        return None
    if mode not in Mode or not (math.isfinite(metres) and 0 <= metres < 1e8):
        return None
    steps = tuple(
        Step(text=said[:MAX_STEP], distance_m=0.0, duration_s=0.0, lon=0.0, lat=0.0)
        for said in fields.get("step", [])[:MAX_STEPS]
    )
    engine = "line" if fields.get("engine") == ["line"] else "page"
    return Way(engine=engine, mode=Mode(mode), distance_m=metres, duration_s=None, line=(), steps=steps)


def sheet_routes(locate: Callable[[], Locator], clock: Callable[[], datetime], settings: Settings) -> list[BaseRoute]:
    """Return the routes of the print sheet and of the opening times to keep.

    An address names an office and a matter, never a person's place.
    """

    async def answer(state: PageState, way: Way | None) -> Response:
        try:
            page = await run_in_threadpool(lambda: _write_sheet(locate(), clock(), settings, state, way))
        except LocatorError as error:
            status = 404 if isinstance(error, NotFound) else 503
            return PlainTextResponse(explain_outside(error, state.lang), status_code=status)
        return HTMLResponse(page, headers={"cache-control": "no-store" if way else "no-cache"})

    async def send_office(request: Request) -> Response:
        asked = {**request.query_params, "id": request.path_params["point_id"]}
        return await answer(parse_state(asked, default_lang=settings.lang), None)

    async def send(request: Request) -> Response:
        return await answer(parse_state(request.query_params, default_lang=settings.lang), None)

    async def send_with_way(request: Request) -> Response:
        fields = await read_form(request, limit=MAX_FORM_BYTES)
        if fields is None:
            return Response(status_code=413)
        state = parse_state({name: values[0] for name, values in fields.items()}, default_lang=settings.lang)
        return await answer(state, read_way(fields))

    async def send_hours(request: Request) -> Response:
        state = parse_state(request.query_params, default_lang=settings.lang)
        try:
            calendar = await run_in_threadpool(lambda: _write_hours(locate(), clock(), state))
        except LocatorError as error:
            status = 503 if isinstance(error, DataError) else 404
            return PlainTextResponse(explain_outside(error, state.lang), status_code=status)
        name = {"content-disposition": 'attachment; filename="hours.ics"', "cache-control": "no-cache"}
        return Response(calendar, media_type="text/calendar; charset=utf-8", headers=name)

    return [
        Route("/send/{point_id}", send_office, methods=["GET"]),
        Route("/sheet", send, methods=["GET"]),
        Route("/sheet", send_with_way, methods=["POST"]),
        Route("/hours.ics", send_hours),
    ]


def _write_sheet(locator: Locator, now: datetime, settings: Settings, state: PageState, way: Way | None) -> str:
    """Return the sheet of the chosen office and matter."""
    point = locator.point(state.chosen or "")
    guide = locator.guide(state.task, state.person, point.adcode, state.lang)
    own = address_to_send(state, point.id, public_url=settings.public_url) if settings.public_url else None
    buttons = list_buttons(point, guide, state)
    return write_print_page(
        point,
        guide,
        at=now,
        lang=state.lang,
        link=own,
        route=way,
        large=state.large,
        buttons=buttons,
        clock=locator.engines.clock,
    )


def _write_hours(locator: Locator, now: datetime, state: PageState) -> str:
    """Return the chosen office's opening times as a calendar."""
    point = locator.point(state.chosen or "")
    return write_calendar(
        point.hours,
        now,
        name=point.name,
        address=point.address,
        lang=state.lang,
        timezone=point.timezone,
        province=point.adcode,
        point_id=point.id,
        clock=locator.engines.clock,
    )
