"""The page itself: ask, understand, list, map, way, downloads."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

import streamlit as st

from locator.errors import LocatorError
from locator.ingest.corrections import report_link
from locator.model import Answer, Hit, Mode, Route
from locator.outputs.html_document import Markup, join, tag
from locator.outputs.shapes import say_notice
from locator.routing import LinkMode, find_arrival, say_arrival, straight_line
from locator.web import shared
from locator.web.ask import MAX_CANDIDATES, render_ask, render_understood, render_welcome
from locator.web.chart import show_map
from locator.web.components import show_panel, show_still
from locator.web.downloads import show_downloads
from locator.web.frame import address_of
from locator.web.listing import ListContext, is_pinned
from locator.web.reports import ROW, keep_report
from locator.web.results import render_results
from locator.web.scene import make_scene
from locator.web.trip import render_trip
from locator.web.visit import Visit
from locator.web.way import render_way
from locator.web.words import Words

log = logging.getLogger(__name__)


def show_find(visit: Visit) -> None:
    """Draw the page."""
    words, version = Words(visit.state.lang), shared.version()
    show_panel("ask", render_ask(visit.state, words), version=version, on_act=visit.take)
    _show_answer(visit)


@st.fragment
def _show_answer(visit: Visit) -> None:
    """Draw everything below the form; choosing a point runs only this."""
    words, version, now = Words(visit.state.lang), shared.version(), shared.read_clock()
    visit.look_up(shared.open_locator, now)
    shared.write_address(visit)
    focus, visit.focus = visit.focus, None
    keep_report(visit, shared.read_settings(), now, {hit.point.id for hit in visit.hits})
    if visit.go:
        st.rerun()
    answer = visit.answer
    page: dict[str, str | int | None] = {
        "announce": _say_outcome(visit, words),
        "focus": focus,
        "serial": visit.asked,
    }
    if answer is None:
        content = render_welcome(words) if visit.failed is None else _render_trouble(visit.failed, words)
        show_panel("results", content, version=version, on_act=visit.take, page=page)
        return
    understood = render_understood(answer, words, restored=visit.restored, area=visit.state.area)
    trip = render_trip(answer.guide, words) if answer.hits else None
    show_panel("understood", join(understood, trip), version=version, on_act=visit.take)
    if not answer.hits:
        show_panel("results", tag("div", id="results"), version=version, on_act=visit.take, page=page)
    if answer.hits:
        _show_hits(visit, answer, now, page)


def _show_hits(visit: Visit, answer: Answer, now: datetime, page: dict[str, str | int | None]) -> None:
    """Draw the list and, beside it on a desktop and after it on a phone, the map and the way."""
    words, version, chosen = Words(visit.state.lang), shared.version(), visit.chosen
    route, failed, asks = _find_route(visit, answer, chosen)
    left, right = st.columns([10, 11], gap="medium")
    if answer.hits:
        context = ListContext(
            words=words,
            state=visit.state,
            at=now,
            chosen=chosen.point.id if chosen else None,
            guide=answer.guide,
            report=partial(report_link, shared.read_settings(), field=ROW),
            reported=visit.reported,
            ranks={hit.point.id: hit.rank for hit in answer.hits},
            share=_share_address(visit),
            route=route,
        )
        with left:
            show_panel("results", render_results(answer, context), version=version, on_act=visit.take, page=page)
    with right:
        show_still("map-head", _render_map_head(words))
        show_map(make_scene(answer.place, answer.hits, chosen=chosen, route=route, state=visit.state, at=now))
        show_still("tiles", tag("p", _say_tiles(words), class_="soft tiles"))
        if chosen is not None:
            links = shared.open_locator().links(None, chosen.point, visit.state.mode, visit.state.lang)
            way = render_way(
                chosen,
                route,
                links,
                words,
                mode=visit.state.mode,
                origin=answer.place,
                failed=failed,
                arrival=_say_arrival(chosen, route, now, words.lang),
                asks=asks,
            )
            show_panel("way", way, version=version, on_act=visit.take)
    if answer.hits:
        show_downloads(answer, now, words)


def _find_route(visit: Visit, answer: Answer, chosen: Hit | None) -> tuple[Route | None, bool, str | None]:
    """Return the way from the place to the chosen point, whether the engine failed, and whom it would ask.

    An engine elsewhere gets the two positions only once the person asked for the way to this point. There is
    no way by bus: only the apps know the lines.
    """
    place, lang = answer.place, answer.query.lang
    if chosen is None or place is None or place.lon is None or place.lat is None or not is_pinned(chosen):
        return None, False, None
    if visit.state.mode == LinkMode.BUS:
        return None, False, None
    mode = Mode(visit.state.mode)
    origin, target = (place.lon, place.lat), (chosen.point.lon or 0.0, chosen.point.lat or 0.0)
    locator = shared.open_locator()
    asks = locator.router.sent_to if locator.router else None
    if asks and visit.way != chosen.point.id:
        return straight_line(origin, target, mode, lang), False, asks
    try:
        return locator.route(origin, target, mode, lang), False, asks
    except LocatorError:
        return straight_line(origin, target, mode, lang), True, asks


def _say_arrival(chosen: Hit, route: Route | None, now: datetime, lang: str) -> str | None:
    """Return when the person gets there and whether it is open then, where both are known."""
    if route is None or chosen.point.hours is None:
        return None
    state_of = partial(shared.open_locator().state_of, chosen.point)
    arrival = find_arrival(route, now, state_of, timezone=chosen.point.timezone)
    return say_arrival(arrival, lang) if arrival else None


def _share_address(visit: Visit) -> str:
    settings = shared.read_settings()
    address = address_of("find", visit.state.with_choice(chosen=None), default_lang=settings.lang)
    return f"{settings.public_url}/{address.removeprefix('./')}" if settings.public_url else address


def _render_map_head(words: Words) -> Markup:
    return tag(
        "div",
        tag("h2", words("map.heading"), id="map", tabindex="-1"),
        tag("a", words("map.skip"), href="#way", data_go="way", class_="skip-map"),
        class_="map-head",
    )


def _say_tiles(words: Words) -> str:
    return words(f"tiles.{shared.read_tiles().name}", host=shared.tile_host())


def _render_trouble(said: str, words: Words) -> Markup:
    return tag(
        "section",
        tag("p", said, class_="notice", id="results"),
        tag("button", words("trouble.retry"), type="button", data_act="retry"),
        class_="trouble",
    )


def _say_outcome(visit: Visit, words: Words) -> str:
    """Return what a screen reader hears once the answer is there."""
    answer = visit.answer
    if answer is None:
        return f"{visit.failed}\0{visit.asked}" if visit.failed else ""
    if answer.hits:
        said = words("results.announce", n=len(answer.hits), name=answer.hits[0].point.name)
    elif answer.candidates and answer.place is None:
        said = words("results.announce_which", n=min(len(answer.candidates), MAX_CANDIDATES))
    else:
        said = " ".join(say_notice(notice, words.lang) for notice in answer.notices) or words("results.announce_none")
    return f"{said}\0{visit.asked}"
